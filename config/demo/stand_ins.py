"""What the demo's gateway talks to: the carrier with its telephones, the mail sink, the mailboxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from adapters.rehearsal import Account, Gateway, Ports, Rehearsal, replies, rings_out
from adapters.rehearsal.mailboxes import Mailboxes
from config.demo import probe
from config.demo.site import ACCOUNT, GATEWAY_NUMBER, secret

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from adapters.rehearsal import Clock

PLAY_SCALE = 0.04
"""With `--play` a telephone rings for one second where it would ring for twenty-five."""


@dataclass(slots=True)
class StandIns:
    """Everything outside, started and stopped together."""

    rehearsal: Rehearsal
    mailboxes: Mailboxes

    @classmethod
    def of(cls, folder: Path, clock: Clock, *, seconds_scale: float, port: int = 0) -> Self:
        """The stand-ins of a demo folder, not started yet; `port` is the carrier's and that of its page."""
        account = Account(ACCOUNT, secret(folder, "carrier.token"), GATEWAY_NUMBER)
        password = secret(folder, "mailbox.password")
        return cls(
            Rehearsal(account, clock=clock, seconds_scale=seconds_scale, ports=Ports(http=port)),
            Mailboxes({"comune": password, "fax": password}, clock=clock),
        )

    def connect(self, public_url: str, phones: dict[str, str]) -> None:
        """Where the gateway is, and which telephones there are: they ring until somebody is told to answer."""
        self.rehearsal.connect(Gateway(public_url))
        for number in phones.values():
            self.rehearsal.carrier.phones[number] = rings_out()
        self.rehearsal.carrier.phones[probe.NUMBER] = replies("OK {code}")

    def __enter__(self) -> Self:
        self.rehearsal.start()
        self.mailboxes.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.mailboxes.stop()
        self.rehearsal.stop()
