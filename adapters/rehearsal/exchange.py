"""The life of calls: those the gateway places, those that come in, and the legs that a Dial adds."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.rehearsal.courier import Courier, Errand, call_params
from adapters.rehearsal.faults import Kind, Struck
from adapters.rehearsal.line import Diverted, Ended, Leg, Line
from adapters.rehearsal.phones import Phone, Phones, Ring
from adapters.rehearsal.records import Account, Call, Recording, Records
from adapters.rehearsal.reports import DEFAULT_EVENTS, CallReports, Reports
from adapters.rehearsal.script import Person, Step
from adapters.rehearsal.texts import Spawn
from adapters.rehearsal.twiml import Document, Verb, read_twiml
from adapters.rehearsal.walk import Dialled, Pace, Switch, Walk

FOREVER_S = 4 * 3600.0
DETECTION_S = 3.0
GREETING_S = 8.0
BUSY_TONE_S = 1.0
DEFAULT_RING_S = 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """What the gateway asked for when it placed a call."""

    target: Errand | Document
    fallback: Errand | None = None
    status_callback: str = ""
    status_method: str = "POST"
    events: frozenset[str] = DEFAULT_EVENTS
    ring_s: float = DEFAULT_RING_S
    detection: str = ""
    detection_is_async: bool = False
    detection_callback: str = ""


@dataclass(slots=True)
class Party:
    """A telephone that is being called: its leg, and who hears how it goes."""

    leg: Leg
    phone: Phone
    reports: CallReports
    ready: bool = False
    ring_s: float = field(default=DEFAULT_RING_S)


class Exchange:
    """Runs calls. `scale` real seconds pass for each second on the telephone."""

    def __init__(
        self, account: Account, records: Records, courier: Courier, phones: Phones, *, scale: float, spawn: Spawn
    ) -> None:
        self._account = account
        self._records = records
        self._courier = courier
        self._phones = phones
        self._scale = scale
        self._spawn = spawn
        self._live: dict[str, Leg] = {}
        self.media_url: Callable[[Recording], str] = lambda recording: recording.sid
        self.pace = Pace()

    # ------------------------------------------------------------------------------------------ calls of the gateway

    async def outbound(self, call: Call, order: Order, struck: Struck) -> None:
        """Call a telephone for the gateway and walk its TwiML when somebody or something answers."""
        if Kind.SILENT in struck:
            return
        reports = Reports(self._courier, call.sid, order.status_callback, method=order.status_method, struck=struck)
        party = self._party(call, CallReports(self._account, call, reports, order.events), order.ring_s)
        try:
            await party.reports.tell("initiated")
            await self._ring(party)
            await party.reports.tell("answered")
            start = await self._detect(party, order)
            await self._walk(party.leg, start, order.fallback)
            await self._over(party, "completed")
        except Ended as ended:
            await self._over(party, ended.status)

    def _party(self, call: Call, reports: CallReports, ring_s: float) -> Party:
        leg = Leg(call, Line(self._scale))
        self._live[call.sid] = leg
        return Party(leg, self._phones[call.to], reports, ring_s=ring_s)

    async def _ring(self, party: Party) -> None:
        """Until the telephone is picked up.

        Raises:
            Ended: it is off or busy, nobody came, or the call was canceled.
        """
        leg, behaviour = party.leg, party.phone.behaviour
        leg.line.check()
        if behaviour.ring is Ring.OFF:
            raise Ended(behaviour.call_status_when_off)
        party.phone.calls.append(leg.call)
        if behaviour.ring is Ring.BUSY:
            await leg.line.wait(BUSY_TONE_S)
            raise Ended("busy")
        self._become(leg.call, "ringing")
        await party.reports.tell("ringing")
        comes = behaviour.ring in {Ring.ANSWERS, Ring.VOICEMAIL} and behaviour.answers_after_s < party.ring_s
        rings_s = behaviour.answers_after_s if comes else party.ring_s
        by_hand = await leg.line.wait(rings_s, until=leg.line.picked_up.wait())
        if not (by_hand or comes):
            raise Ended("no-answer")
        for step in behaviour.script if behaviour.ring is Ring.ANSWERS and not by_hand else ():
            leg.person.feed(step)
        leg.line.elapsed_s = 0.0
        if _is_machine(party):
            leg.call.told.append(("machine", ""))
        self._become(leg.call, "in-progress")
        leg.call.started_at = leg.call.updated_at

    async def _detect(self, party: Party, order: Order) -> Errand | Document:
        """Where to start walking, after the answering machine detection that was asked for."""
        if not order.detection:
            return order.target
        machine = _is_machine(party)
        patient = machine and order.detection == "DetectMessageEnd"
        verdict = ("machine_end_beep" if patient else "machine_start") if machine else "human"
        seconds = GREETING_S if patient else DETECTION_S
        if order.detection_is_async:
            self._spawn(self._tell_detected(party, order, verdict, seconds))
            return order.target
        try:
            await party.leg.line.wait(seconds)
        except Diverted as diverted:
            return diverted.target
        party.leg.call.answered_by = verdict
        return order.target

    async def _tell_detected(self, party: Party, order: Order, verdict: str, seconds: float) -> None:
        await asyncio.sleep(seconds * self._scale)
        call = party.leg.call
        call.answered_by = verdict
        if order.detection_callback:
            params = call_params(self._account, call, ("MachineDetectionDuration", str(int(seconds * 1000))))
            await self._courier.carry(Errand(order.detection_callback, params), call.sid)

    async def _walk(self, leg: Leg, start: Errand | Document, fallback: Errand | Document | None = None) -> None:
        switch = Switch(self._account, self._records, self._courier, self.media_url, self._dial, self._later, self.pace)
        await Walk(switch, leg, fallback).run(start)

    def _later(self, errand: Errand, sid: str) -> None:
        self._spawn(self._courier.carry(errand, sid))

    def _become(self, call: Call, status: str) -> None:
        call.status = status
        call.updated_at = self._records.now()

    async def _over(self, party: Party, status: str) -> None:
        self._finish(party.leg, status)
        await party.reports.tell("completed")
        await party.reports.close()

    def _finish(self, leg: Leg, status: str) -> None:
        self._live.pop(leg.call.sid, None)
        self._become(leg.call, status)
        leg.call.doing = ""
        leg.call.ended_at = leg.call.updated_at
        leg.call.duration_s = math.ceil(leg.line.elapsed_s) if leg.call.started_at else 0

    # ----------------------------------------------------------------------------------------------------- calls to us

    async def inbound(self, call: Call, steps: tuple[Step, ...]) -> None:
        """Somebody calls one of our numbers and goes through what the gateway answers."""
        gateway = self._courier.gateway
        leg = Leg(call, Line(self._scale), Person(steps))
        self._live[call.sid] = leg
        self._phones[call.caller].calls.append(call)
        self._become(call, "ringing")
        try:
            own = read_twiml(gateway.fallback.encode(), gateway.voice_url) if gateway and gateway.fallback else None
            await self._walk(leg, Errand(gateway.voice_url if gateway else ""), own)
            self._finish(leg, "completed")
        except Ended as ended:
            self._finish(leg, ended.status)
        reports = Reports(self._courier, call.sid, gateway.status_url if gateway else "", struck=Struck())
        await CallReports(self._account, call, reports, DEFAULT_EVENTS).tell("completed")

    # ------------------------------------------------------------------------------------------------- intervening live

    def leg_of(self, number: str) -> Leg | None:
        """The call in which the telephone `number` is, or that rings there; the newest of several."""
        theirs = [leg for leg in self._live.values() if telephone_of(leg.call) == number]
        return theirs[-1] if theirs else None

    @property
    def is_busy(self) -> bool:
        """Whether any call goes on or is about to."""
        return bool(self._live)

    def drop_lines(self) -> None:
        """Forget calls that were cut off with whatever walked them."""
        self._live.clear()

    def leg(self, sid: str) -> Leg | None:
        return self._live.get(sid)

    # ------------------------------------------------------------------------------------------------------------ Dial

    async def _dial(self, leg: Leg, verb: Verb, base: str) -> Dialled:
        """Ring the numbers of a Dial at once; the first that is ready is bridged, the others are hung up."""
        nouns = verb.children or (Verb("Number", {}, verb.text),)
        parties = [self._leg_of_dial(leg, verb, noun, base) for noun in nouns]
        leg.call.told.extend(("rings", party.leg.call.to) for party in parties)
        ringing = asyncio.create_task(self._first_ready(parties, nouns, base))
        try:
            await leg.pass_time(FOREVER_S, until=_wait_for(ringing))
            winner = await ringing
            if winner is None:
                return _nobody(parties)
            talks_s = min(_talks_s(winner), verb.number("timeLimit", FOREVER_S))
            began_s = leg.line.elapsed_s
            _join(leg, winner.leg)
            try:
                await leg.pass_time(FOREVER_S, until=_talk(winner.leg, talks_s))
            finally:
                leg.other = winner.leg.other = None
                leg.talked_s = leg.line.elapsed_s - began_s
            await self._over(winner, "completed")
            call = winner.leg.call
            return Dialled("completed", call.sid, call.duration_s or 0, bridged=True)
        finally:
            ringing.cancel()
            await self._hang_up(parties)

    def _leg_of_dial(self, leg: Leg, verb: Verb, noun: Verb, base: str) -> Party:
        caller = verb.get("callerId") or leg.call.caller
        call = self._records.add_call(caller, noun.text, direction="outbound-dial", parent_sid=leg.call.sid)
        url = noun.get("statusCallback")
        absolute = Errand(url, base=base).address if url else ""
        method = noun.get("statusCallbackMethod", "POST")
        reports = Reports(self._courier, call.sid, absolute, method=method, struck=Struck())
        events = frozenset(noun.get("statusCallbackEvent", "completed").split())
        return self._party(call, CallReports(self._account, call, reports, events), verb.number("timeout", 30))

    async def _first_ready(self, parties: list[Party], nouns: tuple[Verb, ...], base: str) -> Party | None:
        reaching = {
            asyncio.create_task(self._reach(party, noun, base)): party
            for party, noun in zip(parties, nouns, strict=True)
        }
        try:
            waiting = set(reaching)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if await task:
                        return reaching[task]
            return None
        finally:
            for task in reaching:
                task.cancel()

    async def _reach(self, party: Party, noun: Verb, base: str) -> bool:
        """Ring one number and walk its whisper; true when the person may be bridged."""
        try:
            await party.reports.tell("initiated")
            await self._ring(party)
            await party.reports.tell("answered")
            if noun.get("url"):
                await self._walk(party.leg, Errand(noun.get("url"), (), noun.get("method", "POST"), base))
            return True
        except Ended as ended:
            await self._over(party, ended.status)
            return False

    async def _hang_up(self, parties: list[Party]) -> None:
        for party in parties:
            if party.leg.call.sid in self._live:
                await self._over(party, "completed" if party.leg.call.started_at else "canceled")


def telephone_of(call: Call) -> str:
    """The number of the telephone on this leg: the caller's on a call to us, the called one's on every other."""
    return call.caller if call.direction == "inbound" else call.to


def _is_machine(party: Party) -> bool:
    """Whether an answering machine picked up: by itself, or because whoever holds the telephone let it."""
    line = party.leg.line
    return line.by_machine if line.picked_up.is_set() else party.phone.behaviour.ring is Ring.VOICEMAIL


def _talks_s(party: Party) -> float:
    """How long somebody talks: whoever picked up by hand hangs up by hand."""
    by_hand = party.leg.line.picked_up.is_set() and not party.leg.line.by_machine
    return FOREVER_S if by_hand else party.phone.behaviour.talks_s


def _join(one: Leg, two: Leg) -> None:
    one.other, two.other = two, one
    for leg, other in ((one, two), (two, one)):
        leg.call.told.append(("joined", telephone_of(other.call)))
        leg.call.doing = "talks"


async def _wait_for(task: asyncio.Task[Party | None]) -> None:
    await asyncio.wait({task})


async def _talk(leg: Leg, seconds: float) -> None:
    """The two talk until the time is over or the person called hangs up."""
    try:
        await leg.pass_time(seconds)
    except (Ended, Diverted):
        return


def _nobody(parties: list[Party]) -> Dialled:
    """Nobody was bridged. An answered leg whose whisper ended in a hang-up is `completed` and not bridged."""
    statuses = [party.leg.call.status for party in parties]
    worst = "no-answer" if len(parties) > 1 and "no-answer" in statuses else statuses[0]
    return Dialled(worst, parties[0].leg.call.sid)
