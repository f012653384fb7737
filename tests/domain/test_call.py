"""The table of a call: walked, every state reached, every absent pair refused by name (CONVENTIONS, "State")."""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import pytest

from gateway.domain.call import OURS, TABLE, CallError, Deed, Door, Offer, Step, after

FLAGS = ("desk", "rings", "waits", "voicemail", "unknown", "told", "shown")
OFFERS = [
    Offer(door, **cast("dict[str, Any]", dict(zip(FLAGS, values, strict=True))))
    for door in Door
    for values in product((False, True), repeat=len(FLAGS))
]
OFFERS += [Offer(door, tries=True) for door in Door]
OFFERS += [Offer(door, settled="V-PAGE-TAKEN", tries=tries) for door in Door for tries in (False, True)]
FIRST = (Step.MENU, *OURS)
"""Where a call begins: with the menu, or with the code where the telephone was paged."""
FINAL = (Deed.ANSWERED, Deed.TAKEN, Deed.RECORDED)


def steps_after(step: Step, deed: Deed) -> set[Step]:
    """Every step that a deed can lead to, whatever is offered."""
    return {after(step, deed, offer) for offer in OFFERS}


def test_every_step_is_reached_from_the_first() -> None:
    reached, new = set(FIRST), set(FIRST)
    while new:
        found = {then for step, deed in TABLE if step in new for then in steps_after(step, deed)}
        new = found - reached
        reached |= found
    assert reached == set(Step)


@pytest.mark.parametrize(
    ("step", "deed"), [(step, deed) for step in Step for deed in Deed if (step, deed) not in TABLE]
)
def test_what_cannot_happen_where_the_caller_is_is_refused_by_name(step: Step, deed: Deed) -> None:
    with pytest.raises(CallError) as refused:
        after(step, deed, Offer(Door.OPEN))
    assert f"a caller at {step} cannot do {deed}" in str(refused.value)
    assert all(str(each) in str(refused.value) for at, each in TABLE if at is step)


def test_nothing_follows_the_end() -> None:
    assert [step for step, _ in TABLE if step is Step.END] == []


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.END])
def test_a_caller_may_hang_up_anywhere(step: Step) -> None:
    assert steps_after(step, Deed.HUNG_UP) == {Step.END}


@pytest.mark.parametrize("offer", OFFERS)
def test_whoever_does_nothing_at_all_is_led_to_a_person_or_a_message_and_never_cut(offer: Offer) -> None:
    """S172: twice nothing, the menu once more, then somebody or the voicemail."""
    step, seen = Step.MENU, [Step.MENU]
    while step is not Step.END and len(seen) < 8:
        deed = Deed.UNANSWERED if step in (Step.DESK, Step.ON_CALL) else Deed.NOTHING
        ended = Offer(offer.door, desk=offer.desk, voicemail=offer.voicemail, unknown=offer.unknown, told=offer.told)
        step = after(step, deed, offer if len(seen) < 3 else ended)
        seen.append(step)
    assert step is Step.END
    assert set(seen) & {Step.DESK, Step.QUEUE, Step.MESSAGE, Step.WORDS, Step.WHO} or offer.told
    assert seen.count(Step.MENU_AGAIN) <= 1


@pytest.mark.parametrize("door", [Door.OPEN, Door.ON_CALL])
def test_a_menu_without_an_answer_is_said_once_more(door: Door) -> None:
    """S172."""
    assert after(Step.MENU, Deed.NOTHING, Offer(door)) is Step.MENU_AGAIN


@pytest.mark.parametrize("deed", [Deed.PROBLEM, Deed.INFORMATION, Deed.COMPLAINT, Deed.WORDS])
def test_in_hours_a_choice_leads_to_a_person(deed: Deed) -> None:
    """C2.4, S015."""
    assert after(Step.MENU, deed, Offer(Door.OPEN, desk=True, rings=True)) is Step.DESK
    assert after(Step.MENU, deed, Offer(Door.OPEN, desk=True)) is Step.QUEUE


@pytest.mark.parametrize("deed", [Deed.PROBLEM, Deed.INFORMATION, Deed.COMPLAINT])
def test_where_no_telephone_is_at_the_desk_the_caller_says_what_it_is_about(deed: Deed) -> None:
    assert after(Step.MENU, deed, Offer(Door.OPEN)) is Step.WORDS
    assert after(Step.MENU, deed, Offer(Door.OPEN, unknown=True)) is Step.WHO


def test_only_the_urgent_choice_rings_the_technician() -> None:
    """S030."""
    offer = Offer(Door.ON_CALL, rings=True)
    ringing = {deed for deed in Deed if (Step.MENU, deed) in TABLE and after(Step.MENU, deed, offer) is Step.ON_CALL}
    assert ringing == {Deed.URGENT}


def test_whoever_asked_for_information_may_still_say_that_it_is_urgent() -> None:
    """S030."""
    offer = Offer(Door.ON_CALL, rings=True)
    assert after(Step.MENU, Deed.INFORMATION, offer) is Step.WORDS
    assert after(Step.WORDS, Deed.URGENT, offer) is Step.ON_CALL


def test_the_chain_rings_on_until_nobody_is_left_and_then_a_message_is_offered() -> None:
    """S027, S036."""
    assert after(Step.ON_CALL, Deed.UNANSWERED, Offer(Door.ON_CALL, rings=True)) is Step.ON_CALL
    assert after(Step.ON_CALL, Deed.UNANSWERED, Offer(Door.ON_CALL)) is Step.NOTICE
    assert after(Step.ON_CALL, Deed.UNANSWERED, Offer(Door.ON_CALL, voicemail=False)) is Step.WORDS


def test_no_message_is_recorded_before_its_notice() -> None:
    """X12."""
    assert {step for step, deed in TABLE if Step.MESSAGE in steps_after(step, deed)} == {Step.NOTICE}


def test_whoever_refuses_the_recording_is_asked_for_words_instead() -> None:
    """X12, S162."""
    assert after(Step.NOTICE, Deed.REFUSES_RECORDING, Offer(Door.CLOSED)) is Step.ONLY_WORDS


def test_where_nothing_is_recorded_no_recording_is_offered() -> None:
    """X12, S163: off by default."""
    silent = [offer for offer in OFFERS if not offer.voicemail]
    steps = {after(step, deed, offer) for step, deed in TABLE for offer in silent if step is not Step.NOTICE}
    assert not steps & {Step.NOTICE, Step.MESSAGE}


def test_a_queue_offers_a_call_back_and_asks_for_a_number_only_where_none_was_shown() -> None:
    assert after(Step.QUEUE, Deed.CALL_ME_BACK, Offer(Door.OPEN)) is Step.END
    assert after(Step.QUEUE, Deed.CALL_ME_BACK, Offer(Door.OPEN, shown=False)) is Step.CALL_BACK


def test_a_queue_ends_in_a_message_when_the_time_is_over() -> None:
    waiting = Offer(Door.OPEN, desk=True, rings=True, waits=True)
    assert after(Step.QUEUE, Deed.NOTHING, waiting) is Step.DESK
    assert after(Step.QUEUE, Deed.NOTHING, Offer(Door.OPEN, desk=True, rings=True)) is Step.NOTICE


def test_only_a_right_code_ends_the_call_of_whoever_was_paged() -> None:
    """M-02: a wrong one is asked for again while there are tries, then the caller goes on as any other."""
    assert after(Step.CODE, Deed.DIGITS, Offer(Door.ON_CALL, settled="V-PAGE-TAKEN")) is Step.END
    assert after(Step.CODE, Deed.DIGITS, Offer(Door.ON_CALL, tries=True)) is Step.CODE
    assert after(Step.CODE, Deed.DIGITS, Offer(Door.ON_CALL)) is Step.MENU


def test_whoever_keys_no_code_hears_the_menu_and_nothing_leads_back_to_the_code() -> None:
    """A technician may report a problem as well."""
    assert steps_after(Step.CODE, Deed.NOTHING) == {Step.MENU}
    assert {step for step, deed in TABLE if Step.CODE in steps_after(step, deed)} == {Step.CODE}


def test_a_watch_is_confirmed_by_its_key_alone_and_nothing_leads_back_to_it() -> None:
    """M-05: whoever calls for something else waits for the menu."""
    assert steps_after(Step.WATCH, Deed.CONFIRMS) == {Step.END}
    assert steps_after(Step.WATCH, Deed.NOTHING) == {Step.MENU}
    assert [step for step, deed in TABLE if Step.WATCH in steps_after(step, deed)] == []


@pytest.mark.parametrize("deed", FINAL)
def test_what_settles_the_call_ends_it(deed: Deed) -> None:
    assert {then for step, each in TABLE if each is deed for then in steps_after(step, each)} == {Step.END}
