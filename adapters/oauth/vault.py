"""Refresh tokens that a provider exchanged: on disk, for our user alone, before they are used.

They are files and no rows because no secret may be in a dump of the database (P24). A file belongs to the token that
the operator stored: a new one in the credential wins over whatever was exchanged before.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.oauth.errors import OAuthError


@dataclass(frozen=True, slots=True)
class Held:
    """A refresh token and until when it is good, if the provider said so."""

    token: str
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Held(expires_at={self.expires_at})"


class Vault:
    """The exchanged token of one `[[oauth]]`, in a folder that is ours alone."""

    def __init__(self, folder: Path, name: str, configured: str) -> None:
        self._folder = folder
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:80]
        self._path = folder / f"{safe}.{_digest(name)[:8]}.json"
        self._name = name
        self._configured = configured

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else (the daemon, `check --connect`) exchanges this token meanwhile: it can be exchanged once.

        Raises:
            OAuthError: the folder cannot be used.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def held(self) -> Held:
        """What to ask with: the last exchanged token, or the configured one when that is newer or the only one.

        Raises:
            OAuthError: there is a file and it cannot be read.
        """
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if kept["of"] != _digest(self._configured):
                return Held(self._configured)
            ends = kept.get("expires_at")
            return Held(str(kept["refresh_token"]), datetime.fromisoformat(ends) if ends else None)
        except FileNotFoundError:
            return Held(self._configured)
        except OSError as error:
            raise self._unusable(error) from error
        except (ValueError, KeyError, TypeError):
            # Written whole or not at all: somebody else wrote this. The configured token may still be good.
            return Held(self._configured)

    def keep(self, held: Held) -> None:
        """On disk, or an error: the provider does not take the old one again.

        Raises:
            OAuthError: it cannot be written.
        """
        ends = held.expires_at.isoformat() if held.expires_at else None
        text = json.dumps({"of": _digest(self._configured), "refresh_token": held.token, "expires_at": ends})
        fresh = self._path.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self._path)
            _synced(self._folder)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> OAuthError:
        return OAuthError(
            f"{self._name}: the refresh token cannot be kept in {self._folder}: {error.strerror}; give the folder to "
            "the user that runs centralino",
            lasting=True,
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
