"""A private ClamAV daemon with one signature: the test file that every scanner knows, put together while tests run.

The databases of its makers come from the internet; this one is a line that is written here.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.antivirus import Clamd

BINARY = Path("/usr/sbin/clamd")
FOUND = "Test-File.UNOFFICIAL"
MAX_STREAM_BYTES = 1_000_000
PATIENCE_S = 30.0

_CONFIG = """
LocalSocket {base}/clamd.sock
DatabaseDirectory {base}/db
Foreground yes
StreamMaxLength {most}
MaxThreads 2
SelfCheck 0
TemporaryDirectory {base}
"""


_PIECES = (b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$", b"EICAR-STANDARD-", b"ANTIVIRUS-TEST-FILE!$H+H*")


def eicar() -> bytes:
    """The harmless file that scanners are tried out with. It stands in no file of the project in one piece."""
    return b"".join(_PIECES)


def zipped(content: bytes, name: str = "documento.txt") -> bytes:
    """The content in a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


@contextlib.contextmanager
def clamd() -> Iterator[Clamd]:
    """A running daemon, as the product speaks to it. Skips the test where ClamAV is not installed."""
    if not BINARY.exists():
        pytest.skip("ClamAV is not installed: apt install clamav-daemon")
    with tempfile.TemporaryDirectory(prefix="clamd-") as folder:
        base = Path(folder)
        (base / "db").mkdir()
        digest = hashlib.sha256(eicar()).hexdigest()
        (base / "db" / "test.hsb").write_text(f"{digest}:{len(eicar())}:Test-File\n")
        (base / "clamd.conf").write_text(_CONFIG.format(base=base, most=MAX_STREAM_BYTES))
        process = subprocess.Popen(
            [str(BINARY), "--config-file", str(base / "clamd.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _answering(Clamd(path=str(base / "clamd.sock"), timeout_s=20.0), process)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answering(daemon: Clamd, process: subprocess.Popen[bytes]) -> Clamd:
    until = time.monotonic() + PATIENCE_S
    while daemon.ping() is not None:
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail("clamd did not start")
        time.sleep(0.05)
    return daemon
