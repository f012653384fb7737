"""What a caller hears next: a table of where the caller is and what the caller did, under what the contract says.

`TABLE` is the whole telephone: (step, deed) gives the next step, or a rule that picks it by the `Offer`. A pair that is
absent is refused by name (`CallError`). Which key or word is which deed is in `call_meaning`, what is said on the way
into a step in `call_prompts`; `adapters/twilio` only renders the verbs.

Source: C2.3, C2.8, C2.11; DOMAIN 10 and T-IVR; S027, S029, S030, S036, S041, S162, S172.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gateway.domain.errors import CentralinoError

PROMPT_LIMIT = 3
"""How often a question is asked before the call ends politely."""

# --------------------------------------------------------------------------------------------------------------- verbs


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence to be spoken; `language` when it is not that of the call (`it`, `en`)."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Gather:
    """Ask for keys, and for speech when `speech`. A key may be pressed while the prompts are being said.

    Silence goes on to the next verb. `digits` 0: as many as are keyed until `#`.
    """

    step: str
    prompts: tuple[Say, ...]
    digits: int = 1
    timeout_s: int = 6
    speech: bool = False
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """Record a message after a tone. Only after the notice was spoken (X12). Silence goes on to the next verb."""

    step: str
    max_s: int = 180


@dataclass(frozen=True, slots=True)
class Leg:
    """One telephone of ours that rings: its number (E.164) and the attempt id by which it is known."""

    number: str
    key: str


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring these telephones at once while the caller hears ringing; who presses the accept key talks to the caller.

    `recorded`: the conversation is recorded, after the notice (X12).
    """

    step: str
    legs: tuple[Leg, ...]
    ring_s: int
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on at another step."""

    step: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Do not answer: the caller hears the busy tone."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Verb = Say | Gather | Record | Ring | Redirect | Reject | Hangup
Script = tuple[Verb, ...]


# -------------------------------------------------------------------------------------------------- what may be offered


class Door(StrEnum):
    """How the contract receives a caller, settled when the call begins and kept to its end (S014)."""

    OPEN = "open"
    """The desk is staffed (C2.4)."""
    ON_CALL = "on_call"
    """Closed, and a technical contact is on duty (C2.8)."""
    CLOSED = "closed"
    """Closed and nobody on duty: reason, next opening, a message (S041)."""
    ELSEWHERE = "elsewhere"
    """Somebody else's first level serves this caller (C3.12, V-14)."""
    OVER = "over"
    """Not yet in force, or no more (C2.2, V-15)."""


HAS_MENU = (Door.OPEN, Door.ON_CALL)
"""Behind the other doors the announcement itself leads to a message."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the contract, the settings and the call so far allow at this instant.

    `desk`: the contract has telephones at its desk. `rings`: one of them, or of the chain on duty, can be rung now.
    `waits`: the caller may still wait for the desk. `unknown`: nobody knows who this is, so they are asked (V-13).
    `told`: what it is about was said already. `shown`: the caller's number is known, so they can be called back.
    `found`: the number that they keyed is a request of theirs, None while they keyed none. `due`: the contract says by
    when the request is taken in charge. `reopens`: the service is closed and there is a next opening. `abroad`: who
    answers is not in Italy, which a caller is told (V-18). `settled`: the text that tells what the code of a page or
    the confirmation of a watch did, empty while none did anything. `tries`: a code may be keyed once more.
    `blocked`: too many were wrong, and those that waited hold no more.
    """

    door: Door
    desk: bool = False
    rings: bool = False
    waits: bool = False
    voicemail: bool = True
    unknown: bool = False
    told: bool = False
    shown: bool = True
    found: bool | None = None
    due: bool = False
    reopens: bool = False
    abroad: bool = False
    settled: str = ""
    tries: bool = False
    blocked: bool = False


class Step(StrEnum):
    """Where a caller is: what we wait for. The same words stand in the addresses of the webhooks and on the line."""

    CODE = "code"
    """Calls from a telephone that was paged: keys the code of the page, or waits for the menu (M-02)."""
    WATCH = "watch"
    """Has a watch to confirm: presses the key, or waits for the menu (M-05)."""
    MENU = "menu"
    MENU_AGAIN = "menu_again"
    OWN_NUMBER = "own_number"
    """Keys the number of an earlier request."""
    WHO = "who"
    """Says organisation and name (V-13)."""
    WORDS = "words"
    """Says in words what it is about."""
    DESK = "desk"
    """The desk's telephones ring."""
    QUEUE = "queue"
    """Nobody at the desk is free: waits, or asks to be called back (V-05)."""
    CALL_BACK = "call_back"
    """Keys the number at which to be called back, because none was shown."""
    ON_CALL = "on_call"
    """The chain of technical contacts rings."""
    NOTICE = "notice"
    """Hears that a message is recorded, and may refuse (V-03)."""
    MESSAGE = "message"
    """Speaks after the tone."""
    ONLY_WORDS = "only_words"
    """Refused the recording: says in words, which are not recorded, what it is about."""
    END = "end"


OURS = (Step.CODE, Step.WATCH)
"""Questions to our own people, before the menu: whoever does no more than that makes no request."""


class Deed(StrEnum):
    """What the caller did, or what happened meanwhile."""

    PROBLEM = "problem"
    INFORMATION = "information"
    COMPLAINT = "complaint"
    URGENT = "urgent"
    LEAVE_MESSAGE = "leave_message"
    REPEAT = "repeat"
    ENGLISH = "english"
    HAS_NUMBER = "has_number"
    DIGITS = "digits"
    INCOMPLETE = "incomplete"
    """Fewer digits than were asked for: no attempt."""
    CONFIRMS = "confirms"
    WORDS = "words"
    CALL_ME_BACK = "call_me_back"
    REFUSES_RECORDING = "refuses_recording"
    RECORDED = "recorded"
    ANSWERED = "answered"
    """Somebody of ours took the call with a key, and the conversation is over."""
    UNANSWERED = "unanswered"
    TAKEN = "taken"
    """Nobody took the call, but somebody has the request meanwhile."""
    NOTHING = "nothing"
    """Silence, or a key that means nothing here (S172)."""
    HUNG_UP = "hung_up"


class CallError(CentralinoError):
    """What cannot happen where the caller is; the message names both and what could."""


# --------------------------------------------------------------------------------------------------------------- rules

Rule = Callable[[Offer], Step]


def to_words(offer: Offer) -> Step:
    """Who it is, where nobody knows, and then what it is about."""
    if offer.unknown:
        return Step.WHO
    return Step.END if offer.told else Step.WORDS


def to_message(offer: Offer) -> Step:
    """A message after the notice; where none is recorded, words (X12)."""
    return Step.NOTICE if offer.voicemail else Step.WORDS


def to_person(offer: Offer) -> Step:
    """A person of the desk in hours, at once or as soon as one is free; where nobody answers telephones, words."""
    return _at_desk(offer) if _has_desk(offer) else to_words(offer)


def _has_desk(offer: Offer) -> bool:
    return offer.door is Door.OPEN and offer.desk


def _at_desk(offer: Offer) -> Step:
    return Step.DESK if offer.rings else Step.QUEUE


def _after_silence(offer: Offer) -> Step:
    """Where a message was announced it is taken now; who is served elsewhere says in words what is passed on."""
    if offer.door in HAS_MENU:
        return Step.MENU_AGAIN
    return to_message(offer) if offer.door is Door.CLOSED else to_words(offer)


def _after_silence_again(offer: Offer) -> Step:
    """S172: to a person, or to voicemail; never cut. Silence wakes nobody at night."""
    return _at_desk(offer) if _has_desk(offer) else to_message(offer)


def _after_who(offer: Offer) -> Step:
    return Step.END if offer.told else Step.WORDS


def _after_words_unsaid(offer: Offer) -> Step:
    return Step.NOTICE if offer.voicemail else Step.END


def _after_queue(offer: Offer) -> Step:
    return _at_desk(offer) if offer.waits else to_message(offer)


def _to_call_back(offer: Offer) -> Step:
    return Step.END if offer.shown else Step.CALL_BACK


def _to_on_call(offer: Offer) -> Step:
    """The next of the chain; where nobody of it is left, the apology and a message (S036)."""
    return Step.ON_CALL if offer.rings else to_message(offer)


def _after_code(offer: Offer) -> Step:
    """Only the code accepts; who has tried it too often goes on as any caller does."""
    if offer.settled:
        return Step.END
    return Step.CODE if offer.tries else Step.MENU


_S, _D = Step, Deed

_FROM_MENU: dict[Deed, Step | Rule] = {
    _D.PROBLEM: to_person,
    _D.INFORMATION: to_person,
    _D.COMPLAINT: to_person,
    _D.WORDS: to_person,
    _D.URGENT: _to_on_call,
    _D.LEAVE_MESSAGE: to_message,
    _D.REPEAT: _S.MENU,
    _D.ENGLISH: _S.MENU,
    _D.REFUSES_RECORDING: _S.MENU,
    _D.HAS_NUMBER: _S.OWN_NUMBER,
}

TABLE: Mapping[tuple[Step, Deed], Step | Rule] = MappingProxyType(
    {
        (_S.CODE, _D.DIGITS): _after_code,
        (_S.CODE, _D.INCOMPLETE): _after_code,
        (_S.CODE, _D.NOTHING): _S.MENU,
        (_S.WATCH, _D.CONFIRMS): _S.END,
        (_S.WATCH, _D.NOTHING): _S.MENU,
        **{(_S.MENU, deed): then for deed, then in _FROM_MENU.items()},
        (_S.MENU, _D.NOTHING): _after_silence,
        **{(_S.MENU_AGAIN, deed): then for deed, then in _FROM_MENU.items()},
        (_S.MENU_AGAIN, _D.NOTHING): _after_silence_again,
        (_S.OWN_NUMBER, _D.DIGITS): to_person,
        (_S.OWN_NUMBER, _D.NOTHING): _S.MENU_AGAIN,
        (_S.WHO, _D.WORDS): _after_who,
        (_S.WHO, _D.URGENT): _to_on_call,
        (_S.WHO, _D.NOTHING): _after_who,
        (_S.WORDS, _D.WORDS): _S.END,
        (_S.WORDS, _D.URGENT): _to_on_call,
        (_S.WORDS, _D.NOTHING): _after_words_unsaid,
        (_S.DESK, _D.ANSWERED): _S.END,
        (_S.DESK, _D.UNANSWERED): _at_desk,
        (_S.DESK, _D.TAKEN): _S.END,
        (_S.QUEUE, _D.CALL_ME_BACK): _to_call_back,
        (_S.QUEUE, _D.NOTHING): _after_queue,
        (_S.CALL_BACK, _D.DIGITS): _S.END,
        (_S.CALL_BACK, _D.NOTHING): to_message,
        (_S.ON_CALL, _D.ANSWERED): _S.END,
        (_S.ON_CALL, _D.UNANSWERED): _to_on_call,
        (_S.ON_CALL, _D.TAKEN): _S.END,
        (_S.NOTICE, _D.REFUSES_RECORDING): _S.ONLY_WORDS,
        (_S.NOTICE, _D.NOTHING): _S.MESSAGE,
        (_S.MESSAGE, _D.RECORDED): _S.END,
        (_S.MESSAGE, _D.NOTHING): _S.END,
        (_S.ONLY_WORDS, _D.WORDS): _S.END,
        (_S.ONLY_WORDS, _D.NOTHING): _S.END,
        **{(step, _D.HUNG_UP): _S.END for step in Step if step is not Step.END},
    }
)


def after(step: Step, deed: Deed, offer: Offer) -> Step:
    """Where the caller is after `deed`.

    Raises:
        CallError: the pair is not in `TABLE`; the message names the deeds that are.
    """
    then = TABLE.get((step, deed))
    if then is None:
        possible = ", ".join(sorted(each for at, each in TABLE if at is step)) or "nothing"
        raise CallError(f"a caller at {step} cannot do {deed}; possible: {possible}")
    return then if isinstance(then, Step) else then(offer)
