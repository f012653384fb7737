"""A gateway with its web server and its way out to the stand-in carrier, and words to speak in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx2

from adapters.rehearsal import Account, Carrier, Rehearsal
from adapters.rehearsal import Gateway as Doors
from adapters.rehearsal.signing import signature
from adapters.twilio import Api, Ceilings, TwilioOutlet, Webhooks, routes
from adapters.web import WebServer
from gateway import flow
from gateway.domain.dispatch import Dispatch
from gateway.domain.intake import Channel
from tests.flow.station import BRUNO, CITIZEN, DESK_NUMBER, SMS_NUMBER, Station

T = TypeVar("T")

PUBLIC_URL = "https://assistenza.example"
TOKEN = "the-token-of-the-account"
SID = "AC" + "0123456789abcdef" * 2
ACCOUNT = Account(SID, TOKEN, SMS_NUMBER, (DESK_NUMBER,))
A_KEY = "ab" * 16
CALL_SID = "CA" + "c" * 32
MESSAGE_SID = "SM" + "5" * 32
URGENT = "URGENTE: protocollo bloccato"
TIMEOUT_S = 10.0
"""As the settings have it: a machine that does other things too must not make a test time out."""
QUICK_S = 0.5


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(20)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class House:
    """One gateway behind its real web server, with the stand-in carrier before it."""

    def __init__(self, station: Station, rehearsal: Rehearsal, loop: Loop) -> None:
        self.station = station
        self.carrier: Carrier = rehearsal.carrier
        self.rehearsal = rehearsal
        self.told: list[tuple[Channel, str]] = []
        self._loop = loop
        self.webhooks = Webhooks(
            gateway=station.gw,
            auth_token=TOKEN,
            account_sid=SID,
            public_url=PUBLIC_URL,
            api_url=rehearsal.base_url,
            voice="Polly.Bianca",
            language="it-IT",
            max_record_s=60,
            number=SMS_NUMBER,
        )
        self._server = WebServer(routes(self.webhooks), "127.0.0.1", 0, max_body_bytes=1_000_000)
        loop.run(self._server.start())
        self.url = f"http://127.0.0.1:{self._server.port}"
        rehearsal.connect(Doors(PUBLIC_URL, connect_url=self.url))
        self.client = httpx2.Client(base_url=self.url, timeout=20, trust_env=False)
        self.outlet = self.outlet_with()

    def outlet_with(
        self, *, token: str = TOKEN, per_hour: int = 100, api_url: str = "", timeout_s: float = TIMEOUT_S
    ) -> TwilioOutlet:
        """The way out, with another token, ceiling, address of the carrier or patience."""
        url = api_url or self.rehearsal.base_url
        return TwilioOutlet(
            Api(SID, token, url, timeout_s),
            number=SMS_NUMBER,
            public_url=PUBLIC_URL,
            is_known=lambda number: self.station.gw.rules.people.by_number(number) is not None,
            countries=("+39",),
            ceilings=Ceilings(
                per_hour={Channel.SMS: per_hour, Channel.VOICE: per_hour},
                per_day={},
                recent=lambda _channel, _since: 0,
                told=lambda channel, which, _limit: self.told.append((channel, which)),
            ),
            clock=self.station.clock,
        )

    def close(self) -> None:
        self.client.close()
        self._loop.run(self._server.stop(2))

    # --------------------------------------------------------------------------------------------------- by hand

    def post(
        self, path: str, params: Iterable[tuple[str, str]], *, signed: str | None = "", headers: Mapping[str, str] = {}
    ) -> httpx2.Response:
        """A form as the carrier posts it. `signed`: empty for the right signature, None for no header at all."""
        params = list(params)
        right = signature(TOKEN, PUBLIC_URL + path, params)
        sent = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", **headers}
        if signed is not None:
            sent["X-Twilio-Signature"] = signed or right
        return self.client.post(path, content=urlencode(params).encode(), headers=sent)

    def written(self) -> None:
        """Wait for what was handed to the store without waiting."""
        self.station.store.write(lambda tx: tx.counts())

    # ------------------------------------------------------------------------------------------------ what happens

    def urgent_mail(self) -> None:
        """An urgent mail on a Saturday night, and what it sets off."""
        self.station.mail(URGENT)
        self.go()

    def go(self) -> None:
        """Chase, send and ask until nothing is due and the carrier has come to rest."""
        for _ in range(20):
            self.station.chase()
            sent = self.deliver()
            self.carrier.wait_idle()
            asked = flow.ask_next(self.station.gw, self.outlet)
            if not sent and not asked:
                return
        raise AssertionError("it never ends")

    def deliver(self, outlet: TwilioOutlet | None = None) -> int:
        """Send everything that is due by SMS and voice; how many there were."""
        out = outlet or self.outlet
        sent = 0
        ways = {Channel.SMS: out, Channel.VOICE: out}
        while due := flow.claim_due(self.station.gw, list(ways), 1):
            flow.deliver(self.station.gw, ways, due[0])
            sent += 1
        return sent

    def pass_(self, **duration: float) -> None:
        """Time passes, and what falls due is done."""
        self.station.clock.pass_(**duration)
        self.go()

    def first_text(self) -> Dispatch:
        """The SMS by which the contact on duty was told, as it now is."""
        return self.station.page_texts(BRUNO)[0]

    def first_call(self) -> Dispatch:
        """The call by which the contact on duty was told, as it now is."""
        return self.station.page_calls(BRUNO)[0]


def call_form(**more: str) -> list[tuple[str, str]]:
    """What the carrier posts about a call."""
    form = {
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
        "CallSid": CALL_SID,
        "CallStatus": "ringing",
        "Direction": "inbound",
        "From": CITIZEN,
        "To": DESK_NUMBER,
    }
    return list((form | more).items())


def text_form(**more: str) -> list[tuple[str, str]]:
    """What the carrier posts about an SMS."""
    form = {
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
        "Body": "Non riesco a entrare",
        "From": CITIZEN,
        "MessageSid": MESSAGE_SID,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": MESSAGE_SID,
        "SmsSid": MESSAGE_SID,
        "SmsStatus": "received",
        "To": SMS_NUMBER,
    }
    return list((form | more).items())


def status_form(**more: str) -> list[tuple[str, str]]:
    """What the carrier posts about the fate of an SMS."""
    form = {"AccountSid": SID, "MessageSid": MESSAGE_SID, "MessageStatus": "delivered", "To": BRUNO}
    return list((form | more).items())


def document(text: str | bytes) -> ET.Element:
    """TwiML of ours, which has to be well-formed."""
    return ET.fromstring(text)  # noqa: S314 - it is our own answer
