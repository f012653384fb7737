"""Further targets: what lies in other parts of a mail, what is shown of it, and the whole way to the ticket."""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from random import Random

from adapters.mail import asn1, calendars, flowed, html_quotes, kinds, mime, rtf, tnef
from adapters.mail.charsets import clean
from adapters.mail.html import to_text
from adapters.mail.prescan import MAX_SIZE
from adapters.mail.quotes import folded, new_text
from adapters.mail.safe_html import harmless
from adapters.store import migrate, open_store
from config.commands.whole import whole
from gateway.domain.invitation import in_words
from gateway.domain.mail_words import shown_text
from tests.flow.station import INTAKE, MARIA, Station
from tests.fuzz import material, mutations
from tests.fuzz.mutations import spoilt
from tests.fuzz.targets import OWN, Target, _fit_for_databases, _spoilt_mail, holds
from tests.peers import outlook
from tests.peers.fetching import fetches

BINARY_TOKENS = (
    b"\x00" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x01\x00\x00\x00", b"\x00\x00\x00\x80", outlook.SIGNATURE,
    outlook.INSIDE, b"\x02\x01\x90\x00\x00", b"\x1f\x00\x07\x37", b"\x1e\x10", b"\x02\x11", b"LZFu", b"MELA",
    b"{\\rtf1 ", b"\\'e8", b"\\u-1?", b"}", b"\\bin9999 ", b"0\x80", b"\x24\x80", b"\xa0\x84\xff\xff\xff\xff",
)  # fmt: skip
BINARY = (*mutations.PLAIN, *(mutations.token(BINARY_TOKENS),) * 3, mutations.swell(BINARY_TOKENS))
HTML_TOKENS = (
    b"<img src=//x>", b"<svg><style>", b"</style>", b"<math>", b"<noscript>", b"<title>", b"<template>", b"<!--",
    b"-->", b"<a href=javascript:x>", b" onload=x", b"<table background=x>", b"<![CDATA[", b"&lt;img src=x&gt;",
    b"<p style='", b"\x00",
    b"<img src='cid:a' srcset=x>", b"<form action=x>", b'"', b"'", b"`", b"<div>", b"<select><option>", b"<frameset>",
)  # fmt: skip
QUOTE_TOKENS = (
    b"<blockquote type=cite>", b"</blockquote>", b"<div class=gmail_quote>", b"</div>", b"<div id=divRplyFwdMsg>",
    b"<div class=moz-cite-prefix>", b"<div class=gmail_signature>", "\ue000\ue001\ue002\ue003".encode(), b"<br>",
    b"<br>&gt; ", b"<br>On 1/1/2026 A wrote:<br>", b"<br>-- <br>", b"<pre>", b"<table><blockquote type=cite>", b"<p>",
    b"<br>Da: a@b.example<br>Inviato: oggi<br>A: b<br>", b"<br>Inviato da iPhone<br>", b"&#57344;", b"<select>",
)  # fmt: skip
CALENDAR_TOKENS = (
    b"BEGIN:VCALENDAR\r\n", b"END:VEVENT\r\n", b"BEGIN:VEVENT\r\n", b"DTSTART:00010101T000000\r\n",
    b"DTSTART;TZID=x:20261124T100000\r\n", b"DTEND;VALUE=DATE:99991231\r\n", b"DURATION:P9999999999W\r\n",
    b'ORGANIZER;CN="a:b":mailto:\r\n', b"RRULE:FREQ=SECONDLY;INTERVAL=0\r\n", b"SUMMARY;LANGUAGE=it:\\n\\,\\;\r\n",
    b"BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+9999\r\n", b"\r\n ",
    b";", b":", b"=",
    b"BEGIN:VALARM\r\n", b"ATTACH;ENCODING=BASE64;VALUE=BINARY:AAA=\r\n", b"X-A;" + b"B=c;" * 50 + b":d\r\n",
)  # fmt: skip


@cache
def _streams() -> tuple[bytes, ...]:
    files = (outlook.file("a~1.txt", b"ciao", long="perché.txt"), outlook.file("b", bytes(300)))
    rich = b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\'e8 \\u8364?\\par fine}"
    said = outlook.message(
        (outlook.BINARY, outlook.HTML, b"<p>a</p>"), (outlook.BINARY, outlook.RICH, outlook.compressed(rich))
    )
    inner = outlook.stream(*files, said)
    return (outlook.stream(), inner, outlook.stream(outlook.body(b"x"), outlook.item("i", inner), *files))


def check_tnef(raw: bytes) -> None:
    """A `winmail.dat` of anything gives files and texts, never more than a few times its own bytes."""
    found = tnef.opened(raw)
    _fit_for_databases((found.text, found.defects, [name for name, _ in found.files]), 8 * len(raw) + 100_000)
    size = sum(len(content) for _, content in found.files)
    holds(f"{size} bytes out of {len(raw)}", when=size <= (tnef.MAX_DEPTH + 2) * len(raw) + 1_000)
    holds("files without end", when=len(found.files) <= tnef.MAX_FILES)


def check_rtf(raw: bytes) -> None:
    """Rich text gives words, and unpacks to no more than it may."""
    holds("unpacked to more than the limit", when=len(rtf.unpacked(raw) or b"") <= rtf.MAX_BYTES)
    _fit_for_databases(clean(rtf.words(raw)), len(raw) + 10)


def _draw_rtf(rng: Random) -> bytes:
    rich = b"{\\rtf1\\ansi{\\*\\generator x;}{\\pict 00}\\'e8 \\u8364?\\par {\\b fine}}"
    return spoilt(rng.choice((rich, outlook.compressed(rich), outlook.rich(rich))), rng, BINARY)


def check_calendar(raw: bytes) -> None:
    """A calendar of anything gives a few invitations that can be told in words."""
    found, _ = calendars.invitations(raw, "utf-8")
    holds("invitations without end", when=len(found) <= calendars.MAX_EVENTS)
    _fit_for_databases(found, 20_000)
    for each in found:
        holds("an instant without zone", when=each.starts_at is None or each.starts_at.utcoffset() is not None)
        _fit_for_databases([in_words(each, language) for language in ("it", "en")], 20_000)


def _draw_calendar(rng: Random) -> bytes:
    seed = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Riunione\r\n"
        b"DTSTART;TZID=Europe/Rome:20261024T233000\r\nDURATION:PT5H\r\nLOCATION:Via Roma\r\nRRULE:FREQ=DAILY\r\n"
        b"ORGANIZER;CN=Anna:mailto:anna@comune.example\r\nDESCRIPTION:a\\nb\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    ways = (
        *mutations.TEXT,
        *mutations.LINES,
        *(mutations.token(CALENDAR_TOKENS),) * 3,
        mutations.swell(CALENDAR_TOKENS),
    )
    return spoilt(seed, rng, ways)


def check_smime(raw: bytes) -> None:
    """What is in an S/MIME file is part of it."""
    try:
        kind, content = asn1.enclosed(raw)
    except ValueError:
        return
    holds("more inside than outside", when=len(content) <= len(raw))
    _fit_for_databases(kind, 100)


@cache
def _signed() -> tuple[bytes, ...]:
    mails = [path.read_bytes() for path in sorted((material.GOLDEN / "mail").glob("smime-*/in.eml"))]
    return tuple(mime.attachment(raw, "1") for raw in mails)


def check_html(raw: bytes) -> None:
    """HTML of anybody, made harmless, asks for nothing and runs nothing."""
    shown = harmless(raw.decode("utf-8", "replace"))
    holds(f"something is fetched or runs: {fetches(shown)[:5]}", when=not fetches(shown))


def _draw_html(rng: Random) -> bytes:
    seed = (
        b'<table><tr><td><a href="https://ente.example/?a=1&amp;b">qui</a><img src="cid:l@x"></td></tr></table><p>ciao'
    )
    return spoilt(seed, rng, (*mutations.TEXT, *(mutations.token(HTML_TOKENS),) * 4, mutations.swell(HTML_TOKENS)))


def check_quotes(raw: bytes) -> None:
    """What a reply's HTML marks loses no word; what is folded lies in the text, in order, and leaves some (0014)."""
    html = clean(raw.decode("utf-8", "replace"))
    said = html_quotes.unmarked(clean(to_text(html_quotes.marked(html))))
    lines = range(len(said.text.split("\n")))
    holds("a line is marked that is not there", when=all(number in lines for number in said.quoted | said.signed))
    holds("a mark is shown", when=html_quotes.unmarked(said.text).text == said.text)
    folds = folded(said.text, said.quoted, said.signed)
    edges = [edge for fold in folds for edge in (fold.start, fold.end)]
    holds(f"folds that lie across each other: {edges[:8]}", when=edges == sorted(edges))
    holds("a fold outside the text", when=all(0 <= edge <= len(said.text) for edge in edges))
    left = new_text(said.text, folds)
    holds("nothing is left open", when=bool(left) or not any(map(str.isalnum, said.text)))


def _draw_quotes(rng: Random) -> bytes:
    seed = rng.choice((
        (b'<div>Funziona, grazie.</div><br><div class="gmail_quote"><div class="gmail_attr">Il giorno mar 24 nov 2026'
        b' alle ore 10:00 A &lt;a@b.example&gt; ha scritto:<br></div><blockquote class="gmail_quote">Provi<br>'
        b'</blockquote></div><div class="gmail_signature">-- <br>Anna</div>'),
        (b'<p>Ecco.</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Da:</b> A<br><b>Inviato:</b> oggi'
        b"<br><b>A:</b> B<br><b>Oggetto:</b> C</div><div>Testo</div>"),
        b'<table><tr><td>si<blockquote type="cite"><p>Va?</p></blockquote>no</td></tr></table><p>Inviato da iPhone</p>',
    ))  # fmt: skip
    return spoilt(seed, rng, (*mutations.TEXT, *(mutations.token(QUOTE_TOKENS),) * 4, mutations.swell(QUOTE_TOKENS)))


def check_text(raw: bytes) -> None:
    """A flowed text loses no word, and a file is flagged or not whatever it is."""
    said = clean(raw.decode("utf-8", "replace"))
    joined = flowed.joined(said, delete_space=False)
    holds("a word is lost", when=_unmarked(joined) == _unmarked(said))
    flag = kinds.danger(said[:40], "application/pdf", raw)
    holds("a danger of nobody", when=flag is None or flag in kinds.DANGERS)


def _unmarked(text: str) -> str:
    """Without blanks and marks of quotes: of two quoted lines that become one, the mark of the second goes."""
    return "".join(text.replace(">", "").split())


# -------------------------------------------------------------------------------------------------- the whole way (P4)

AFRESH = 400
"""So many mails are drawn for one database; then there is another."""
_way: list[Station] = []
_drawn = [0]


def _draw_for_store(rng: Random) -> bytes:
    """A spoilt mail; and a database that it can go into, which takes longer to make than a mail may take."""
    if not _way or _drawn[0] >= AFRESH:
        _drawn[0] = 0
        folder = Path(tempfile.mkdtemp(prefix="centralino-fuzz-"))
        url = f"sqlite:///{folder / 'centralino.db'}"
        migrate(url)
        site = folder / "site"
        site.mkdir()
        _way[:] = [Station(open_store(url, folder / "blobs", threaded=False), site)]
    _drawn[0] += 1
    return _spoilt_mail(rng)


def check_store(raw: bytes) -> None:
    """Parse, store, show: a mail is one intake with its bytes and a state, and its ticket can be shown (P4, F10)."""
    if not _way:
        _draw_for_store(Random(0))  # noqa: S311 - an input from a file: nothing was drawn
    (station,) = _way
    if len(raw) > MAX_SIZE or mime.needs_child(raw):
        return  # read in a child: other targets try what that does
    receipt = station.arrive(raw, sender=MARIA, to=(INTAKE,), key=hashlib.sha256(raw).hexdigest())
    kept = station.store.read(lambda reading: reading.intake(receipt.intake_id, raw=True))
    holds("the bytes are not the ones that came", when=kept is not None and kept.raw == raw)
    holds("no final state", when=kept is not None and str(kept.state) != "received")
    for number in station.store.read(lambda reading: reading.tickets_of(receipt.intake_id)):
        ticket = station.fresh_number(number)
        shown = station.store.read(lambda reading, t=ticket: whole(station.gw, reading, t))  # type: ignore[misc]  # a default argument cannot be inferred
        _fit_for_databases(json.loads(json.dumps(shown, default=str)), 400 * len(raw) + 400_000)
    _fit_for_databases(shown_text(mime.read(raw, own=OWN)), 40 * len(raw) + 100_000)


OPENED: tuple[Target, ...] = (
    Target("tnef", lambda rng: spoilt(rng.choice(_streams()), rng, BINARY), check_tnef),
    Target("rtf", _draw_rtf, check_rtf),
    Target("calendar", _draw_calendar, check_calendar),
    Target("smime", lambda rng: spoilt(rng.choice(_signed()), rng, BINARY), check_smime),
    Target("html", _draw_html, check_html),
    Target("quotes", _draw_quotes, check_quotes),
    Target("text", lambda rng: spoilt(rng.choice(material.texts()), rng, mutations.TEXT), check_text),
    Target("store", _draw_for_store, check_store),
)
