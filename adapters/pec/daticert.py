"""The certification data of PEC (`daticert.xml`): what the provider certifies, with DTD and entities off (X5, S150).

Tolerant of what providers send (a byte order mark, `<` as it is in a Message-ID, an encoding that is not the declared
one), never of what is an attack: a DTD is refused whole, and more than `MAX_BYTES` are not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError
from zoneinfo import ZoneInfo

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from adapters.mail.charsets import clean_line, decode
from gateway.domain.certified import ReceiptType, Recipient, RecipientKind, bare_id

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 1_048_576
"""A message to thousands of recipients stays below it."""
MAX_RECIPIENTS = 10_000
MAX_TEXT = 2_000
NOT_VALID = "daticert not valid"
"""How every defect begins that makes the data count for nothing."""

_ROME = ZoneInfo("Europe/Rome")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DECLARED = re.compile(rb"<\?xml[^>]{0,100}encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_ZONE = re.compile(r"^(?:GMT|UTC)?([+-])(\d{2}):?(\d{2})$", re.ASCII)
_DAY = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})$", re.ASCII)
_HOUR = re.compile(r"^(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?$", re.ASCII)
_BARE = re.compile(r"<(msgid|identificativo)>\s{0,99}<([^<>]{0,998})>\s{0,99}</\1>")
_STRAY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")


@dataclass(frozen=True, slots=True)
class CertificationData:
    """What `daticert.xml` says, as it says it; `kind` is its `tipo`, `recipient` its `consegna`."""

    kind: str = ""
    error: str = ""
    sender: str = ""
    recipients: tuple[Recipient, ...] = ()
    reply_to: str = ""
    subject: str = ""
    provider: str = ""
    at: datetime | None = None
    identifier: str = ""
    msgid: str = ""
    receipt_type: ReceiptType | None = None
    recipient: str = ""
    relayed_by: str = ""
    error_extended: str = ""


def read_daticert(raw: bytes) -> tuple[CertificationData | None, tuple[str, ...]]:
    """The certification data and what was odd in them; None when they are not valid. Never raises."""
    if len(raw) > MAX_BYTES:
        return None, (f"{NOT_VALID}: more than {MAX_BYTES} bytes",)
    try:
        root, defects = _root(raw)
    except DefusedXmlException as refused:
        return None, (f"{NOT_VALID}: {type(refused).__name__}",)
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        return None, (f"{NOT_VALID}: {type(error).__name__}",)
    if _name(root) != "postacert":
        return None, (f"{NOT_VALID}: root {_name(root)[:40]!r}",)
    return _data(root, defects), tuple(defects)


def _root(raw: bytes) -> tuple[Element, list[str]]:
    """The root of the document as it is, else of what it was meant to be.

    Raises:
        DefusedXmlException: it has a DTD or entities of its own.
        ParseError: it cannot be mended.
    """
    try:
        return fromstring(raw, forbid_dtd=True), []
    except DefusedXmlException:
        raise
    except (ParseError, ValueError, LookupError):
        declared = _DECLARED.search(raw[:300])
        text, _ = decode(raw, declared[1].decode("ascii") if declared else None)
    mended = _BARE.sub(r"<\1>&lt;\2&gt;</\1>", _DECLARATION.sub("", text.strip("\ufeff\x00 \t\r\n")))
    return fromstring(_STRAY.sub("&amp;", mended), forbid_dtd=True), ["daticert mended: not well-formed as it came"]


def _name(element: Element) -> str:
    """The name without its namespace, in lower case."""
    return element.tag.rpartition("}")[2].casefold()


def _data(root: Element, defects: list[str]) -> CertificationData:
    head = _child(root, "intestazione")
    facts = _child(root, "dati")
    receipt = _child(facts, "ricevuta")
    return CertificationData(
        kind=_attribute(root, "tipo").casefold(),
        error=_attribute(root, "errore").casefold(),
        sender=_text(head, "mittente"),
        recipients=_recipients(head, defects),
        reply_to=_text(head, "risposte"),
        subject=_text(head, "oggetto"),
        provider=_text(facts, "gestore-emittente"),
        at=_instant(_child(facts, "data"), defects),
        identifier=bare_id(_text(facts, "identificativo")),
        msgid=bare_id(_text(facts, "msgid")),
        receipt_type=_receipt_type(_attribute(receipt, "tipo"), defects),
        recipient=_text(facts, "consegna"),
        relayed_by=_text(facts, "ricezione"),
        error_extended=_text(facts, "errore-esteso"),
    )


def _child(parent: Element | None, name: str) -> Element | None:
    return next((one for one in parent if _name(one) == name), None) if parent is not None else None


def _attribute(element: Element | None, name: str) -> str:
    return clean_line(element.get(name, ""))[:80].strip() if element is not None else ""


def _text(parent: Element | None, name: str) -> str:
    found = _child(parent, name)
    return clean_line("".join(found.itertext()))[:MAX_TEXT].strip() if found is not None else ""


def _recipients(head: Element | None, defects: list[str]) -> tuple[Recipient, ...]:
    every = [one for one in head if _name(one) == "destinatari"] if head is not None else []
    if len(every) > MAX_RECIPIENTS:
        defects.append(f"only the first {MAX_RECIPIENTS} recipients were read")
    return tuple(_recipient(one) for one in every[:MAX_RECIPIENTS])


def _recipient(element: Element) -> Recipient:
    kind = _attribute(element, "tipo").casefold()
    known = RecipientKind(kind) if kind in tuple(RecipientKind) else None
    return Recipient(clean_line("".join(element.itertext()))[:MAX_TEXT].strip(), known)


def _receipt_type(word: str, defects: list[str]) -> ReceiptType | None:
    word = word.casefold()
    if word in tuple(ReceiptType):
        return ReceiptType(word)
    if word:
        defects.append(f"unknown receipt type {word[:40]!r}")
    return None


def _instant(element: Element | None, defects: list[str]) -> datetime | None:
    """The certified time in UTC. Without a zone it is taken for Rome's, and that is said."""
    day, hour = _DAY.match(_text(element, "giorno")), _HOUR.match(_text(element, "ora"))
    if day is None or hour is None:
        defects.append("no certified time")
        return None
    zone = _ZONE.match(_attribute(element, "zona").replace(" ", ""))
    offset = _offset(zone)
    if offset is None:
        defects.append("certified time without its zone: taken for Rome's")
    try:
        parts = (int(day[3]), int(day[2]), int(day[1]), int(hour[1]), int(hour[2]), int(hour[3]))
        return datetime(*parts, tzinfo=offset or _ROME).astimezone(UTC)
    except (ValueError, OverflowError):
        defects.append("unreadable certified time")
        return None


def _offset(zone: re.Match[str] | None) -> timezone | None:
    if zone is None or int(zone[2]) > 14 or int(zone[3]) > 59:  # noqa: PLR2004 - no zone of the world is further
        return None
    away = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
    return timezone(-away if zone[1] == "-" else away)
