"""What is said on the way into a step: DOMAIN's order, the twenty seconds, and the number that everybody hears."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest

from gateway.domain.call import (
    TABLE,
    Deed,
    Door,
    Gather,
    Hangup,
    Leg,
    Offer,
    Record,
    Redirect,
    Ring,
    Script,
    Step,
    after,
)
from gateway.domain.call_prompts import (
    LONGEST_BEFORE_CHOICE_S,
    Move,
    Opening,
    lead_ids,
    menu_ids,
    opening_ids,
    script_for,
    seconds_before_choice,
)
from gateway.domain.call_words import minutes_spoken
from tests.domain.calling import CATALOGUES, fill, heard
from tests.domain.shipped import contract, site
from tests.domain.test_call import FIRST, OFFERS

C02 = contract("c02")
STATES = {
    Door.OPEN: ("V-01",),
    Door.ON_CALL: ("V-CLOSED",),
    Door.CLOSED: ("V-CLOSED", "V-10", "V-11", "V-11-NO-MAIL"),
}
RING = Ring(Step.DESK, (Leg("+390700000201", "ab" * 16),), 20)
NUMBER = ("V-NUMBER", "V-NUMBER-SHORT", "V-OWN-FOUND", "V-09", "V-09-SAY", "V-12", "V-CALL-BACK", "V-PAGE-TAKEN")
MENUS = (Step.MENU, Step.MENU_AGAIN)


def opening(state_id: str = "V-01", **more: bool) -> Opening:
    return Opening(state_id, **({"desk": True} | more))


@cache
def moves() -> list[tuple[Move, Offer]]:
    """Every move of the table under every offer that makes it sound different, but hanging up: nobody hears that."""
    found = {}
    for (step, deed), offer in product(TABLE, OFFERS):
        if deed is not Deed.HUNG_UP:
            move = Move(step, deed, after(step, deed, offer))
            found[move, offer.door, lead_ids(move, offer)] = (move, offer)
    return list(found.values())


def script(move: Move, offer: Offer | None = None, language: str = "it") -> Script:
    offer = offer or Offer(Door.OPEN)
    state = STATES.get(offer.door, ("V-14-FIRST-LEVEL",))[0]
    said = Opening(state, desk=offer.desk, english=True)
    return script_for(move, offer, said, fill(C02, language=language), language=language, ring=RING)


# --------------------------------------------------------------------------------------------------------- the opening


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("key", sorted(site().contracts))
def test_no_more_than_twenty_seconds_pass_before_the_first_choice(key: str, language: str, *, recorded: bool) -> None:
    """DOMAIN 10, under every shipped contract and in every opening state."""
    filled = fill(contract(key[:3]), language=language)
    for door, states in STATES.items():
        for state_id in states:
            ids = opening_ids(opening(state_id, recorded=recorded, english=True), door, filled)
            assert seconds_before_choice(ids, filled) <= LONGEST_BEFORE_CHOICE_S, (door, state_id, ids)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("door", Door)
def test_the_announcement_is_in_the_order_of_domain_10(door: Door, *, recorded: bool) -> None:
    """Greeting, privacy notice, recording notice, danger line, hours or menu."""
    state = STATES.get(door, ("V-15-ENDED",))[0]
    said = opening(state, recorded=recorded)
    ids = opening_ids(said, door, lambda text_id: fill(C02)(text_id if text_id != state else "V-11"))
    kinds = [text_id.removesuffix("-SHORT") for text_id in ids]
    assert kinds[0] in ("V-00", "V-01")
    assert kinds[1] == "V-02"
    assert kinds[2:4] == (["V-03", "V-17"] if recorded else ["V-17", *kinds[3:4]])
    assert "V-03" not in kinds[4:]


def test_whoever_can_be_put_through_is_told_to_hold_and_nobody_else_is() -> None:
    """V-01 promises an operator."""
    assert "V-01" in opening_ids(opening(), Door.OPEN, fill(C02))
    for door in (Door.ON_CALL, Door.CLOSED):
        assert "V-01" not in opening_ids(opening("V-CLOSED"), door, fill(C02))
    assert "V-01" not in opening_ids(opening(desk=False), Door.OPEN, fill(C02))


@pytest.mark.parametrize("door", [Door.ON_CALL, Door.CLOSED])
@pytest.mark.parametrize("choice_first", [False, True])
def test_outside_hours_day_and_hour_of_the_reopening_are_said(door: Door, *, choice_first: bool) -> None:
    """DOMAIN 10: not only the rule."""
    for state_id in STATES[door]:
        ids = menu_ids(Opening(state_id, desk=False), door, choice_first=choice_first)
        asked = {name for text_id in ids for name in CATALOGUES["it"].text(text_id).placeholders()}
        assert "next_opening_spoken" in asked


def test_english_is_offered_in_english() -> None:
    (gather, _) = script(Move(None, None, Step.MENU))
    assert isinstance(gather, Gather)
    assert "For English press five." in [prompt.text for prompt in gather.prompts]


def test_a_privacy_notice_is_said_in_good_italian() -> None:
    """`da il Comune` is nobody's Italian, and an address is said as a host."""
    words = fill(C02)("V-02").text
    assert "trattati dal Comune di Cagliari" in words
    assert "su comune.example o" in words


# -------------------------------------------------------------------------------------------------------------- moves


def test_every_move_has_something_to_say_or_to_do() -> None:
    for move, offer in moves():
        said = script(move, offer)
        assert isinstance(said[-1], Hangup | Redirect | Ring), move
        assert isinstance(said[-1], Hangup) is (move.to is Step.END)


def test_what_waits_for_the_caller_comes_back_to_its_own_step() -> None:
    """Silence falls through to a redirect, which is a deed of its own."""
    for move, offer in moves():
        said = script(move, offer)
        if isinstance(said[-1], Redirect):
            assert {said[-1].step, said[-2].step} == {move.to}  # type: ignore[union-attr]  # a gather or a record


def test_a_message_is_recorded_only_at_its_own_step_after_the_tone_was_announced() -> None:
    """X12: the step before it is the notice."""
    recording = [(move, script(move, offer)) for move, offer in moves() if move.to is Step.MESSAGE]
    assert {move.frm for move, _ in recording} == {Step.NOTICE}
    assert all(any(isinstance(verb, Record) for verb in said) for _, said in recording)
    elsewhere = [script(move, offer) for move, offer in moves() if move.to is not Step.MESSAGE]
    assert not any(isinstance(verb, Record) for said in elsewhere for verb in said)


def test_whoever_comes_to_an_end_has_heard_the_number() -> None:
    """Every way through the table; the caller hears the number that the request was given. A watch is no request."""
    seen: set[tuple[Step, bool]] = set()
    todo = [(step, step is Step.WATCH) for step in FIRST]
    while todo:
        step, told = todo.pop()
        if (step, told) in seen:
            continue
        seen.add((step, told))
        for deed in [deed for at, deed in TABLE if at is step and deed is not Deed.HUNG_UP]:
            for offer in OFFERS:
                move = Move(step, deed, after(step, deed, offer))
                now = told or bool(set(lead_ids(move, offer)) & set(NUMBER))
                assert now or move.to is not Step.END, move
                todo.append((move.to, now))


def test_at_night_the_technician_is_said_to_be_called_only_when_he_is() -> None:
    to_on_call = {move.to for move, offer in moves() if "V-07" in lead_ids(move, offer)}
    assert to_on_call == {Step.ON_CALL}


def test_after_the_chain_has_failed_the_caller_hears_the_truth_and_the_number() -> None:
    """C2.11, V-09, S036."""
    said = heard(script(Move(Step.ON_CALL, Deed.UNANSWERED, Step.NOTICE), Offer(Door.ON_CALL)))
    assert "il tecnico reperibile non risponde" in said
    assert "2 0 2 6" in said
    assert said.index("non risponde") < said.index("può essere registrata")


def test_without_voicemail_nobody_is_told_to_speak_after_a_tone_that_never_comes() -> None:
    said = heard(script(Move(Step.ON_CALL, Deed.UNANSWERED, Step.WORDS), Offer(Door.ON_CALL, voicemail=False)))
    assert "non risponde" in said
    assert "Lasci un messaggio" not in said


def test_a_menu_without_an_answer_ends_in_a_person_or_says_so() -> None:
    """S172, V-16: nobody is promised an operator who is not there."""
    silent = Deed.NOTHING
    assert "V-16" in lead_ids(Move(Step.MENU_AGAIN, silent, Step.DESK), Offer(Door.OPEN, desk=True, rings=True))
    assert "V-16-MESSAGE" in lead_ids(Move(Step.MENU_AGAIN, silent, Step.NOTICE), Offer(Door.ON_CALL))


def test_the_menu_that_is_heard_again_is_the_choices_alone() -> None:
    again = heard(script(Move(Step.MENU, Deed.NOTHING, Step.MENU_AGAIN)))
    assert "prema uno" in again
    assert "Suoi dati" not in again


def test_in_a_new_language_the_whole_announcement_is_heard_again() -> None:
    said = heard(script(Move(Step.MENU, Deed.ENGLISH, Step.MENU), language="en"))
    assert said.startswith("Welcome to the")
    assert "Your data are processed by" in said


@pytest.mark.parametrize(("due", "reopens", "text_id"), [(True, True, "V-DUE"), (False, True, "V-NEXT")])
def test_by_when_is_said_as_the_contract_says_it_else_the_next_opening(
    text_id: str, *, due: bool, reopens: bool
) -> None:
    """FIELD 5.19: one clock for all; without a term nothing is promised."""
    offer = Offer(Door.CLOSED, due=due, reopens=reopens)
    assert text_id in lead_ids(Move(Step.MESSAGE, Deed.RECORDED, Step.END), offer)
    assert text_id in lead_ids(Move(Step.WORDS, Deed.WORDS, Step.END), offer)


def test_a_queue_tells_place_and_time_and_offers_a_call_back() -> None:
    said = heard(script(Move(Step.DESK, Deed.UNANSWERED, Step.QUEUE), Offer(Door.OPEN, desk=True, waits=True)))
    assert "il numero 2 in attesa" in said
    assert "premere uno per essere richiamato" in said


@pytest.mark.parametrize(
    ("minutes", "italian", "english"),
    [(1, "è di un minuto.", "time one minute."), (12, "è di 12 minuti.", "12 minutes.")],
)
def test_how_long_somebody_waits_is_said_in_the_singular_too(minutes: int, italian: str, english: str) -> None:
    """V-05."""
    for language, words in (("it", italian), ("en", english)):
        told = {"minutes": str(minutes), "waiting": minutes_spoken(minutes, language)}
        assert words in CATALOGUES[language].fill("V-05", told).body


@pytest.mark.parametrize("language", ["it", "en"])
def test_no_tone_is_promised_where_none_sounds(language: str) -> None:
    """V-13, X20: only a recording begins with a tone; whoever waited for one would be taken to be silent."""
    asked = [
        prompt.text
        for move, offer in moves()
        for verb in script(move, offer, language)
        if isinstance(verb, Gather) and verb.speech and move.to in (Step.WHO, Step.WORDS, Step.ONLY_WORDS)
        for prompt in verb.prompts
    ]
    assert asked
    assert not [text for text in asked if "segnale" in text or "tone" in text]


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_code_is_asked_for_again_when_it_was_wrong_and_the_menu_behind_it_is_heard_in_full(language: str) -> None:
    """M-02, V-CODE, V-WRONG-CODE; DOMAIN 10: the notices are not lost behind the code."""
    asked, again, menu = (
        heard(script(Move(frm, deed, to), language=language))
        for frm, deed, to in (
            (None, None, Step.CODE),
            (Step.CODE, Deed.DIGITS, Step.CODE),
            (Step.CODE, Deed.NOTHING, Step.MENU),
        )
    )
    assert asked == CATALOGUES[language].text("V-CODE").body
    assert again == CATALOGUES[language].text("V-WRONG-CODE").body
    assert menu == heard(script(Move(None, None, Step.MENU), language=language))


@pytest.mark.parametrize("deed", [Deed.DIGITS, Deed.INCOMPLETE])
def test_whoever_keyed_no_right_code_hears_so_before_the_menu(deed: Deed) -> None:
    """X20: the menu after a code would be taken for its answer."""
    said = heard(script(Move(Step.CODE, deed, Step.MENU)))
    assert said.startswith(CATALOGUES["it"].text("V-CODE-OVER").body)
    assert "Benvenuto" in said


def test_too_few_digits_are_asked_for_again_and_not_called_wrong() -> None:
    assert heard(script(Move(Step.CODE, Deed.INCOMPLETE, Step.CODE))) == CATALOGUES["it"].text("V-CODE").body


def test_a_number_is_keyed_to_its_end_and_a_choice_is_one_key() -> None:
    for step in Step:
        digits = [
            verb.digits
            for move, offer in moves()
            if move.to is step
            for verb in script(move, offer)
            if isinstance(verb, Gather)
        ]
        assert set(digits) <= {{Step.OWN_NUMBER: 0, Step.CALL_BACK: 0, Step.CODE: 6}.get(step, 1)}


def test_a_code_may_be_read_off_a_text_on_the_telephone_that_calls_before_the_menu_takes_its_digits() -> None:
    """In the menu the first digit of a code would be a choice, and one of them wakes the chain."""
    (asked,) = (each for each in script(Move(None, None, Step.CODE)) if isinstance(each, Gather))
    assert asked.timeout_s >= 15  # finding the text, reading six digits, going back to the keys


def test_a_step_that_rings_needs_telephones() -> None:
    with pytest.raises(ValueError, match="nobody's telephone"):
        script_for(Move(Step.MENU, Deed.PROBLEM, Step.DESK), Offer(Door.OPEN), opening(), fill(C02), language="it")
