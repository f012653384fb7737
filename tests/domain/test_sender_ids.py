"""What SMS leave from, and that nothing asks for a reply where none can come (M-01, M-02; FIELD 3)."""

from __future__ import annotations

import re

import pytest

from gateway.domain.sender_ids import NOTICES, ONE_WAY, REMINDERS, SenderIds, is_name
from gateway.domain.texts import fit_sms
from tests.domain.test_texts import CATALOGUES, LANGUAGES, SMS_IDS, septets, values_for

NUMBER, OTHER, NAME = "+390700000200", "+393330000200", "ComuneTest"
ASKS = re.compile(
    r"\bOK\b|\bNO \{code\}|\b[Rr]ispond(?:i|a)\b(?! come indica la mail)|\b[Rr]eply (?:OK|with|\{word\})|\bScriv[ia]\b"
)
"""Words that ask for an SMS back; a mail takes an answer whatever the SMS left from."""
ANSWERS = {
    "M-COURTESY": "answers a text that was not understood",
    "M-WHICH": "answers OK, NO or INFO without a code",
    "M-WHICH-MORE": "as M-WHICH",
    "M-WRONG-CODE": "answers a code that is none",
    "M-SWAP-BLOCKED": "answers the third wrong code of a swap, and asks for the link in the mail",
}
"""What goes to somebody who has just texted a number of ours, and leaves from that number: a reply arrives there."""
BY_LINK = "M-SWAP"
"""A swap is not accepted by a call: its mail has the link."""


def asks_for_a_reply(text_id: str) -> bool:
    return any(ASKS.search(CATALOGUES[language].text(text_id).body) for language in LANGUAGES)


def placeholders(text_id: str) -> frozenset[str]:
    return frozenset(CATALOGUES["it"].text(text_id).placeholders())


def test_whatever_asks_for_a_reply_has_a_wording_for_senders_that_take_none_or_is_itself_an_answer() -> None:
    """M-01 and M-02: both directions, in both languages."""
    asking = {text_id for text_id in SMS_IDS if asks_for_a_reply(text_id)}
    assert asking == set(ONE_WAY) | set(ANSWERS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text_id", sorted(ONE_WAY.values()))
def test_a_wording_for_a_sender_that_takes_no_reply_asks_for_none(language: str, text_id: str) -> None:
    """M-02."""
    assert ASKS.search(CATALOGUES[language].text(text_id).body) is None


@pytest.mark.parametrize("text_id", sorted(ONE_WAY))
def test_what_was_accepted_by_a_reply_is_accepted_by_a_call_with_the_same_code(text_id: str) -> None:
    """M-02: the number to call is in the text, and so is the code where there was one."""
    told, before = placeholders(ONE_WAY[text_id]), placeholders(text_id)
    if text_id == BY_LINK:
        assert told == before - {"code"}
    else:
        assert told == before | {"phone" if text_id == "M-IDENTIFY" else "oncall_number"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text_id", sorted(ONE_WAY.values()))
def test_number_and_code_outlive_shortening(language: str, text_id: str) -> None:
    """DOMAIN 13: ente, categoria and servizio give way, number and code never do."""
    values = values_for(text_id)
    long = {name: "W" * 60 for name in ("body", "category", "service") if name in values}
    fitted = fit_sms(CATALOGUES[language].text(text_id), values | long, septets=septets)
    kept = [values[name] for name in ("oncall_number", "code", "ticket", "phone") if name in placeholders(text_id)]
    assert all(value in fitted for value in kept)
    assert (septets(fitted) or 999) <= 160


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_mail_and_no_page_says_to_reply_to_an_sms(language: str) -> None:
    """M-02: what the SMS asks for is told by the SMS alone, which knows what it left from."""
    told = re.compile(r"[Rr]ispond\w+ (?:anche )?all[’']SMS|(?:[Aa]nswer|[Rr]eply to) the SMS")
    assert [key for key, text in CATALOGUES[language].texts.items() if told.search(text.body)] == []


@pytest.mark.parametrize("text_id", sorted(NOTICES))
def test_a_notice_asks_for_nothing(text_id: str) -> None:
    assert not asks_for_a_reply(text_id)


def test_either_reminder_is_a_reminder() -> None:
    assert {"M-03", "M-03-CALL"} == REMINDERS


@pytest.mark.parametrize(
    ("given", "numbers", "answered_at"),
    [
        (SenderIds(), (), ""),
        (SenderIds(NUMBER, NUMBER), (NUMBER,), NUMBER),
        (SenderIds(NUMBER, OTHER), (NUMBER, OTHER), OTHER),
        (SenderIds(NUMBER, NAME), (NUMBER,), NUMBER),
        (SenderIds(NUMBER, NUMBER, NAME), (NUMBER,), NUMBER),
        (SenderIds(NUMBER, NAME, OTHER), (NUMBER, OTHER), NUMBER),
        (SenderIds(NUMBER, NAME, NUMBER), (NUMBER,), NUMBER),
    ],
)
def test_people_reach_us_at_numbers_only(given: SenderIds, numbers: tuple[str, ...], answered_at: str) -> None:
    assert (given.numbers, given.answered_at) == (numbers, answered_at)


@pytest.mark.parametrize(
    ("given", "page", "notice"),
    [
        (SenderIds(NUMBER, NUMBER), NUMBER, NUMBER),
        (SenderIds(NUMBER, NAME), NAME, NAME),
        (SenderIds(NUMBER, NUMBER, NAME), NUMBER, NAME),
        (SenderIds(NUMBER, NAME, OTHER), NAME, OTHER),
    ],
)
def test_notices_leave_from_their_own_sender_where_there_is_one(given: SenderIds, page: str, notice: str) -> None:
    """FIELD 3: a name for notices, a number for pages, side by side."""
    assert {given.of(text_id) for text_id in NOTICES} == {notice}
    assert {given.of(text_id) for text_id in SMS_IDS if text_id not in NOTICES} == {page}


@pytest.mark.parametrize("text_id", SMS_IDS)
def test_only_a_name_changes_the_words(text_id: str) -> None:
    for number in (SenderIds(NUMBER, NUMBER), SenderIds(NUMBER, OTHER, NAME), SenderIds()):
        assert number.worded(text_id) == text_id
    assert SenderIds(NUMBER, NAME).worded(text_id) == ONE_WAY.get(text_id, text_id)


@pytest.mark.parametrize(
    ("sender", "named"), [(NAME, True), ("1a", True), (NUMBER, False), ("40404", False), ("", False)]
)
def test_a_letter_makes_a_name(sender: str, named: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_name(sender) is named
