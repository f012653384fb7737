"""Which keys and words are which choice (T-IVR; X20: key and voice)."""

from __future__ import annotations

import re

import pytest

from gateway.domain.call import TABLE, Deed, Door, Step
from gateway.domain.call_meaning import MENU_KEYS, deed_of_keys, deed_of_words, hints
from gateway.domain.call_prompts import Opening, menu_ids
from tests.domain.calling import CATALOGUES

DIGITS = {"it": "zero uno due tre quattro cinque sei sette otto nove", "en": "zero one two three four five six seven"}
MENUS = (Step.MENU, Step.MENU_AGAIN)


def announced(door: Door, language: str) -> set[str]:
    """The keys that the menu of a door names."""
    ids = menu_ids(Opening("V-CLOSED", desk=False), door)
    words = " ".join(CATALOGUES[language].text(text_id).body for text_id in ids)
    named = re.findall(r"prem[ae](?:re)? (\w+)" if language == "it" else r"press (\w+)", words)
    return {str(DIGITS[language].split().index(name)) for name in named}


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("door", [Door.OPEN, Door.ON_CALL, Door.CLOSED])
def test_every_key_that_is_announced_does_something(door: Door, language: str) -> None:
    keys = announced(door, language)
    assert len(keys) > 3
    assert [key for key in keys if deed_of_keys(Step.MENU, door, key) is Deed.NOTHING] == []


@pytest.mark.parametrize("step", MENUS)
@pytest.mark.parametrize(
    ("door", "key", "deed"),
    [
        (Door.OPEN, "1", Deed.PROBLEM),
        (Door.OPEN, "2", Deed.INFORMATION),
        (Door.OPEN, "3", Deed.COMPLAINT),
        (Door.OPEN, "0", Deed.REPEAT),
        (Door.ON_CALL, "1", Deed.URGENT),
        (Door.ON_CALL, "2", Deed.LEAVE_MESSAGE),
        (Door.ON_CALL, "3", Deed.COMPLAINT),
        (Door.ON_CALL, "5", Deed.ENGLISH),
    ],
)
def test_the_keys_are_those_of_v04_and_v06(step: Step, door: Door, key: str, deed: Deed) -> None:
    assert deed_of_keys(step, door, key) is deed


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("door", Door)
@pytest.mark.parametrize("keys", [*"0123456789*#", "12345", "99", ""])
def test_whatever_is_keyed_the_table_knows_what_follows(step: Step, door: Door, keys: str) -> None:
    """A key that means nothing is as silence."""
    if step not in (Step.DESK, Step.ON_CALL, Step.END):
        assert (step, deed_of_keys(step, door, keys)) in TABLE


@pytest.mark.parametrize("step", [Step.MENU, Step.MENU_AGAIN, Step.WHO, Step.WORDS, Step.ONLY_WORDS])
@pytest.mark.parametrize("door", Door)
@pytest.mark.parametrize(
    "words", ["", "  ", "uno", "reclamo", "il portale non si apre da stamattina", "¿?", "x" * 9000]
)
@pytest.mark.parametrize("urgent", [False, True])
def test_whatever_is_said_the_table_knows_what_follows(step: Step, door: Door, words: str, *, urgent: bool) -> None:
    assert (step, deed_of_words(step, door, words, "it", urgent=urgent)) in TABLE


@pytest.mark.parametrize(
    ("words", "deed"),
    [
        ("uno", Deed.PROBLEM),
        ("Due.", Deed.INFORMATION),
        ("informazioni", Deed.INFORMATION),
        ("Vorrei fare un reclamo", Deed.COMPLAINT),
        ("un operatore, per favore", Deed.PROBLEM),
        ("può ripetere?", Deed.REPEAT),
        ("English please", Deed.ENGLISH),
        ("il portale dei tributi non accetta la mia password", Deed.WORDS),
        ("vorrei informazioni sugli orari dello sportello anagrafe", Deed.WORDS),
        ("stampante", Deed.WORDS),
    ],
)
def test_a_choice_may_be_spoken_and_a_sentence_is_what_it_is_about(words: str, deed: Deed) -> None:
    assert deed_of_words(Step.MENU, Door.OPEN, words, "it", urgent=False) is deed


@pytest.mark.parametrize(
    ("keys", "deed"),
    [
        ("123456", Deed.DIGITS),
        ("123456#", Deed.DIGITS),
        ("*13454", Deed.INCOMPLETE),
        ("1234", Deed.INCOMPLETE),
        ("0", Deed.INCOMPLETE),
        ("#", Deed.NOTHING),
        ("", Deed.NOTHING),
    ],
)
@pytest.mark.parametrize("door", Door)
def test_fewer_digits_than_a_code_has_are_no_attempt_at_one(door: Door, keys: str, deed: Deed) -> None:
    """M-02: it is asked for again and costs no try; silence leads to the menu."""
    assert deed_of_keys(Step.CODE, door, keys) is deed


@pytest.mark.parametrize(("keys", "deed"), [("1", Deed.CONFIRMS), ("1#", Deed.CONFIRMS), ("2", Deed.NOTHING)])
@pytest.mark.parametrize("door", Door)
def test_one_confirms_a_watch_and_no_other_key_does(door: Door, keys: str, deed: Deed) -> None:
    """M-05."""
    assert deed_of_keys(Step.WATCH, door, keys) is deed


def test_an_english_caller_is_understood_in_english() -> None:
    assert deed_of_words(Step.MENU, Door.OPEN, "a complaint", "en", urgent=False) is Deed.COMPLAINT
    assert deed_of_words(Step.MENU, Door.ON_CALL, "one", "en", urgent=False) is Deed.URGENT


def test_an_urgent_word_at_night_is_the_urgent_choice_and_in_hours_a_word() -> None:
    """DESIGN, "Whom to wake"; A2.6."""
    assert deed_of_words(Step.MENU, Door.ON_CALL, "è tutto bloccato", "it", urgent=True) is Deed.URGENT
    assert deed_of_words(Step.WORDS, Door.ON_CALL, "è tutto bloccato", "it", urgent=True) is Deed.URGENT
    assert deed_of_words(Step.MENU, Door.OPEN, "è tutto bloccato", "it", urgent=True) is Deed.WORDS


def test_nine_refuses_a_recorded_conversation_and_means_nothing_where_none_is() -> None:
    """S162."""
    assert deed_of_keys(Step.MENU, Door.OPEN, "9", recorded=True) is Deed.REFUSES_RECORDING
    assert deed_of_keys(Step.MENU, Door.OPEN, "9") is Deed.NOTHING


@pytest.mark.parametrize("door", Door)
def test_no_two_choices_of_a_door_have_one_key(door: Door) -> None:
    assert len(set(MENU_KEYS[door].values())) == len(MENU_KEYS[door])


def test_the_recognition_is_told_the_choices() -> None:
    assert "reclamo" in hints(Step.MENU, "it")
    assert hints(Step.WORDS, "it") == ()
