"""A gateway for tests: the shipped configuration, the real store, a clock that stands still, and words to speak in."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from config.compose import gateway_of, shipped
from config.load import load
from gateway import calls, flow, hangups, page_calls, settling, texting, whispering
from gateway.deeds import Signal
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.hours import local
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.register import SYSTEM
from tests.clock import TestClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.store import SqlStore
    from gateway.domain.call import Script
    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch, Outcome
    from gateway.domain.intake import Intake, Receipt
    from gateway.domain.register import Entry
    from gateway.domain.roster import Person
    from gateway.domain.telephony import Call, Outage
    from gateway.domain.ticket import Message, Page, Ticket
    from gateway.domain.visits import Visit
    from gateway.ports import Asking, Gateway, Transaction

SATURDAY_NIGHT = "2026-11-28T22:10:00+01:00"
TUESDAY_MORNING = "2026-11-24T10:12:00+01:00"
INTAKE = "assistenza@comune.example"
OTHER_INTAKE = "assistenza@fornitore.example"
MARIA = "maria.rossi@comune.example"
BRUNO, CARLA, DARIO = "+393330000002", "+393330000003", "+393330000004"
CITIZEN = "+393331234567"
DESK_NUMBER = "+390700000200"
SMS_NUMBER = "+393330000200"
VENDOR = "secondo-livello@assistenza.example"


def site_folder(folder: Path) -> Path:
    """A copy of the shipped configuration with a signing key; gives the path of its gateway.toml."""
    source = shipped()
    shutil.copytree(source / "contracts", folder / "contracts")
    for name in ("people.toml", "roster.toml"):
        shutil.copyfile(source / name, folder / name)
    (folder / "signing.key").write_text("0123456789abcdef" * 3)
    path = folder / "gateway.toml"
    settings = '[gateway]\ndefault_contract = "c02-comune"\n[signing]\nkey = {file = "signing.key"}\n'
    path.write_text(settings + "[phone]\nvoicemail = true\n")
    return path


class Station:
    """One gateway. What came in and what goes out is looked at in the store: the real one."""

    def __init__(self, store: SqlStore, folder: Path, at: str = SATURDAY_NIGHT) -> None:
        self.store = store
        self.clock = TestClock(at)
        self.site = load(site_folder(folder))
        self.gw: Gateway
        self.gw, self.reader = gateway_of(self.site, store)
        self.gw.clock = self.clock
        self._count = 0
        self.sid = ""

    def change(self, contract: str, changed: Callable[[Contract], Contract]) -> None:
        """Another contract under the same name, as a reload of its file would bring it."""
        rules = self.gw.rules
        versions = tuple(changed(each) for each in rules.versions[contract])
        contracts = {**rules.contracts, contract: versions[0]}
        self.gw.rules = replace(rules, contracts=contracts, versions={**rules.versions, contract: versions})

    # ------------------------------------------------------------------------------------------------------------ in

    def mail(
        self,
        subject: str = "Come si stampa il registro?",
        text: str = "Non trovo la voce nel menu.",
        *,
        sender: str = MARIA,
        to: tuple[str, ...] = (INTAKE,),
        message_id: str | None = "",
        headers: str = "",
        envelope: str | None = None,
    ) -> Receipt:
        """A mail by SMTP, filed."""
        raw = self.raw_mail(subject, text, sender=sender, to=to, message_id=message_id, headers=headers)
        return self.arrive(raw, sender=sender if envelope is None else envelope, to=to)

    def mails(self, subjects: Sequence[str], *, sender: str = MARIA) -> None:
        """Urgent or not, many mails that came together, each a contact of its own."""
        at, waiting = self.clock.now(), []
        for subject in subjects:
            raw = self.raw_mail(subject, "Non si registra niente.", sender=sender, to=(INTAKE,), message_id="")
            key = RepeatKey(f"smtp:{INTAKE}:{hashlib.sha256(raw).hexdigest()}", None)
            arrival = Arrival(Channel.MAIL, "smtp", raw, at, sender, (INTAKE,), key)
            waiting.append(flow.accept(self.gw, arrival))
        for each in waiting:
            each.result(10)
        self.file()

    def raw_mail(
        self, subject: str, text: str, *, sender: str, to: tuple[str, ...], message_id: str | None, headers: str = ""
    ) -> bytes:
        """The bytes of a plain mail; `message_id` None leaves it out, empty makes a new one."""
        self._count += 1
        lines = [f"From: {sender}", f"To: {', '.join(to)}", f"Subject: {subject}"]
        if message_id is not None:
            lines.append(f"Message-ID: <{message_id or f'm{self._count}@comune.example'}>")
            lines.append(f"Date: {local(self.clock.now()):%a, %d %b %Y %H:%M:%S %z}")
        lines += [line for line in headers.splitlines() if line]
        lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", text, ""]
        return "\r\n".join(lines).encode()

    def arrive(
        self,
        raw: bytes,
        *,
        sender: str = MARIA,
        to: tuple[str, ...] = (INTAKE,),
        door: str = "smtp",
        key: str | None = None,
        channel: Channel = Channel.MAIL,
        contract: str | None = None,
    ) -> Receipt:
        """Bytes by a door, filed."""
        digest = hashlib.sha256(raw).hexdigest()
        value = key or f"smtp:{','.join(sorted(to))}:{digest}"
        from datetime import timedelta

        has_ids = b"message-id:" in raw.lower()
        holds = None if has_ids else timedelta(hours=24)
        arrival = Arrival(channel, door, raw, self.clock.now(), sender, to, RepeatKey(value, holds), {}, contract)
        receipt = flow.accept(self.gw, arrival).result(10)
        self.file()
        return receipt

    def sms(self, sender: str, body: str, sid: str = "", *, to: str = SMS_NUMBER) -> None:
        """An SMS by its webhook, filed in the same commit."""
        self._count += 1
        sid = sid or f"SM{self._count:032d}"
        arrival = self.signal(Channel.SMS, sender, to, f"twilio:{sid}", {"body": body, "sid": sid})
        self.store.write(lambda tx: texting.sms_arrives(self.gw, tx, arrival, self.clock.now()))

    def rings(self, sender: str = CITIZEN, sid: str = "", *, to: str = DESK_NUMBER) -> Script:
        """A call at its first signal: what the caller hears."""
        self._count += 1
        self.sid = sid or f"CA{self._count:032d}"
        arrival = self.signal(Channel.PHONE, sender, to, f"twilio:{self.sid}:begin", {"sid": self.sid})
        at = self.clock.now()
        return self.store.write(lambda tx: calls.call_begins(self.gw, tx, arrival, at)).script

    def call(self, sender: str = CITIZEN, sid: str = "", *, to: str = DESK_NUMBER) -> tuple[Ticket, Script]:
        """A call whose caller has heard the greeting and said nothing yet: its ticket, and what was heard."""
        script = self.rings(sender, sid, to=to)
        script += self.does()
        ticket = self.phone_line().ticket
        assert ticket is not None
        return self.fresh_number(ticket), script

    def does(self, sid: str = "", **done: str) -> Script:
        """The caller does something where they are: `digits`, `speech`, `recording`, `dialled`; nothing is silence."""
        return self.repeat(self.phone_line(sid), **done)

    def repeat(self, line: Call, **done: str) -> Script:
        """What was done where a call was, once more or for the first time: the carrier tells it."""
        told = Signal(
            line.sid,
            line.reached,
            int(line.facts["turn"]),
            digits=done.get("digits", ""),
            speech=done.get("speech", ""),
            recording=done.get("recording", ""),
            recording_s=int(done.get("recording_s", "0")),
            dialled=done.get("dialled", ""),
        )
        key = f"twilio:{line.sid}:{told.step}:{told.turn}"
        arrival = self.signal(Channel.PHONE, line.caller, line.called, key, {"sid": line.sid, **done})
        at = self.clock.now()
        return self.store.write(lambda tx: calls.call_goes_on(self.gw, tx, told, arrival, at)).script

    def step(self, ticket: Ticket, _step: str, **done: str) -> Script:
        """What the caller of a ticket does next, wherever they are."""
        (line, *_) = self.store.read(lambda reading: reading.calls(ticket=ticket.number))
        return self.does(line.sid, **done)

    def hangs_up(self, sid: str = "", *, lasted_s: int | None = None, status: str = "completed") -> Call:
        """The caller hangs up, and the carrier says so."""
        line, at = self.phone_line(sid), self.clock.now()
        return self.store.write(lambda tx: hangups.over(self.gw, tx, line, at, status=status, lasted_s=lasted_s))

    def phone_line(self, sid: str = "") -> Call:
        """A call as its line says, the last one made unless another is named."""
        found = self.store.read(lambda reading: reading.call_by(sid or self.sid))
        assert found is not None
        return found

    def ringing(self) -> list[Dispatch]:
        """The telephones that ring for callers on the line, oldest first."""
        return [d for d in self.sent(channel=Channel.VOICE) if "live" in d.facts and d.state is DispatchState.SENT]

    def picks_up(self, leg: Dispatch, digits: str = "") -> Script:
        """Somebody of ours picks up: what is whispered, or what follows a key."""
        at = self.clock.now()
        if not digits:
            return self.store.write(lambda tx: whispering.whisper(self.gw, tx, leg.key, at))
        return self.store.write(lambda tx: whispering.key_pressed(self.gw, tx, leg.key, digits, at))

    def signal(self, channel: Channel, sender: str, to: str, key: str, facts: dict[str, str]) -> Arrival:
        """What a webhook hands over."""
        raw = repr(sorted(facts.items())).encode()
        return Arrival(channel, "twilio", raw, self.clock.now(), sender, (to,), RepeatKey(key), facts)

    # ----------------------------------------------------------------------------------------------------- what happens

    def file(self) -> None:
        """File everything that waits."""
        while flow.file_next(self.gw) + flow.file_next(self.gw, large=True):
            pass

    def chase(self) -> None:
        """Let everything happen that is due."""
        while flow.chase_next(self.gw):
            pass

    def ask(self, asking: Asking | None = None) -> None:
        """Ask the carrier about everything it has told nothing of; without one it tells nothing."""
        while flow.ask_next(self.gw, asking):
            pass

    def pass_(self, **duration: float) -> None:
        """Time passes, and what falls due meanwhile happens."""
        self.clock.pass_(**duration)
        self.chase()

    def key(self, page_call: Dispatch, digits: str) -> Script:
        """A key pressed in a voice page."""
        now = self.clock.now()
        return self.store.write(lambda tx: page_calls.page_key(self.gw, tx, page_call.key, digits, now))

    def sms_status(self, dispatch: Dispatch, status: str, error: str = "") -> bool:
        """The carrier tells how an SMS fares."""
        sid, now = f"SM{dispatch.id:032d}", self.clock.now()
        return self.store.write(lambda tx: settling.settle_sms(self.gw, tx, dispatch.key, sid, status, error, now))

    def call_status(self, dispatch: Dispatch, status: str, answered_by: str = "") -> bool:
        """The carrier tells how a call fares."""
        sid, now = f"CA{dispatch.id:032d}", self.clock.now()
        key, by = dispatch.key, answered_by
        return self.store.write(lambda tx: settling.settle_call(self.gw, tx, key, sid, status, by, now))

    # ----------------------------------------------------------------------------------------------------- what is seen

    def tickets(self) -> list[Ticket]:
        """Newest first."""
        return self.store.read(lambda reading: reading.tickets())

    def ticket(self) -> Ticket:
        """The only ticket."""
        (only,) = self.tickets()
        return only

    def intakes(self) -> list[Intake]:
        """Oldest first."""
        return self.store.read(lambda reading: reading.intakes())[::-1]

    def sent(self, *, kind: DispatchKind | None = None, channel: Channel | None = None) -> list[Dispatch]:
        """What we owe, oldest first."""
        return self.store.read(lambda reading: reading.dispatches(kind=kind, channel=channel, limit=1000))[::-1]

    def page_texts(self, number: str | None = None) -> list[Dispatch]:
        """The SMS of pages, oldest first."""
        return [d for d in self.sent(kind=DispatchKind.PAGE, channel=Channel.SMS) if number in (None, d.to)]

    def page_calls(self, number: str | None = None) -> list[Dispatch]:
        """The calls of pages, oldest first."""
        return [d for d in self.sent(kind=DispatchKind.PAGE, channel=Channel.VOICE) if number in (None, d.to)]

    def to(self, address: str) -> list[Dispatch]:
        """What we owe an address, oldest first."""
        return [dispatch for dispatch in self.sent() if dispatch.to == address]

    def visits(self) -> list[Visit]:
        """Oldest first."""
        return self.store.read(lambda reading: reading.visits())

    def messages(self, ticket: Ticket) -> list[Message]:
        """The messages of a ticket, oldest first."""
        return self.store.read(lambda reading: reading.messages(ticket.number))

    def fresh(self, ticket: Ticket) -> Ticket:
        """The ticket as it is now."""
        return self.fresh_number(ticket.number)

    def fresh_number(self, number: int) -> Ticket:
        """The ticket of a number as it is now."""
        found = self.store.read(lambda reading: reading.ticket(number))
        assert found
        return found

    @property
    def elena(self) -> Person:
        """Somebody at the desk."""
        return self.gw.rules.people["elena"]

    def acknowledgements(self) -> list[Dispatch]:
        """The acknowledgements by mail."""
        return self.sent(kind=DispatchKind.ACKNOWLEDGEMENT, channel=Channel.MAIL)

    def alarms(self) -> list[Dispatch]:
        """The alarm mails."""
        return self.sent(kind=DispatchKind.ALARM)

    def page_mails(self, address: str | None = None) -> list[Dispatch]:
        """The mails of pages, oldest first."""
        return [d for d in self.sent(kind=DispatchKind.PAGE, channel=Channel.MAIL) if address in (None, d.to)]

    def conclude(self, dispatch: Dispatch, outcome: Outcome) -> None:
        """Claim and send one dispatch that is due; it comes to this."""
        now = self.clock.now()

        def unit(tx: Transaction) -> None:
            attempts = dispatch.attempts + 1
            tx.change_dispatch(dispatch.id, state=DispatchState.SENDING, attempts=attempts)
            settling.conclude(self.gw, tx, dispatch.id, attempts, outcome, now)

        self.store.write(unit)

    def outages(self) -> list[Outage]:
        """The outages of channels, oldest first."""
        return self.store.read(lambda reading: reading.outages())[::-1]

    def pages(self) -> list[Page]:
        """Oldest first."""
        return self.store.read(lambda reading: reading.pages())[::-1]

    def events(self, ticket: Ticket | None = None) -> list[Entry]:
        """The history of a ticket, or of the system."""
        chain = SYSTEM if ticket is None else str(ticket.number)
        return self.store.read(lambda reading: reading.entries(chain))

    def happened(self, ticket: Ticket | None = None) -> list[str]:
        """The types of the events."""
        return [entry.type for entry in self.events(ticket)]

    def open_calls(self) -> list[Dispatch]:
        """The page calls that still ring or are about to."""
        return [
            d for d in self.page_calls() if d.state in (DispatchState.DUE, DispatchState.SENDING, DispatchState.SENT)
        ]


def code_in(text: str) -> str:
    """The code of a page's SMS."""
    found = re.search(r"OK (\d{6})", text)
    assert found
    return found[1]


def spoken(script: Script) -> str:
    """Everything a script says, prompts included."""
    words = []
    for verb in script:
        words.append(getattr(verb, "text", ""))
        words.extend(prompt.text for prompt in getattr(verb, "prompts", ()))
    return " ".join(words)
