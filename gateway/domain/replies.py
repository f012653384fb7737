"""Which text answers a request, and with which values: by the contract, the opening state and the instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain import wording
from gateway.domain.hours import ClosedBecause, local
from gateway.domain.intake import Channel
from gateway.domain.texts import quoted_subject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.hours import Opening
    from gateway.domain.ticket import Ticket

NEVER_ANSWERED = ("mailer-daemon@", "postmaster@", "posta-certificata@")


def values(contract: Contract, ticket: Ticket, opening: Opening, at: datetime) -> dict[str, str]:
    """What the texts may ask for, in the language of the contract. `at` is the instant that the text speaks of."""
    language = contract.language
    day = local(at).date()
    bands = [(band.weekday, band.start, band.end) for band in contract.schedule_on(day).bands]
    number = contract.on_call.number_on(day) if contract.on_call else ""
    reason = opening.reason or ClosedBecause.OUT_OF_HOURS
    return {
        "ticket": str(ticket.number),
        "ticket_spoken": wording.spoken_number(ticket.number),
        "subject": quoted_subject(ticket.subject, empty=wording.no_subject(language)),
        "date": wording.long_date(ticket.received_at, language),
        "time": wording.hour(ticket.received_at, language),
        "time_spoken": wording.spoken_hour(ticket.received_at, language),
        "channel": wording.channel_name(ticket.channel, language),
        "category": wording.type_name(ticket.type, language),
        "expected": wording.expected_phrase(ticket.due.get("taken_in_charge"), at, language),
        "phone": contract.phone or "",
        "mail": contract.address_of(Channel.MAIL, day) or "",
        "hours": wording.hours_phrase(bands, language),
        "hours_spoken": wording.hours_spoken(bands, language),
        "service": contract.service_name,
        "body": contract.body_name,
        "controller": contract.controller,
        "site": contract.info_url,
        "privacy_url": contract.info_url,
        "oncall_number": number,
        "next_opening": wording.opening_phrase(opening.next_opening, at, language),
        "next_opening_short": wording.opening_phrase_short(opening.next_opening, at, language),
        "next_opening_spoken": wording.opening_spoken(opening.next_opening, at, language),
        "reason": wording.reason_phrase(reason, holiday=opening.holiday, on=contract.last_day, language=language),
        "start_date": wording.long_date(contract.valid_from, language),
        "end_date": wording.long_date(contract.last_day, language),
        "client_contact": contract.responsible.name if contract.responsible else contract.contact.role,
        "also": "",
    }


def sms_values(contract: Contract, ticket: Ticket, at: datetime) -> dict[str, str]:
    """What an SMS may ask for: no personal data beyond the number and the short category (X15)."""
    return {
        "service": contract.sms_name,
        "ticket": str(ticket.number),
        "category": wording.type_name(ticket.type, contract.language),
        "body": contract.body_name,
        "time": wording.clock(at),
        "phone": contract.phone or "",
    }


def acknowledgement_id(contract: Contract, opening: Opening) -> str:
    """The text that acknowledges a request at an instant (DOMAIN 13).

    Inside hours T-ACK; outside T-OOH-ONCALL where somebody is on call, else T-OOH; before the start and after the end
    of the contract the text that says so.
    """
    if opening.is_open:
        return "T-ACK" if contract.phone else "T-ACK-NO-PHONE"
    if opening.reason is ClosedBecause.ENDED:
        return "T-LATE-ENDED"
    if opening.reason is ClosedBecause.NOT_STARTED:
        return "T-NOT-STARTED"
    if contract.on_call:
        return "T-OOH-ONCALL" if opening.next_opening else "T-OOH-ONCALL-LAST"
    return "T-OOH" if opening.next_opening else "T-OOH-CLOSED"


def greeting_ids(contract: Contract, opening: Opening) -> Sequence[str]:
    """What a caller hears first: the opening state and the short privacy notice (C2.3; DOMAIN 10, order)."""
    if opening.is_open:
        return ("V-01", "V-02")
    if opening.reason is ClosedBecause.ENDED:
        return ("V-15-ENDED", "V-02")
    if opening.reason is ClosedBecause.NOT_STARTED:
        return ("V-15-NOT-STARTED", "V-02")
    if contract.on_call or opening.reason is ClosedBecause.OUT_OF_HOURS:
        return ("V-CLOSED", "V-02")
    if opening.reason is ClosedBecause.BREAK:
        return ("V-10", "V-02")
    return ("V-11" if contract.address_of(Channel.MAIL) else "V-11-NO-MAIL", "V-02")


def may_be_answered(address: str) -> bool:
    """Whether an automatic answer may go to this address: it looks like a mailbox and is no robot's (X6)."""
    plain = address.casefold()
    return plain.count("@") == 1 and not plain.startswith(NEVER_ANSWERED) and not any(c.isspace() for c in plain)
