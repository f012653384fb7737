"""What the flow needs of the ledger of certified mail: a line for each recipient, and every receipt that came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.domain.ledger import Line, LineState, SeenReceipt, Verdict


class LedgerReading(Protocol):
    """What the store knows of certified messages of ours and of receipts."""

    def line(self, line_id: int) -> Line | None:
        """One recipient of one certified message of ours."""
        ...

    def lines(
        self,
        *,
        ticket: int | None = None,
        dispatch: int | None = None,
        message_ids: Sequence[str] = (),
        states: Sequence[LineState] = (),
        limit: int = 1000,
    ) -> list[Line]:
        """The ledger of certified mail that we sent, oldest first; `message_ids` are ours, without `<>`."""
        ...

    def receipts(
        self,
        *,
        ticket: int | None = None,
        intake: int | None = None,
        verdicts: Sequence[Verdict] = (),
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[SeenReceipt]:
        """Receipts of certified mail with what became of each."""
        ...


class LedgerWriting(LedgerReading, Protocol):
    """What is written of them."""

    def add_line(self, line: Line) -> Line:
        """A certified message leaves for a recipient; the line's `id` is given here."""
        ...

    def change_line(self, line_id: int, **values: Any) -> Line:  # noqa: ANN401 - fields of Line
        """Set fields of a line of the ledger."""
        ...

    def add_receipt(self, receipt: SeenReceipt) -> SeenReceipt:
        """A receipt was seen, believed or not; its `id` is given here. Read once more, it takes its own place."""
        ...
