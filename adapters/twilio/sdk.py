"""The carrier's library behind types: the one module that imports it. `twilio.rest` is heavy and loaded late."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

if TYPE_CHECKING:
    from starlette.datastructures import FormData

CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]
MOST_SPOKEN = 4_000
"""Characters in one Say; the carrier takes 4,096."""
# XML 1.0 §2.2: what may stand in a document. The carrier hangs up on a document with anything else in it (12100).
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class RestFault(Exception):  # noqa: N818 - an answer of the carrier, not an error of ours
    """The carrier answered with an error: HTTP status, its own code, its words, and when it wants to be asked again."""

    status: int
    code: int
    text: str
    retry_after_s: float | None


class Api:
    """The REST API of one account at `api_url`, with a time-out on every request and no retries of its own."""

    def __init__(self, account_sid: str, auth_token: str, api_url: str, timeout_s: float) -> None:
        self._account = (account_sid, auth_token)
        self._api_url = api_url
        self._timeout_s = timeout_s
        self._made: Any = None
        self._http: Any = None
        self._making = threading.Lock()

    def _client(self) -> Any:  # noqa: ANN401 - the library has no types
        with self._making:
            if self._made is None:
                from twilio.rest import Client  # noqa: PLC0415 - half a second and 20 MB: only who sends needs it

                self._http = _http_client(self._api_url, self._timeout_s)
                self._made = Client(*self._account, http_client=self._http)
            return self._made

    def send_sms(self, *, to: str, sender: str, body: str, status_url: str) -> str:
        """Send one SMS; its SID.

        Raises:
            RestFault: the carrier answered with an error.
            OSError, ValueError: it did not answer, or not in its language.
        """
        return self._create(self._client().messages, to=to, from_=sender, body=body, status_callback=status_url)

    def call(self, *, to: str, sender: str, url: str, status_url: str, ring_s: int) -> str:
        """Place one call; its SID. Raises as `send_sms`."""
        return self._create(
            self._client().calls,
            to=to,
            from_=sender,
            url=url,
            status_callback=status_url,
            status_callback_event=CALL_EVENTS,
            timeout=ring_s,
        )

    def _create(self, resource: Any, **values: Any) -> str:  # noqa: ANN401 - as above
        try:
            return str(resource.create(**values).sid)
        except (TwilioRestException, TwilioServiceException) as fault:
            text = str(getattr(fault, "msg", "") or getattr(fault, "detail", ""))
            raise RestFault(int(fault.status), _number(fault.code), text, self._http.retry_after_s()) from fault
        except TwilioException as error:
            raise ValueError("the carrier's library could not make the request") from error


def _number(code: object) -> int:
    return int(code) if isinstance(code, int | str) and str(code).isdecimal() else 0


def _http_client(api_url: str, timeout_s: float) -> Any:  # noqa: ANN401 - as above
    from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415 - as in `_client`

    class AtAddress(TwilioHttpClient):  # type: ignore[misc]  # the library has no types
        """Sends to `api_url` what the library would send to the carrier's own address."""

        # Several threads send at the same time: each has its own last answer.
        _answers = threading.local()

        def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as its parent
            told = urlsplit(url)
            there = f"{api_url}{told.path}" + (f"?{told.query}" if told.query else "")
            response = super().request(method, there, *arguments, **named)
            self._answers.retry_after = (response.headers or {}).get("Retry-After")
            return response

        def retry_after_s(self) -> float | None:
            """When the last answer to this thread asked to be asked again, in seconds."""
            value = str(getattr(self._answers, "retry_after", None) or "")
            return float(value) if value.isdecimal() else None

    # The library logs addresses and headers of every request; what is worth a line is in our journal.
    quiet = logging.getLogger("twilio.quiet")
    quiet.setLevel(logging.CRITICAL)
    return AtAddress(timeout=timeout_s, max_retries=0, logger=quiet)


class Signatures:
    """Whether a webhook was signed with the account's token."""

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def is_valid(self, url: str, form: FormData, signature: str | None) -> bool:
        """Whether `signature` is the carrier's for this URL and form. A missing one is not (PROMISES F16)."""
        return bool(signature) and bool(self._validator.validate(url, form, signature))


class Twiml:
    """One answer to the carrier. Escaping is the library's (B-083)."""

    def __init__(self, voice: str, language: str) -> None:
        self._how = {"voice": voice, "language": language}
        self._language = language
        self._response = VoiceResponse()

    def say(self, text: str) -> None:
        """Speak."""
        self._response.say(_speakable(text), **self._how)

    def gather(self, prompts: Sequence[str], *, action: str, digits: int, timeout_s: int, speech: bool) -> None:
        """Ask. Silence goes on to the next verb."""
        options: dict[str, Any] = {"action": action, "method": "POST", "timeout": timeout_s, "input": "dtmf"}
        if speech:
            options |= {"input": "dtmf speech", "language": self._language, "speech_timeout": "auto"}
        if digits:
            options["num_digits"] = digits
        gather = Gather(**options)
        for prompt in prompts:
            gather.say(_speakable(prompt), **self._how)
        self._response.append(gather)

    def record(self, *, action: str, max_s: int) -> None:
        """Record after a tone."""
        self._response.record(action=action, method="POST", max_length=max_s, play_beep=True, finish_on_key="#")

    def redirect(self, url: str) -> None:
        """Go on elsewhere."""
        self._response.redirect(url, method="POST")

    def hangup(self) -> None:
        """End the call."""
        self._response.hangup()

    def xml(self) -> str:
        """The document."""
        return str(self._response)


def _speakable(text: str) -> str:
    return _NOT_XML.sub(" ", text)[:MOST_SPOKEN]
