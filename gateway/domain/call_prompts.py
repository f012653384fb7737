"""What is said on the way into a step: which texts, in DOMAIN's order, and the verb that waits for the caller.

Nothing is decided here: the step comes from `call.TABLE`. Before the first choice no more is said than fits into 20
seconds (DOMAIN 10): the fullest wording that fits is taken. Texts are ids of the catalogue; `fill` puts them in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.domain.call import (
    HAS_MENU,
    OURS,
    Deed,
    Door,
    Gather,
    Hangup,
    Offer,
    Record,
    Redirect,
    Ring,
    Say,
    Script,
    Step,
)
from gateway.domain.call_meaning import CODE_DIGITS, hints

Fill = Callable[[str], Say]
"""The words of a text of the catalogue, in the language of the call."""

SPOKEN_CHARACTERS_A_SECOND = 15
LONGEST_BEFORE_CHOICE_S = 20
MENU_TIMEOUT_S = 8
"""How long a caller may think before the menu is repeated (S172)."""
_A_CHOICE = re.compile(r"\bprem|\bpress\b|lasciare un messaggio|leave a message", re.IGNORECASE)
_MENUS = (Step.MENU, Step.MENU_AGAIN)


@dataclass(frozen=True, slots=True)
class Opening:
    """What the announcement is made of: the text of the opening state (`V-10`, `V-14`, …), and what else is said.

    `recorded`: conversations are recorded, so V-03 comes first. `english`: the call can go on in English.
    """

    state_id: str
    desk: bool
    recorded: bool = False
    english: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """From where, by what, to where. `frm` None: the call begins."""

    frm: Step | None
    deed: Deed | None
    to: Step


# --------------------------------------------------------------------------------------------------------- the opening


def opening_ids(opening: Opening, door: Door, fill: Fill) -> tuple[str, ...]:
    """Greeting, privacy notice, recording notice, danger line, hours or menu (DOMAIN 10), as long as 20 s allow."""
    variants = [
        _opening(opening, door, greeting, notices, choice_first=first) for greeting, notices, first in _WORDINGS
    ]
    fitting = (ids for ids in variants if seconds_before_choice(ids, fill) <= LONGEST_BEFORE_CHOICE_S)
    return next(fitting, variants[-1])


_WORDINGS = (("", "", False), ("", "-SHORT", False), ("", "-SHORT", True), ("-SHORT", "-SHORT", True))
"""What is said in short: the greeting, the notices; and whether the hours come after the choice. The fullest first."""


def _opening(opening: Opening, door: Door, greeting: str, notices: str, *, choice_first: bool) -> tuple[str, ...]:
    welcome = "V-01" if door is Door.OPEN and opening.desk and not greeting else f"V-00{greeting}"
    notice = (f"V-03{notices}",) if opening.recorded else ()
    return (welcome, f"V-02{notices}", *notice, "V-17", *menu_ids(opening, door, choice_first=choice_first))


def menu_ids(opening: Opening, door: Door, *, choice_first: bool = False) -> tuple[str, ...]:
    """The hours or the state, the choices, and English for whom it is easier."""
    more = ("V-ENGLISH",) if opening.english else ()
    if door is Door.OPEN:
        return ("V-04", "V-04-MORE", *more)
    if door is Door.ON_CALL:
        return (*(("V-06-SHORT", "V-CLOSED") if choice_first else ("V-06", "V-REOPENS")), "V-MORE", *more)
    if door is Door.CLOSED and choice_first and opening.state_id == "V-CLOSED":
        return ("V-REOPENS", "V-MORE", opening.state_id, *more)
    if door is Door.CLOSED:
        return (opening.state_id, "V-MORE", *more)
    return (opening.state_id, *more)


def seconds_before_choice(ids: Sequence[str], fill: Fill) -> float:
    """How long is spoken before a key or a message is offered for the first time, in seconds; all when none is."""
    words = " ".join(fill(text_id).text for text_id in ids)
    first = _A_CHOICE.search(words)
    return (first.start() if first else len(words)) / SPOKEN_CHARACTERS_A_SECOND


# -------------------------------------------------------------------------------------------------------- on the way in


def lead_ids(move: Move, offer: Offer) -> tuple[str, ...]:
    """What is said before the step itself: what was understood, the number, who comes to the telephone."""
    frm, to = move.frm, move.to
    if to is Step.END:
        return _goodbye(move, offer)
    if to in OURS:
        return _asked_of_ours(move)
    if to in (Step.DESK, Step.ON_CALL):
        return _connecting(move, offer)
    if frm is Step.ON_CALL or move.deed is Deed.URGENT:
        return ("V-09",) if to is Step.NOTICE else ("V-09-SAY",)
    if to is Step.QUEUE:
        return _introduced(offer, frm) if frm in (*_MENUS, Step.OWN_NUMBER) else ()
    if frm is Step.QUEUE and to is not Step.CALL_BACK:
        return ("V-QUEUE-OVER",)
    if frm in _MENUS and to in (Step.WHO, Step.WORDS, Step.NOTICE):
        silent = move.deed is Deed.NOTHING and offer.door in HAS_MENU
        return ("V-16-MESSAGE", "V-NUMBER-SHORT") if silent else ("V-NUMBER-SHORT",)
    return _introduced(offer, frm) if frm is Step.OWN_NUMBER and to not in _MENUS else ()


def _asked_of_ours(move: Move) -> tuple[str, ...]:
    if move.to is Step.WATCH:
        return ("V-WATCH",)
    return ("V-WRONG-CODE",) if move.deed is Deed.DIGITS else ("V-CODE",)


def _connecting(move: Move, offer: Offer) -> tuple[str, ...]:
    if move.frm in (Step.DESK, Step.QUEUE, Step.ON_CALL):
        return ()
    if move.to is Step.ON_CALL:
        return ("V-NUMBER-SHORT", "V-07")
    where = ("V-18",) if offer.abroad else ()
    if move.deed is Deed.NOTHING:
        return ("V-16", "V-NUMBER-SHORT", *where)
    return (*_introduced(offer, move.frm), *where, "V-CONNECTING")


def _introduced(offer: Offer, frm: Step | None) -> tuple[str, ...]:
    """The number that the request has, or had already."""
    if frm is not Step.OWN_NUMBER:
        return ("V-NUMBER-SHORT",)
    return ("V-OWN-FOUND",) if offer.found else ("V-OWN-UNKNOWN", "V-NUMBER-SHORT")


def _goodbye(move: Move, offer: Offer) -> tuple[str, ...]:
    """The end: what becomes of the request, by when, its number. Never less than the number and a farewell."""
    if move.frm in OURS:
        return (offer.settled or "V-GOODBYE",)
    if move.deed is Deed.ANSWERED:
        return ("V-GOODBYE",)
    if move.deed is Deed.TAKEN:
        return ("V-TAKEN", "V-NUMBER", "V-GOODBYE")
    if move.deed is Deed.CALL_ME_BACK or move.frm is Step.CALL_BACK:
        return ("V-CALL-BACK", "V-NUMBER", "V-GOODBYE")
    if move.deed is Deed.RECORDED:
        return ("V-12", *_by_when(offer), "V-GOODBYE")
    if move.deed is Deed.NOTHING and not offer.told:
        return ("V-NO-INPUT", "V-NUMBER", "V-GOODBYE")
    return ("V-NUMBER", *_by_when(offer), "V-GOODBYE")


def _by_when(offer: Offer) -> tuple[str, ...]:
    """The due time of the contract, which every text tells alike; without a term, the next opening."""
    if offer.due:
        return ("V-DUE",)
    return ("V-NEXT",) if offer.reopens else ()


# --------------------------------------------------------------------------------------------------------- the script


def script_for(
    move: Move, offer: Offer, opening: Opening, fill: Fill, *, language: str, ring: Ring | None = None
) -> Script:
    """Everything that the caller hears now, ending in a verb that waits, rings, or ends the call.

    `ring` are the telephones of the steps `desk` and `on_call`, chosen by the caller of this function.

    Raises:
        ValueError: such a step without telephones.
    """
    to = move.to
    lead = _fill(lead_ids(move, offer), fill)
    if to is Step.END:
        return (*lead, Hangup())
    if to in (Step.DESK, Step.ON_CALL):
        if ring is None:
            raise ValueError(f"nobody's telephone is to ring at {to}")
        return (*lead, ring)
    if to is Step.MESSAGE:
        return (*lead, fill("V-MESSAGE"), Record(to), Redirect(to))
    if to in _MENUS:
        return _menu(move, offer, opening, fill, language)
    return _asked(to, (*lead, *_fill(_question_ids(to, offer), fill)))


def _fill(ids: Sequence[str], fill: Fill) -> tuple[Say, ...]:
    return tuple(fill(text_id) for text_id in ids)


def _menu(move: Move, offer: Offer, opening: Opening, fill: Fill, language: str) -> Script:
    """The announcement when the call begins or changes its language, the choices alone when they are heard again."""
    fresh = move.frm in (None, *OURS) or move.deed in (Deed.ENGLISH, Deed.REFUSES_RECORDING)
    ids = opening_ids(opening, offer.door, fill) if fresh else menu_ids(opening, offer.door)
    before = _MENU_LEADS.get(move.deed, ()) if move.deed else ()
    lead = _fill(("V-CODE-BLOCKED",) if offer.blocked else before, fill)
    gather = Gather(
        move.to,
        (*lead, *_fill(ids, fill)),
        timeout_s=MENU_TIMEOUT_S,
        speech=True,
        hints=hints(move.to, language),
    )
    return (gather, Redirect(move.to))


_MENU_LEADS = {
    Deed.REFUSES_RECORDING: ("V-NOT-RECORDED",),
    Deed.DIGITS: ("V-CODE-OVER",),
    Deed.INCOMPLETE: ("V-CODE-OVER",),
}
"""What is said before the menu: nothing is recorded, or no code was right."""


def _question_ids(step: Step, offer: Offer) -> tuple[str, ...]:
    return {
        Step.CODE: (),
        Step.WATCH: (),
        Step.OWN_NUMBER: ("V-OWN-NUMBER",),
        Step.WHO: ("V-13",),
        Step.WORDS: ("V-SPEAK", "V-STILL-URGENT") if offer.door is Door.ON_CALL else ("V-SPEAK",),
        Step.QUEUE: ("V-POSITION", "V-05"),
        Step.CALL_BACK: ("V-CALL-BACK-NUMBER",),
        Step.NOTICE: ("V-03",),
        Step.ONLY_WORDS: ("V-NOT-RECORDED", "V-SPEAK"),
    }[step]


_KEYED = {Step.OWN_NUMBER: 0, Step.CALL_BACK: 0, Step.CODE: CODE_DIGITS}
"""How many digits are asked for, where it is not one key."""
_WAITS_S = {Step.OWN_NUMBER: 8, Step.CALL_BACK: 8, Step.CODE: 15, Step.QUEUE: 6, Step.NOTICE: 3}
"""How long an answer is waited for; a code is read off a text on the telephone that calls."""
_SPOKEN = (Step.WHO, Step.WORDS, Step.ONLY_WORDS)


def _asked(step: Step, prompts: tuple[Say, ...]) -> Script:
    """A question with its time to answer; silence comes back to the same step and is a deed of its own."""
    asked = Gather(step, prompts, digits=_KEYED.get(step, 1), timeout_s=_WAITS_S.get(step, 5), speech=step in _SPOKEN)
    return (asked, Redirect(step))
