"""Carries signed requests to the gateway and brings back its answers.

Signed is the public URL, as the carrier knows it; the connection may go elsewhere (`Gateway.connect_url`), as behind a
proxy. An address that is neither the gateway's nor on this machine is never called: a rehearsal stays at home.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag, urlencode, urljoin, urlsplit

import httpx2

from adapters.rehearsal.records import Account, Call, Message, Records
from adapters.rehearsal.signing import SIGNATURE_HEADER, signature, signed_body_url

API_VERSION = "2010-04-01"
Params = tuple[tuple[str, str], ...]

# Twilio, "Webhooks connection overrides": 5 s to connect, 15 s to answer, one retry when no connection was made.
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 15.0
DEFAULT_RETRIES = 1
HTTP_ERROR = 400
HTTP_SERVER_ERROR = 500
HTTP_RETRIEVAL_FAILURE = 11200
HTTP_CONNECTION_FAILURE = 11205
URL_INVALID = 11100


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where the gateway is. `connect_url` is where it really listens; the paths below are appended to `public_url`.

    `fallback` is TwiML that the carrier keeps itself (a TwiML Bin), for calls that the gateway does not answer.
    """

    public_url: str
    connect_url: str = ""
    voice_path: str = "/twilio/voice"
    sms_path: str = "/twilio/sms"
    status_path: str = "/twilio/status"
    fallback: str = ""

    @property
    def voice_url(self) -> str:
        return self.public_url.rstrip("/") + self.voice_path

    @property
    def sms_url(self) -> str:
        return self.public_url.rstrip("/") + self.sms_path

    @property
    def status_url(self) -> str:
        """Called when an inbound call is over; empty when `status_path` is."""
        return self.public_url.rstrip("/") + self.status_path if self.status_path else ""

    def connects_to(self, url: str) -> str | None:
        """The address to connect to for `url`; None when a rehearsal must not call it."""
        public = self.public_url.rstrip("/")
        if url.startswith(public) and url[len(public) :][:1] in {"", "/", "?"}:
            return (self.connect_url.rstrip("/") or public) + url[len(public) :]
        return url if _on_this_machine(urlsplit(url).hostname or "") else None


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Errand:
    """One request to carry: a form posted, or put into the URL of a GET. `base` resolves a relative `url`."""

    url: str
    params: Params = ()
    method: str = "POST"
    base: str = ""

    @property
    def address(self) -> str:
        return urljoin(self.base, self.url)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, from which address."""

    url: str
    status: int
    content_type: str
    body: bytes


class Courier:
    """One HTTP client towards the gateway. Failures are written into `records.troubles` and come back as None."""

    def __init__(self, account: Account, records: Records, gateway: Gateway | None = None) -> None:
        self._account = account
        self._records = records
        self.gateway = gateway
        timeout = httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        # Self-signed certificates are usual where people rehearse, and only this machine or the gateway is called.
        self._client = httpx2.AsyncClient(timeout=timeout, trust_env=False, verify=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def carry(self, errand: Errand, sid: str) -> Answer | None:
        """Sign `errand` and carry it; `sid` is what it is about."""
        url, overrides = urldefrag(errand.address)
        if errand.method.upper() == "GET":
            joint = "&" if urlsplit(url).query else "?"
            url = url + joint + urlencode(errand.params)
            return await self._carry(url, "GET", b"", {SIGNATURE_HEADER: self._sign(url)}, overrides, sid)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            SIGNATURE_HEADER: self._sign(url, errand.params),
        }
        return await self._carry(url, "POST", urlencode(errand.params).encode(), headers, overrides, sid)

    async def carry_json(self, url: str, body: bytes, sid: str = "") -> Answer | None:
        """Post a JSON `body`, vouched for by `bodySHA256` in the signed URL."""
        url = signed_body_url(url, body)
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: self._sign(url)}
        return await self._carry(url, "POST", body, headers, "", sid)

    def _sign(self, url: str, params: Iterable[tuple[str, str]] = ()) -> str:
        return signature(self._account.auth_token, url, params)

    async def _carry(
        self, url: str, method: str, body: bytes, headers: dict[str, str], overrides: str, sid: str
    ) -> Answer | None:
        connect_to = self.gateway.connects_to(url) if self.gateway else None
        if connect_to is None:
            self._records.add_trouble(URL_INVALID, f"not called, it is not the gateway's address: {url!r}", sid)
            return None
        headers = headers | {
            "Host": urlsplit(url).netloc,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "I-Twilio-Idempotency-Token": self._records.sids.new("")[:32],
        }
        request = self._client.build_request(method, connect_to, content=body, headers=headers)
        return await self._attempts(request, url, Retries.read(overrides), sid)

    async def _attempts(self, request: httpx2.Request, url: str, retries: Retries, sid: str) -> Answer | None:
        problem = (HTTP_CONNECTION_FAILURE, "not tried")
        for _ in range(1 + retries.count):
            try:
                response = await self._client.send(request)
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                problem = (HTTP_CONNECTION_FAILURE, f"{url}: {type(error).__name__} {error}")
                if not retries.after(error):
                    break
                continue
            if response.status_code < HTTP_ERROR:
                kind = response.headers.get("content-type", "")
                return Answer(url, response.status_code, kind, response.content)
            problem = (HTTP_RETRIEVAL_FAILURE, f"{url}: HTTP {response.status_code}")
            if not retries.after_status(response.status_code):
                break
        self._records.add_trouble(*problem, sid)
        return None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often to try again, and after what: `ct` no connection, `rt` no answer in time, `4xx`, `5xx`, `all`.

    Source: Twilio, "Webhooks connection overrides": the fragment `#rc=2&rp=ct,5xx` of the URL.
    """

    count: int
    policy: frozenset[str]

    @classmethod
    def read(cls, fragment: str) -> Retries:
        overrides = parse_qs(fragment)
        count = overrides.get("rc", [str(DEFAULT_RETRIES)])[0]
        policy = frozenset(overrides.get("rp", ["ct"])[0].split(","))
        return cls(min(int(count), 5) if count.isdigit() else DEFAULT_RETRIES, policy)

    def after(self, error: Exception) -> bool:
        connecting = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
        return "all" in self.policy or ("ct" if connecting else "rt") in self.policy

    def after_status(self, status: int) -> bool:
        return "all" in self.policy or ("5xx" if status >= HTTP_SERVER_ERROR else "4xx") in self.policy


def call_params(account: Account, call: Call, *more: tuple[str, str]) -> Params:
    """What every voice request carries.

    Source: Twilio, "TwiML request parameters"; the empty place names come with real Italian numbers too.
    """
    parties = (("From", call.caller), ("To", call.to), ("Caller", call.caller), ("Called", call.to))
    places = tuple(
        (f"{party}{place}", "IT" if place == "Country" else "")
        for party, _ in parties
        for place in ("City", "Country", "State", "Zip")
    )
    head = (
        ("AccountSid", account.sid),
        ("ApiVersion", API_VERSION),
        ("CallSid", call.sid),
        ("CallStatus", call.status),
        ("Direction", "inbound" if call.direction == "inbound" else call.direction),
    )
    parent = (("ParentCallSid", call.parent_sid),) if call.parent_sid else ()
    answered_by = (("AnsweredBy", call.answered_by),) if call.answered_by else ()
    return (*head, *parties, *places, *parent, *answered_by, *more)


def inbound_sms_params(account: Account, message: Message, segments: str) -> Params:
    """What an inbound text carries. Source: Twilio, "Twilio's request to your application" (messaging)."""
    places = tuple(
        (f"{party}{place}", "IT" if place == "Country" else "")
        for party in ("From", "To")
        for place in ("City", "Country", "State", "Zip")
    )
    return (
        ("AccountSid", account.sid),
        ("ApiVersion", API_VERSION),
        ("Body", message.body),
        ("From", message.sender),
        ("MessageSid", message.sid),
        ("NumMedia", "0"),
        ("NumSegments", segments),
        ("SmsMessageSid", message.sid),
        ("SmsSid", message.sid),
        ("SmsStatus", "received"),
        ("To", message.to),
        *places,
    )


def message_status_params(account: Account, message: Message) -> Params:
    """What a status callback of a text carries, as things stand now."""
    error = (("ErrorCode", str(message.error_code)),) if message.error_code else ()
    return (
        ("AccountSid", account.sid),
        ("ApiVersion", API_VERSION),
        ("From", message.sender),
        ("MessageSid", message.sid),
        ("MessageStatus", message.status),
        ("SmsSid", message.sid),
        ("SmsStatus", message.status),
        ("To", message.to),
        *error,
    )
