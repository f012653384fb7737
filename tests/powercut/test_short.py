"""The harness itself: what its disk forgets, what it reads of the log, and a few kills of the real daemon."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.powercut import clients, kills, mails, trace
from tests.powercut.disk import Disk, File, Folder, Write

if TYPE_CHECKING:
    from pathlib import Path


def _synced(disk: Disk) -> dict[str, bytes | None]:
    return dict(disk.contents())


def _sync(disk: Disk, path: str) -> None:
    found = disk.find(path)
    if isinstance(found, File):
        found.sync(found.mark())
    elif isinstance(found, Folder):
        found.synced = dict(found.names)


def test_bytes_written_after_the_last_sync_are_forgotten() -> None:
    disk = Disk("/site")
    file = disk.file("/site/a")
    file.waiting.append(Write(0, b"kept"))
    _sync(disk, "/site/a")
    _sync(disk, "/site")
    file.waiting.append(Write(4, b" and lost"))
    assert _synced(disk) == {"a": b"kept"}


def test_a_file_whose_name_was_not_synced_is_not_found() -> None:
    disk = Disk("/site")
    disk.file("/site/a").waiting.append(Write(0, b"bytes"))
    _sync(disk, "/site/a")
    assert _synced(disk) == {}


def test_a_renamed_file_has_its_old_name_until_the_folder_is_synced() -> None:
    disk = Disk("/site")
    disk.file("/site/.part")
    _sync(disk, "/site")
    disk.rename("/site/.part", "/site/whole")
    before = set(_synced(disk))
    _sync(disk, "/site")
    assert (before, set(_synced(disk))) == ({".part"}, {"whole"})


def test_a_removed_file_comes_back_until_the_folder_is_synced() -> None:
    disk = Disk("/site")
    disk.file("/site/a")
    _sync(disk, "/site")
    disk.remove("/site/a")
    before = set(_synced(disk))
    _sync(disk, "/site")
    assert (before, set(_synced(disk))) == ({"a"}, set())


def test_what_is_written_while_a_sync_runs_is_not_promised_by_it() -> None:
    disk = Disk("/site")
    file = disk.file("/site/a")
    _sync(disk, "/site")
    file.waiting.append(Write(0, b"before"))
    mark = file.mark()
    file.waiting.append(Write(6, b" during"))
    file.sync(mark)
    assert _synced(disk) == {"a": b"before"}


def test_a_torn_disk_may_hold_unsynced_bytes_and_never_misses_synced_ones() -> None:
    disk = Disk("/site")
    file = disk.file("/site/a")
    file.waiting.append(Write(0, b"kept"))
    _sync(disk, "/site/a")
    _sync(disk, "/site")
    file.waiting.append(Write(4, b"!"))
    found = {dict(disk.contents(random.Random(seed)))["a"] for seed in range(20)}  # noqa: S311 - to be repeated
    assert found == {b"kept", b"kept!"}


def _log(folder: Path, *lines: str) -> Path:
    log = folder / "log"
    log.write_text("\n".join(lines) + "\n")
    return log


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def test_a_sync_counts_from_its_begin_and_only_once_it_ended(tmp_path: Path) -> None:
    db = f"3<{_hex('/site/db')}>"
    log = _log(
        tmp_path,
        f'1  openat(AT_FDCWD<{_hex("/site")}>, "{_hex("/site/db")}", O_RDWR|O_CREAT, 0644) = {db}',
        f"1  fsync(4<{_hex('/site')}>) = 0",
        f'1  pwrite64({db}, "{_hex("one")}", 3, 0) = 3',
        f"1  fdatasync({db} <unfinished ...>",
        f'2  pwrite64({db}, "{_hex("two")}", 3, 3) = 3',
        "1  <... fdatasync resumed>) = 0",
    )
    replay = trace.Replay("/site", 25)
    states = []
    for event in trace.events(log):
        replay.play(event)
        states.append(_synced(replay.disk).get("db"))
    assert states[-1] == b"one"
    assert b"one" not in states[:-1]


def test_the_answer_to_a_mail_is_the_250_after_354(tmp_path: Path) -> None:
    client = "9<TCP:[127.0.0.1:25->127.0.0.1:4711]>"
    said = ("220 mx", "250 OK", "250 2.1.0 OK", "354 go", "250 2.0.0 stored")
    log = _log(tmp_path, *(f'1  write({client}, "{_hex(line)}", {len(line)}) = {len(line)}' for line in said))
    replay = trace.Replay("/site", 25)
    answered = [event.at for event in trace.events(log) if replay.play(event) == 4711]
    assert answered == [4]


def test_a_seed_gives_the_same_mails_but_for_their_date() -> None:
    first, second = (mails.make(7, mails.drawn("seed")) for _ in range(2))
    without_date = [
        [line for line in mail.raw.splitlines() if not line.startswith(b"Date:")] for mail in (first, second)
    ]
    assert without_date[0] == without_date[1]


def test_dots_are_doubled_on_the_wire_only() -> None:
    assert clients.stuffed(b".a\r\n..\r\nb.\r\n") == b"..a\r\n...\r\nb.\r\n"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_daemon_killed_five_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """P1, P2, P7; C-01, C-05. `make powercut` does it a thousand times, on both databases, and cuts the power."""
    report = kills.run(tmp_path, 5, "short")
    shutil.rmtree(tmp_path, ignore_errors=True)
    assert (report.verdict.lost, report.verdict.doubled, report.verdict.wrong) == ([], [], [])
    assert report.verdict.figures["mails"] > 0
