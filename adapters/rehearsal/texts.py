"""The life of a text: the gateway's to a telephone with its status callbacks, and a telephone's to the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from adapters.rehearsal.courier import Answer, Courier, Errand, inbound_sms_params, message_status_params
from adapters.rehearsal.faults import Kind, Struck
from adapters.rehearsal.phones import Phone, Phones, Text
from adapters.rehearsal.records import Account, Message, Records
from adapters.rehearsal.reports import Reports
from adapters.rehearsal.twiml import MESSAGING, read_twiml

SENDING_S = 1.0
DELIVERY_S = 2.0
WRONG_CONTENT_TYPE = 12300
SCHEMA_WARNING = 12200

Spawn = Callable[[Coroutine[object, object, object]], object]


def segments(body: str) -> int:
    """How many parts the text is billed as, counting everything beyond ASCII as UCS-2.

    Pessimistic for à è é ì ò ù, which are in the GSM alphabet: its table is not rebuilt here.
    """
    single, joined = (160, 153) if body.isascii() else (70, 67)
    return 1 if len(body) <= single else -(-len(body) // joined)


class Texts:
    """Delivers and receives texts. `scale` real seconds pass for each second of delivery."""

    def __init__(
        self, account: Account, records: Records, courier: Courier, phones: Phones, *, scale: float, spawn: Spawn
    ) -> None:
        self._account = account
        self._records = records
        self._courier = courier
        self._phones = phones
        self._scale = scale
        self._spawn = spawn

    async def deliver(self, message: Message, struck: Struck) -> None:
        """Take one text of the gateway to its telephone: queued, sent, then delivered, undelivered or failed."""
        if Kind.SILENT in struck:
            return
        phone = self._phones[message.to]
        status, error = struck.ending or _ending(phone)
        reports = Reports(self._courier, message.sid, message.status_callback, struck=struck)
        await reports.send(message_status_params(self._account, message))
        await self._pass(SENDING_S)
        if status != "failed":
            await self._become(message, "sent", reports)
            await self._pass(DELIVERY_S)
        if status == "delivered":
            self._lay_down(phone, message)
        message.error_code = error
        await self._become(message, status, reports)
        await reports.close()

    async def _become(self, message: Message, status: str, reports: Reports) -> None:
        message.status = status
        message.updated_at = self._records.now()
        if status == "sent":
            message.sent_at = message.updated_at
        await reports.send(message_status_params(self._account, message))

    def _lay_down(self, phone: Phone, message: Message) -> None:
        text = Text(self._records.now(), message.sender, message.body, message.sid)
        phone.inbox.append(text)
        reply = phone.reply_to(text)
        if reply is not None and self._account.owns(message.sender):
            self._spawn(self._reply(phone, reply, message.sender))

    async def _reply(self, phone: Phone, body: str, to: str) -> None:
        await self._pass(phone.behaviour.reply_after_s)
        await self.receive(self._write(phone.number, to, body))

    def _write(self, sender: str, to: str, body: str) -> Message:
        self._phones[sender].note_keyword(body)
        return self._records.add_message(sender, to, body, direction="inbound")

    def text_us(self, sender: str, to: str, body: str, times: int = 1) -> Message:
        """A telephone texts one of our numbers; the gateway hears of it `times` times with one id."""
        message = self._write(sender, to, body)
        self._spawn(self.receive(message, times))
        return message

    async def receive(self, message: Message, times: int = 1) -> None:
        """Post an inbound text to the gateway and send what its TwiML answers."""
        gateway = self._courier.gateway
        params = inbound_sms_params(self._account, message, str(segments(message.body)))
        for _ in range(times):
            answer = await self._courier.carry(Errand(gateway.sms_url if gateway else "", params), message.sid)
            if answer is not None and answer.body.strip():
                self._answer(message, answer)

    def _answer(self, message: Message, answer: Answer) -> None:
        if "xml" not in answer.content_type:
            self._records.add_trouble(WRONG_CONTENT_TYPE, f"{answer.url}: {answer.content_type!r}", message.sid)
            return
        document = read_twiml(answer.body, answer.url, MESSAGING)
        for problem in document.problems:
            self._records.add_trouble(SCHEMA_WARNING, f"{answer.url}: {problem}", message.sid)
        for verb in document.verbs:
            if verb.name == "Message":
                reply = self._records.add_message(message.to, message.sender, verb.text, direction="outbound-reply")
                self._spawn(self.deliver(reply, Struck()))

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._scale)


def _ending(phone: Phone) -> tuple[str, int | None]:
    error = phone.behaviour.sms_error
    return ("undelivered", error) if error else ("delivered", None)
