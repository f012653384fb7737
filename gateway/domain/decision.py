"""A contact as it is decided about, and the decision: what became of it, where it goes, what is due, by which clause.

`reception.decide` makes a `Decision`; filing obeys it and `simulate` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.domain.provisions import Of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from gateway.domain.contract import Contract
    from gateway.domain.hours import Opening
    from gateway.domain.intake import Channel
    from gateway.domain.places import Place
    from gateway.domain.provisions import Group, Matter, Office, Phase, PriorityClass, Quota
    from gateway.domain.routing import Route
    from gateway.domain.terms import Due
    from gateway.domain.ticket import Mark


class Became(StrEnum):
    """What became of a contact (DESIGN, Words)."""

    ACCEPTED = "accepted"
    QUOTA_EXHAUSTED = "quota_exhausted"
    PERIOD_EXPIRED = "period_expired"
    SITE_NOT_ADMITTED = "site_not_admitted"
    NOT_ENTITLED = "not_entitled"
    OUT_OF_SCOPE = "out_of_scope"


class Mode(StrEnum):
    """How help is given: from the desk, or by a visit (C3.3)."""

    HELP_DESK = "help_desk"
    ON_SITE = "on_site"


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a contact when it is decided about.

    `at` is the aware instant of its reception, `text` its new text, `person` the directory's id of who asks. `on_site`
    None: the words of the contract say whether a visit is wished; `site` names the place, None: the words do.
    `group` is what somebody said who asks, where the address tells nothing (C9.1); a group that is known by it wins.
    `wakes_nobody`: sent by a machine or a list, so nobody is woken by it and nobody is written to.
    """

    channel: Channel
    at: datetime
    address: str = ""
    number: str = ""
    person: str | None = None
    subject: str = ""
    text: str = ""
    site: str | None = None
    on_site: bool | None = None
    urgent: bool = False
    wakes_nobody: bool = False
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a quota is used: visits carried out, and those reserved for what was accepted."""

    done: int = 0
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """A quota as the request found it: `used` of `count` carried out, `reserved` besides (C3.10, C3.22).

    `number` is which one this request would be; `warn` says that it reaches the number from which on the client is
    told.
    """

    quota: Quota
    used: int
    reserved: int

    @property
    def count(self) -> int:
        """How many there may be."""
        return self.quota.count

    @property
    def number(self) -> int:
        """Which one this request is; beyond `count` there is none left for it."""
        return self.used + self.reserved + 1

    @property
    def is_exhausted(self) -> bool:
        """Whether none is left for this request."""
        return self.number > self.count

    @property
    def warn(self) -> bool:
        """Whether so many are used that somebody has to be told."""
        return self.number >= self.quota.warn_at


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a contact under the contract in force, and why.

    `due` holds the terms that run; for a visit that was refused (site, period, quota) also the one that would count if
    the client authorised it: `owed` leaves that out. `periods` are the last days (Rome) of the periods whose act is
    recorded, whatever the phase. `answer` is the text of the mail answer, None to what a machine sent.
    `answers_by_voice` is what a caller hears first. `forward_to` gets the contact, `ask` decides for the client.
    `clauses`: each once, in the order of the decisions.
    """

    contract: Contract
    opening: Opening
    phase: Phase | None
    group: Group | None
    became: Became
    route: Route
    level: int
    mode: Mode
    site: Place | None
    due: Mapping[Of, Due]
    periods: Mapping[Of, date]
    quota: QuotaUse | None
    matter: Matter | None
    priority_class: PriorityClass | None
    marks: tuple[Mark, ...]
    answer: str | None
    answers_by_voice: tuple[str, ...]
    forward_to: Office | None
    ask: Office | None
    clauses: tuple[str, ...]

    @property
    def entitled(self) -> bool:
        """Whether the requester is served by this service at all."""
        return self.became is not Became.NOT_ENTITLED

    @property
    def owed(self) -> Mapping[Of, Due]:
        """By when something must have happened as things are: nothing for a visit that waits for the client."""
        if self.mode is Mode.ON_SITE and self.became is not Became.ACCEPTED:
            return MappingProxyType({of: due for of, due in self.due.items() if of is not Of.ON_SITE})
        return self.due
