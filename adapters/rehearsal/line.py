"""One leg of a call while it lasts: its telephone time, and the ways it can be broken into from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from adapters.rehearsal.courier import Errand
from adapters.rehearsal.records import Call
from adapters.rehearsal.script import HangUp, Person, Press, Speak, Step
from adapters.rehearsal.twiml import Document


class Ended(Exception):  # noqa: N818 - a call that ends is no error
    """The call is over, with this status."""

    def __init__(self, status: str = "completed") -> None:
        super().__init__(status)
        self.status = status


class Diverted(Exception):  # noqa: N818 - as Ended
    """The live call goes on with another document, as the REST API asked."""

    def __init__(self, target: Errand | Document) -> None:
        super().__init__()
        self.target = target


class Line:
    """Telephone time of one leg: `scale` real seconds pass for each of its seconds."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._broken = asyncio.Event()
        self._interruption: Ended | Diverted | None = None
        self.picked_up = asyncio.Event()
        self.by_machine = False
        """What picked up by hand's order is the telephone's answering machine."""
        self.elapsed_s = 0.0

    def break_in(self, interruption: Ended | Diverted) -> None:
        """Whatever is going on stops with `interruption`."""
        self._interruption = interruption
        self._broken.set()

    async def wait(self, seconds: float, until: Coroutine[Any, Any, object] | None = None) -> bool:
        """Let `seconds` pass; true when `until` came first.

        Raises:
            Ended, Diverted: somebody broke in.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        broken = asyncio.create_task(self._broken.wait())
        awaited = asyncio.ensure_future(until) if until is not None else None
        waiting: set[asyncio.Future[Any]] = {broken} | ({awaited} if awaited else set())
        try:
            done, _ = await asyncio.wait(waiting, timeout=seconds * self._scale, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        self.elapsed_s += min(seconds, (loop.time() - began) / self._scale) if done else seconds
        self.check()
        return awaited is not None and awaited in done

    def check(self) -> None:
        """Raises what somebody broke in with, once."""
        interruption, self._interruption = self._interruption, None
        self._broken.clear()
        if interruption is not None:
            raise interruption


@dataclass(slots=True)
class Leg:
    """A call with its line and the person at the far end, who may hang up by script."""

    call: Call
    line: Line
    person: Person = field(default_factory=Person)
    talked_s: float = 0.0
    """How long the person has talked to whoever a Dial put them through to."""
    other: Leg | None = None
    """Whom the person is put through to at this moment."""
    _hangs_up_at_s: float | None = None
    _verbs_left: int | None = None

    def act(self, step: Step) -> None:
        """The person does something now: said to whoever they talk to, else meant for the gateway."""
        if self.other is None:
            self.person.feed(step, live=True)
            return
        words = step.text if isinstance(step, Speak) else step.keys if isinstance(step, Press) else ""
        if words:
            self.call.told.append(("said" if isinstance(step, Speak) else "key", words))
            self.other.call.told.append(("heard", words))

    async def pass_time(self, seconds: float, until: Coroutine[Any, Any, object] | None = None) -> bool:
        """Let `seconds` of the call pass; true when `until` came first.

        Raises:
            Ended: the person hung up meanwhile.
        """
        self._arm()
        if self._hangs_up_at_s is None or self._hangs_up_at_s > self.line.elapsed_s + seconds:
            return await self.line.wait(seconds, until)
        if await self.line.wait(max(0.0, self._hangs_up_at_s - self.line.elapsed_s), until):
            return True
        raise Ended

    def next_verb(self, name: str) -> None:
        """A verb begins.

        Raises:
            Ended: the person has heard enough.
        """
        self._arm()
        if self._verbs_left is not None:
            if self._verbs_left == 0:
                raise Ended
            self._verbs_left -= 1
        self.call.verbs.append(name)

    def _arm(self) -> None:
        step = self.person.next_step()
        if not isinstance(step, HangUp) or self._hangs_up_at_s is not None or self._verbs_left is not None:
            return
        if step.after_verbs:
            self._verbs_left = step.after_verbs
        else:
            self._hangs_up_at_s = self.line.elapsed_s + step.after_s
