"""A private Dovecot: a folder, ports and users of its own, started for a test run and stopped after it."""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

USERS, PASSWORD = [f"user{n}" for n in range(100)], 'pass word"1\\'
_BINARY = Path("/usr/sbin/dovecot")

_CONFIG = """
protocols = imap
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
listen = 127.0.0.1
ssl = yes
ssl_cert = <{base}/chain.pem
ssl_key = <{base}/key.pem
disable_plaintext_auth = no
mail_location = maildir:{base}/mail/%n
mail_uid = {mail}
mail_gid = {mail_group}
first_valid_uid = 0
last_valid_uid = 0
first_valid_gid = 0
default_vsz_limit = 0
auth_failure_delay = 0
auth_mechanisms = plain{token_mechanisms}
{by_token}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {base}/users
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail_group} home={base}/mail/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
  chroot =
  # No penalty after a failed log-in: tests fail at it on purpose.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

_BY_TOKEN = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {base}/oauth2.conf
}}
"""
_INTROSPECTION = """
introspection_mode = post
introspection_url = {url}
username_attribute = username
username_format = %n
active_attribute = active
active_value = true
"""


class Dovecot:
    """A running server."""

    def __init__(self, base: Path, plain: int, tls: int, authority: Path, user: str = USERS[0]) -> None:
        self.base, self.plain, self.tls, self.authority, self.user = base, plain, tls, authority, user

    def of(self, user: str) -> Dovecot:
        """The same server with the mailbox of another user."""
        return Dovecot(self.base, self.plain, self.tls, self.authority, user)

    def client(self) -> imaplib.IMAP4:
        """A client of another kind than the one under test."""
        client = imaplib.IMAP4("127.0.0.1", self.plain, timeout=10)
        client.login(self.user, PASSWORD)
        return client

    def deliver(self, *mails: bytes, folder: str = "INBOX", date: str | None = None) -> None:
        with self.client() as client:
            for mail in mails:
                client.append(folder, "", date or imaplib.Time2Internaldate(time.time()), mail)

    def create(self, folder: str) -> None:
        with self.client() as client:
            assert client.create(f'"{folder}"')[0] == "OK"

    def count(self, folder: str = "INBOX") -> int:
        """How many messages a folder has."""
        with self.client() as client:
            _, said = client.select(f'"{folder}"', readonly=True)
            return int(said[0] or 0)

    def flags(self, folder: str = "INBOX") -> list[bytes]:
        """The FLAGS answers for all messages."""
        with self.client() as client:
            client.select(folder, readonly=True)
            _, said = client.fetch("1:*", "(FLAGS)")
            return [line for line in said if isinstance(line, bytes)]

    def number_anew(self) -> None:
        """Lose the index of the mailbox, as a restored or moved one does: another UIDVALIDITY."""
        time.sleep(1.1)  # Dovecot makes a UIDVALIDITY of the seconds
        box = self.base / "mail" / self.user
        for name in (
            "dovecot-uidlist",
            "dovecot.index",
            "dovecot.index.log",
            "dovecot.index.cache",
            "dovecot.list.index.log",
        ):
            (box / name).unlink(missing_ok=True)
        for file in box.glob("dovecot-uidvalidity*"):
            file.unlink()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _written_config(base: Path, plain: int, tls: int, introspection_url: str) -> Path:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")  # Dovecot lets no mail belong to root
        names = {"internal": "dovecot", "login": "dovenull", "group": "dovecot"}
        owner = {"mail": nobody.pw_uid, "mail_group": nobody.pw_gid}
        os.chown(base / "mail", nobody.pw_uid, nobody.pw_gid)
    else:
        me = pwd.getpwuid(os.geteuid()).pw_name
        names = {"internal": me, "login": me, "group": grp.getgrgid(os.getegid()).gr_name}
        owner = {"mail": os.geteuid(), "mail_group": os.getegid()}
    config = base / "dovecot.conf"
    tokens = {"token_mechanisms": "", "by_token": ""}
    if introspection_url:
        (base / "oauth2.conf").write_text(_INTROSPECTION.format(url=introspection_url))
        tokens = {"token_mechanisms": " xoauth2 oauthbearer", "by_token": _BY_TOKEN.format(base=base)}
    config.write_text(_CONFIG.format(base=base, plain=plain, tls=tls, **names, **owner, **tokens))
    return config


@contextlib.contextmanager
def dovecot_server(introspection_url: str = "") -> Iterator[Dovecot]:
    """A server, which with an `introspection_url` takes tokens too; skips where Dovecot is not installed."""
    if not _BINARY.exists():
        pytest.skip("Dovecot is not installed: apt install dovecot-imapd")
    # The paths of its sockets must be short: not pytest's own folder.
    base = Path(tempfile.mkdtemp(prefix="centralino-imap-", dir="/tmp"))
    base.chmod(0o755)
    plain, tls = _free_port(), _free_port()
    (base / "mail").mkdir()
    (base / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in USERS))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(base / "ca.pem"))
    issued = authority.issue_cert("localhost", "127.0.0.1")
    (base / "chain.pem").write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    (base / "key.pem").write_bytes(issued.private_key_pem.bytes())
    process = subprocess.Popen(
        [_BINARY, "-F", "-c", _written_config(base, plain, tls, introspection_url)], stderr=subprocess.PIPE
    )
    try:
        _await_port(process, plain, base)
        yield Dovecot(base, plain, tls, base / "ca.pem")
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(base, ignore_errors=True)


def _await_port(process: subprocess.Popen[bytes], port: int, base: Path) -> None:
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if process.poll() is not None:
            said = process.stderr.read().decode() if process.stderr is not None else ""
            log = base / "log"
            raise RuntimeError(f"Dovecot did not start: {said}{log.read_text() if log.exists() else ''}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as sock:
            if sock.recv(10):
                return
        time.sleep(0.05)
    raise RuntimeError("Dovecot does not answer")
