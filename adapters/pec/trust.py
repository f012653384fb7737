"""The trust list: the certificates of accredited providers, or of who certifies them, from files of a folder.

Beside it, where the operator keeps them up to date, the lists of certificates that were revoked (CRL), from another
folder: nothing is ever fetched while a mail is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.mail.asn1 import Certificate, RevocationList, certificates_in, revocations_in
from gateway.domain.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ENDINGS = (".pem", ".crt", ".cer", ".der")
LIST_ENDINGS = (".crl", ".pem", ".der")


@dataclass(frozen=True, slots=True)
class TrustList:
    """Who may sign, and which certificates were revoked. Empty: nobody, so that no receipt changes anything."""

    certificates: tuple[Certificate, ...] = ()
    revoked: tuple[RevocationList, ...] = ()

    @classmethod
    def of(cls, contents: Iterable[bytes], revoked: Iterable[bytes] = ()) -> TrustList:
        """From the contents of files, PEM (several in one) or DER.

        Raises:
            ValueError: one of them is no certificate, or no revocation list.
        """
        return cls(
            tuple(one for content in contents for one in certificates_in(content)),
            tuple(one for content in revoked for one in revocations_in(content)),
        )

    def packed(self) -> list[bytes]:
        """The certificates as DER, to hand on."""
        return [one.dump() for one in self.certificates]

    def packed_lists(self) -> list[bytes]:
        """The revocation lists as DER, to hand on."""
        return [one.dump() for one in self.revoked]


def load_trust_list(folder: Path, lists: Path | None = None) -> TrustList:
    """The certificates in a folder and the revocation lists in another, in the order of the files' names.

    Raises:
        SettingError: a folder cannot be read, the first has no certificate, or one has a file that is something else.
    """
    return TrustList(_certificates(folder), _lists(lists) if lists is not None else ())


def _lists(folder: Path) -> tuple[RevocationList, ...]:
    """An empty folder is no error: the lists come later, and until then the verdict says that nobody looked."""
    found: list[RevocationList] = []
    try:
        for path in sorted(path for path in folder.iterdir() if path.suffix.casefold() in LIST_ENDINGS):
            found += _list(path)
    except OSError as error:
        raise _list_refused(f"{folder} cannot be read: {error.strerror}") from error
    return tuple(found)


def _list(path: Path) -> list[RevocationList]:
    try:
        return revocations_in(path.read_bytes())
    except ValueError as error:
        raise _list_refused(f"{path.name} is no certificate revocation list") from error


def _list_refused(problem: str) -> SettingError:
    return SettingError(
        "gateway.toml",
        "pec.crl_dir",
        problem,
        clause="X4",
        remedy="put the revocation lists (CRL) of the providers' certifiers there, PEM or DER, and keep them fresh",
    )


def _certificates(folder: Path) -> tuple[Certificate, ...]:
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
    return tuple(found)


def _refused(problem: str) -> SettingError:
    return SettingError(
        "gateway.toml",
        "pec.trust_list",
        problem,
        clause="X4",
        remedy="put the certificates of the accredited PEC providers there, as AgID publishes them, PEM or DER",
    )
