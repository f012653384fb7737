"""Postfix as the mail server in front of us and as our relay: an instance of its own, with its own queue.

Needs root and the user `postfix`, as Postfix does; nothing of an existing instance is touched.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

START_S = 20
_MAIN = """compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.provider.example
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_host_lookup = native
smtp_tls_security_level = none
transport_maps = texthash:{place}/transport
relay_domains = {ours}
relay_transport = {deliver}
default_transport = {relay}
lmtp_destination_recipient_limit = 50
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
maillog_file = {place}/data/mail.log
maillog_file_prefixes = {place}
"""
_MASTER = """127.0.0.1:{port} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
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
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def is_installed() -> bool:
    """Whether an instance can be started here."""
    return shutil.which("postfix") is not None and os.geteuid() == 0


@dataclass
class Postfix:
    """A running instance. `deliver` is the transport of mail for `ours`, `relay` of all other mail.

    Transports are Postfix's own words: `lmtp:inet:127.0.0.1:8024`, `smtp:[127.0.0.1]:8025`, `discard:`.
    """

    port: int
    ours: str
    deliver: str
    relay: str = "discard:"
    others: dict[str, str] = field(default_factory=dict)
    """Addresses of that domain that are delivered elsewhere."""
    place: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="centralino-postfix-")))

    def __enter__(self) -> Self:
        place = self.place
        place.chmod(0o755)
        for name in ("queue", "data"):
            (place / name).mkdir()
        shutil.chown(place / "data", "postfix")
        told = {"place": place, "ours": self.ours, "deliver": self.deliver, "relay": self.relay}
        (place / "main.cf").write_text(_MAIN.format(**told))
        (place / "transport").write_text("".join(f"{one} {where}\n" for one, where in self.others.items()))
        (place / "master.cf").write_text(_MASTER.format(port=self.port))
        try:
            self._postfix("start", check=True)
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._postfix("stop", check=False)
        shutil.rmtree(self.place, ignore_errors=True)

    def _postfix(self, verb: str, *, check: bool) -> None:
        subprocess.run(("postfix", "-c", str(self.place), verb), check=check, capture_output=True, timeout=60)

    def flush(self) -> None:
        """Try everything in the queue now: on a busy machine one mail may wait for longer than the rest."""
        self._postfix("flush", check=True)

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    @property
    def log(self) -> str:
        """What it wrote."""
        file = self.place / "data" / "mail.log"
        return file.read_text() if file.exists() else ""
