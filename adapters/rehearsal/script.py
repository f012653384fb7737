"""What a person at a telephone does once connected, step by step.

Each `Press`, `Speak` and `Silence` answers one Gather (or one Record: a `Speak` there is spoken after the tone), each
`Leave` one Record. `HangUp` counts from the moment it is next.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_KEYS = re.compile(r"[0-9*#]+")


@dataclass(frozen=True, slots=True)
class Press:
    """Keys pressed one after the other. With `after_hearing`, only once a text containing it has been heard."""

    keys: str
    after_hearing: str = ""


@dataclass(frozen=True, slots=True)
class Speak:
    """Words said into a Gather that listens to speech, or after the tone of a Record."""

    text: str
    confidence: float = 0.9


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing at all: the Gather or Record runs into its time-out."""


@dataclass(frozen=True, slots=True)
class Leave:
    """A message of `seconds` after the tone, ended by `key`, or by hanging up when `key` is empty."""

    seconds: int
    key: str = "#"


@dataclass(frozen=True, slots=True)
class HangUp:
    """The person hangs up, after this many further verbs or seconds of the call, whichever is given."""

    after_verbs: int = 0
    after_s: float = 0


Step = Press | Speak | Silence | Leave | HangUp
Script = Iterable[Step | str | Mapping[str, object]]


def read_script(items: Script) -> tuple[Step, ...]:
    """The steps that `items` say: steps, strings of keys ("1", "482913#"), or one-step objects as JSON has them.

    Objects: `{"press": "1", "after_hearing": "..."}`, `{"speak": "..."}`, `{"silence": true}`,
    `{"leave": 8, "key": ""}`, `{"hang_up": true, "after_verbs": 2}` or `{"hang_up": true, "after_s": 4}`.

    Raises:
        ValueError: an item is none of these.
    """
    return tuple(_step(item) for item in items)


def _step(item: Step | str | Mapping[str, object]) -> Step:
    if isinstance(item, str):
        if not _KEYS.fullmatch(item):
            raise ValueError(f"{item!r} is no string of keys; to speak, give {{'speak': ...}}")
        return Press(item)
    if isinstance(item, Mapping):
        return _step_of(item)
    return item


def _step_of(item: Mapping[str, object]) -> Step:
    if "press" in item and _KEYS.fullmatch(str(item["press"])):
        return Press(str(item["press"]), str(item.get("after_hearing", "")))
    if "speak" in item:
        return Speak(str(item["speak"]), float(str(item.get("confidence", 0.9))))
    if "silence" in item:
        return Silence()
    if "leave" in item:
        return Leave(int(str(item["leave"])), str(item.get("key", "#")))
    if "hang_up" in item:
        return HangUp(int(str(item.get("after_verbs", 0))), float(str(item.get("after_s", 0))))
    raise ValueError(f"{dict(item)!r} is no step: expected press, speak, silence, leave or hang_up")


class Person:
    """Somebody on a line: a script, and whatever is keyed or said live (`feed`, on the carrier's loop) beside it."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._steps = deque(steps)
        self._fed = asyncio.Event()
        self._live = asyncio.Event()

    def next_step(self) -> Step | None:
        """The step that comes next, left in place; None when the person only listens from here on."""
        return self._steps[0] if self._steps else None

    def take(self) -> None:
        """The next step has been done."""
        self._steps.popleft()
        if not self._steps:
            self._live.clear()

    def put_back(self, step: Step) -> None:
        """What is left of a step, for example keys typed ahead, comes first again."""
        self._steps.appendleft(step)

    def feed(self, step: Step, *, live: bool = False) -> None:
        """One more step; done `live`, by somebody who listens at this moment, it cuts prompts short."""
        self._steps.append(step)
        self._fed.set()
        if live:
            self._live.set()

    async def breaks_in(self) -> None:
        """Returns as soon as there is a step that was done live and not taken yet."""
        await self._live.wait()

    async def live_step(self) -> None:
        """Returns as soon as there is a step to do."""
        while not self._steps:
            self._fed.clear()
            await self._fed.wait()
