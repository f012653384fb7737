"""The targets: which parser an input goes to, and what must hold of the answer whatever the input is.

A check takes bytes and returns nothing; it raises `Broken` when a promise does not hold, and whatever the parser raises
goes through. So a file alone reproduces a failure.
"""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import hashlib
import io
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import compat32
from email.utils import getaddresses
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request

from adapters import pec
from adapters.confine import Confine
from adapters.fax import FUNCTIONS, fax_pages, page_image, read_fax, repeat_key
from adapters.mail import mime, packed
from adapters.mail.charsets import clean, clean_line
from adapters.mail.compose import MAX_SUBJECT, compose, plain_address
from adapters.mail.headers import decoded, mended_block
from adapters.mail.parts import BROKEN_BLOCK, Node, tree
from adapters.pec.daticert import read_daticert
from adapters.pec.packed import read_packed as pec_packed
from adapters.pec.signature import signed_parts
from adapters.rehearsal.signing import signature
from adapters.sms import septets
from adapters.smtp import paths
from adapters.twilio.gate import Gate, Refusal
from config.load import load
from config.load.texts import load_texts
from gateway.domain import correlation, escalation, escalation_mail, incomplete, priority, replies, texts
from gateway.domain.certified import evidence
from gateway.domain.contract import Priority, TypeRule
from gateway.domain.dispatch import OutgoingAttachment, OutgoingMail
from gateway.domain.errors import SettingError
from gateway.domain.numbers import classify, may_be_called, may_be_texted, spoken
from gateway.domain.receivability import Why
from gateway.domain.sheet import KEYS, SheetError, canonical_key
from tests.fuzz import material, mutations
from tests.fuzz.mutations import SEPARATOR, spoilt
from tests.peers import pec_cases, pec_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

    from gateway.domain.intake import MailReading
    from gateway.domain.texts import Catalogue

OWN = mime.OwnMail(frozenset({"assistenza@comune.example"}), "centralino-7f3a")
KEY = b"a key of these tests, never anybody's"
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LOOKED_AT = 5
"""Attachments of one mail that are read again: each time the mail is parsed anew."""
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_LIMIT_NAMED = re.compile(r"not read: (?:more than|a Content-Type of)")


_SEPTETS = lru_cache(maxsize=100_000)(septets)
"""The carrier's tables, asked once a character: it is our own code that is tried here."""


class Broken(AssertionError):  # noqa: N818 - it says what happened to the promise
    """A promise that does not hold for this input."""


def holds(what: str, *, when: bool) -> None:
    """Say which promise is broken.

    Raises:
        Broken: it is.
    """
    if not when:
        raise Broken(what)


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: how an input is drawn, and what is checked. `slow` ones are left out of the short run."""

    name: str
    draw: Callable[[Random], bytes]
    check: Callable[[bytes], None]
    slow: bool = False


# ---------------------------------------------------------------------------------------------------- what always holds


def _texts_in(value: object) -> list[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        return [value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [text for one in dataclasses.fields(value) for text in _texts_in(getattr(value, one.name))]
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in _texts_in(one)]
    if isinstance(value, tuple | list | frozenset):
        return [text for one in value for text in _texts_in(one)]
    return []


def _fit_for_databases(value: object, at_most: int) -> None:
    every = _texts_in(value)
    holds("a text has a NUL or a lone surrogate", when=not any(_UNFIT.search(text) for text in every))
    size = sum(len(text) for text in every)
    holds(f"the answer has {size} characters, more than {at_most}", when=size <= at_most)


def _text(raw: bytes) -> str:
    """An input as text: bytes that are no UTF-8 become lone surrogates, as they do in the standard library."""
    return raw.decode("utf-8", "surrogateescape")


def _fields(raw: bytes, count: int) -> list[str]:
    found = [_text(piece) for piece in raw.split(SEPARATOR)]
    return (found + [""] * count)[:count]


def _spoilt_text(rng: Random) -> bytes:
    return spoilt(rng.choice(material.texts()), rng, mutations.TEXT)


def _several(count: int) -> Callable[[Random], bytes]:
    """Draws that many texts, most of them as they are."""

    def draw(rng: Random) -> bytes:
        chosen = [rng.choice(material.texts())[:400] for _ in range(count)]
        for _ in range(rng.randint(1, 3)):
            number = rng.randrange(count)
            chosen[number] = spoilt(chosen[number], rng, mutations.TEXT)
        return SEPARATOR.join(chosen)

    return draw


def _spoilt_mail(rng: Random) -> bytes:
    raw = rng.choice(material.mails())
    if rng.random() < 0.2:
        other = rng.choice(material.mails())
        raw = raw[: rng.randint(0, len(raw))] + other[rng.randint(0, len(other)) :]
    return spoilt(raw, rng, mutations.MAIL)


# ----------------------------------------------------------------------------------------------------------------- mail


def _read(raw: bytes) -> MailReading:
    reading = mime.read(raw, own=OWN)
    poison = [each for each in reading.defects if each.startswith("not read:") and not _LIMIT_NAMED.match(each)]
    holds(f"the last guard of the reader was needed: {poison}", when=not poison)
    return reading


def check_mail(raw: bytes) -> None:
    """A mail is read, its texts fit every database, and each part that is listed is there, byte for byte."""
    reading = _read(raw)
    _fit_for_databases(reading, 40 * len(raw) + 100_000)
    holds("more than 50 defects and one", when=len(reading.defects) <= mime.MAX_DEFECTS)
    holds("the subject has a line end", when=not re.search(r"[\r\n]", reading.subject))
    for one in reading.attachments:
        holds(f"{one.name!r} is no plain file name", when=_is_plain_name(one.name))
    for one in reading.attachments[:LOOKED_AT]:
        content = mime.attachment(raw, one.part)
        same = (len(content), hashlib.sha256(content).hexdigest()) == (one.size, one.sha256)
        holds(f"part {one.part} is not the bytes that were listed", when=same)


def _is_plain_name(name: str) -> bool:
    is_whole = bool(name) and name not in {".", ".."} and not re.search(r"[/\\\x00-\x1f\x7f]", name)
    return is_whole and len(name.encode()) <= 255


def check_packed(raw: bytes) -> None:
    """A reading that comes back from a child is the reading."""
    answer = packed.answer(packed.read_packed(packed.ask(raw, "a@b.example", OWN)))
    holds("the child's reading is another one", when=answer == mime.read(raw, envelope_from="a@b.example", own=OWN))


@cache
def _trusted() -> pec.TrustList:
    return pec.TrustList.of([pec_provider.trust_list()])


@cache
def _genuine() -> frozenset[bytes]:
    """Every part that the provider of these tests really signed."""
    inside = pec_provider.delivery(pec_cases.OURS, pec_cases.AT)  # one case carries it; half a mail may begin with it
    parts = (signed_parts(raw) for raw in (*material.certified(), inside))
    return frozenset(part.content.replace(b"\r\n", b"\n") for part in parts if part)


def check_pec(raw: bytes) -> None:
    """Certified mail is read whatever it is, and believed only when what was signed is what was signed (P13)."""
    found = pec.read(raw, own=OWN, trusted=_trusted())
    poison = [each for each in found.contradictions if each.startswith("not read:") and not _LIMIT_NAMED.match(each)]
    holds(f"the last guard of the reader was needed: {poison}", when=not poison)
    _fit_for_databases(found, 40 * len(raw) + 200_000)
    if found.is_believed:
        signed = signed_parts(raw)
        same = signed is not None and signed.content.replace(b"\r\n", b"\n") in _genuine()
        holds("a signature holds over what nobody signed", when=same)
    event = evidence(found)
    is_doubted = event is None or found.is_believed or bool(event.doubts)
    holds("evidence of what is not believed has no doubt", when=is_doubted)
    holds("the child's reading is another one", when=pec.answer(pec_packed(pec.ask(raw, OWN, _trusted()))) == found)


def check_daticert(raw: bytes) -> None:
    """Certification data are read or not valid; a DTD never is."""
    found, defects = read_daticert(raw)
    holds("neither data nor a reason", when=found is not None or bool(defects))
    _fit_for_databases(found, 40 * len(raw) + 100_000)


def _draw_pec(rng: Random) -> bytes:
    raw = rng.choice(material.certified())
    if rng.random() < 0.2:
        other = rng.choice(material.certified())
        raw = raw[: rng.randint(0, len(raw))] + other[rng.randint(0, len(other)) :]
    return spoilt(raw, rng, mutations.MAIL)


def _draw_daticert(rng: Random) -> bytes:
    message = pec_provider.Submitted(recipients=(("a@pec.example", "certificato"),) * rng.randint(1, 3))
    said = pec_provider.Certificate(("", ""), "avvenuta-consegna", "", recipient="a@pec.example", detail="5.1.1")
    return spoilt(pec_provider.daticert(said, message, AT), rng, mutations.TEXT)


def check_prescan(raw: bytes) -> None:
    """What is counted before parsing is never less than what the parser meets (B-031)."""
    scan = mime.prescan(raw)
    facts = mime.door_facts(raw)
    holds("the facts are no booleans", when={facts.has_date, facts.has_message_id} <= {True, False})
    mime.needs_child(raw)
    if scan.over() is not None:
        return
    for root in _as_parsed(raw):
        parts, levels = _count(root), _levels(root)
        holds(f"{parts} parts, counted before as {scan.parts}", when=parts <= scan.parts)
        holds(f"{levels} levels, counted before as {scan.levels}", when=levels <= scan.levels)


def _as_parsed(raw: bytes) -> Iterator[Node]:
    """The tree of the mail, and that of the mail with its header block mended."""
    root = tree(raw.lstrip(b"\r\n"))
    yield root
    mended = mended_block(raw) if BROKEN_BLOCK in root.defects else None
    if mended is not None:
        yield tree(mended)


def _count(node: Node) -> int:
    return sum(1 + _count(child) for child in node.children)


def _levels(node: Node) -> int:
    return 1 + max(map(_levels, node.children)) if node.children else 0


def check_attachment(raw: bytes) -> None:
    """Asked for a part that is not there, the only error is that it is not there."""
    for part in ("1", "2.1", "\x00"):
        try:
            content = mime.attachment(raw, part)
        except LookupError:
            continue
        holds("a part is larger than its mail", when=len(content) <= len(raw))


def check_header(raw: bytes) -> None:
    """Encoded words become one clean line."""
    said = decoded(_text(raw))
    _fit_for_databases(said, 2 * len(raw) + 10)
    holds("a header value has a line end", when=not re.search(r"[\r\n]", said))


def _draw_header(rng: Random) -> bytes:
    seed = rng.choice((b"=?utf-8?q?a=C3=A8?= =?iso-8859-1?b?6A==?=", b'"Rossi, M" <a@b.example>', b"x"))
    return spoilt(
        seed,
        rng,
        (*mutations.PLAIN, *(mutations.token(mutations.MAIL_TOKENS),) * 3, mutations.swell(mutations.MAIL_TOKENS)),
    )


# -------------------------------------------------------------------------------------------------------------- compose

_COMPOSED = 12


def check_compose(raw: bytes) -> None:
    """Whatever the texts are: one header block, the recipients that were given, no bare CR, LF or NUL (B-042)."""
    mail = _outgoing(_fields(raw, _COMPOSED))
    wire = compose(mail, "centralino-7f3a")
    holds("the same mail composes differently", when=wire == compose(mail, "centralino-7f3a"))
    holds("a bare CR or LF", when=not re.search(rb"\r(?!\n)|(?<!\r)\n", wire))
    holds("a NUL or a byte beyond ASCII", when=b"\0" not in wire and wire.isascii())
    holds("the end is no CRLF", when=wire.endswith(b"\r\n"))
    longest = max(map(len, wire.split(b"\r\n")))
    holds(f"a line of {longest} bytes", when=longest <= 998)
    holds("larger than its parts", when=len(wire) <= 8 * len(raw) + 20_000)
    _compare(mail, wire)


def _outgoing(given: list[str]) -> OutgoingMail:
    files = (OutgoingAttachment(given[9], given[10], given[9].encode("utf-8", "replace")),) if given[9] else ()
    return OutgoingMail(
        message_id=given[0],
        sender=given[1],
        sender_name=given[2],
        to=("utente@posta.example", *given[3].split(",")),
        subject=given[4],
        text=given[5],
        date=AT,
        envelope_from="",
        auto_submitted=given[6] or None,
        reply_to=given[7] or None,
        in_reply_to=given[8] or None,
        references=tuple(given[8].split(" ")),
        attachments=files,
        headers=((given[11], given[6]), ("X-Ticket", given[4])),
    )


def _compare(mail: OutgoingMail, wire: bytes) -> None:
    """The mail as the standard library reads it, beside what was asked for."""
    parsed = message_from_bytes(wire, policy=compat32)
    holds(f"defects: {parsed.defects}", when=not parsed.defects)
    names = [name.lower() for name in parsed.keys()]  # noqa: SIM118 - a message iterates over nothing else
    for name in ("from", "to", "subject", "date", "message-id", "x-loop", "mime-version", "content-type"):
        holds(f"{names.count(name)} fields {name}", when=names.count(name) == 1)
    holds("a blind copy", when=not {"bcc", "cc", "return-path", "sender"} & set(names))
    wanted = [one for one in map(plain_address, mail.to) if one]
    found = [address for _, address in getaddresses([str(parsed["to"]).replace("\r\n", "")])]
    holds(f"to {found} instead of {wanted}", when=found == wanted)
    reading = _read(wire)
    subject = clean_line(mail.subject).strip()[:MAX_SUBJECT].strip()
    holds(f"subject {reading.subject!r} instead of {subject!r}", when=_bare(reading.subject) == _bare(subject))
    text = clean(mail.text).strip("\n").rstrip()
    holds("another text", when=reading.text == text or not text.strip())
    if mail.attachments:
        holds("another number of files", when=len(reading.attachments) == 1)
        sent = hashlib.sha256(mail.attachments[0].content).hexdigest()
        holds("another file", when=reading.attachments[0].sha256 == sent)


def _bare(text: str) -> str:
    """Without blanks: folding may double or drop them at the ends of encoded words."""
    return "".join(text.split())


def _draw_compose(rng: Random) -> bytes:
    given = [
        b"2026000123.0123456789abcdef.0123456789abcdef@comune.example", b"assistenza@comune.example",
        b"Comune, Assistenza",
        b"a@posta.example,b@citt\xc3\xa0.example", b"Richiesta [2026000123] registrata \xe2\x80\x93 perch\xc3\xa9",
        b"Buongiorno,\nla richiesta \xc3\xa8 registrata.\n.\nFrom qui\n--=_x\n", b"auto-replied",
        b"risposta+1@comune.example",
        b"<uno@posta.example> <due@posta.example>", rng.choice((b"", b"modulo \xc3\xa8.pdf")), b"application/pdf",
        b"X-Nota",
    ]  # fmt: skip
    tokens = (*mutations.TEXT_TOKENS, *mutations.MAIL_TOKENS)
    ways = (*mutations.TEXT, mutations.token(tokens), mutations.token(tokens), mutations.swell(tokens))
    for _ in range(rng.randint(1, 4)):
        number = rng.randrange(len(given))
        given[number] = spoilt(given[number], rng, ways)
    return SEPARATOR.join(given)


# ------------------------------------------------------------------------------------------------------------------ fax


def check_fax(raw: bytes) -> None:
    """What a mail says of its fax is read, in bounded texts."""
    reading = _read(raw)
    contents = {one.part: mime.attachment(raw, one.part)[:1024] for one in reading.attachments[:LOOKED_AT]}
    recipients = (*reading.delivered_to, *(one.address for one in reading.to))[:20]
    for documents in (contents, None):
        fax = read_fax(reading, recipients, documents)
        _fit_for_databases(fax, 4_000)
        holds("a number that is none", when=fax.number is None or bool(re.fullmatch(r"\+[0-9]{4,17}", fax.number)))
        holds("pages below nothing", when=fax.pages is None or fax.pages >= 0)
        holds("a time without zone", when=fax.sent_at is None or fax.sent_at.utcoffset() == timedelta(0))
        repeat_key(fax)


def _draw_fax(rng: Random) -> bytes:
    return spoilt(rng.choice(material.faxes()), rng, mutations.MAIL)


@cache
def _children() -> Confine:
    return Confine(FUNCTIONS, cpu_s=20, deadline_s=30)


def check_fax_pages(raw: bytes) -> None:
    """A document costs at most a child and an answer; what comes back is a PDF or nothing."""
    pages = fax_pages(_children(), raw, "image/tiff")
    _fit_for_databases(pages, 40_000)
    holds("no PDF", when=pages.pdf is None or pages.pdf.startswith(b"%PDF") or pages.pdf == raw)
    holds("pages without end", when=pages.pages is None or 0 <= pages.pages <= 1_000_000)
    holds(f"our own code failed in the child: {pages.defects}", when="child_error" not in pages.defects)
    for number in (1, 2):
        drawn = page_image(_children(), raw, number)
        holds("no picture", when=drawn.png is None or drawn.png.startswith(b"\x89PNG"))
        holds(f"our own code failed over page {number}", when=drawn.defect != "child_error")


def _draw_document(rng: Random) -> bytes:
    return spoilt(rng.choice(material.documents()), rng, mutations.TIFF)


# ----------------------------------------------------------------------------------------------------------------- SMTP


def check_path(raw: bytes) -> None:
    """An envelope path is an address with its parameters, or nothing."""
    argument = _text(raw)
    found = paths.path(argument)
    if found is None or paths.FORBIDDEN.search(argument):
        return  # the session refuses what has a control character before it looks at the path
    address, rest = found
    holds("an address longer than its limit", when=len(address) <= paths.MAX_ADDRESS)
    holds("the parameters are not from the argument", when=rest in argument)
    stored = paths.canonical(address)
    _fit_for_databases(stored, 4 * paths.MAX_ADDRESS)
    holds("the stored form is stored differently", when=paths.canonical(stored) == stored)


def _draw_path(rng: Random) -> bytes:
    seed = rng.choice((
        b"<a@b.example> SIZE=100 BODY=8BITMIME", b'<"a b"@b.example>', b"<>", b"a@b.example", b"<@c,@d:a@b>",
        "<è@città.example> SMTPUTF8".encode(), b"<a%b@c>", b"<postmaster>",
        b" <a@[192.0.2.1]> NOTIFY=NEVER ORCPT=rfc822;a@b",
    ))  # fmt: skip
    tokens = (
        b"<",
        b">",
        b'"',
        b"\\",
        b'\\"',
        b" ",
        b"@",
        b"xn--",
        b"\xe3\x80\x82",
        b"\xc3\x9f",
        b".",
        b"a",
        b"=",
        b"\t",
    )
    return spoilt(seed, rng, (*mutations.TEXT, *(mutations.token(tokens),) * 3, mutations.swell(tokens)))


# --------------------------------------------------------------------------------------------------------------- domain


@cache
def _catalogue() -> Catalogue:
    return load_texts(material.CONFIG / "texts", septets=_SEPTETS)["it"]


def check_texts(raw: bytes) -> None:
    """No value makes a second line of a subject or SMS, none makes an SMS that costs two."""
    value = _text(raw)
    _fit_for_databases(texts.clean(value), 2 * len(value))
    line = texts.one_line(value)
    _fit_for_databases(line, 2 * len(value))
    holds("more than one line", when=len(line.splitlines()) <= 1)
    quoted = texts.quoted_subject(value)
    holds("a quoted subject is too long", when=len(quoted) <= texts.SUBJECT_CHARS)
    holds("a mark of a ticket in it", when=not correlation.marked_tickets(quoted))


def check_sms(raw: bytes) -> None:
    """Every SMS text with these values is GSM-7, one line, and costs one SMS."""
    given = _fields(raw, 4)
    for text_id in ("M-01", "M-03", "M-07", "M-WHICH"):
        text = _catalogue().text(text_id)
        values = {name: given[number % 4] for number, name in enumerate(sorted(text.placeholders()))}
        said = texts.fit_sms(text, values, septets=_SEPTETS)
        cost = septets(said)
        holds(f"{cost} septets", when=cost is not None and cost <= texts.SMS_LIMIT)
        holds("more than one line", when=len(said.splitlines()) <= 1)


def check_fill(raw: bytes) -> None:
    """A value is taken literally: it opens no placeholder and no line of a subject."""
    given = _fields(raw, 4)
    for text_id in ("T-ACK", "T-REPLY", "V-CLOSED"):
        text = _catalogue().text(text_id)
        wanted = sorted({*text.placeholders(), "controller", "privacy_url", "dpo"} - {texts.PRIVACY})
        filled = _catalogue().fill(text_id, {name: given[number % 4] for number, name in enumerate(wanted)})
        _fit_for_databases(filled, 60 * (len(raw) + 200))
        holds("a subject of more than one line", when=len(filled.subject.splitlines()) <= 1)


def check_correlation(raw: bytes) -> None:
    """Marks and references are found in linear time; nothing that we did not sign leads to a ticket."""
    value = _text(raw)
    holds("a mark that is no number", when=all(0 <= one < 10**10 for one in correlation.marked_tickets(value)))
    found = correlation.vendor_reference(value[:500], value)
    holds("a reference without end", when=found is None or len(found) <= 40)
    for word in value.split()[:200]:
        holds("a Message-ID that is not ours", when=correlation.ticket_of_message_id(KEY, word) is None)
        holds("an address that is not ours", when=correlation.ticket_of_address(KEY, word) is None)
    reading = _read(b"References: " + raw)
    holds("a thread that is not ours", when=correlation.signed_ticket(KEY, reading, [value[:500]]) is None)


def _draw_correlation(rng: Random) -> bytes:
    forged = b"not the key"
    seeds = (
        correlation.message_id(forged, 2026000123, "0123456789abcdef", "comune.example").encode(),
        correlation.reply_address(forged, 2026000123, "assistenza@comune.example").encode(),
        b"[2026000123] riferimento n. : ABC/12-3",
        *material.texts(),
    )
    tokens = (
        b"rif",
        b"rif n:",
        b"riferimento nostro : #",
        b"ticket",
        b"::",
        b"#",
        b"[",
        b"]",
        b"[2026000123]",
        b"-",
        b"A1/",
    )
    return spoilt(rng.choice(seeds), rng, (*mutations.TEXT, *(mutations.token(tokens),) * 2, mutations.swell(tokens)))


_PRIORITY = Priority(
    ("urgente", "urgentissimo", "non funziona", "bloccato", "C++", "é"), ("non", "non è", "nessun caso")
)
_RULES = (TypeRule("complaint", ("reclamo", "mi lamento")), TypeRule("information", ("informazione", "?")))


def check_priority(raw: bytes) -> None:
    """What makes a request urgent is one of the contract's own words."""
    subject, text = _fields(raw, 2)
    found = priority.is_urgent(_PRIORITY, subject, text)
    holds("an urgent word of nobody", when=found is None or found in _PRIORITY.urgent_words)
    kind = priority.type_by_words(_RULES, subject, text)
    holds("a type of nobody", when=kind is None or kind in {rule.type for rule in _RULES})


def check_numbers(raw: bytes) -> None:
    """What is written for a number has a class, and only a number in E.164 is ever dialled, as it stands there."""
    number = _text(raw)
    classify(number)
    dialled = may_be_called(number) or may_be_texted(number)
    holds("a number that cannot be dialled is", when=not dialled or bool(re.fullmatch(r"\+39[03][0-9]{5,11}", number)))
    spoken(number)
    holds("an address that nobody has", when=not replies.may_be_answered(number) or number.count("@") == 1)
    try:
        canonical_key(number[:2_000])
    except SheetError:
        return


def _draw_number(rng: Random) -> bytes:
    seed = rng.choice(
        (b"+390700000001", b"070 0000001", b"0039 333 1234567", b"118", b"a@posta.example", b"system.version")
    )
    return spoilt(seed, rng, mutations.TEXT)


_SHEET = len(KEYS) + 4


def check_escalation(raw: bytes) -> None:
    """A sheet of anything says what is missing in known words, and makes one mail with seventeen fields."""
    given = _fields(raw, _SHEET)
    facts = escalation.SummaryInput(
        number=2026000123,
        opened_at=AT,
        channel="mail",
        contract="c04-phonzie",
        body=given[-1],
        sheet={key.key: value for key, value in zip(KEYS, given, strict=False)},
        actions=(escalation.ActionLine(AT, given[-2], given[-3], given[-4]),),
        attachments=(escalation.AttachmentLine(given[-4], 1, "0" * 64),),
        workaround=given[-2],
        no_workaround_reason=given[-3],
    )
    summary = escalation.summarise(facts)
    gaps = incomplete.missing(summary, ("steps", "system.version", "articles"), minimum_characters=30)
    holds("a reason that is none", when=all(gap.why in set(Why) for gap in gaps))
    _fit_for_databases((incomplete.missing_lines(gaps), incomplete.questions(gaps)), 20_000)
    _fit_for_databases(escalation_mail.as_json(summary), 3 * len(raw) + 5_000)
    values = dict.fromkeys(("vendor", "contract_reference", "service", "sender_body"), given[-1])
    mail = escalation_mail.render(summary, _catalogue(), values)
    _fit_for_databases(mail, 20 * len(raw) + 20_000)
    holds("a subject of more than one line", when=len(mail.subject.splitlines()) <= 1)


def check_history(raw: bytes) -> None:
    """A history of anything is one line of CSV an entry, and no cell that a spreadsheet calculates (B-046)."""
    given = _fields(raw, 8)
    lines = [escalation_mail.HistoryLine(AT, *given[:4]), escalation_mail.HistoryLine(AT, *given[4:])]
    said = escalation_mail.history_csv(lines)
    _fit_for_databases(said, 3 * len(raw) + 1_000)
    csv.field_size_limit(mutations.MAX_BYTES * 4)
    rows = list(csv.reader(io.StringIO(said, newline=""), strict=True))
    holds(f"{len(rows)} rows", when=[len(row) for row in rows] == [5, 5, 5])
    for cell in (cell for row in rows[1:] for cell in row[1:]):
        is_number = re.fullmatch(r"\+[0-9][0-9 ]+", cell) is not None
        holds(f"a formula: {cell[:20]!r}", when=is_number or not cell.lstrip().startswith(("=", "+", "-", "@")))


# -------------------------------------------------------------------------------------------------------------- carrier

_SID = "AC" + "0" * 32
_TOKEN = "token of these tests"
_URL = "https://gateway.example"
_NEEDS = ("CallSid", "From", "To")
_SIGNED = b"signed\n"


def check_webhook(raw: bytes) -> None:
    """A form has an effect only when it was signed, and then what we act upon is there once (F16, B-071 to B-075)."""
    is_signed, body = raw.startswith(_SIGNED), raw.removeprefix(_SIGNED)
    try:
        signal = asyncio.run(Gate(_URL, _SID, _TOKEN).signal(_request(body, is_signed=is_signed), _NEEDS))
    except Refusal as refusal:
        holds(f"status {refusal.status}", when=400 <= refusal.status < 500)
        return
    holds("an effect without a signature", when=is_signed)
    names = [name for name, _ in signal.form.multi_items()]
    holds("a parameter that comes twice", when=len(names) == len(set(names)))
    holds("a parameter that is missing", when=set(_NEEDS) <= set(names))
    holds("a form of another account", when=signal.value("AccountSid") == _SID)
    holds("a call that is none", when=re.fullmatch(r"[A-Z]{2}[0-9a-f]{32}", signal.value("CallSid")) is not None)


def _request(body: bytes, *, is_signed: bool) -> Request:
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    if is_signed:
        headers.append((b"x-twilio-signature", _signature(body).encode()))
    scope = {
        "type": "http", "method": "POST", "path": "/twilio/voice", "raw_path": b"/twilio/voice", "query_string": b"",
        "headers": headers, "scheme": "https", "server": ("gateway.example", 443), "client": ("192.0.2.1", 1),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def _signature(body: bytes) -> str:
    """What the carrier would have signed, if it had sent this form."""
    pairs = [pair.partition(b"=") for pair in body.split(b"&") if pair]
    form = [(_unquoted(name), _unquoted(value)) for name, _, value in pairs]
    try:
        return signature(_TOKEN, f"{_URL}/twilio/voice", form)
    except UnicodeError:
        return ""


def _unquoted(piece: bytes) -> str:
    from urllib.parse import unquote_plus

    return unquote_plus(piece.decode("latin-1"))


def _draw_form(rng: Random) -> bytes:
    form = urlencode(
        {"AccountSid": _SID, "CallSid": "CA" + "1" * 32, "From": "+390700000001", "To": "+390700000200", "Digits": "1"}
    )
    tokens = (
        b"&",
        b"=",
        b"%",
        b"%00",
        b"%ED%A0%80",
        b"+",
        b";",
        b"&CallSid=x",
        b"&AccountSid=",
        b"Digits",
        b"&a=b",
        b"&From2=1",
        b"&Nuovo=1",
    )
    body = form.encode()
    if rng.random() < 0.9:
        body = spoilt(body, rng, (*mutations.PLAIN, *(mutations.token(tokens),) * 3, mutations.swell(tokens)))
    return rng.choice((_SIGNED, _SIGNED, b"")) + body


# -------------------------------------------------------------------------------------------------------- configuration


_SITE = ("gateway.toml", "people.toml", "roster.toml", "contracts/c02-comune.toml", "contracts/c03-sardegnait.toml")
"""Two contracts are enough for every rule between files, and quicker to read than ten."""


def check_config(raw: bytes) -> None:
    """A site with one spoilt file is loaded or refused in one line that names the file (X18)."""
    name, _, content = raw.partition(b"\n")
    files: Mapping[str, bytes] = material.config_files()
    if name.decode("latin-1") not in files:
        return
    with tempfile.TemporaryDirectory(prefix="centralino-fuzz-") as folder:
        site = Path(folder)
        (site / "contracts").mkdir()
        for each in {*_SITE, name.decode()}:
            shutil.copyfile(material.CONFIG / each, site / each)
        (site / name.decode()).write_bytes(content)
        try:
            load(site / "gateway.toml", today=date(2026, 11, 24), read_secrets=False)
        except SettingError as refused:
            holds("a refusal of more than one line", when=len(str(refused).splitlines()) == 1)
            holds("a refusal without a file", when=bool(refused.file and refused.remedy and refused.clause))


def _draw_config(rng: Random) -> bytes:
    files = material.config_files()
    name = rng.choice(("gateway.toml", "gateway.toml", "people.toml", "roster.toml", *files))
    return name.encode() + b"\n" + spoilt(files[name], rng, mutations.TOML)


TARGETS: tuple[Target, ...] = (
    Target("mail", _spoilt_mail, check_mail),
    Target("mail-packed", _spoilt_mail, check_packed),
    Target("pec", _draw_pec, check_pec),
    Target("daticert", _draw_daticert, check_daticert),
    Target("prescan", _spoilt_mail, check_prescan),
    Target("attachment", _spoilt_mail, check_attachment),
    Target("header", _draw_header, check_header),
    Target("compose", _draw_compose, check_compose),
    Target("fax", _draw_fax, check_fax),
    Target("fax-pages", _draw_document, check_fax_pages, slow=True),
    Target("smtp-path", _draw_path, check_path),
    Target("texts", _spoilt_text, check_texts),
    Target("sms", _several(4), check_sms),
    Target("fill", _several(4), check_fill),
    Target("correlation", _draw_correlation, check_correlation),
    Target("priority", _several(2), check_priority),
    Target("numbers", _draw_number, check_numbers),
    Target("escalation", _several(_SHEET), check_escalation),
    Target("history", _several(8), check_history),
    Target("webhook", _draw_form, check_webhook),
    Target("config", _draw_config, check_config),
)
