"""What the flow needs of the telephone: calls, recordings, outages and changes of the roster as rows; the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.held import HeldCall, HeldRecording, HeldText
    from gateway.domain.telephony import Call, Outage, Recording, RecordingState, RosterChange


class CallReading(Protocol):
    """What the store knows of calls, recordings, outages, and changes of the roster."""

    def call(self, call_id: int) -> Call | None:
        """One telephone call."""
        ...

    def call_by(self, sid: str) -> Call | None:
        """The call that the carrier knows by this SID."""
        ...

    def calls(
        self,
        *,
        ticket: int | None = None,
        caller: str | None = None,
        going_on: bool = False,
        since: datetime | None = None,
        limit: int = 100,
    ) -> list[Call]:
        """Calls, newest first; with `going_on` those that have not ended."""
        ...

    def recording_by(self, sid: str) -> Recording | None:
        """The recording that the carrier knows by this SID."""
        ...

    def recordings(
        self, *, ticket: int | None = None, states: Sequence[RecordingState] = (), limit: int = 100
    ) -> list[Recording]:
        """Recordings, oldest first."""
        ...

    def outages(self, *, channel: str | None = None, open_only: bool = False, limit: int = 100) -> list[Outage]:
        """Outages of channels, newest first."""
        ...

    def roster_changes(
        self, *, contract: str | None = None, ending_after: datetime | None = None
    ) -> list[RosterChange]:
        """What changes the roster beside its file, in the order in which it was recorded."""
        ...

    def roster_change(self, change_id: int) -> RosterChange | None:
        """One change of the roster."""
        ...


class CallWriting(CallReading, Protocol):
    """What is written of them."""

    def add_call(self, call: Call) -> Call:
        """A telephone call began; its `id` is given here."""
        ...

    def change_call(self, call_id: int, **values: Any) -> Call:  # noqa: ANN401 - fields of Call
        """Set fields of a call."""
        ...

    def add_recording(self, recording: Recording) -> Recording:
        """A message was recorded; its `id` is given here."""
        ...

    def change_recording(self, recording_id: int, **values: Any) -> Recording:  # noqa: ANN401 - fields of Recording
        """Set fields of a recording."""
        ...

    def add_outage(self, outage: Outage) -> Outage:
        """A channel is down; its `id` is given here."""
        ...

    def change_outage(self, outage_id: int, **values: Any) -> Outage:  # noqa: ANN401 - fields of Outage
        """Set fields of an outage."""
        ...

    def add_roster_change(self, change: RosterChange) -> RosterChange:
        """Somebody else on call for a while; its `id` is given here."""
        ...

    def change_roster_change(self, change_id: int, **values: Any) -> RosterChange:  # noqa: ANN401 - its fields
        """Set fields of a change of the roster."""
        ...


class Archive(Protocol):
    """The carrier's own books: what happened on our numbers, and the recordings until we have them.

    Every question raises `ArchiveError` when it is not answered. Called with no transaction open.
    """

    def calls(self, number: str, since: datetime) -> list[HeldCall]:
        """Calls to a number of ours that began since, oldest first."""
        ...

    def texts(self, number: str, since: datetime) -> list[HeldText]:
        """Texts to a number of ours that were sent since, oldest first."""
        ...

    def recordings(self, since: datetime) -> list[HeldRecording]:
        """Recordings that were made since, oldest first."""
        ...

    def sound(self, sid: str) -> bytes:
        """The bytes of a recording, never more than the settings allow."""
        ...

    def forget(self, sid: str) -> None:
        """Delete a recording there; one that is gone already is forgotten too."""
        ...
