"""File names of attachments: one that is safe anywhere, and one to show. Nothing here raises."""

from __future__ import annotations

import re
import unicodedata

MAX_BYTES = 180
"""UTF-8 bytes of a safe name: file systems allow 255, and what we put before or behind it needs room."""
MAX_SHOWN = 255

_RESERVED = re.compile(r"^(?:con|prn|aux|nul|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?$", re.IGNORECASE)
_SPECIAL = re.compile(r'[<>:"|?*%`$&;\\/\n\t]')

# Only for parts that come without a name; what a part is called by its sender is never changed by its type.
_EXTENSIONS = {
    "text/plain": "txt", "text/html": "html", "text/calendar": "ics", "text/csv": "csv", "text/vcard": "vcf",
    "text/x-vcard": "vcf", "text/xml": "xml", "text/rfc822-headers": "txt", "message/rfc822": "eml",
    "message/global": "eml", "message/delivery-status": "txt", "message/disposition-notification": "txt",
    "image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png", "image/gif": "gif", "image/tiff": "tif",
    "application/pdf": "pdf", "application/zip": "zip", "application/xml": "xml", "application/ms-tnef": "dat",
    "application/pkcs7-signature": "p7s", "application/x-pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m",
    "application/x-pkcs7-mime": "p7m", "application/pgp-signature": "asc", "application/pgp-encrypted": "asc",
}  # fmt: skip


def extension(media_type: str) -> str:
    """The usual extension of a type, `bin` for one that has none here."""
    return _EXTENSIONS.get(media_type, "bin")


def shown(name: str) -> str:
    """What the sender wrote, without control, direction and invisible characters, on one line."""
    return _visible(name)[:MAX_SHOWN]


def _visible(name: str) -> str:
    if not name.isascii() or not name.isprintable():
        name = "".join(char for char in unicodedata.normalize("NFC", name) if _is_visible(char))
    return name.strip()


def _is_visible(char: str) -> bool:
    # Cf holds U+202E and the zero-width characters, by which "exe.fdp" reads "pdf.exe" (CVE-2026-28289).
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def safe(name: str, media_type: str, part: str) -> str:
    """A name that is a plain file name on every system: no path, no leading dot, no reserved word, not too long.

    Without anything usable it is made from the part and its type: `parte-2.1.pdf`.
    """
    last = re.split(r"[/\\]", _visible(name).replace("..%2f", "/").replace("..%2F", "/"))[-1]
    last = _SPECIAL.sub("_", last).lstrip(". ").rstrip(". ")
    if not last.strip("._-"):
        return f"parte-{part}.{extension(media_type)}"
    if _RESERVED.match(last):
        last = f"_{last}"
    return _shortened(last)


def _shortened(name: str) -> str:
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 16:  # noqa: PLR2004 - longer than any real extension: part of the name
        stem, dot, extension = name, "", ""
    room = MAX_BYTES - len(dot) - len(extension.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + extension
