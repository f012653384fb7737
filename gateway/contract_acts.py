"""What people do about a contract itself: the letter with the contact details, and a closing day, if there may be one.

Neither changes the contract: that is written in its file, by a person, and takes effect with a reload. Both are in the
register's `system` chain, a refusal too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import telling
from gateway.domain import wording
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import is_valid_on, local
from gateway.domain.intake import Channel
from gateway.domain.provisions import ActKind
from gateway.domain.register import SYSTEM, Happening
from gateway.tickets import DeskError

if TYPE_CHECKING:
    from datetime import date, datetime, time

    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.roster import Person
    from gateway.domain.texts import Filled
    from gateway.ports import Gateway, Transaction


@dataclass(frozen=True, slots=True)
class Details:
    """The contact details as they are communicated: what is published on a day."""

    phone: str | None
    mail: str | None
    fax: str | None
    on_call: str | None
    contact: str
    valid_from: date


def details_of(contract: Contract, valid_from: date) -> Details:
    """What the contract publishes from a day on. A fax is a number, not the mailbox that its service delivers to."""
    faxes = [each for each in contract.endpoints if each.channel is Channel.FAX and each.is_published_on(valid_from)]
    return Details(
        phone=contract.phone,
        mail=contract.address_of(Channel.MAIL, valid_from),
        fax=next((each.address for each in faxes if "@" not in each.address), None),
        on_call=contract.on_call.number_on(valid_from) if contract.on_call else None,
        contact=contract.contact.role,
        valid_from=valid_from,
    )


def begins_on(contract: Contract) -> date:
    """The day before which the details have to be communicated: that of the start of the works, else of the service."""
    start = contract.act(ActKind.START_OF_WORKS)
    return start.on if start else contract.valid_from


def letter(gw: Gateway, contract: Contract, details: Details, notice_days: int, at: datetime) -> Filled:
    """T-CONTACTS, or after the start the letter of a change (C3.8)."""
    language, day = contract.language, details.valid_from
    start = begins_on(contract)
    bands = [(band.weekday, band.start, band.end) for band in contract.schedule_on(day).bands]
    clause = contract.clauses.of("communication")
    values = {
        "contract": contract.name,
        "office": contract.responsible.name if contract.responsible else contract.body_name,
        "article": gw.rules.phrase(contract, "P-CONTACTS-CLAUSE", clause=clause),
        "start_date": wording.long_date(start, language),
        "details": _details_phrase(gw, contract, details),
        "hours": wording.hours_phrase(bands, language),
        "valid_from": wording.long_date(day, language),
        "days": str(notice_days),
        "service": contract.service_name,
        "vendor": contract.vendor_name,
    }
    before = local(at).date() < start
    return gw.rules.texts(contract).fill("T-CONTACTS" if before else "T-CONTACTS-CHANGE", values)


def _details_phrase(gw: Gateway, contract: Contract, details: Details) -> str:
    """`telefono +390700000300; e-mail …; fax …; reperibilità …, referente tecnico …`, what there is of it."""
    told = {
        "P-CONTACTS-PHONE": details.phone,
        "P-CONTACTS-MAIL": details.mail,
        "P-CONTACTS-FAX": details.fax,
        "P-CONTACTS-DUTY": details.on_call,
    }
    values = {"phone": details.phone, "mail": details.mail, "fax": details.fax, "number": details.on_call}
    worded = {name: value or "" for name, value in values.items()} | {"person": details.contact}
    return "; ".join(gw.rules.phrase(contract, each, **worded) for each, value in told.items() if value)


def send_letter(
    gw: Gateway, tx: Transaction, contract: Contract, details: Details, text: Filled, by: Person, at: datetime
) -> Dispatch:
    """The letter to the client's responsible. It counts when its delivery is proved and written into the contract.

    Raises:
        DeskError: the contract names nobody of the client.
    """
    office = contract.responsible
    if office is None:
        raise DeskError(f"{contract.id} names no [responsible] of the client: there is nobody to write to")
    dispatch = telling.owe_letter(gw, tx, contract, kind=DispatchKind.NOTICE, to=office.mail, text=text, at=at)
    data = {"contract": contract.id, "to": office.mail, "dispatch": str(dispatch.id)}
    data |= {"phone": details.phone or "", "mail": details.mail or "", "fax": details.fax or ""}
    data["valid_from"] = details.valid_from.isoformat()
    clause = contract.clauses.of("communication")
    tx.record(SYSTEM, Happening("contacts_communicated", at, by.id, clause, data))
    return dispatch


# ------------------------------------------------------------------------------------------------------------ closing


def refusal_of_closing(contract: Contract, on: date) -> str | None:
    """Why the desk may not be closed on a day, with the clause and what to do instead; None where it may (C2.7)."""
    if not is_valid_on(contract, on):
        clause = contract.clauses.of("validity")
        return f"{contract.id} is not in force on {on} (clause {clause}): there is no desk to close"
    if contract.schedule_on(on).closures_allowed:
        return None
    clause = contract.clauses.of("closures")
    return (
        f"{contract.id} allows no closing days, not even planned ones (clause {clause}); keep the desk staffed. "
        "What nobody could plan is an outage [disservizio] and is recorded as one, never as a closure"
    )


def refuse_closing(
    tx: Transaction, contract: Contract, on: date, reason: str, why: str, by: Person, at: datetime
) -> None:
    """Somebody wanted to close a desk that may not be closed: that is on record."""
    data = {"contract": contract.id, "on": on.isoformat(), "why": why}
    clause = contract.clauses.of("closures")
    tx.record(SYSTEM, Happening("closing_refused", at, by.id, clause, data, {"reason": reason}))


def closing_lines(on: date, closes_at: time | None, reason: str) -> str:
    """The lines to add to the contract's file for a closing day, or with `closes_at` a shortened one."""
    quoted = reason.replace("\\", "\\\\").replace('"', '\\"')
    lines = ["[[hours.closure]]", f"on = {on.isoformat()}", f'name = "{quoted}"']
    return "\n".join((*lines, f"closes_at = {closes_at:%H:%M:%S}") if closes_at else lines)
