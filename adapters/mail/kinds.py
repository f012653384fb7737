"""What an attachment is by its bytes, and whether that is dangerous or not what it says. Nothing here raises.

The bytes may only contradict: an attachment is never called harmless, and never named, by what it looks like. Nothing
is unpacked; what lies in an archive is the scanner's to find.
"""

from __future__ import annotations

import re

HEAD_BYTES = 4096
"""So much of an attachment is looked at."""

EXECUTABLE = "executable"
SCRIPT = "script"
MACRO = "macro"
DISGUISED = "disguised"
DANGERS = (EXECUTABLE, SCRIPT, MACRO, DISGUISED)
"""A program; a text that a program carries out; a document that may hold one; bytes of another kind than it says."""

_PROGRAMS = frozenset((
    "exe", "com", "scr", "pif", "dll", "cpl", "msi", "msp", "msix", "appx", "application", "gadget", "lnk", "url",
    "jar", "class", "apk", "deb", "rpm", "dmg", "iso", "img", "vhd", "vhdx", "reg", "scf", "inf", "sys", "drv", "ocx",
))  # fmt: skip
_SCRIPTS = frozenset((
    "js", "jse", "vbs", "vbe", "wsf", "wsh", "wsc", "ws", "hta", "ps1", "psm1", "psc1", "bat", "cmd", "sh", "bash",
    "csh", "py", "pl", "rb", "php", "chm", "hlp", "scpt", "terminal", "command", "xll", "settingcontent-ms",
    "library-ms", "search-ms", "one",
))  # fmt: skip
_MACROS = frozenset((
    "docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppam", "ppsm", "sldm",
))  # fmt: skip
_CLAIMS = {
    "pdf": "pdf", "png": "image", "jpg": "image", "jpeg": "image", "gif": "image", "tif": "image", "tiff": "image",
    "bmp": "image", "webp": "image", "zip": "archive", "7z": "archive", "rar": "archive", "gz": "archive",
    "docx": "archive", "xlsx": "archive", "pptx": "archive", "odt": "archive", "ods": "archive", "doc": "office",
    "xls": "office", "ppt": "office", "txt": "text", "csv": "text", "htm": "html", "html": "html",
}  # fmt: skip
"""What a name says that it is, by its last ending."""
_SEEN = {
    "pdf": "pdf", "png": "image", "jpg": "image", "jpeg": "image", "jfif": "image", "gif": "image", "tif": "image",
    "tiff": "image", "bmp": "image", "webp": "image", "zip": "archive", "docx": "archive", "rar": "archive",
    "7z": "archive", "gz": "archive", "html": "html", "htm": "html", "doc": "office", "xls": "office", "ppt": "office",
    "msi": "office",
}  # fmt: skip
"""What the library's answers stand for; the others say nothing that anybody claims."""
_HTML = re.compile(
    rb"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype html|html|head|body|script|iframe|meta)\b", re.IGNORECASE | re.DOTALL
)
_SCRIPT = re.compile(rb"<script\b|javascript:|\bon(?:load|error|click)\s*=", re.IGNORECASE)
_MACH_O = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe")
_RIVALS = frozenset((("archive", "office"), ("office", "archive"), ("text", "html")))
"""Kinds that pass for each other every day: an old and a new document, a page saved as text."""


def danger(name: str, media_type: str, content: bytes) -> str | None:
    """One of `DANGERS`, None when nothing speaks against the attachment. `name` is the safe one."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    head = content[:HEAD_BYTES]
    seen = _seen(head)
    if seen == EXECUTABLE or ending in _PROGRAMS:
        return EXECUTABLE
    if ending in _SCRIPTS or head[:2] == b"#!":
        return SCRIPT
    if media_type == "image/svg+xml" or ending == "svg":
        return SCRIPT if _SCRIPT.search(content) else None
    if ending in _MACROS:
        return MACRO
    claimed = _CLAIMS.get(ending) or _claimed_by_type(media_type)
    if claimed is None:
        return None
    seen = seen or next((_SEEN[one] for one in _endings(head) if one in _SEEN), None)
    return None if seen is None or seen == claimed or (claimed, seen) in _RIVALS else DISGUISED


def _claimed_by_type(media_type: str) -> str | None:
    if media_type == "application/pdf":
        return "pdf"
    return "image" if media_type.startswith("image/") else None


def _seen(head: bytes) -> str | None:
    """What the bytes are at the first look: one of the words that names claim, or `EXECUTABLE`."""
    if (head[:2] == b"MZ" and b"\0" in head[:64]) or head[:4] == b"\x7fELF" or head[:4] in _MACH_O:
        return EXECUTABLE
    if head[:5] == b"%PDF-":
        return "pdf"
    return "html" if _HTML.match(head) else None


def _endings(head: bytes) -> list[str]:
    """The endings of file that the library takes the bytes for, the likeliest first."""
    from puremagic import magic_string  # noqa: PLC0415 - most mails bring no attachment

    try:
        return [found.extension.removeprefix(".").lower() for found in magic_string(head) if found.confidence >= SURE]
    except Exception:  # noqa: BLE001 - it raises on what it does not know, and on what is empty
        return []


SURE = 0.3
"""Two bytes that happen to be the same are no proof."""
