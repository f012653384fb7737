"""The daemon waits for hand-overs from its start on, and after each reload by the new rules (M-05)."""

from __future__ import annotations

from pathlib import Path

from config.daemon import Daemon, opened
from gateway.domain.ticket import Timer
from tests.flow.station import site_folder

ASKS = "confirm_shift = true "


def waiting(daemon: Daemon) -> list[Timer]:
    daemon.store.write(lambda tx: tx.counts())  # behind whatever was handed to the writer before
    return daemon.store.read(lambda reading: reading.timers("watch"))


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "contracts" / "c02-comune.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_hand_over_is_waited_for_from_the_start_and_after_a_reload(tmp_path: Path) -> None:
    """P18, P21."""
    path = site_folder(tmp_path)
    change(tmp_path, "confirm_shift = false", ASKS)
    with opened(path) as daemon:
        (first,) = waiting(daemon)
        assert first.due_at > daemon.gateway.clock.now()
        change(tmp_path, ASKS, "confirm_shift = false")
        daemon.reload()
        assert waiting(daemon) == []
        change(tmp_path, "confirm_shift = false", ASKS)
        daemon.reload()
        assert [timer.due_at for timer in waiting(daemon)] == [first.due_at]
    with opened(path) as daemon:
        assert [timer.due_at for timer in waiting(daemon)] == [first.due_at]
