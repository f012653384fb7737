"""The carrier's library behind types: the one module that imports it. `twilio.rest` is heavy and loaded late."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.datastructures import FormData

CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]
MOST_SPOKEN = 4_000
"""Characters in one Say; the carrier takes 4,096."""
MOST_LISTED, PAGE = 10_000, 500
"""How much of its books the carrier shows in one look, and at once."""
CALL_FIELDS = ("sid", "from", "to", "direction", "status", "start_time", "end_time", "date_created", "duration")
TEXT_FIELDS = ("sid", "from", "to", "direction", "body", "date_sent", "date_created", "num_media")
RECORDING_FIELDS = ("sid", "call_sid", "status", "source", "duration", "start_time", "date_created")
SPEECH_ENDS_S = 2
"""A pause of so many seconds ends what is said."""
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

    def fetch_sms(self, sid: str) -> tuple[str, int | None]:
        """The status and error code of an SMS by its SID. Raises as `send_sms`."""
        found = self._asked(lambda client: client.messages(sid).fetch())
        return str(found.status), _number(found.error_code) or None

    def fetch_call(self, sid: str) -> tuple[str, int | None]:
        """The status of a call by its SID. Raises as `send_sms`."""
        return str(self._asked(lambda client: client.calls(sid).fetch()).status), None

    def ask(self) -> None:
        """A question that changes nothing and costs nothing: whether the carrier answers us. Raises as `send_sms`."""
        self._asked(lambda client: client.calls.list(limit=1, page_size=1))

    # ------------------------------------------------------------------------------------------- the carrier's books

    def calls_to(self, number: str, since: datetime) -> list[Mapping[str, Any]]:
        """Calls to a number that began since: `CALL_FIELDS` of each, newest first. Raises as `send_sms`."""
        asked = {"to": number, "start_time_after": since, "limit": MOST_LISTED, "page_size": PAGE}
        return _all_of(CALL_FIELDS, self._asked(lambda client: client.calls.list(**asked)))

    def texts_to(self, number: str, since: datetime) -> list[Mapping[str, Any]]:
        """Texts to a number that were sent since: `TEXT_FIELDS` of each. Raises as `send_sms`."""
        asked = {"to": number, "date_sent_after": since, "limit": MOST_LISTED, "page_size": PAGE}
        return _all_of(TEXT_FIELDS, self._asked(lambda client: client.messages.list(**asked)))

    def recordings_since(self, since: datetime) -> list[Mapping[str, Any]]:
        """Recordings that were made since: `RECORDING_FIELDS` of each. Raises as `send_sms`."""
        asked = {"date_created_after": since, "limit": MOST_LISTED, "page_size": PAGE}
        return _all_of(RECORDING_FIELDS, self._asked(lambda client: client.recordings.list(**asked)))

    def delete_recording(self, sid: str) -> None:
        """Delete a recording. Raises as `send_sms`."""
        self._asked(lambda client: client.recordings(sid).delete())

    def _asked(self, question: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - the library has no types
        return self._answered(lambda: question(self._client()))

    def _create(self, resource: Any, **values: Any) -> str:  # noqa: ANN401 - as above
        return str(self._answered(lambda: resource.create(**values)).sid)

    def _answered(self, request: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
        try:
            return request()
        except (TwilioRestException, TwilioServiceException) as fault:
            text = str(getattr(fault, "msg", "") or getattr(fault, "detail", ""))
            raise RestFault(int(fault.status), _number(fault.code), text, self._http.retry_after_s()) from fault
        except TwilioException as error:
            # Page.process_response: a list that was not answered with 200 raises this, and carries the answer along.
            status = next((each.status_code for each in error.args if hasattr(each, "status_code")), None)
            if status is None:
                raise ValueError("the carrier's library could not make the request") from error
            raise RestFault(int(status), 0, "", self._http.retry_after_s()) from error


def _all_of(names: Sequence[str], found: Sequence[Any]) -> list[Mapping[str, Any]]:
    """These fields of what the library found, as values of ours."""
    # The library calls the field "from" of a text `from_`, and that of a call `_from`.
    spelled = {"from": ("from_", "_from")}

    def value(one: object, name: str) -> Any:  # noqa: ANN401 - as above
        return next((getattr(one, each) for each in spelled.get(name, (name,)) if hasattr(one, each)), None)

    return [{name: value(one, name) for name in names} for one in found]


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
    """One answer to the carrier, in the voices of its languages. Escaping is the library's (B-083)."""

    def __init__(self, voices: Mapping[str, tuple[str, str]], language: str) -> None:
        self._voices = voices
        self._language = language
        self._response = VoiceResponse()

    def _how(self, language: str) -> dict[str, str]:
        voice, code = self._voices.get(language or self._language) or next(iter(self._voices.values()))
        return {"voice": voice, "language": code}

    def say(self, text: str, language: str = "") -> None:
        """Speak; in the language of the call unless another is given."""
        self._response.say(_speakable(text), **self._how(language))

    def gather(
        self,
        prompts: Sequence[tuple[str, str]],
        *,
        action: str,
        digits: int,
        timeout_s: int,
        speech: bool,
        hints: Sequence[str] = (),
    ) -> None:
        """Ask. Silence goes on to the next verb."""
        options: dict[str, Any] = {"action": action, "method": "POST", "timeout": timeout_s, "input": "dtmf"}
        if speech:
            # Twilio, warning 13335: "auto" is refused with the default model; a pause of seconds ends the speech.
            options |= {"input": "dtmf speech", "language": self._how("")["language"], "speech_timeout": SPEECH_ENDS_S}
        if speech and hints:
            options["hints"] = ",".join(hints)
        if digits:
            options["num_digits"] = digits
        gather = Gather(**options)
        for text, language in prompts:
            gather.say(_speakable(text), **self._how(language))
        self._response.append(gather)

    def record(self, *, action: str, max_s: int) -> None:
        """Record after a tone."""
        self._response.record(action=action, method="POST", max_length=max_s, play_beep=True, finish_on_key="#")

    def ring(
        self, legs: Sequence[tuple[str, str, str]], *, action: str, timeout_s: int, caller_id: str, recorded: str
    ) -> None:
        """Ring telephones at once, each (number, address of what it hears first, address of its fate).

        The caller hears ringing until somebody is put through (`answerOnBridge`).
        """
        options: dict[str, Any] = {"answer_on_bridge": True, "action": action, "method": "POST", "timeout": timeout_s}
        if caller_id:
            options["caller_id"] = caller_id
        if recorded:
            options |= {"record": "record-from-answer-dual", "recording_status_callback": recorded}
        dial = Dial(**options)
        for number, heard_first, fate in legs:
            dial.number(
                number,
                url=heard_first,
                method="POST",
                status_callback=fate,
                status_callback_method="POST",
                status_callback_event="ringing answered completed",
            )
        self._response.append(dial)

    def redirect(self, url: str) -> None:
        """Go on elsewhere."""
        self._response.redirect(url, method="POST")

    def reject(self) -> None:
        """The busy tone; the call is not answered and costs nobody anything."""
        self._response.reject(reason="busy")

    def hangup(self) -> None:
        """End the call."""
        self._response.hangup()

    def xml(self) -> str:
        """The document."""
        return str(self._response)


def _speakable(text: str) -> str:
    return _NOT_XML.sub(" ", text)[:MOST_SPOKEN]
