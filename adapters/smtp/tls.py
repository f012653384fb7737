"""The certificate of the SMTP door, read again when its files change: a renewal needs no restart."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from adapters.mail.asn1 import certificates_in

CHECK_EVERY_S = 60.0


class CertificateFiles:
    """A provider of TLS contexts from PEM files. A renewal that cannot be read keeps the old certificate in use.

    Raises:
        OSError: at construction and in `reload`, a file cannot be read.
        ssl.SSLError: the same, certificate and key do not belong together or are no PEM.
    """

    def __init__(
        self,
        chain: Path,
        key: Path,
        *,
        on_fault: Callable[[Exception], None] = lambda _: None,
        every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._chain, self._key = chain, key
        self._on_fault = on_fault
        self._every_s = every_s
        self._context = self._read()
        self._stamp = self._stamp_now()
        self._checked_at = time.monotonic()

    def __call__(self) -> ssl.SSLContext:
        now = time.monotonic()
        if now - self._checked_at >= self._every_s:
            self._checked_at = now
            self._renew()
        return self._context

    def reload(self) -> None:
        """Read the files again now."""
        stamp = self._stamp_now()
        self._context = self._read()
        self._stamp = stamp

    def _renew(self) -> None:
        try:
            if self._stamp_now() != self._stamp:
                self.reload()
        except (OSError, ssl.SSLError) as error:
            self._on_fault(error)

    def _stamp_now(self) -> tuple[int, int]:
        return self._chain.stat().st_mtime_ns, self._key.stat().st_mtime_ns

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._chain, self._key)
        return context


def certificate_ends_at(chain: Path) -> datetime | None:
    """Until when the first certificate of a PEM file is valid, in UTC; None when it cannot be read."""
    try:
        ends_at: datetime = certificates_in(chain.read_bytes())[0].not_valid_after
    except (OSError, ValueError, IndexError):
        return None
    return ends_at
