"""The table of delivery: every row walked, and what is not in it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gateway.domain import delivery
from gateway.domain.delivery import FAULT, NO_ANSWER, REFUSED, ROWS, SILENT, TOO_MANY, UNAUTHORISED, Next, Row
from gateway.domain.intake import Channel

TEXTS = Path(__file__).parents[2] / "config" / "texts" / "it" / "alarms.toml"
SMS, VOICE = Channel.SMS, Channel.VOICE
LATER = (TOO_MANY, FAULT, NO_ANSWER, UNAUTHORISED)

EXPECTED: dict[tuple[Channel, str, int | None], Next] = {
    # What the carrier tells of a text.
    **{(SMS, status, None): Next.WAIT for status in ("accepted", "scheduled", "queued", "sending", "sent")},
    **{(SMS, status, None): Next.DONE for status in ("delivered", "read")},
    **{(SMS, status, None): Next.GO_ON for status in ("undelivered", "failed", "canceled")},
    **{(SMS, "undelivered", code): Next.GO_ON for code in (30003, 30004, 30005, 30007, 30008)},
    **{(SMS, "undelivered", code): Next.BY_VOICE_ALONE for code in (30006, 21610)},
    # How it refuses one.
    (SMS, REFUSED, None): Next.GO_ON,
    **{
        (SMS, REFUSED, code): Next.BY_VOICE_ALONE
        for code in (21211, 21214, 21217, 21265, 21610, 21614, 21635)
    },
    **{(SMS, REFUSED, code): Next.GO_ON for code in (21408, 21612)},
    # What it tells of a call.
    **{(VOICE, status, None): Next.WAIT for status in ("queued", "initiated", "ringing", "in-progress", "answered")},
    **{(VOICE, status, None): Next.GO_ON for status in ("completed", "busy", "no-answer", "failed", "canceled")},
    **{(VOICE, REFUSED, code): Next.GO_ON for code in (None, 13223, 13224, 21211, 21214, 21217, 21408, 21612)},
    # What is neither: both media alike.
    **{(each, status, None): Next.AGAIN for each in (SMS, VOICE) for status in LATER},
    **{(each, SILENT, None): Next.GO_ON for each in (SMS, VOICE)},
}  # fmt: skip


def test_the_table_has_these_rows_and_no_other() -> None:
    assert {(row.channel, row.status, row.code): row.next for row in ROWS} == EXPECTED
    assert len(ROWS) == len(EXPECTED)


@pytest.mark.parametrize("one", ROWS, ids=lambda row: f"{row.channel}-{row.status}-{row.code}")
def test_every_row_is_found_by_what_it_is_about_and_says_why(one: Row) -> None:
    assert delivery.row(one.channel, one.status, one.code) is one
    assert one.why


@pytest.mark.parametrize("one", [row for row in ROWS if row.tell], ids=lambda row: f"{row.channel}-{row.code}")
def test_whatever_somebody_has_to_mend_has_words_for_the_supervisors(one: Row) -> None:
    """P8: a number opted out, a directory that is wrong, a country that is not enabled."""
    assert one.tell in tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def test_what_gets_no_further_sms_is_always_told() -> None:
    """B-081."""
    assert all(row.tell for row in ROWS if row.next is Next.BY_VOICE_ALONE)


@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_a_text_that_failed_at_the_carrier_has_the_codes_of_one_that_failed_on_its_way(status: str) -> None:
    assert delivery.row(SMS, status, 21610).next is Next.BY_VOICE_ALONE


def test_a_code_without_a_row_counts_as_its_status() -> None:
    assert delivery.row(SMS, "undelivered", 39999) is delivery.row(SMS, "undelivered")


@pytest.mark.parametrize("channel", [SMS, VOICE])
def test_a_status_that_nobody_knows_is_waited_for_and_never_a_success(channel: Channel) -> None:
    found = delivery.row(channel, "partially_delivered")
    assert (found.next, found.why) == (Next.WAIT, delivery.UNKNOWN)


def test_sent_is_not_delivered() -> None:
    """FIELD 3.2."""
    assert delivery.row(SMS, "sent").next is not Next.DONE


def test_a_call_that_was_completed_was_not_accepted() -> None:
    """S029: a machine answers too."""
    assert delivery.row(VOICE, "completed").next is Next.GO_ON


@pytest.mark.parametrize("status", [None, "accepted", "scheduled", "queued", "sending"])
def test_what_is_still_with_the_carrier_when_it_is_asked_goes_by_the_other_medium(status: str | None) -> None:
    """C-57: it accepts everything and nothing reaches the telephone."""
    found = delivery.when_asked(SMS, status)
    assert (found.next, found.down) == (Next.GO_ON, True)


@pytest.mark.parametrize(("status", "step"), [("sent", Next.WAIT), ("delivered", Next.DONE), ("failed", Next.GO_ON)])
def test_when_it_is_asked_and_knows_the_table_holds(status: str, step: Next) -> None:
    assert delivery.when_asked(SMS, status).next is step


def test_a_call_that_rings_when_the_carrier_is_asked_is_waited_for() -> None:
    assert delivery.when_asked(VOICE, "ringing").next is Next.WAIT
    assert delivery.when_asked(VOICE, "queued").next is Next.GO_ON


@pytest.mark.parametrize(("code", "permanent"), [(21610, True), (21614, True), (20003, False), (29999, False)])
def test_only_a_code_that_we_know_refuses_for_good(code: int, permanent: bool) -> None:  # noqa: FBT001 - a column
    assert delivery.is_permanent(SMS, code) is permanent


@pytest.mark.parametrize(
    ("status", "took_s", "rang", "at_once"),
    [
        ("failed", 0.4, False, True),
        ("busy", 1.0, False, True),
        ("failed", 1.1, False, False),
        ("failed", 0.4, True, False),
        ("no-answer", 0.0, False, False),
        ("completed", 0.2, False, False),
    ],
)
def test_a_call_turned_away_before_it_could_ring_looks_like_a_blocked_caller_id(
    status: str,
    took_s: float,
    rang: bool,  # noqa: FBT001 - a column of the table
    at_once: bool,  # noqa: FBT001 - as above
) -> None:
    """X19, S171."""
    assert delivery.failed_at_once(status, took_s, rang=rang) is at_once
