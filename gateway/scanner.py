"""What scanning needs of the world: a scanner, and a place for what it said (`gateway.scanning`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gateway.domain.scan import Scan, Verdict


class Scanner(Protocol):
    """A scanner for malware. Never raises: one that does not answer says UNSCANNED and why."""

    def scan(self, content: bytes) -> Verdict:
        """What it says of a file. Called with no transaction open."""
        ...


class ScanReading(Protocol):
    """What may be asked of scans."""

    def scans(self, hashes: Sequence[str]) -> dict[str, Scan]:
        """The scans of files, by their SHA-256; a file that was never owed to a scanner is not in it."""
        ...

    def scans_due(self, now: datetime, limit: int = 20) -> list[Scan]:
        """Files whose scan is due, the longest waiting first."""
        ...

    def tickets_with(self, sha256: str) -> list[int]:
        """The tickets that have a file among their attachments."""
        ...


class ScanWriting(ScanReading, Protocol):
    """What may be written of scans."""

    def add_scan(self, scan: Scan) -> None:
        """A file that nothing is known of yet."""
        ...

    def change_scan(self, sha256: str, **values: Any) -> Scan:  # noqa: ANN401 - fields of Scan
        """Change a scan that is there."""
        ...
