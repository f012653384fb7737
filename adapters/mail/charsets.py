"""Bytes of other people's mail to text that every database takes. Nothing here raises.

The ladder: the declared charset (by its usual misspellings), then UTF-8, then Windows-1252. A guesser is not
asked: on short Italian texts it answers Polish or Chinese, and in mail an undeclared charset that is not UTF-8 is
Windows-1252.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from functools import lru_cache

_FEW = 0.05
"""Share of characters that may be unreadable before we stop believing the declared charset."""

_SAYS_NOTHING = frozenset(
    (
        "", "ascii", "us-ascii", "ansi", "ansi_x3.4-1968", "x-unknown", "unknown", "unknown-8bit", "x-unknown-8bit",
        "default", "default_charset", "x-user-defined", "none", "null", "8bit", "7bit", "binary", "charset",
    )
)  # fmt: skip

# The web's and the mailers' own practice: the wider set of which the declared one is a part (WHATWG Encoding, §4.2).
_ALIASES = {
    "latin1": "cp1252", "latin-1": "cp1252", "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252",
    "iso-88591": "cp1252", "iso88591": "cp1252", "8859-1": "cp1252", "l1": "cp1252", "iso_8859-1:1987": "cp1252",
    "x-ansi": "cp1252", "x-cp1252": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb_2312-80": "gb18030", "chinese": "gb18030",
    "cp936": "gb18030", "euc-cn": "gb18030", "hz-gb-2312": "hz",
    "big5": "cp950", "big5-eten": "cp950", "x-x-big5": "cp950", "big-5": "cp950",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949", "ks-c-5601-1987": "cp949", "euc-kr": "cp949",
    "korean": "cp949", "ksc_5601": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms_kanji": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "iso-2022-jp-1": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext",
    "iso-8859-8-i": "iso8859_8", "iso-8859-8-e": "iso8859_8", "iso-8859-6-i": "iso8859_6", "iso-8859-6-e": "iso8859_6",
    "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874",
    "unicode-1-1-utf-7": "utf_7", "unicode-2-0-utf-7": "utf_7", "x-unicode-2-0-utf-7": "utf_7", "utf-7-imap": "utf_7",
    "unicode-1-1-utf-8": "utf_8", "utf-8mb4": "utf_8", "utf8mb4": "utf_8", "cp65001": "utf_8", "x-utf-8": "utf_8",
    "utf-8-bom": "utf_8_sig", "unicode": "utf_16", "ucs-2": "utf_16",
    "macintosh": "mac_roman", "x-mac-roman": "mac_roman", "mac": "mac_roman", "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ce": "mac_latin2", "x-mac-greek": "mac_greek", "x-mac-turkish": "mac_turkish", "koi8": "koi8_r",
}  # fmt: skip

# Python codecs that are not character sets of mail: they transform, execute escapes, or raise by design.
_NOT_CHARSETS = frozenset(("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"))
_CODE_PAGE = re.compile(r"^(?:x-)?(?:cp|windows|win|ibm|dos|ms)[-_ ]?(\d{3,5})$", re.ASCII)
_BROKEN_ISO = re.compile(r"^iso[-_ ]?8859[-_ ]?(\d{1,2})(?:[-_:].*)?$", re.ASCII)

# NUL stops PostgreSQL, a lone surrogate stops every database, the other controls have no place in a text.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=256)
def codec_of(label: str) -> str | None:
    """The Python codec for a charset as declared in a mail, or None when the label says nothing we know."""
    name = label.strip().strip("\"'").strip().lower()
    if name in _SAYS_NOTHING:
        return None
    if name in _ALIASES:
        return _ALIASES[name]
    for candidate in _spellings(name):
        codec = _text_codec(candidate)
        if codec is not None:
            return "cp1252" if codec == "iso8859-1" else codec
    return None


def _spellings(name: str) -> tuple[str, ...]:
    page = _CODE_PAGE.match(name)
    if page is not None:
        return (f"cp{page[1]}",)
    iso = _BROKEN_ISO.match(name)
    if iso is not None:
        return (f"iso8859_{iso[1]}",)
    return (name, name.removeprefix("x-"), name.partition(";")[0].strip())


def _text_codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError):  # UnicodeError is a ValueError; so is "embedded null character"
        return None
    return None if found.name.replace("-", "_") in _NOT_CHARSETS else found.name


def decode(raw: bytes, declared: str | None = None) -> tuple[str, str | None]:
    """The text of `raw` and, when it could not be read as declared, a defect in words. Not cleaned: see `clean`."""
    if raw.isascii() and (declared is None or declared in ("utf-8", "us-ascii", "UTF-8")):
        return raw.decode("ascii"), None
    codec = codec_of(declared[:64]) if declared else None
    if codec is not None:
        text = _strictly(raw, codec)
        if text is not None:
            return text, None
    return _undeclared(raw, declared, codec)


def _undeclared(raw: bytes, declared: str | None, codec: str | None) -> tuple[str, str | None]:
    text = _strictly(raw, "utf_8")
    if text is not None:
        return text, _unknown(declared, codec)
    if codec is not None:
        text = _mostly(raw, codec)
        if text is not None:
            return text, f"text is not clean {clean(declared or '')[:40]}"
    elif raw.find(b"\xc3") >= 0:
        text = _mostly(raw, "utf_8")
        if text is not None and declared is None:
            return text, "text is not clean utf-8"
    return windows_1252(raw), _unknown(declared, codec)


def _unknown(declared: str | None, codec: str | None) -> str | None:
    if declared is None or declared.strip().lower() in _SAYS_NOTHING:
        return None
    label = clean(declared)[:40]
    return f"unknown charset {label!r}" if codec is None else f"text is not {label}"


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        # What is valid UTF-8 beyond ASCII is UTF-8: as Western text it would read "perchÃ©".
        return raw.decode("utf_8" if codec == "cp1252" else codec)
    except UnicodeDecodeError:
        return windows_1252(raw) if codec == "cp1252" else None
    except (LookupError, ValueError):
        return None


def _mostly(raw: bytes, codec: str) -> str | None:
    """The text with U+FFFD for what is damaged, if that is little, and less than what came through beyond ASCII."""
    try:
        text = raw.decode(codec, "replace")
    except (UnicodeError, LookupError, ValueError):
        return None
    damaged = text.count("\ufffd")
    beyond = sum(char > "\x7f" for char in text) - damaged
    return text if damaged <= beyond and damaged <= max(1, int(len(text) * _FEW)) else None


def windows_1252(raw: bytes) -> str:
    """Every byte means something: the five that Windows-1252 leaves undefined are read as Latin-1 and cleaned later."""
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(_one_byte(byte) for byte in raw) if len(raw) < _SMALL else raw.decode("latin-1")


_SMALL = 65536


def _one_byte(byte: int) -> str:
    one = bytes((byte,))
    return one.decode("cp1252", "ignore") or one.decode("latin-1")


def encoded(text: str, declared: str) -> bytes:
    """The bytes that `text` has in its declared charset: what was sent raw inside of something encoded.

    A lone surrogate stands for the byte that it was (PEP 383), and is that byte again. A charset whose bytes are all
    ASCII (UTF-7, HZ) is none that was sent raw.
    """
    if _SURROGATE.search(text) is None:
        with contextlib.suppress(UnicodeError, LookupError, ValueError):
            raw = text.encode(codec_of(declared[:64]) or "utf-8")
            return text.encode("utf-8") if raw.isascii() else raw
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeError:
        return clean(text).encode("utf-8")


def clean(text: str) -> str:
    """The text with LF line ends and without NUL, lone surrogates and control characters; tabs stay."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _UNWANTED.search(text) is None:
        return text
    if any("\ud800" <= char <= "\udfff" for char in text):
        text = _with_pairs_joined(text)
    return _UNWANTED.sub("", text)


def _with_pairs_joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def clean_line(text: str) -> str:
    """The text on one line: line ends and tabs become blanks, the rest as `clean`."""
    text = clean(text)
    return text.replace("\n", " ").replace("\t", " ") if "\n" in text or "\t" in text else text
