"""Other people's mails: none raises, none yields text that a database refuses, and the rates do not fall.

The floors are what was measured on 24 Nov 2026. What is missing to 100 % was looked at once: other projects' own ideas
(a nameless part called "noname1", Zammad's sanitised HTML, a subject with U+FFFD in it), and mails whose address is
none. Sizes of one source count the encoded bytes and are not compared.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters.mail import mime
from gateway.domain.intake import MailReading
from tests.corpus.judging import Verdict, verdicts
from tests.corpus.material import items
from tests.corpus.reasons import why

CORPUS = Path(os.environ.get("CENTRALINO_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
OWN = mime.OwnMail(frozenset({"assistenza@centralino.example"}), "centralino-7f3a")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus in {CORPUS}: set CENTRALINO_CORPUS"),
]
KINDS = ("mail", "mime", "pec", "bounce")
Entry = dict[str, Any]

# source: {field: least share of right answers}. Measured value in brackets where it is not 1.
FLOORS: dict[str, dict[str, float]] = {
    "php-mime-mail-parser": {"subject": 1, "from": 1, "to": 1, "size": 1, "name": 0.91},
    "stalwart-mail-parser": {"subject": 0.93, "message_id": 1, "from": 0.95, "to": 0.95, "size": 0.95,
        "name": 0.95, "text": 0.93},
    "webklex-php-imap": {"subject": 1, "message_id": 1, "text": 1, "name": 0.84},
    "zammad": {"subject": 0.97, "from": 1, "size": 1, "name": 1, "text": 0.74},
    "redmine": {"subject": 1, "name": 1},
    "zbateson-mail-mime-parser": {"subject": 1, "to": 1, "text": 1, "from": 0.87},
    "pec-java-pec-parser": {"message_id": 1, "from": 1, "to": 1, "cc": 1, "name": 1},
    "sisimai": {"is_bounce": 0.99, "class": 0.98, "hard": 0.9},
    "flufl-bounce": {"is_bounce": 1, "recipient": 1, "permanent": 1},
    "mail-deliverystatus-bounceparser": {"is_bounce": 0.95, "recipient": 1},
    "bounce-email": {"is_bounce": 1, "class": 1},
    "flanker-bounce": {"is_bounce": 1},
    "discourse": {"is_bounce": 1},
}  # fmt: skip


def entries(source: str) -> list[Entry]:
    lines = (CORPUS / source / "expectations.jsonl").read_text("utf-8").splitlines()
    found: list[Entry] = [json.loads(line) for line in lines]
    return [one for one in found if one.get("kind") in KINDS]


def everything() -> list[str]:
    sources = sorted(path.parent.name for path in CORPUS.glob("*/expectations.jsonl"))
    return [f"{source}/{one['file']}" for source in sources for one in entries(source)]


@cache
def reading(file: str) -> MailReading:
    return mime.read((CORPUS / file).read_bytes(), own=OWN)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from strings(one)
    elif hasattr(value, "__slots__"):
        for name in value.__slots__:
            yield from strings(getattr(value, name))


def test_every_mail_of_the_corpus_is_read_without_an_exception() -> None:
    """P4, B-031. One of them has a message attached that has 3,039 parts: that one stays a file."""
    files = everything()
    assert len(files) > 1000
    assert [file for file in files if not reading(file).readable] == []


def test_no_reading_of_the_corpus_holds_what_a_database_refuses() -> None:
    """F10."""
    bad = re.compile("[\0\ud800-\udfff]")
    assert [file for file in everything() if any(bad.search(text) for text in strings(reading(file)))] == []


def test_the_first_and_the_last_attachments_of_each_mail_are_found_again_by_their_part() -> None:
    """Each takes the mail apart anew: of many, three at each end."""
    lost = []
    for file in everything():
        found = reading(file).attachments
        raw = (CORPUS / file).read_bytes() if found else b""
        ends = found if len(found) <= 6 else (*found[:3], *found[-3:])
        lost += [(file, one.part) for one in ends if len(mime.attachment(raw, one.part)) != one.size]
    assert lost == []


def test_every_file_name_of_the_corpus_is_safe() -> None:
    names = [one.name for file in everything() for one in reading(file).attachments]
    assert len(names) > 500
    assert [name for name in names if not name or set(name) & set('/\\\0\r\n"') or name.startswith(".")] == []


def squeezed(text: str | None) -> str:
    return re.sub(r"\s+", "", text or "")


def right(one: Entry, found: MailReading) -> Iterator[tuple[str, bool]]:
    """Which of the expectations of a mail hold, field by field."""
    want = one.get("expect", {})
    if "subject" in want:
        yield "subject", squeezed(want["subject"]) == squeezed(found.subject)
    if want.get("message_id"):
        yield "message_id", want["message_id"] == found.message_id
    if want.get("from_email"):
        yield "from", [want["from_email"].lower()] == [a.address.lower() for a in found.senders[:1]]
    for field, got in (("from", found.senders), ("to", found.to), ("cc", found.cc)):
        if f"{field}_list" in want:
            yield field, addresses(want[f"{field}_list"]) == sorted(a.address.lower() for a in got)
    if want.get("body_text_prefix"):
        yield "text", is_shown(squeezed(want["body_text_prefix"])[:60], found)
    yield from files(want, found)
    yield from bounced(want, found)


def addresses(wanted: list[dict[str, str]]) -> list[str]:
    return sorted(one["address"].lower() for one in wanted if one.get("address"))


def is_shown(prefix: str, found: MailReading) -> bool:
    return prefix in squeezed(found.text) or prefix in squeezed(re.sub(r"<[^>]*>", "", found.html or ""))


def files(want: Entry, found: MailReading) -> Iterator[tuple[str, bool]]:
    wanted = want.get("attachments")
    names = [one["name"] for one in wanted if one.get("name")] if wanted is not None else want.get("attachment_names")
    if names is not None:
        yield "name", not Counter(map(squeezed, names)) - Counter(squeezed(a.shown_name) for a in found.attachments)
    if wanted is not None:
        sizes = Counter(one["size"] for one in wanted if one.get("size") is not None)
        yield "size", not sizes - Counter(a.size for a in found.attachments)


def bounced(want: Entry, found: MailReading) -> Iterator[tuple[str, bool]]:
    if "is_bounce" not in want:
        return
    bounce = found.bounce
    yield "is_bounce", (bounce is not None) == want["is_bounce"]
    if bounce is None or not want["is_bounce"]:
        return
    wanted = want.get("bounces", [])
    recipients = {one["recipient"].lower() for one in wanted if one.get("recipient")}
    if recipients:
        yield "recipient", not recipients.isdisjoint(one.lower() for one in bounce.recipients)
    reasons = {one.get("reason") for one in wanted}
    permanent = {one["permanent"] for one in wanted if one.get("permanent") is not None}
    if len(permanent) == 1 and reasons <= {None}:
        yield "permanent", bounce.permanent in permanent
    elif len(permanent) == 1:
        yield "hard", bounce.is_hard in permanent
    statuses = {one["status"][0] for one in wanted if one.get("status")}
    if statuses and bounce.status:
        yield "class", bounce.status[0] in statuses


def rates(source: str) -> dict[str, float]:
    asked: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for one in entries(source):
        for field, holds in right(one, reading(f"{source}/{one['file']}")):
            asked[field] += 1
            good[field] += holds
    return {field: good[field] / asked[field] for field in asked}


@pytest.mark.parametrize("source", FLOORS)
def test_the_rates_of_a_source_stay_above_their_floors(source: str) -> None:
    found = rates(source)
    assert {field: found.get(field) for field, floor in FLOORS[source].items() if found.get(field, 0) < floor} == {}


DONE_WHEN = {
    "sender": 0.98, "subject": 0.97, "message id": 0.99, "names": 0.95, "body": 0.92, "bounce": 0.97, "failed": 0.90,
    "somebody": 0.90, "permanent": 0.90, "hard": 0.90, "status": 0.90, "reply text": 0.75, "words kept": 0.97,
}  # fmt: skip
"""The shares that issue 5 asks for, of everything that the sources assert (`tests.corpus.judging`)."""


@pytest.fixture(scope="module")
def judged() -> list[tuple[str, Verdict]]:
    """Every source and what became of each of its assertions; sizes need the attachment itself and are left out."""
    return [
        (item.source, verdict)
        for item in items(CORPUS)
        if item.expect and not item.is_fax
        for verdict in verdicts(item, mime.read(item.wire(), own=OWN), lambda _part: -1)
        if verdict.field != "sizes"
    ]


def test_the_shares_that_were_asked_for_hold_over_all_sources(judged: list[tuple[str, Verdict]]) -> None:
    """Issue 5, "Done when". `make corpus` has them by source, from the wire to the ticket."""
    shares = {
        name: sum(one.holds for _, one in judged if one.field == name) / sum(one.field == name for _, one in judged)
        for name in DONE_WHEN
    }
    assert {name: share for name, share in shares.items() if share < DONE_WHEN[name]} == {}
    assert all(one.holds for source, one in judged if source == "mimekit")


def test_every_miss_has_a_reason(judged: list[tuple[str, Verdict]]) -> None:
    """Issue 5: misses are listed with a reason each. What nobody has looked at is no reason."""
    assert [(source, one) for source, one in judged if not one.holds and why(one) is None] == []


def test_a_miss_of_a_new_kind_has_no_reason() -> None:
    assert why(Verdict("subject", holds=False, wanted="a", found="b")) is None
    assert why(Verdict("sizes", holds=False, wanted="[100]", found="[(99, 98)]")) is None
