"""One `contracts/*.toml` file: what it refuses, and the versions of the `Contract` that it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from config.load import provisions
from config.load.breaches import refuse_broken_clauses
from config.load.breaches.people import refuse_longer_recordings
from config.load.breaches.reading import Reading
from config.load.hours import national_calendar, schedule_of
from config.load.refusals import Source, checked
from config.load.tables.channels import OnCallTable
from config.load.tables.contents import EscalationTable
from config.load.tables.contract import RULE_OF_KEY, ContractFile
from config.load.tables.kinds import longest_years
from config.load.tables.phone import DeskTable
from gateway.domain.contract import (
    Acknowledgement,
    Clauses,
    Contact,
    Contract,
    DatedNumber,
    Desk,
    Endpoint,
    Escalation,
    Extension,
    OnCall,
    Schedule,
    TypeRule,
)
from gateway.domain.intake import Channel
from gateway.domain.provisions import Calendar, Retention
from gateway.domain.texts import Text


def versions_of(source: Source, recording_days: int) -> tuple[Contract, ...]:
    """The contract that a file says, and its later versions, one for each amendment.

    `recording_days` is how long callers are told that a recording is kept: what counts where the file does not say.

    Raises:
        SettingError: the file is refused.
    """
    keys = clauses_of_keys(source.data)
    table = checked(ContractFile, source, keys, {})
    clauses = Clauses(table.clause, MappingProxyType({str(rule): clause for rule, clause in table.clauses.items()}))
    readings = tuple(_readings(Reading(source, table, clauses, keys)))
    for reading in readings:
        refuse_broken_clauses(reading)
    refuse_longer_recordings(readings[0], recording_days)
    schedules = tuple(_schedules(readings))
    retention = provisions.retention_of(table.retention, recording_days)
    national = national_calendar(table.validity, max(map(_longest_years, readings)))
    return tuple(_contract(reading, schedules, retention, national) for reading in readings)


def _longest_years(reading: Reading) -> int:
    table = reading.table
    texts = (*(each.lasts for each in table.period), *(each.within for each in table.term))
    return max(map(longest_years, texts), default=0)


def clauses_of_keys(data: Mapping[str, Any]) -> dict[str, str]:
    """The clause of each key, as far as the file can be understood at all: of its rule, or the table's own."""
    given = data.get("clauses")
    rules: Mapping[str, Any] = given if isinstance(given, dict) else {}
    whole = data.get("clause")
    found = {"": str(whole)} if isinstance(whole, str) else {}
    for key, rule in RULE_OF_KEY.items():
        if rule in rules:
            found[key] = found[f"amendment.{key}"] = str(rules[rule])
    return found | dict(_own_clauses(data, ""))


def _own_clauses(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """The clause that a table names itself, by the key of the table: `quota[2]`."""
    for key, value in data.items():
        tables = [(f"[{number}]", each) for number, each in enumerate(value, 1)] if isinstance(value, list) else []
        for index, table in tables or [("", value)]:
            if isinstance(table, dict):
                here = f"{prefix}{key}{index}"
                if isinstance(table.get("clause"), str):
                    yield here, table["clause"]
                yield from _own_clauses(table, f"{here}.")


def _readings(reading: Reading) -> Iterator[Reading]:
    """What the file says in each version: an amendment takes over every table that it does not replace."""
    yield reading
    for amendment in reading.table.amendment:
        reading = reading.amended(amendment)
        yield reading


def _schedules(readings: tuple[Reading, ...]) -> Iterator[Schedule]:
    for reading in readings:
        if not reading.number or {"hours", "holidays"} & set(reading.replaced):
            yield schedule_of(reading.table, reading.start, reading.clauses)


def _contract(
    reading: Reading, schedules: tuple[Schedule, ...], retention: tuple[Retention, ...], national: Calendar
) -> Contract:
    table, clauses = reading.table, reading.clauses
    parties, channels, acknowledgement = table.parties, table.channels, table.acknowledgement
    return Contract(
        id=table.id,
        clause=table.clause,
        version=reading.number + 1,
        effective_from=reading.start,
        amendment=reading.reference,
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
        schedules=schedules,
        channels=tuple(Channel(channel) for channel in channels.order),
        endpoints=tuple(
            Endpoint(Channel(e.channel), e.address, e.shared, e.published_from, e.published_until)
            for e in table.endpoint
        ),
        phone=channels.phone,
        phone_fallback=channels.phone_fallback,
        on_call_required=bool(table.on_call and table.on_call.required),
        on_call=_on_call(table.on_call),
        levels=tuple(table.levels),
        priority=provisions.priority_of(table.priority),
        type_rules=tuple(TypeRule(rule.type, rule.words) for rule in table.type),
        escalation=_escalation(table.escalation),
        contact=Contact(table.contact.role, table.contact.phone, table.contact.mail, table.contact.hours),
        acknowledgement=Acknowledgement(acknowledgement.mail, acknowledgement.pec, acknowledgement.sms),
        reply_address=acknowledgement.reply_address,
        reopens_within=acknowledgement.reopens_within,
        clauses=clauses,
        retention=retention,
        national=national,
        **_provisions(table, clauses),
    )


def _provisions(table: ContractFile, clauses: Clauses) -> dict[str, Any]:
    """What clauses provide, by the name it has in `Contract`."""
    offices = {"responsible": table.responsible, "first_level": table.first_level}
    return {
        "acts": provisions.acts_of(table),
        "phases": tuple(provisions.phase_of(each, clauses) for each in table.phase),
        "groups": tuple(provisions.group_of(each) for each in table.group),
        "entitlement": provisions.entitlement_of(table.entitlement, clauses) if table.entitlement else None,
        **{
            name: provisions.office_of(office, clauses.of(name)) if office else None for name, office in offices.items()
        },
        "offices": provisions.offices_of(table, clauses),
        "sites": tuple(provisions.site_of(each, table.validity, clauses) for each in table.site),
        "on_site": provisions.on_site_of(table.on_site, clauses) if table.on_site else None,
        "terms": tuple(provisions.term_of(each, clauses) for each in table.term),
        "suspensions": provisions.suspensions_of(table),
        "quotas": tuple(provisions.quota_of(each, clauses) for each in table.quota),
        "periods": tuple(provisions.period_of(each, clauses) for each in table.period),
        "scope": provisions.scope_of(table, clauses),
        "duties": provisions.duties_of(table, clauses),
        "catalogues": provisions.catalogues_of(table, clauses),
        "communications": provisions.communications_of(table.communication),
        "complaints": provisions.complaints_of(table, clauses),
        "checklist": provisions.checklist_of(table),
        "reservation": provisions.reservation_of(table),
        "working_groups": tuple(provisions.working_group_of(each, clauses) for each in table.working_group),
        "contact_groups": provisions.contact_groups_of(table, clauses),
        "offer_reference": table.offer.reference if table.offer else "",
        "texts": tuple(Text(each.id, each.subject, each.body) for each in table.text),
        "skills": table.skills,
        "desk": _desk(table.phone.desk) if table.phone.desk else None,
        "page_abandoned": table.phone.page_abandoned,
    }


def _desk(table: DeskTable) -> Desk:
    longest = timedelta(seconds=table.max_wait_s)
    return Desk(table.people, table.ring == "together", table.ring_s, longest, table.abroad.strip())


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
        acceptance_expires=None if table.acceptance_expires == "never" else table.acceptance_expires,
        mail=table.mail,
        drill_monthly=table.drill == "monthly",
        confirm_shift=table.confirm_shift,
        confirm_within=table.confirm_within,
    )


def _escalation(table: EscalationTable | None) -> Escalation | None:
    if table is None:
        return None
    return Escalation(
        mailbox=table.mailbox,
        vendor_name=table.vendor_name,
        contract_reference=table.contract_reference,
        required=table.required,
        minimum_characters=table.minimum_characters,
        remind_after=table.remind_after,
        channel=Channel(table.channel),
    )
