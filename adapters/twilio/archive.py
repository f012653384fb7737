"""The carrier's books: what happened on our numbers, and recordings, fetched by their id from its own host alone.

A recording's address is put together here from its id and our account; what a webhook says of it is never followed
(B-084). A redirect that leads elsewhere, an encoding, and a byte more than allowed end the download (B-085).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

import httpx2

from adapters.twilio.doorway import shown_number
from adapters.twilio.sdk import RestFault
from gateway import journal
from gateway.domain.errors import ArchiveError
from gateway.domain.held import HeldCall, HeldRecording, HeldText

if TYPE_CHECKING:
    from adapters.twilio.sdk import Api

Held = TypeVar("Held")

NOT_FOUND, OK = 404, 200
REDIRECTS, MOST_REDIRECTS = frozenset({301, 302, 303, 307, 308}), 3
MOST_SECONDS = 120.0
INBOUND = "inbound"
AFTER_THE_TONE = "RecordVerb"
_CALL, _TEXT = re.compile(r"CA[0-9a-f]{32}", re.ASCII), re.compile(r"(?:SM|MM)[0-9a-f]{32}", re.ASCII)
_RECORDING = re.compile(r"RE[0-9a-f]{32}", re.ASCII)


class TwilioArchive:
    """The books of one account. `most_bytes` is the largest recording that is fetched."""

    def __init__(
        self, api: Api, *, account_sid: str, auth_token: str, api_url: str, most_bytes: int, timeout_s: float
    ) -> None:
        self._api = api
        self._auth = (account_sid, auth_token)
        self._host = f"{api_url.rstrip('/')}/"
        self._base = f"{self._host}2010-04-01/Accounts/{account_sid}/Recordings/"
        self._most_bytes = most_bytes
        self._timeout_s = timeout_s

    # -------------------------------------------------------------------------------------------------------- books

    def calls(self, number: str, since: datetime) -> list[HeldCall]:
        """Calls to a number of ours that began since, oldest first."""
        return _held(_call, lambda: self._api.calls_to(number, since))

    def texts(self, number: str, since: datetime) -> list[HeldText]:
        """Texts to a number of ours that were sent since, oldest first."""
        return _held(_text, lambda: self._api.texts_to(number, since))

    def recordings(self, since: datetime) -> list[HeldRecording]:
        """Recordings that were made since, oldest first."""
        return _held(_recording, lambda: self._api.recordings_since(since))

    # --------------------------------------------------------------------------------------------------- recordings

    def forget(self, sid: str) -> None:
        """Delete a recording there; one that is gone already is forgotten too."""
        try:
            with _answered():
                self._api.delete_recording(_shaped(sid))
        except ArchiveError as error:
            if not error.gone:
                raise

    def sound(self, sid: str) -> bytes:
        """The bytes of a recording as WAVE, no more than `most_bytes` of them, from the carrier's own host."""
        url, until = f"{self._base}{_shaped(sid)}.wav", time.monotonic() + MOST_SECONDS
        try:
            with httpx2.Client(timeout=self._timeout_s, follow_redirects=False) as client:
                for _ in range(MOST_REDIRECTS + 1):
                    found = self._one(client, url, until)
                    if isinstance(found, bytes):
                        return found
                    url = found
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise ArchiveError(f"no answer from the carrier: {type(error).__name__}") from error
        raise ArchiveError("the carrier sends from address to address")

    def _one(self, client: httpx2.Client, url: str, until: float) -> bytes | str:
        """The bytes at an address, or the address where they are instead."""
        with client.stream("GET", url, auth=self._auth, headers={"Accept-Encoding": "identity"}) as response:
            if response.status_code in REDIRECTS:
                return self._elsewhere(url, response.headers.get("location", ""))
            if response.status_code != OK:
                raise _refused(response.status_code, response.headers.get("retry-after", ""))
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ArchiveError("the recording comes encoded, which nobody asked for")
            return self._bytes(response, until)

    def _elsewhere(self, url: str, location: str) -> str:
        there = urljoin(url, location)
        if not location or not there.startswith(self._host):
            raise ArchiveError("the carrier sends elsewhere for a recording, which is not followed")
        return there

    def _bytes(self, response: httpx2.Response, until: float) -> bytes:
        raw = bytearray()
        for chunk in response.iter_raw():
            raw += chunk
            if len(raw) > self._most_bytes:
                raise ArchiveError(
                    f"the recording is larger than {self._most_bytes} bytes ([phone] recording_max_bytes)"
                )
            if time.monotonic() > until:
                raise ArchiveError(f"the recording took longer than {MOST_SECONDS:.0f} s")
        return bytes(raw)


def _held(
    read: Callable[[Mapping[str, Any]], Held | None], ask: Callable[[], Sequence[Mapping[str, Any]]]
) -> list[Held]:
    """What came to us by the books, oldest first. A line that is not as it should be is told and left out."""
    with _answered():
        rows = ask()
    found = [read(row) for row in reversed(rows) if row.get("direction", INBOUND) == INBOUND]
    strange = sum(one is None for one in found)
    if strange:
        journal.noted("carrier.lines_left_out", lines=strange)
    return [one for one in found if one is not None]


@contextmanager
def _answered() -> Iterator[None]:
    """The errors of the carrier's library as ours."""
    try:
        yield
    except RestFault as fault:
        raise _refused(fault.status, "" if fault.retry_after_s is None else str(int(fault.retry_after_s))) from fault
    except (OSError, ValueError) as error:
        raise ArchiveError(f"no answer from the carrier: {type(error).__name__}") from error


def _refused(status: int, retry_after: str) -> ArchiveError:
    wait_s = float(retry_after) if retry_after.isdecimal() else None
    return ArchiveError(f"the carrier answered {status}", gone=status == NOT_FOUND, wait_s=wait_s)


def _shaped(sid: str) -> str:
    """An id that may stand in an address (B-084)."""
    if not _RECORDING.fullmatch(sid):
        raise ArchiveError("no id of a recording")
    return sid


# ------------------------------------------------------------------------------------------------- one line of a book


def _call(row: Mapping[str, Any]) -> HeldCall | None:
    began_at, sid = _at(row["start_time"]) or _at(row["date_created"]), str(row["sid"])
    if began_at is None or not _CALL.fullmatch(sid):
        return None
    caller, called, status = shown_number(str(row["from"])), str(row["to"]), str(row["status"])
    return HeldCall(sid, caller, called, status, began_at, _at(row["end_time"]), _whole(row["duration"]))


def _text(row: Mapping[str, Any]) -> HeldText | None:
    sent_at, sid = _at(row["date_sent"]) or _at(row["date_created"]), str(row["sid"])
    if sent_at is None or not _TEXT.fullmatch(sid):
        return None
    sender, body = shown_number(str(row["from"])), str(row["body"] or "")
    return HeldText(sid, sender, str(row["to"]), body, sent_at, _whole(row["num_media"]))


def _recording(row: Mapping[str, Any]) -> HeldRecording | None:
    made_at, sid, call_sid = _at(row["start_time"]) or _at(row["date_created"]), str(row["sid"]), str(row["call_sid"])
    if made_at is None or not _RECORDING.fullmatch(sid) or not _CALL.fullmatch(call_sid):
        return None
    return HeldRecording(sid, call_sid, made_at, _whole(row["duration"]), row["source"] != AFTER_THE_TONE)


def _at(value: object) -> datetime | None:
    """An instant of the books; the library leaves what it cannot read as text."""
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else None


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0
