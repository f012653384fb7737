"""One `contracts/*.toml` file: its tables, what they refuse, and the `Contract` they become."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from config.fields import Duration, Mail, Number, Section, Zone, duration, refuse, wall_time
from config.load.calendars import day_in, national, patrons, yearly
from config.load.refusals import Source, checked
from gateway.domain.contract import (
    MIDNIGHT,
    Acknowledgement,
    Band,
    Clauses,
    Closure,
    Contact,
    Contract,
    DatedNumber,
    Endpoint,
    Escalation,
    Extension,
    OnCall,
    Page,
    Priority,
    ReplyAddress,
    Schedule,
    TypeRule,
)
from gateway.domain.intake import Channel
from gateway.domain.provisions import Calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EndpointChannel = Literal["phone", "sms", "mail", "pec", "fax"]
SummaryField = Literal[
    "number",
    "contract",
    "priority",
    "system",
    "workstation",
    "occurrence",
    "description",
    "steps",
    "expected_obtained",
    "error",
    "analysis",
    "actions",
    "workaround",
    "articles",
    "attachments",
    "contact",
    "term",
]
TicketTypeName = Literal["assistance", "advice", "information", "report", "complaint", "need", "change", "other"]
Rule = Literal[
    "parties",
    "validity",
    "hours",
    "continuous",
    "closures",
    "holidays",
    "channels",
    "on_call",
    "on_call_number",
    "coverage",
    "unanswered",
    "levels",
    "types",
    "priority",
    "escalation",
    "required",
    "acknowledgement",
    "contact",
]
RULE_OF_KEY: Mapping[str, str] = {
    "parties": "parties",
    "validity": "validity",
    "hours": "hours",
    "hours.continuous": "continuous",
    "hours.closures_allowed": "closures",
    "hours.closure": "closures",
    "holidays": "holidays",
    "channels": "channels",
    "endpoint": "channels",
    "on_call": "on_call",
    "on_call.number": "on_call_number",
    "on_call.retry_every": "unanswered",
    "on_call.rounds": "unanswered",
    "levels": "levels",
    "type": "types",
    "priority": "priority",
    "escalation": "escalation",
    "escalation.required": "required",
    "acknowledgement": "acknowledgement",
    "contact": "contact",
}
LONGEST_YEARS = 60
ClauseId = Annotated[str, Field(pattern=r"^[A-Z]\d{1,2}(\.\d{1,2})?$")]
Text = Annotated[str, Field(min_length=1)]


def _day_rule(value: str) -> str:
    if not re.fullmatch(r"\d\d-\d\d|easter[+-]\d{1,3}", value):
        raise refuse(f"{value!r} is not a day of the year", remedy='write "10-30" (month-day) or "easter+50"')
    try:
        day_in(value, 2024)
    except ValueError:
        raise refuse(f"the year has no day {value!r}", remedy='write "10-30" (month-day)') from None
    return value


DayOfYear = Annotated[str, AfterValidator(_day_rule)]


class Parties(Section):
    """[parties] who the contract is between, in the words that people read."""

    body: Text
    vendor: Text
    controller: Text
    info_url: str


class ExtensionTable(Section):
    """[[validity.extension]] an extension of the contract [proroga], granted before it ends."""

    until: date
    recorded_on: date
    reference: Text


class Validity(Section):
    """[validity] the first and the last day on which the contract is in force."""

    start: date = Field(alias="from")
    until: date
    extension: tuple[ExtensionTable, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.start:
            raise refuse(
                f"the last day {self.until} is before the first, {self.start}",
                remedy="exchange from and until",
                key="until",
            )
        if self.until.year - self.start.year > LONGEST_YEARS:
            raise refuse(
                f"a validity of more than {LONGEST_YEARS} years",
                remedy="give the date of the contract's end",
                key="until",
            )
        last = self.until
        for extension in self.extension:
            if extension.until <= last or extension.recorded_on > last:
                raise refuse(
                    f"the extension to {extension.until} does not lengthen a contract that ends on {last}",
                    remedy="an extension is recorded before the end and ends after it; list them in order",
                    key="extension",
                )
            last = extension.until
        return self


class BandTable(Section):
    """[[hours.band]] the hours of some weekdays, as "08:00-18:00", half-open."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    times: Annotated[tuple[str, ...], Field(min_length=1)]
    clause: ClauseId | None = None

    @field_validator("times")
    @classmethod
    def _are_times(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            _span(each)
        return value


def _span(text: str) -> tuple[time, time]:
    start, _, end = text.partition("-")
    first, last = wall_time(start.strip()), wall_time(end.strip())
    if first is None or last is None:
        raise refuse(f"{text!r} is not a band", remedy='write "08:00-18:00", until midnight "18:00-24:00"')
    if last != MIDNIGHT and last <= first:
        raise refuse(
            f"the band {text!r} does not end after it starts",
            remedy="write a night as two bands, until 24:00 and from 00:00",
        )
    return first, last


class ClosureTable(Section):
    """[[hours.closure]] a closing day, or with closes_at a shortened one."""

    on: date
    name: Text
    closes_at: time | None = None


class Hours(Section):
    """[hours] when the desk is staffed."""

    continuous: bool
    closures_allowed: bool
    time_zone: Zone = "Europe/Rome"
    band: Annotated[tuple[BandTable, ...], Field(min_length=1)]
    closure: tuple[ClosureTable, ...] = ()


class AdditionalDay(Section):
    """[[holidays.additional]] a day that is a holiday besides: once (`on`) or every year (`every`)."""

    name: Text
    on: date | None = None
    every: DayOfYear | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.on is None) == (self.every is None):
            raise refuse("a holiday is either on one date or comes every year", remedy="give either on or every")
        return self


class Holidays(Section):
    """[holidays] whether holidays are closed, and which."""

    national: bool
    patron: bool | None = None
    municipality: str | None = None
    patron_day: DayOfYear | None = None
    patron_name: str | None = None
    additional: tuple[AdditionalDay, ...] = ()

    @model_validator(mode="after")
    def _patron_decided(self) -> Self:
        if self.national and self.patron is None:
            raise refuse(
                "holidays are excluded and nothing says whether the patron saint is one: patron is missing",
                remedy="ask the client and write patron = true or patron = false",
                key="patron",
            )
        if self.patron and not self.patron_day and self.municipality not in patrons():
            raise refuse(
                f"the patron saint of {self.municipality or 'a municipality that is not named'} is not known",
                remedy='write municipality, or patron_day = "MM-DD" and patron_name',
                key="municipality",
            )
        return self


class Channels(Section):
    """[channels] in which order texts name the channels, and the public telephone number."""

    order: Annotated[tuple[EndpointChannel, ...], Field(min_length=1)]
    phone: Number | None = None


class EndpointTable(Section):
    """[[endpoint]] an address or number that leads to this contract; shared when another contract has it too.

    A fax endpoint is the number that people dial, or the mail address to which a fax service delivers.
    """

    channel: EndpointChannel
    address: str
    shared: bool = False

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, data: Any) -> Any:  # noqa: ANN401 - what pydantic hands over
        if not isinstance(data, dict) or not all(isinstance(data.get(key), str) for key in ("address", "channel")):
            return data
        by_mail = data.get("channel") in {"mail", "pec"} or (data.get("channel") == "fax" and "@" in data["address"])
        kind = _MailAddress if by_mail else _NumberAddress
        return {**data, "address": kind.model_validate({"address": data["address"]}).address}


class _MailAddress(Section):
    address: Mail


class _NumberAddress(Section):
    address: Number


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


class PriorityTable(Section):
    """[priority] the words that make a request urgent."""

    urgent_words: tuple[Text, ...] = ()
    negations: tuple[Text, ...] = ()


class TypeTable(Section):
    """[[type]] the words that give the type of a request; the first rule that is met counts."""

    type: TicketTypeName
    words: Annotated[tuple[Text, ...], Field(min_length=1)]


class EscalationTable(Section):
    """[escalation] the mailbox of level 2, and what its requests must contain besides."""

    mailbox: Mail
    vendor_name: Text
    contract_reference: Text
    required: tuple[SummaryField, ...] = ()
    remind_after: Duration = duration("1d")


class ContactTable(Section):
    """[contact] who answers level 2's questions."""

    role: Text
    phone: Number
    mail: Mail
    hours: Text


class AcknowledgementTable(Section):
    """[acknowledgement] by which channels a request is acknowledged."""

    mail: bool = True
    pec: bool = True
    sms: bool = False
    reply_address: ReplyAddress = ReplyAddress.HEADER


class ContractFile(Section):
    """A contract file as a whole."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
    clause: ClauseId
    name: Text
    service_name: Text
    sms_name: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9 .&'-]+$")]
    language: Literal["it", "en"] = "it"
    levels: Annotated[tuple[Literal[1, 2], ...], Field(min_length=1)] = (1,)
    parties: Parties
    validity: Validity
    hours: Hours
    holidays: Holidays
    channels: Channels
    endpoint: tuple[EndpointTable, ...] = ()
    on_call: OnCallTable | None = None
    priority: PriorityTable = PriorityTable()
    type: tuple[TypeTable, ...] = ()
    escalation: EscalationTable | None = None
    contact: ContactTable
    acknowledgement: AcknowledgementTable = AcknowledgementTable()
    clauses: Mapping[Rule, ClauseId] = Field(default_factory=dict)


def contract_of(source: Source) -> Contract:
    """The contract that a file says.

    Raises:
        SettingError: the file is refused.
    """
    table = checked(ContractFile, source, _clauses_of_keys(source.data), {})
    clauses = Clauses(table.clause, MappingProxyType({str(rule): clause for rule, clause in table.clauses.items()}))
    _refuse_broken_clauses(source, table, clauses)
    return _contract(table, clauses)


def _clauses_of_keys(data: Mapping[str, Any]) -> dict[str, str]:
    """The clause of each key, as far as the file can be understood at all."""
    given = data.get("clauses")
    rules: Mapping[str, Any] = given if isinstance(given, dict) else {}
    whole = data.get("clause")
    found = {key: str(rules[rule]) for key, rule in RULE_OF_KEY.items() if rule in rules}
    return {"": str(whole), **found} if isinstance(whole, str) else found


def _refuse_broken_clauses(source: Source, table: ContractFile, clauses: Clauses) -> None:
    _refuse_breaks(source, table, clauses)
    _refuse_closures(source, table, clauses)
    _refuse_unpublished(source, table, clauses)
    if source.path.stem != table.id:
        raise source.refusal(
            "id",
            f"the file {source.path.name} holds the contract {table.id}",
            clause=clauses.whole,
            remedy=f"call the file {table.id}.toml",
        )


def _refuse_breaks(source: Source, table: ContractFile, clauses: Clauses) -> None:
    by_day: dict[str, list[tuple[time, time]]] = {}
    for number, band in enumerate(table.hours.band, 1):
        for day in band.days:
            spans = by_day.setdefault(day, [])
            spans.extend(_span(text) for text in band.times)
            if _overlap(spans):
                raise source.refusal(
                    f"hours.band[{number}]",
                    f"two bands of {day} overlap",
                    clause=clauses.of("hours"),
                    remedy="give each hour of the day once",
                )
    broken = [day for day in WEEKDAYS if len(by_day.get(day, ())) > 1]
    if table.hours.continuous and broken:
        raise source.refusal(
            "hours.continuous",
            f"continuous hours [orario continuato] with a break on {', '.join(broken)}",
            clause=clauses.of("continuous"),
            remedy="give one band a day, or write continuous = false if the contract allows a break",
        )


def _overlap(spans: list[tuple[time, time]]) -> bool:
    ordered = sorted((start, end if end != MIDNIGHT else time.max) for start, end in spans)
    return any(before[1] > after[0] for before, after in pairwise(ordered))


def _refuse_closures(source: Source, table: ContractFile, clauses: Clauses) -> None:
    if table.hours.closure and not table.hours.closures_allowed:
        closure = table.hours.closure[0]
        raise source.refusal(
            "hours.closure[1]",
            f"the closure {closure.name!r} on {closure.on}: the contract allows no closing days, not even planned ones",
            clause=clauses.of("closures"),
            remedy="take it out; an unforeseen stop is recorded as an outage, never as a closure",
        )


def _refuse_unpublished(source: Source, table: ContractFile, clauses: Clauses) -> None:
    channels = {each.channel for each in table.endpoint}
    if "phone" in table.channels.order and table.channels.phone is None:
        raise source.refusal(
            "channels.phone",
            "telephone is among the channels and there is no public number: phone is missing",
            clause=clauses.of("channels"),
            remedy='add phone = "+39..."',
        )
    for channel in table.channels.order:
        if channel not in channels:
            raise source.refusal(
                "channels.order",
                f"{channel} is among the channels and no endpoint leads to it",
                clause=clauses.of("channels"),
                remedy=f'add [[endpoint]] with channel = "{channel}", or take it out of order',
            )


def _contract(table: ContractFile, clauses: Clauses) -> Contract:
    parties, channels, acknowledgement = table.parties, table.channels, table.acknowledgement
    return Contract(
        id=table.id,
        clause=table.clause,
        version=1,
        effective_from=table.validity.start,
        amendment="",
        name=table.name,
        service_name=table.service_name,
        sms_name=table.sms_name,
        body_name=parties.body,
        vendor_name=parties.vendor,
        controller=parties.controller,
        info_url=parties.info_url,
        language=table.language,
        valid_from=table.validity.start,
        valid_until=table.validity.until,
        extensions=tuple(Extension(e.until, e.recorded_on, e.reference) for e in table.validity.extension),
        schedules=(_schedule(table, clauses),),
        channels=tuple(Channel(channel) for channel in channels.order),
        endpoints=tuple(Endpoint(Channel(e.channel), e.address, e.shared) for e in table.endpoint),
        phone=channels.phone,
        on_call_required=bool(table.on_call and table.on_call.required),
        on_call=_on_call(table.on_call),
        levels=tuple(table.levels),
        priority=Priority(table.priority.urgent_words, table.priority.negations),
        type_rules=tuple(TypeRule(rule.type, rule.words) for rule in table.type),
        escalation=_escalation(table.escalation),
        contact=Contact(table.contact.role, table.contact.phone, table.contact.mail, table.contact.hours),
        acknowledgement=Acknowledgement(acknowledgement.mail, acknowledgement.pec, acknowledgement.sms),
        reply_address=acknowledgement.reply_address,
        clauses=clauses,
    )


def _schedule(table: ContractFile, clauses: Clauses) -> Schedule:
    return Schedule(
        effective_from=table.validity.start,
        bands=tuple(sorted(_bands(table, clauses), key=lambda band: (band.weekday, band.start))),
        calendar=Calendar(MappingProxyType(dict(sorted(_holidays(table))))),
        holidays_closed=table.holidays.national,
        municipality=table.holidays.municipality,
        continuous=table.hours.continuous,
        closures_allowed=table.hours.closures_allowed,
        closures=tuple(Closure(c.on, c.name, c.closes_at) for c in table.hours.closure),
    )


def _bands(table: ContractFile, clauses: Clauses) -> Iterator[Band]:
    for band in table.hours.band:
        for day in band.days:
            for text in band.times:
                start, end = _span(text)
                yield Band(WEEKDAYS.index(day), start, end, band.clause or clauses.of("hours"))


def _holidays(table: ContractFile) -> Iterator[tuple[date, str]]:
    """Every holiday from the year before the validity to the year after it; a later one of the same day wins."""
    last = max((table.validity.until, *(each.until for each in table.validity.extension)))
    years = range(table.validity.start.year - 1, last.year + 2)
    rules = table.holidays
    for extra in rules.additional:
        yield from yearly(extra.every, extra.name, years) if extra.every else _once(extra.on, extra.name)
    saint = patrons().get(rules.municipality or "", {})
    if rules.patron or (rules.national and saint.get("decree", False)):
        day = rules.patron_day or saint["day"]
        yield from yearly(day, rules.patron_name or saint.get("name", "Santo Patrono"), years)
    if rules.national:
        for year in years:
            yield from national(year).items()


def _once(day: date | None, name: str) -> Iterator[tuple[date, str]]:
    if day:
        yield day, name


def _on_call(table: OnCallTable | None) -> OnCall | None:
    if table is None or not table.number:
        return None
    return OnCall(
        page=table.page,
        numbers=tuple(DatedNumber(each.number, each.start) for each in table.number),
        answer_within=table.answer_within,
        ring_s=table.ring_s,
        rounds=table.rounds,
        retry_every=table.retry_every,
        ack_timeout=table.ack_timeout,
        call_timeout=table.call_timeout,
        accept_key=table.accept_key,
        decline_key=table.decline_key,
        storm_pages=table.storm_pages,
        storm_window=table.storm_window,
        alarm_mails=table.alarm_mails,
    )


def _escalation(table: EscalationTable | None) -> Escalation | None:
    if table is None:
        return None
    return Escalation(
        mailbox=table.mailbox,
        vendor_name=table.vendor_name,
        contract_reference=table.contract_reference,
        required=table.required,
        remind_after=table.remind_after,
    )
