from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import Desk

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def daemon(desk: Desk) -> Iterator[subprocess.Popen[bytes]]:
    """The real daemon on the desk's site, ready."""
    desk.change("gateway.toml", '# listen = "127.0.0.1:8080"', f'listen = "127.0.0.1:{free_port()}"')
    desk.change("gateway.toml", '# listen = "127.0.0.1:8025"', 'listen = "127.0.0.1:0"')
    said = [sys.executable, "-m", "config", "serve", "--config", str(desk.config)]
    with (desk.folder / "log").open("wb") as log, subprocess.Popen(said, cwd=ROOT, stderr=log, stdout=log) as process:
        until = time.monotonic() + 30
        while desk.run("check", "--running").code != 0:
            assert process.poll() is None, (desk.folder / "log").read_text()
            assert time.monotonic() < until, (desk.folder / "log").read_text()
            time.sleep(0.2)
        yield process
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def test_commands_act_beside_the_daemon_and_hear_of_its_reloads(desk: Desk, daemon: subprocess.Popen[bytes]) -> None:
    """DESIGN, "Commands and the daemon": one database, two processes; a refused reload keeps the old configuration."""
    number = desk.open()
    assert desk.done("ticket", "reply", number, "--text", "Ci stiamo lavorando").err == ""
    desk.change("gateway.toml", "[gateway]", "[gateway]\nnmae = 'x'")
    daemon.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    desk.change("gateway.toml", "[gateway]\nnmae = 'x'", "[gateway]")
    refused = desk.run("check", "--running", "--json")
    (door,) = refused.json["doors"]
    assert (refused.code, "nmae" in door["said"]) == (1, True)
