"""The forms in which fax servers write to us, as data: one `Shape` each, in the order in which they are tried.

A pattern takes one line of at most `MAX_LINE` characters and has no repeat inside a repeat, so that no mail can make it
slow. Names of groups and labels are the fields of `FIELDS`.

Sources: HylaFAX 6.0.7, templates and faxinfo in English and Italian, and the script of 2006 as quoted in public;
contract page on fax (F1 to F6); public templates of the other systems.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_LINE = 400
MAX_LINES = 400

FIELDS = frozenset(("number", "caller", "who", "station", "pages", "time", "job", "called"))
"""What a pattern or a label can give.

`number`: the calling number as written. `caller`: the same, from the line (CLIP), not from the sending machine.
`who`: a number or a name. `station`: what the sending machine calls itself (TSI/CSID). `called`: our number.
"""


def _any(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one system writes.

    It is this shape when one of `subject` matches, one of `sender` matches the From address and one of `needs` a line
    of the text; an empty tuple asks nothing. `labels` are `Label: value` lines by their label in lower case, `lines`
    patterns anywhere in the text, `file_name` what the name of the document says (asked last).
    `station_is_number`: with no number from the line, what the machine calls itself stands for it, with a defect.
    """

    name: str
    subject: tuple[re.Pattern[str], ...] = ()
    sender: tuple[re.Pattern[str], ...] = ()
    needs: tuple[re.Pattern[str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[re.Pattern[str], ...] = ()
    file_name: tuple[re.Pattern[str], ...] = ()
    partial: tuple[re.Pattern[str], ...] = ()
    failed: tuple[re.Pattern[str], ...] = ()
    blank_text: bool = False
    needs_document: bool = False
    station_is_number: bool = False
    zone: str = "Europe/Rome"


NUMBER = r"\+?[0-9][0-9 ()./-]{2,30}"

PARTIAL = _any(
    r"\bricezione parziale\b",
    r"\bricevuto parzialmente\b",
    r"\bfax parziale\b",
    r"\bpartial(?:ly)? re(?:ception|ceived)\b",
    r"\besito\s*:\s*parziale\b",
)
FAILED = _any(
    r"\bfax non ricevuto\b", r"\bricezione (?:fax )?fallita\b", r"^\[failed\]", r"\bfax (?:reception )?failed\b"
)
WITHHELD = _any(
    r"\bnumero non disponibile\b",
    r"\b(?:anonimo|anonymous|withheld|restricted|unavailable|riservato|privato|sconosciuto|unknown|nascosto)\b",
)

_HYLAFAX_LABELS = {
    # faxinfo and the script of 2006
    "sender": "station",
    "pages": "pages",
    "received": "time",
    "commid": "job",
    # CallID1 is the number that the line gave, 2 its name, 3 the number that was dialled (faxrcvd: CIDNUMBER …)
    "callid1": "caller",
    "callid3": "called",
    # the Italian templates
    "mittente": "station",
    "pagine": "pages",
    "ricevuto": "time",
}

HYLAFAX = Shape(
    name="hylafax",
    subject=_any(
        r"^facsimile received from\s*(?P<station>.*)$",
        r'^fax received (?:with errors )?from "(?P<station>.*)"$',
        r"^fax ricevuto da (?P<station>.*)$",
    ),
    needs=_any(
        r"^\s*commid\s*:",
        r"^\s*received ?on\s*:",
        r"^\s*ricevuto tramite\s*:",
        r"^\s*timetorecv\s*:",
        r"^\S*recvq/fax[0-9]+\.tif\b",
        r"^fax not received\.",
    ),
    labels=_HYLAFAX_LABELS,
    # Templates without a CommID line still carry it in the session log; the number of the file is another count.
    lines=_any(
        r"\bSESSION BEGIN (?P<job>[0-9]{1,12})\b",
        r"^\S*recvq/fax(?P<job>[0-9]{1,12})\.tif\b",
        r"\(CommID c(?P<job>[0-9]{1,12})\)",
    ),
    partial=_any(
        r"^\s*the full document was not received because\s*:",
        r"^\s*errors were received\s*:",
        r"^fax received with errors from\b",
        r"^\s*il documento non è stato completamente ricevuto perch[ée]",
    ),
    failed=_any(r"^fax not received\."),
    station_is_number=True,
)

HYLAFAX_FAILED = Shape(
    name="hylafax-failed",
    subject=_any(r"^facsimile not received$", r"^fax non ricevuto$"),
    needs=_any(r"^\s*an attempt to receive (?:a )?facsimile on\b", r"^\s*un tentativo di ricevere un fax su\b"),
    lines=_any(r"\(CommID c(?P<job>[0-9]{1,12})\)", r"\bSESSION BEGIN (?P<job>[0-9]{1,12})\b"),
    failed=_any(r"^facsimile not received$", r"^fax non ricevuto$"),
)

ITALIAN_LABELS = {
    "mittente": "who",
    "numero": "number",
    "numero chiamante": "number",
    "numero mittente": "number",
    "da": "who",
    "csid": "station",
    "tsi": "station",
    "pagine": "pages",
    "numero pagine": "pages",
    "ricevuto il": "time",
    "data": "time",
    "data e ora": "time",
    "numero chiamato": "called",
    "destinatario": "called",
    "identificativo": "job",
    "id": "job",
}

SHAPES: tuple[Shape, ...] = (
    HYLAFAX,
    HYLAFAX_FAILED,
    Shape(  # F1, an Italian front end to a fax server
        name="italian-front-end",
        subject=_any(
            r"^fax ricevuto da\s*:\s*(?P<who>.{0,80}?)\s+il\s+(?P<time>[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}.{0,20})$",
            r"^fax ricevuto da\s*:\s*(?P<who>.{0,80})$",
        ),
        lines=_any(r"^\s*fax ricevuto da\s*:\s*(?P<who>.{0,80}?)\s+in data\s*:\s*(?P<time>[0-9].{0,30})$"),
    ),
    Shape(  # F6, before F4 and F2: the word "fax" alone would be theirs
        name="italian-failed",
        subject=_any(r"^fax non ricevuto\b"),
        labels=ITALIAN_LABELS,
        failed=_any(r"^fax non ricevuto\b"),
    ),
    Shape(  # F2
        name="italian-lines",
        subject=_any(rf"^fax da (?P<number>{NUMBER})(?:\s*\((?P<pages>[0-9]{{1,4}}) pagin[ae]\))?$"),
        labels=ITALIAN_LABELS,
        file_name=_any(r"^(?P<number>\+?[0-9]{6,15})_(?P<time>[0-9]{8}_[0-9]{4})\.(?:tiff?|pdf)$"),
    ),
    Shape(  # F4
        name="italian-new",
        subject=_any(r"^nuovo fax ricevuto(?:\s*[–—-]\s*(?P<who>.{0,80}))?$"),
        labels=ITALIAN_LABELS,
    ),
    Shape(name="portal", subject=_any(r"^hai (?:ricevuto )?un nuovo fax\b"), labels=ITALIAN_LABELS),  # F5
    Shape(  # F3: nothing but the number in front of the @
        name="number-in-sender",
        sender=_any(r"^(?P<number>\+?[0-9]{6,15})@"),
        subject=_any(r"^$"),
        blank_text=True,
        needs_document=True,
    ),
    Shape(
        name="ivozprovider",
        subject=_any(rf"^new fax from (?P<number>{NUMBER}|\S{{1,40}}) received in .{{0,80}}\((?P<called>{NUMBER})\)$"),
    ),
    Shape(
        name="efax",
        subject=_any(
            r'^(?:corporate )?efax message from "(?P<station>[^"]{0,60})" - (?P<pages>[0-9]{1,4}) page\(s\), '
            rf"caller-id: (?P<number>{NUMBER}|\S{{1,40}})$"
        ),
    ),
    Shape(
        name="ictfax",
        subject=_any(r"^you have received a fax$"),
        needs=_any(r"^\s*received from\s*:"),
        labels={"received at": "called", "received from": "number", "total pages": "pages"},
    ),
    Shape(
        name="blue.box",
        subject=_any(
            rf"^fax received from (?P<station>.{{0,60}}) \([^()/]{{0,60}}/(?P<number>{NUMBER}|[^()/]{{0,40}})\)$"
        ),
    ),
    Shape(
        name="asterisk",
        subject=_any(r"^(?:\[failed\] )?fax received from (?P<number>.{1,60})$"),
        failed=_any(r"^\[failed\]"),
    ),
    Shape(
        name="pbx-pages",
        subject=_any(rf"^incoming fax from (?P<number>{NUMBER}|\S{{1,40}}) \((?P<pages>[0-9]{{1,4}}) pages?\)$"),
    ),
    Shape(
        name="new-fax-from",  # FreePBX, Yuuphone, sample functions of carriers
        subject=_any(r"^new fax from:?\s+(?P<number>.{1,60})$", r"^new fax received$"),
        labels={"from": "number", "number of received pages": "pages"},
        lines=_any(rf"\bto: .{{0,60}}\((?P<called>{NUMBER})\)"),
    ),
    Shape(name="german", subject=_any(r"^\[fax\] neues fax von (?P<who>.{1,60})$")),
)
