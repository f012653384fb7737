"""Postfix to its queue, where it is installed: an instance of its own, whose mail is discarded after the 250.

Needs root and the user `postfix`, as Postfix does; nothing of an existing instance is touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.processes import free_port, load

if TYPE_CHECKING:
    from tests.bench.measuring import Pattern, Size

START_S = 20
SEED = 0x9000
_MAIN = """compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.test
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_transport = discard
relay_transport = discard
maillog_file = {place}/data/mail.log
maillog_file_prefixes = {place}
"""
_MASTER = """127.0.0.1:{port} inet n - n - 100 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def is_installed() -> bool:
    """Whether an instance can be started here."""
    return shutil.which("postfix") is not None and os.geteuid() == 0


@contextlib.contextmanager
def postfix(_folder: Path) -> Iterator[int]:
    """An instance of our own: its port."""
    place = Path(tempfile.mkdtemp(prefix="centralino-postfix-"))
    place.chmod(0o755)
    port = free_port()
    (place / "queue").mkdir()
    (place / "data").mkdir()
    shutil.chown(place / "data", "postfix")
    (place / "main.cf").write_text(_MAIN.format(place=place))
    (place / "master.cf").write_text(_MASTER.format(port=port))
    command = ("postfix", "-c", str(place))
    subprocess.run((*command, "start"), check=True, capture_output=True, timeout=60)
    try:
        _wait_for(port)
        yield port
    finally:
        subprocess.run((*command, "stop"), check=False, capture_output=True, timeout=60)
        shutil.rmtree(place, ignore_errors=True)


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_S
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def rates(port: int, pattern: Pattern, size: Size) -> list[float]:
    """Mails a second until the last 250, run by run."""
    mails = size.mails_alone if pattern.connections == 1 else size.mails
    return [load(port, pattern.connections, mails, SEED + run, one=pattern.one).rate for run in range(size.repetitions)]
