"""Which key, which words are which deed: by where the caller is and by the door.

Every key that is announced has its word, and whatever is said in a sentence is kept as words. The keys of the open menu
are those of V-04, outside hours with on-call duty those of V-06. Source: T-IVR; X20 (key and voice).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.domain.call import OURS, Deed, Door, Step

MOST_WORDS = 4
"""So many words may be a choice; more of them are what it is about."""

_EVERYWHERE = {"0": Deed.REPEAT, "3": Deed.COMPLAINT, "5": Deed.ENGLISH, "6": Deed.HAS_NUMBER}
_CLOSED = {**_EVERYWHERE, "2": Deed.LEAVE_MESSAGE, "4": Deed.INFORMATION}

MENU_KEYS: Mapping[Door, Mapping[str, Deed]] = MappingProxyType(
    {
        Door.OPEN: {**_EVERYWHERE, "1": Deed.PROBLEM, "2": Deed.INFORMATION},
        Door.ON_CALL: {**_CLOSED, "1": Deed.URGENT},
        Door.CLOSED: {**_CLOSED, "1": Deed.PROBLEM},
        Door.ELSEWHERE: {"0": Deed.REPEAT, "2": Deed.LEAVE_MESSAGE, "5": Deed.ENGLISH},
        Door.OVER: {"0": Deed.REPEAT, "2": Deed.LEAVE_MESSAGE, "5": Deed.ENGLISH},
    }
)
NO_RECORDING = "9"
CALL_ME_BACK = "1"
URGENT = "1"
CONFIRM = "1"
CODE_DIGITS = 6
"""Digits of the code of a page."""
_MENUS = (Step.MENU, Step.MENU_AGAIN)
_DIGITS = (Step.OWN_NUMBER, Step.CALL_BACK)
_SPOKEN = (Step.WHO, Step.WORDS)

_SAID: Mapping[str, tuple[tuple[Deed, tuple[str, ...]], ...]] = MappingProxyType(
    {
        "it": (
            (Deed.COMPLAINT, ("reclamo", "reclami", "lamentela", "protesta")),
            (Deed.INFORMATION, ("informazione", "informazioni", "chiarimento", "chiarimenti", "orari")),
            (Deed.REPEAT, ("ripeti", "ripetere", "ripeta", "riascoltare")),
            (Deed.ENGLISH, ("inglese", "english")),
            (Deed.LEAVE_MESSAGE, ("messaggio", "segreteria")),
            (Deed.HAS_NUMBER, ("numero della richiesta", "ho già un numero")),
            (Deed.PROBLEM, ("problema", "problemi", "guasto", "errore", "assistenza", "operatore", "persona")),
        ),
        "en": (
            (Deed.COMPLAINT, ("complaint", "complain")),
            (Deed.INFORMATION, ("information", "question")),
            (Deed.REPEAT, ("repeat", "again")),
            (Deed.LEAVE_MESSAGE, ("message", "voicemail")),
            (Deed.HAS_NUMBER, ("request number", "have a number")),
            (Deed.PROBLEM, ("problem", "error", "support", "help", "operator", "person")),
        ),
    }
)
"""The words of each choice, by language; the first that is found counts."""
_DIGITS_SAID: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "it": ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"),
        "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    }
)


def hints(step: Step, language: str) -> tuple[str, ...]:
    """The words that the recognition of speech may expect at a step."""
    if step not in _MENUS:
        return ()
    return tuple(words[0] for _, words in _SAID.get(language, _SAID["it"]))


def deed_of_keys(step: Step, door: Door, keys: str, *, recorded: bool = False) -> Deed:
    """What the keys mean where the caller is; a key that means nothing here is as silence (S172).

    `recorded`: conversations are recorded, and the menu says that nine refuses it (V-03, S162). Fewer digits than a
    code has are no attempt at one: whoever reads it off the same telephone may be slow.
    """
    if step in _MENUS:
        if keys == NO_RECORDING and recorded:
            return Deed.REFUSES_RECORDING
        return MENU_KEYS[door].get(keys, Deed.NOTHING)
    if step in _DIGITS:
        return Deed.DIGITS if keys.strip("*#").isdigit() else Deed.NOTHING
    if step in OURS:
        return _of_ours(step, keys)
    if step in _SPOKEN and keys == URGENT and door is Door.ON_CALL:
        return Deed.URGENT
    if step is Step.QUEUE and keys == CALL_ME_BACK:
        return Deed.CALL_ME_BACK
    if step is Step.NOTICE and keys == NO_RECORDING:
        return Deed.REFUSES_RECORDING
    return Deed.NOTHING


def _of_ours(step: Step, keys: str) -> Deed:
    digits = keys.strip("*#")
    if step is Step.WATCH:
        return Deed.CONFIRMS if digits == CONFIRM else Deed.NOTHING
    if not digits:
        return Deed.NOTHING
    return Deed.DIGITS if len(digits) == CODE_DIGITS else Deed.INCOMPLETE


def deed_of_words(step: Step, door: Door, words: str, language: str, *, urgent: bool) -> Deed:
    """What spoken words mean where the caller is. `urgent`: they hold one of the contract's urgent words.

    An urgent word outside hours is the urgent choice (DESIGN, "Whom to wake"); at the desk it is part of the words.
    """
    if not words.strip():
        return Deed.NOTHING
    spoken_to = step in _MENUS or step in _SPOKEN
    if spoken_to and urgent and door is Door.ON_CALL:
        return Deed.URGENT
    if step in _MENUS:
        return _choice(door, words, language)
    return Deed.WORDS if step in (*_SPOKEN, Step.ONLY_WORDS) else Deed.NOTHING


def _choice(door: Door, words: str, language: str) -> Deed:
    """One of the announced choices, if the caller said little else; what is not announced here is taken as words."""
    said = "".join(c if c.isalnum() else " " for c in words.casefold()).split()
    if len(said) > MOST_WORDS:
        return Deed.WORDS
    digits = _DIGITS_SAID.get(language, _DIGITS_SAID["it"])
    if len(said) == 1 and said[0] in digits:
        return MENU_KEYS[door].get(str(digits.index(said[0])), Deed.NOTHING)
    offered, plain = set(MENU_KEYS[door].values()), f" {' '.join(said)} "
    for deed, known in _SAID.get(language, _SAID["it"]):
        if deed in offered and any(f" {each} " in plain for each in known):
            return deed
    return Deed.WORDS
