"""How a call ended, and what that asks for: the outcome on its line, a call-back, a ticket of its own or none (S003).

A call is abandoned when the caller hung up before anybody or anything took it in. Once they pressed a key, spoke, or
waited as long as `[phone] abandoned_after_s` it is a request; below that it joins their open ticket or stays a contact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from gateway.domain.call import OURS, Step
from gateway.domain.telephony import CallOutcome

SHORTEST_MESSAGE_S = 2
"""A message that lasts less was hung up at the tone: nothing is in it."""
CARRIER_FAILED = "failed"
TURNED_AWAY = "busy"
KEYS, TOLD, MESSAGE_S, ASKED_BACK, TAKEN = "keys", "told", "message_s", "call_back", "taken"
CODES = "codes"
"""Fact of a call: how often something was keyed that is no code of a page of theirs."""
MISSED = "missed"
"""The facts of a call that its outcome is told by; the last one: we were away, and heard of it afterwards."""


def outcome_of(reached: str, facts: Mapping[str, str], status: str, *, answered: bool) -> CallOutcome:
    """How the call ended, by what was done in it and, where nothing was, by the carrier's last `status`."""
    if answered:
        return CallOutcome.ANSWERED
    if (reached in OURS or (reached == Step.MENU and CODES in facts)) and has_done_nothing(facts):
        return CallOutcome.DUTY
    if MESSAGE_S in facts:
        return CallOutcome.MESSAGE if int(facts[MESSAGE_S]) >= SHORTEST_MESSAGE_S else CallOutcome.EMPTY_MESSAGE
    if ASKED_BACK in facts:
        return CallOutcome.CALL_BACK
    if TOLD in facts and reached not in (Step.DESK, Step.QUEUE, Step.ON_CALL):
        return CallOutcome.SPOKEN
    if reached == Step.MESSAGE:
        return CallOutcome.EMPTY_MESSAGE
    if status == CARRIER_FAILED or MISSED in facts:
        return CallOutcome.CARRIER_ERROR
    return CallOutcome.REFUSED if status == TURNED_AWAY and not facts.get(KEYS) else CallOutcome.ABANDONED


def is_request(facts: Mapping[str, str], lasted: timedelta, abandoned_after: timedelta) -> bool:
    """Whether a call that has no ticket yet becomes one: a key, a word, or time enough to have meant it (S003).

    What a caller whom we missed would have said nobody knows.
    """
    return bool(facts.get(KEYS)) or TOLD in facts or MISSED in facts or lasted >= abandoned_after


def wants_call_back(outcome: CallOutcome, facts: Mapping[str, str]) -> bool:
    """Whether somebody should call back: nothing was heard of the caller, or the request was taken meanwhile."""
    unheard = (CallOutcome.ABANDONED, CallOutcome.EMPTY_MESSAGE, CallOutcome.CARRIER_ERROR, CallOutcome.CALL_BACK)
    return outcome in unheard or TAKEN in facts


def has_done_nothing(facts: Mapping[str, str]) -> bool:
    """Whether the caller pressed no key and said no word: such a call wakes nobody but by the contract's own rule.

    Whoever could do nothing, because we were away, is no such caller.
    """
    return not any(facts.get(name) for name in (KEYS, TOLD, MESSAGE_S, MISSED))
