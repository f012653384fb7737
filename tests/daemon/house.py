"""A real daemon in a process of its own, on a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from adapters.store import open_store
from gateway.ports import Reading
from tests.flow.station import INTAKE, MARIA, site_folder

START_WITHIN_S = 30.0

T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House:
    """A site folder and, between `start` and `stop`, `centralino serve` on it."""

    def __init__(self, folder: Path, *, database: str = "sqlite:///centralino.db") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.path = site_folder(folder)
        self.database = f"sqlite:///{folder / 'centralino.db'}" if database.startswith("sqlite") else database
        self.smtp_port, self.http_port = free_port(), free_port()
        self.path.write_text(
            self.path.read_text()
            + f'[database]\nurl = "{database}"\n'
            + f'[smtp]\nlisten = "127.0.0.1:{self.smtp_port}"\n'
            + f'[http]\nlisten = "127.0.0.1:{self.http_port}"\n'
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"

    def command(self, *arguments: str, who: str = "elena") -> list[str]:
        return [sys.executable, "-m", "config", *arguments, *(("--as", who) if who else ()), "--config", str(self.path)]

    def run(self, *arguments: str, who: str = "elena") -> subprocess.CompletedProcess[bytes]:
        """One command, to its end."""
        return subprocess.run(self.command(*arguments, who=who), capture_output=True, timeout=60, check=False)

    def read(self, question: Callable[[Reading], T]) -> T:
        """Ask the database that the daemon works on; a command for each look would cost more than what is tested."""
        with open_store(self.database, self.folder / "blobs", threaded=False) as store:
            return store.read(question)

    def tickets(self) -> list[dict[str, Any]]:
        """All of them, newest first."""
        return [asdict(ticket) for ticket in self.read(lambda reading: reading.tickets(limit=100_000))]

    def filed(self) -> int:
        """How many tickets there are."""
        return self.read(lambda reading: reading.counts())["ticket"]

    def start(self, **environment: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("serve", who=""), stdout=log, stderr=log, env={**os.environ, **environment}
            )
        until = time.monotonic() + START_WITHIN_S
        while not self.answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.smtp_port)) == 0 and self.get("/readyz")[0] == 200

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}
        except OSError:
            return 0, {}

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process is None or self.process.poll() is not None:
            return -1
        self.process.terminate()
        return self.process.wait(30)

    def mail(self, subject: str, *, sender: str = MARIA, number: int = 0) -> None:
        """One mail by SMTP; raises unless it got 250."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30) as client:
            client.sendmail(sender, [INTAKE], mail_bytes(subject, sender, number))

    def wait(self, look: Callable[[], T], within_s: float = 20.0) -> T:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError("not seen in time\n" + self.log.read_text()[-3000:])


def mail_bytes(subject: str, sender: str, number: int) -> bytes:
    return (
        f"From: {sender}\r\nTo: {INTAKE}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}.{time.time_ns()}@comune.example>\r\n"
        "Date: Tue, 24 Nov 2026 10:00:00 +0100\r\n\r\nNon funziona.\r\n"
    ).encode()
