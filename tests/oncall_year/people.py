"""The technicians: each has a telephone that may be off, and a mind of their own about what it says."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import datetime

from tests.oncall_year.agenda import Span, covers

CODE = re.compile(r"OK (\d{6})")
TO_KEY = re.compile(r"chiama \+\d+(?: e digita|, codice) (\d{6})")
CALL_TO_CONFIRM = re.compile(r"Per confermare chiama \+\d+ e premi 1")
ASKED_TO_SWAP = "ti chiede di coprire"
"""They think it over, and answer by the command: `Year._swap` says what, and when."""


@dataclass(slots=True)
class Technician:
    """Somebody of the directory. `off` are the times in which the telephone is off or out of reach."""

    id: str
    number: str
    off: list[Span] = field(default_factory=list)

    def is_reachable(self, at: datetime) -> bool:
        """Whether the telephone rings."""
        return not covers(self.off, at)

    def reply_to(self, text: str, rng: random.Random) -> str | None:
        """What is written back to an SMS; None: nothing."""
        if "Rispondi OK per confermare" in text:
            return "ok" if rng.random() < 0.8 else None
        if ASKED_TO_SWAP in text:
            return None
        code = CODE.search(text)
        if code is None:
            return None
        said = rng.random()
        answers = ((0.55, f"OK {code[1]}"), (0.62, f"no {code[1]}"), (0.66, "Ok"), (0.69, "chi parla?"),
                   (0.71, "OK 000000"))  # fmt: skip
        return next((answer for chance, answer in answers if said < chance), None)

    def calls_back(self, text: str, rng: random.Random) -> list[str]:
        """What is keyed, one after the other, in a call to us because of an SMS that takes no reply; empty: no call."""
        if CALL_TO_CONFIRM.search(text):
            return ["1"] if rng.random() < 0.8 else []
        code = TO_KEY.search(text)
        if code is None:
            return []
        right, said = code[1], rng.random()
        calls = ((0.5, [right]), (0.58, [right[:4], right]), (0.64, ["000000", right]), (0.67, ["000000"] * 3),
                 (0.71, [right[:2]]))  # fmt: skip
        return next((keys for chance, keys in calls if said < chance), [])

    def picks_up(self, rng: random.Random) -> str:
        """What becomes of a call that rings: a key, a machine, nobody, busy, or hung up without a key."""
        said = rng.random()
        answers = ((0.5, "1"), (0.56, "2"), (0.7, "machine"), (0.9, "no-answer"), (0.95, "busy"), (1.0, "hang up"))
        return next(answer for chance, answer in answers if said < chance)
