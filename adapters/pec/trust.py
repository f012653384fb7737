"""The trust list: the certificates of accredited providers, or of who certifies them, from files of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.mail.asn1 import Certificate, certificates_in
from gateway.domain.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ENDINGS = (".pem", ".crt", ".cer", ".der")


@dataclass(frozen=True, slots=True)
class TrustList:
    """Who may sign. Empty: nobody, so that no receipt changes anything."""

    certificates: tuple[Certificate, ...] = ()

    @classmethod
    def of(cls, contents: Iterable[bytes]) -> TrustList:
        """From the contents of files, PEM (several in one) or DER.

        Raises:
            ValueError: one of them is no certificate.
        """
        return cls(tuple(one for content in contents for one in certificates_in(content)))

    def packed(self) -> list[bytes]:
        """The certificates as DER, to hand on."""
        return [one.dump() for one in self.certificates]


def load_trust_list(folder: Path) -> TrustList:
    """The certificates in a folder, in the order of the files' names.

    Raises:
        SettingError: the folder cannot be read, has no certificate, or has a file that is none.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.casefold() in ENDINGS)
        contents = [path.read_bytes() for path in files]
    except OSError as error:
        raise _refused(f"{folder} cannot be read: {error.strerror}") from error
    if not files:
        raise _refused(f"{folder} has no certificate ({', '.join(ENDINGS)})")
    found: list[Certificate] = []
    for path, content in zip(files, contents, strict=True):
        try:
            found += certificates_in(content)
        except ValueError as error:
            raise _refused(f"{path.name} is no certificate") from error
    return TrustList(tuple(found))


def _refused(problem: str) -> SettingError:
    return SettingError(
        "gateway.toml",
        "pec.trust_list",
        problem,
        clause="X4",
        remedy="put the certificates of the accredited PEC providers there, as AgID publishes them, PEM or DER",
    )
