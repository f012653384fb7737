"""Fifty inputs for each target, always the same ones; the long form is `make fuzz`. And the harness itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import guided, material, mutations, running
from tests.fuzz.__main__ import saved
from tests.fuzz.every import EVERY
from tests.fuzz.guided import run_guided
from tests.fuzz.running import drawn, kept, run, tried
from tests.fuzz.targets import Target, holds

SEED = "short"
INPUTS = 50
QUICK = [target for target in EVERY if not target.slow]
FOUND = sorted(path.parent for path in (material.GOLDEN / "fuzz").glob("*/*/in.bin"))


@pytest.mark.parametrize("target", QUICK, ids=lambda target: target.name)
def test_fifty_hostile_inputs_break_no_promise(target: Target) -> None:
    """P4, B-030 to B-046."""
    result = run(target, SEED, inputs=INPUTS)
    assert result.inputs == INPUTS
    assert [f"input {one.index}: {one.error}\n{one.trace}" for one in result.failures] == []


@pytest.mark.slow
def test_coverage_leads_to_inputs_that_nobody_drew() -> None:
    """Two seconds of it; the process needs some more to start, and to see what is reached."""
    target = next(target for target in QUICK if target.name == "rtf")
    result = run_guided(target, guided.LEAST_S + 0.5, measured="adapters.mail.rtf")
    assert result.failures == []
    assert result.inputs > guided.SEEDS


@pytest.mark.parametrize("case", FOUND, ids=lambda case: "-".join(case.parts[-2:]))
def test_what_was_once_found_is_not_found_again(case: Path) -> None:
    """P4: under `tests/golden/fuzz/<target>/`; each was a broken promise, or a promise that asked for too much."""
    target = next(each for each in EVERY if each.name == case.parent.name)
    failure, _ = tried(target, (case / "in.bin").read_bytes())
    assert failure is None, failure.trace
    assert (case / "why.md").read_text("utf-8").strip()


def test_a_seed_gives_the_same_inputs_again() -> None:
    again = [drawn(target, SEED, index) for target in QUICK for index in range(3)]
    assert again == [drawn(target, SEED, index) for target in QUICK for index in range(3)]


def test_an_input_without_end_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(_raw: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr(running, "CPU_S", 0.05)
    failure, _ = tried(Target("hangs", lambda _: b"", hangs), b"")
    assert failure is not None
    assert failure.error.startswith("TooSlow: ")


def test_a_broken_promise_is_kept_with_the_command_that_tries_it_again(tmp_path: Path) -> None:
    target = Target("broken", lambda rng: rng.randbytes(4), lambda _: holds("this one", when=False))
    result = run(target, SEED, inputs=3)
    assert len(result.failures) == 1  # the same error at the same place is one failure
    command = kept(result.failures[0], tmp_path, SEED)
    (file,) = tmp_path.glob("*.in")
    assert file.read_bytes() == drawn(target, SEED, 0)
    assert command == f"make fuzz ARGS='--reproduce {file} --target broken'"
    assert "this one" in file.with_suffix(".txt").read_text()


def test_what_was_found_is_kept_before_the_next_target_begins(tmp_path: Path) -> None:
    """Whoever ends a run of hours loses nothing of it."""
    target = Target("broken", lambda rng: rng.randbytes(4), lambda _: holds("this one", when=False))
    assert len(saved(run(target, SEED, inputs=1), tmp_path, SEED).failures) == 1
    assert {file.suffix for file in tmp_path.iterdir()} == {".in", ".txt"}


def test_no_mutation_makes_an_input_without_end() -> None:
    every = (*mutations.MAIL, *mutations.TEXT, *mutations.TOML, *mutations.TIFF)
    target = Target("size", lambda rng: mutations.spoilt(b"a: b\r\n\r\nc", rng, every), lambda _: None)
    assert max(len(drawn(target, SEED, index)) for index in range(200)) <= mutations.MAX_BYTES


def test_a_target_that_fails_in_many_ways_is_left_alone() -> None:
    target = Target("many", lambda rng: rng.randbytes(1), _in_many_ways)
    result = run(target, SEED, inputs=100_000)
    assert len(result.failures) == running.MAX_FAILURES


def _in_many_ways(raw: bytes) -> None:
    exec(compile("\n" * raw[0] + "1 / 0", "many", "exec"))  # noqa: S102 - each input fails on a line of its own
