from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.confine import Confine, Confined
from tests.adapters.confine import misbehaving

HERE = "tests.adapters.confine.misbehaving:"
ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = tuple(HERE + name for name, thing in vars(misbehaving).items() if callable(thing))


@pytest.fixture
def confine() -> Iterator[Confine]:
    pool = Confine(FUNCTIONS, cpu_s=2, memory_bytes=256 * 1024 * 1024, deadline_s=10, max_answer_bytes=2 * 1024 * 1024)
    yield pool
    pool.close()


def reason_of(confine: Confine, name: str, payload: bytes = b"", *, deadline_s: float = 10) -> str:
    with pytest.raises(Confined) as caught:
        confine.call(HERE + name, payload, deadline_s=deadline_s)
    return caught.value.reason


def test_no_child_runs_before_the_first_call(confine: Confine) -> None:
    assert confine.pids() == ()


def test_the_answer_is_what_the_function_gives(confine: Confine) -> None:
    document = os.urandom(1_500_000)
    assert confine.call(HERE + "echo", document) == document


@pytest.mark.parametrize(
    ("name", "deadline_s", "reason"),
    [
        ("segfault", 10, "crashed"),
        ("leave", 10, "crashed"),
        ("eat_memory", 10, "memory"),
        ("spin", 30, "deadline"),
        ("spin", 0.5, "deadline"),
        ("fail", 10, "error"),
        ("big", 10, "crashed"),
        ("lie_about_length", 10, "crashed"),
    ],
)
def test_a_lost_child_costs_one_answer_and_the_next_call_works(
    confine: Confine, name: str, deadline_s: float, reason: str
) -> None:
    """C-47."""
    assert (reason_of(confine, name, deadline_s=deadline_s), confine.call(HERE + "echo", b"next")) == (reason, b"next")


def test_a_document_larger_than_the_childs_memory_is_a_memory_answer(confine: Confine) -> None:
    assert reason_of(confine, "echo", bytes(300 * 1024 * 1024)) == "memory"


def test_a_silent_child_is_given_up_at_its_deadline(confine: Confine) -> None:
    confine.call(HERE + "echo", b"")
    began = time.monotonic()
    reason_of(confine, "sleep", b"30", deadline_s=0.5)
    assert time.monotonic() - began < 1.5


def test_processor_time_is_counted_for_each_task_and_not_for_the_life_of_the_child(confine: Confine) -> None:
    assert len({confine.call(HERE + "burn", b"1.2") for _ in range(3)}) == 1


def test_a_killed_child_is_gone_and_not_left_as_a_zombie(confine: Confine) -> None:
    pid = int(confine.call(HERE + "pid", b""))
    reason_of(confine, "sleep", b"30", deadline_s=0.2)
    assert not Path(f"/proc/{pid}").exists()


def test_an_idle_child_that_was_killed_is_replaced_unseen(confine: Confine) -> None:
    pid = int(confine.call(HERE + "pid", b""))
    os.kill(pid, 9)
    time.sleep(0.1)
    assert int(confine.call(HERE + "pid", b"")) != pid


def test_a_child_is_let_go_after_its_number_of_tasks() -> None:
    pool = Confine(FUNCTIONS, max_tasks=2)
    pids = [pool.call(HERE + "pid", b"") for _ in range(4)]
    pool.close()
    assert (pids[0] == pids[1], pids[1] == pids[2], pids[2] == pids[3]) == (True, False, True)


def test_a_function_that_is_not_on_the_list_is_not_called(confine: Confine) -> None:
    with pytest.raises(Confined) as caught:
        confine.call("os:getcwdb", b"")
    assert caught.value.reason == "error"


def test_what_a_library_prints_does_not_spoil_the_answer(confine: Confine) -> None:
    assert confine.call(HERE + "chatter", b"") == b"clean"


def test_a_child_opens_no_socket(confine: Confine) -> None:
    with pytest.raises(Confined, match=r"PermissionError: socket\.__new__"):
        confine.call(HERE + "open_socket", b"")


def test_where_the_kernel_permits_a_child_sees_no_network_but_its_own_empty_one(confine: Confine) -> None:
    probe = subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True)
    if probe.returncode != 0:
        probe = subprocess.run(["unshare", "--user", "--net", "true"], check=False, capture_output=True)
    permitted = probe.returncode == 0
    seen = set(confine.call(HERE + "native_interfaces", b"").decode().split(","))
    hosts = {link.name for link in Path("/sys/class/net").iterdir()}
    assert seen == {"lo"} or (not permitted and seen == hosts)


def test_a_child_writes_no_file(confine: Confine, tmp_path: Path) -> None:
    assert reason_of(confine, "write_file", str(tmp_path / "left").encode()) == "error"


def test_a_child_starts_no_program(confine: Confine) -> None:
    with pytest.raises(Confined, match="PermissionError"):
        confine.call(HERE + "start_program", b"")


def test_a_child_gains_no_privileges(confine: Confine) -> None:
    assert confine.call(HERE + "privileges", b"") == b"none"


def test_a_child_does_not_inherit_the_environment(confine: Confine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    assert b"CREDENTIALS" not in confine.call(HERE + "environment", b"")


def test_two_children_work_at_once_and_each_caller_gets_its_own_answer() -> None:
    pool = Confine(FUNCTIONS, workers=2)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: pool.call(HERE + "echo", str(n).encode()), range(40)))
    alive = len(pool.pids())
    pool.close()
    assert (answers, alive <= 2) == ([str(n).encode() for n in range(40)], True)


def test_a_child_outlives_the_thread_that_first_needed_it(confine: Confine) -> None:
    """prctl(2): the death signal belongs to the thread that started the child."""
    pids: list[bytes] = []
    first = threading.Thread(target=lambda: pids.append(confine.call(HERE + "pid", b"")))
    first.start()
    first.join()
    time.sleep(0.2)
    assert confine.call(HERE + "pid", b"") == pids[0]


def test_a_busy_child_dies_with_the_daemon(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import os, threading, time
        from adapters.confine import Confine
        pool = Confine(("{HERE}pid", "{HERE}sleep"), deadline_s=60)
        print(pool.call("{HERE}pid", b"").decode(), flush=True)
        threading.Thread(target=pool.call, args=("{HERE}sleep", b"60"), daemon=True).start()
        time.sleep(0.3)
        os.kill(os.getpid(), 9)
    """)
    daemon = subprocess.run(
        [sys.executable, "-c", script], check=False, cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    pid = int(daemon.stdout)
    until = time.monotonic() + 5
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_closed_pool_says_so(confine: Confine) -> None:
    confine.close()
    assert reason_of(confine, "echo") == "error"
