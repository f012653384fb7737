"""Status callbacks of one message or call: in order, or in the wrong order when a fault says so."""

from __future__ import annotations

from email.utils import format_datetime

from adapters.rehearsal.courier import Courier, Errand, Params, call_params
from adapters.rehearsal.faults import Kind, Struck
from adapters.rehearsal.records import Account, Call

# Twilio, Call resource: without StatusCallbackEvent only the end of the call is reported.
DEFAULT_EVENTS = frozenset({"completed"})
_STATUS_OF_EVENT = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}


class Reports:
    """Sends callbacks about `sid` to `url`; nothing when that is empty. `close` sends what was held back."""

    def __init__(self, courier: Courier, sid: str, url: str, *, method: str = "POST", struck: Struck) -> None:
        self._courier = courier
        self._sid = sid
        self._url = url
        self._method = method
        self._struck = struck
        self._held: list[Errand] = []

    async def send(self, params: Params) -> None:
        if not self._url:
            return
        errand = Errand(self._url, params, self._method)
        if Kind.REVERSED in self._struck:
            self._held.append(errand)
            return
        await self._carry(errand)

    async def close(self) -> None:
        for errand in reversed(self._held):
            await self._carry(errand)
        self._held.clear()

    async def _carry(self, errand: Errand) -> None:
        for _ in range(2 if Kind.DUPLICATED in self._struck else 1):
            await self._courier.carry(errand, self._sid)


class CallReports:
    """The callbacks of one call: those events that were asked for, numbered in order."""

    def __init__(self, account: Account, call: Call, reports: Reports, events: frozenset[str]) -> None:
        self._account = account
        self._call = call
        self._reports = reports
        self._events = events
        self._sequence = 0

    async def tell(self, event: str) -> None:
        """Report `initiated`, `ringing`, `answered` or `completed` (any end) if it was asked for.

        Source: Twilio, "StatusCallback request parameters".
        """
        if event not in self._events:
            return
        fields = dict(call_params(self._account, self._call, *self._progress()))
        fields["CallStatus"] = _STATUS_OF_EVENT.get(event, self._call.status)
        if event == "completed":
            fields["CallDuration"] = str(self._call.duration_s or 0)
            fields["Duration"] = str(-(-(self._call.duration_s or 0) // 60))
        await self._reports.send(tuple(fields.items()))
        self._sequence += 1

    async def close(self) -> None:
        await self._reports.close()

    def _progress(self) -> Params:
        return (
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(self._sequence)),
            ("Timestamp", format_datetime(self._call.updated_at)),
        )
