"""[channels], [[endpoint]], [[communication]], [on_call], [acknowledgement]: how people reach us and we them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from config.fields import Days, Duration, Mail, Number, Section, duration, refuse
from config.load.tables.kinds import ClauseId, EndpointChannel, Text
from gateway.domain.contract import Page, ReplyAddress


class Channels(Section):
    """[channels] in which order texts name the channels, the public number, and which channels the clause asks for.

    `phone_fallback` is told beside the public number while that is known to be down: a number of another line.
    `require_any`: at least one of them has an endpoint. `require_all`: each has. `communicated`: the details are
    communicated to the client before the start of the works and after every change.
    """

    order: Annotated[tuple[EndpointChannel, ...], Field(min_length=1)]
    phone: Number | None = None
    phone_fallback: Number | None = None
    require_any: tuple[EndpointChannel, ...] = ()
    require_all: tuple[EndpointChannel, ...] = ()
    communicated: bool = False


class EndpointTable(Section):
    """[[endpoint]] an address or number that leads to this contract; shared when another contract has it too.

    A fax endpoint is the number that people dial, or the mail address to which a fax service delivers.
    """

    channel: EndpointChannel
    address: str
    shared: bool = False
    published_from: date | None = None
    published_until: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, data: Any) -> Any:  # noqa: ANN401 - what pydantic hands over
        if not isinstance(data, dict) or not all(isinstance(data.get(key), str) for key in ("address", "channel")):
            return data
        by_mail = data.get("channel") in {"mail", "pec"} or (data.get("channel") == "fax" and "@" in data["address"])
        kind = _MailAddress if by_mail else _NumberAddress
        return {**data, "address": kind.model_validate({"address": data["address"]}).address}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.published_from and self.published_until and self.published_until < self.published_from:
            raise refuse(
                f"published until {self.published_until}, before {self.published_from}",
                remedy="exchange published_from and published_until",
                key="published_until",
            )
        return self


class _MailAddress(Section):
    address: Mail


class _NumberAddress(Section):
    address: Number


class CommunicationTable(Section):
    """[[communication]] the contact details as they were communicated to the client, and the proof of it."""

    on: date
    valid_from: date | None = None
    proof: str = ""
    phone: Number | None = None
    mail: Mail | None = None
    fax: Number | None = None
    clause: ClauseId | None = None


class OnCallNumber(Section):
    """[[on_call.number]] the published on-call number from a day on."""

    number: Number
    start: date = Field(alias="from")


class OnCallTable(Section):
    """[on_call] who is woken outside the hours, and how insistently."""

    required: bool
    page: Page = Page.URGENT
    number: tuple[OnCallNumber, ...] = ()
    answer_within: Duration = duration("30m")
    ring_s: Annotated[int, Field(ge=5, le=120)] = 25
    rounds: Annotated[int, Field(ge=1, le=20)] = 2
    retry_every: Duration = duration("10m")
    ack_timeout: Duration = duration("10m")
    call_timeout: Duration = duration("2m")
    accept_key: Annotated[str, Field(pattern=r"^\d$")] = "1"
    decline_key: Annotated[str, Field(pattern=r"^\d$")] = "2"
    storm_pages: Annotated[int, Field(ge=1)] = 10
    storm_window: Duration = duration("10m")
    alarm_mails: tuple[Mail, ...] = ()
    acceptance_expires: Duration | Literal["never"] = "never"
    mail: bool = True
    drill: Literal["monthly", "never"] = "never"
    confirm_shift: bool = False
    confirm_within: Duration = duration("15m")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.required and not self.number:
            raise refuse(
                "the contract requires an on-call number and none is given: number is missing",
                remedy="add [[on_call.number]] with number and from; it may be the public number",
                key="number",
            )
        if self.accept_key == self.decline_key:
            raise refuse(
                "accept_key and decline_key are the same key", remedy="give two different keys", key="decline_key"
            )
        days = [each.start for each in self.number]
        if days != sorted(set(days)):
            raise refuse(
                "the on-call numbers are not in the order of their days",
                remedy="list them by from, each once",
                key="number",
            )
        return self


class AcknowledgementTable(Section):
    """[acknowledgement] by which channels a request is acknowledged."""

    mail: bool = True
    pec: bool = True
    sms: bool = False
    reply_address: ReplyAddress = ReplyAddress.HEADER
    reopens_within: Days | None = None
    """How long after its conclusion a reply reopens a ticket (X16); without it `[gateway] reopens_within`."""


class TextTable(Section):
    """[[text]] this contract's own words for one text of the catalogue; mails have a subject, SMS and voice none."""

    id: Text
    subject: Annotated[str, Field(pattern=r"^[^\r\n]*$")] = ""
    body: Text
