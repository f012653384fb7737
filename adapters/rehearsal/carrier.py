"""The stand-in carrier: what tests, the demo and operators hold in their hands.

Everything happens on the loop that `attach` is called on (server.py gives it one of its own); the methods here may be
called from any other thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, TypeVar

from adapters.rehearsal.courier import API_VERSION, Answer, Courier, Gateway
from adapters.rehearsal.exchange import Exchange
from adapters.rehearsal.faults import Faults
from adapters.rehearsal.line import Ended
from adapters.rehearsal.phones import Phones
from adapters.rehearsal.records import Account, Call, Clock, Message, Recording, Records, Trouble
from adapters.rehearsal.script import Script, read_script
from adapters.rehearsal.texts import Texts

T = TypeVar("T")
_CALL_TIMEOUT_S = 30.0
log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The time on the wall."""
    return datetime.now(UTC)


class Carrier:
    """A carrier with one account. `seconds_scale` 0.01 lets a telephone second pass in a hundredth of one."""

    def __init__(
        self, account: Account, *, clock: Clock = utc_now, seconds_scale: float = 1.0, seed: str | None = None
    ) -> None:
        if seconds_scale <= 0:
            raise ValueError(f"seconds_scale must be above 0, not {seconds_scale}")
        self.account = account
        self.base_url = ""
        self.phones = Phones()
        self.faults = Faults()
        self.records = Records(clock, seed)
        self.courier = Courier(account, self.records)
        parts = (account, self.records, self.courier, self.phones)
        self.texts = Texts(*parts, scale=seconds_scale, spawn=self.spawn)
        self.exchange = Exchange(*parts, scale=seconds_scale, spawn=self.spawn)
        self.exchange.media_url = self.media_url
        self.closing = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: set[asyncio.Task[Any]] = set()

    # ------------------------------------------------------------------------------------------------- what happened

    @property
    def messages(self) -> list[Message]:
        """Texts that the gateway sent, oldest first."""
        return [message for message in self.records.messages if message.direction != "inbound"]

    @property
    def received_messages(self) -> list[Message]:
        """Texts that telephones sent to us."""
        return [message for message in self.records.messages if message.direction == "inbound"]

    @property
    def calls(self) -> list[Call]:
        """Calls that the gateway placed by REST."""
        return [call for call in self.records.calls if call.direction == "outbound-api"]

    @property
    def received_calls(self) -> list[Call]:
        """Calls that telephones placed to us."""
        return [call for call in self.records.calls if call.direction == "inbound"]

    @property
    def dialled_calls(self) -> list[Call]:
        """Legs that a Dial of the gateway added."""
        return [call for call in self.records.calls if call.direction == "outbound-dial"]

    @property
    def recordings(self) -> list[Recording]:
        return self.records.recordings

    @property
    def errors(self) -> list[Trouble]:
        """What the gateway answered that the carrier could not use: unknown verbs, HTTP errors, unreachable URLs."""
        return self.records.troubles

    def media_url(self, recording: Recording) -> str:
        """Where a recording can be fetched, without its ending (.wav or .mp3)."""
        return f"{self.base_url}/{API_VERSION}/Accounts/{self.account.sid}/Recordings/{recording.sid}"

    # ----------------------------------------------------------------------------------------------- making it happen

    def connect(self, gateway: Gateway) -> None:
        """From now on the gateway is there."""
        self.courier.gateway = gateway

    def place_call(self, from_: str, script: Script = (), to: str = "") -> Call:
        """The telephone `from_` calls one of our numbers (the account's first) and does what `script` says.

        Returns at once; `wait_idle()` waits for the end of the call.
        """
        steps = read_script(script)
        return self.run(self.placed_call(from_, steps, to or self.account.number))

    async def placed_call(self, from_: str, steps: tuple[Any, ...], to: str) -> Call:
        call = self.records.add_call(from_, to, direction="inbound")
        self.spawn(self.exchange.inbound(call, steps))
        return call

    def send_sms(self, from_: str, body: str, to: str = "", *, times: int = 1) -> Message:
        """The telephone `from_` texts one of our numbers; with `times` 2 the gateway hears of it twice, with one id."""
        return self.run(self.sent_sms(from_, body, to or self.account.number, times))

    async def sent_sms(self, from_: str, body: str, to: str, times: int = 1) -> Message:
        return self.texts.text_us(from_, to, body, times)

    def press(self, number: str, *script: object) -> bool:
        """The person at `number` does these steps in the call going on; false when there is none."""
        return self.run(self.pressed(number, script))

    async def pressed(self, number: str, script: tuple[Any, ...]) -> bool:
        leg = self.exchange.leg_of(number)
        if leg is None:
            return False
        for step in read_script(script):
            leg.act(step)
        return True

    def pick_up(self, number: str) -> bool:
        """Somebody picks the ringing telephone up by hand; false when it does not ring."""
        return self.run(self.picked_up(number))

    async def picked_up(self, number: str, *, by_machine: bool = False) -> bool:
        """As `pick_up`; with `by_machine` it is the telephone's answering machine that answers now."""
        leg = self.exchange.leg_of(number)
        if leg is None or leg.call.status != "ringing" or leg.call.to != number:
            return False
        leg.line.by_machine = by_machine
        leg.line.picked_up.set()
        return True

    def hang_up(self, number: str) -> bool:
        """The person at `number` hangs up, or refuses the ringing call; false when there is none."""
        return self.run(self.hung_up(number))

    async def hung_up(self, number: str) -> bool:
        leg = self.exchange.leg_of(number)
        if leg is None:
            return False
        refused = leg.call.status in {"queued", "ringing"} and leg.call.to == number
        leg.line.break_in(Ended("busy" if refused else "completed"))
        return True

    def post_json(self, url: str, body: bytes) -> Answer | None:
        """Post a signed JSON body to the gateway; its answer, None after an error (see `errors`)."""
        return self.run(self.courier.carry_json(url, body))

    def reset(self) -> None:
        """Begin anew: everything in flight is dropped, everything that happened forgotten, every telephone gone."""
        self.run(self._drop())
        self.records.clear()
        self.phones.clear()
        self.faults.clear()
        self.exchange.pace.speech = 1.0

    def wait_idle(self, timeout: float = 10.0) -> None:
        """Wait until no call, text or callback is in flight.

        Raises:
            TimeoutError: something still is after `timeout` real seconds.
        """
        until = time.monotonic() + timeout
        while not self.run(self._settle(max(0.0, until - time.monotonic()))):
            if time.monotonic() >= until:
                raise TimeoutError(f"{len(self._jobs)} calls or callbacks still in flight after {timeout} s")

    @property
    def idle(self) -> bool:
        return not self._jobs

    async def _settle(self, patience_s: float) -> bool:
        if self._jobs:
            await asyncio.wait(set(self._jobs), timeout=min(patience_s, _CALL_TIMEOUT_S / 2))
        return not self._jobs

    # ----------------------------------------------------------------------------------------------------- on the loop

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Everything runs on `loop` from now on."""
        self._loop = loop

    def stop_waiting(self) -> None:
        """Requests that a fault keeps without an answer are cut now."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.closing.set)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, done on the carrier's loop.

        Raises:
            RuntimeError: the carrier is not running, or is asked from its own loop.
        """
        if self._loop is None:
            work.close()
            raise RuntimeError("the stand-in carrier is not running: start it first")
        if _running_loop() is self._loop:
            work.close()
            raise RuntimeError("asked from the carrier's own loop: await the inner method instead")
        result: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return result.result(_CALL_TIMEOUT_S)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `work` on the carrier's loop; `wait_idle` waits for it."""
        job = asyncio.get_running_loop().create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._done)
        return job

    def _done(self, job: asyncio.Task[Any]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and job.exception() is not None:
            log.error("a job of the stand-in carrier failed", exc_info=job.exception())

    async def close(self) -> None:
        """End whatever is in flight, for good."""
        self.closing.set()
        await self._drop()
        await self.courier.close()
        self._loop = None

    async def _drop(self) -> None:
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        self.exchange.drop_lines()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
