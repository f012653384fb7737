"""The harness's hold on the daemon: start it, wait until it is ready, kill it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from tests.powercut.site import Place

START_TIMEOUT_S = 60.0
ROOT = Path(__file__).parents[2]


class NeverReady(Exception):  # noqa: N818 - what happened, in the harness's words
    """The daemon did not come up; the text has the end of its log."""


class Victim:
    """A runner (`tests.powercut.runner`) and the daemon that it forks, one life after the other."""

    def __init__(self, place: Place, *options: str) -> None:
        self._log = place.folder / "daemon.log"
        command = [sys.executable, "-m", "tests.powercut.runner", str(place.config), *options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log.open("ab"), text=True, cwd=ROOT
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._pid = 0
        self.has_carrier = self._expect("carrier").endswith("yes")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        if self._pid:
            self.kill()
        self._process.wait(START_TIMEOUT_S)

    def start(self) -> None:
        """A new life; returns when the daemon takes mail."""
        if self._process.stdin is None:
            raise NeverReady("no way to tell the runner")
        self._process.stdin.write("start\n")
        self._process.stdin.flush()
        self._pid = int(self._expect("pid").split()[1])
        self._expect("ready")

    def kill(self) -> None:
        """SIGKILL, at once; returns when the process is gone."""
        os.kill(self._pid, signal.SIGKILL)
        self._expect("gone")
        self._pid = 0

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line.strip())
        self._lines.put("end")

    def _expect(self, word: str) -> str:
        while True:
            try:
                line = self._lines.get(timeout=START_TIMEOUT_S)
            except queue.Empty:
                raise NeverReady(f"no {word!r} within {START_TIMEOUT_S} s\n{self._tail()}") from None
            if line.startswith(word):
                return line
            if line == "end" or (line == "gone" and word == "ready"):
                raise NeverReady(f"it ended before {word!r}\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-25:])
