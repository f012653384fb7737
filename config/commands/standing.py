"""Where a contract stands at an instant: the document of `contract show --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.domain import wording
from gateway.domain.entitlement import entitlement_on
from gateway.domain.explaining import explained_period
from gateway.domain.hours import is_valid_on, local, opening
from gateway.domain.periods import last_day_of, period_steps
from gateway.domain.phases import opened_on, phase_on
from gateway.domain.phrases import term_phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from gateway.domain.contract import Contract
    from gateway.domain.decision import Used
    from gateway.domain.provisions import Entitlement, Matter, Office, Period, Phase, Quota, Term, WorkingGroup


def standing(
    contract: Contract, versions: Sequence[Contract], at: datetime, used: Callable[[Quota], Used] | None
) -> dict[str, Any]:
    """The document. `contract` is the version of `versions` in force at `at`; days are in Rome.

    `used` says how much of a quota is used; None: nobody can count, there is no database.
    """
    day = local(at).date()
    phase = phase_on(contract, day)
    return {
        "id": contract.id,
        "name": contract.name,
        "clause": contract.clause,
        "at": local(at),
        **_version(contract, versions, day),
        **_hours(contract, at),
        "phase": phase.id if phase else None,
        "phases": [_phase(contract, each) for each in contract.phases],
        "acts": [{"kind": str(a.kind), "on": a.on, "reference": a.reference} for a in contract.acts],
        "entitlement": _entitlement(contract, entitlement_on(contract, phase)),
        "quotas": [_quota(quota, used(quota) if used else None) for quota in contract.quotas],
        "periods": [_period(contract, period) for period in contract.periods],
        "terms": [_term(term, contract.language) for term in contract.terms],
        "suspensions": [str(reason) for reason in contract.suspensions],
        **_visits(contract),
        "matters": [_matter(each, contract.language) for each in (contract.scope.matters if contract.scope else ())],
        **_duties(contract, day),
        "responsible": _office(contract.responsible),
        "first_level": _office(contract.first_level),
        "offices": {name: _office(office) for name, office in contract.offices.items()},
    }


def _version(contract: Contract, versions: Sequence[Contract], day: date) -> dict[str, Any]:
    return {
        "version": contract.version,
        "versions": [
            {"version": v.version, "effective_from": v.effective_from, "reference": v.amendment} for v in versions
        ],
        "valid_from": contract.valid_from,
        "valid_until": contract.last_day,
        "in_force": is_valid_on(contract, day),
    }


def _hours(contract: Contract, at: datetime) -> dict[str, Any]:
    state = opening(contract, at)
    bands = [(band.weekday, band.start, band.end) for band in contract.schedule_on(local(at).date()).bands]
    return {
        "state": str(state.state),
        "reason": None if state.reason is None else str(state.reason),
        "next_opening": state.next_opening,
        "hours": wording.hours_phrase(bands, contract.language),
    }


def _phase(contract: Contract, phase: Phase) -> dict[str, Any]:
    return {
        "id": phase.id,
        "name": phase.name,
        "opened_by": str(phase.opened_by),
        "opened_on": opened_on(contract, phase),
        "at_vendor_charge": phase.at_vendor_charge,
        "clause": phase.clause,
    }


def _term(term: Term, language: str) -> dict[str, Any]:
    return {
        "of": str(term.of),
        "within": term_phrase(term, language),
        "counted_from": str(term.starts),
        "ends": str(term.ends),
        "classes": list(term.classes),
        "clause": term.clause,
    }


def _visits(contract: Contract) -> dict[str, Any]:
    return {
        "sites": [
            {"id": s.id, "name": s.name, "municipality": s.municipality, "phases": list(s.phases), "clause": s.clause}
            for s in contract.sites
        ],
        "on_site": contract.on_site
        and {
            "cancelled_visit_takes_quota": contract.on_site.cancelled_takes_quota,
            "failed_visit_takes_quota": contract.on_site.failed_takes_quota,
            "clause": contract.on_site.clause,
        },
    }


def _duties(contract: Contract, day: date) -> dict[str, Any]:
    return {
        "complaints": contract.complaints
        and {"downgraded_by": contract.complaints.downgraded_by, "clause": contract.complaints.clause},
        "working_groups": [_group(group, day) for group in contract.working_groups],
        "communications": [
            {"on": c.on, "valid_from": c.valid_from, "proof": c.proof, "phone": c.phone, "mail": c.mail, "fax": c.fax}
            for c in contract.communications
        ],
    }


def _matter(matter: Matter, language: str) -> dict[str, Any]:
    answer = matter.answer_within
    return {
        "id": matter.id,
        "name": matter.name,
        "inside": matter.inside,
        "forward": matter.forward,
        "office": _office(matter.office),
        "answer_within": answer and term_phrase(answer, language),
        "clause": matter.clause,
    }


def _group(group: WorkingGroup, day: date) -> dict[str, Any]:
    names = {member.id: member.name for member in group.members}
    leads = [lead for lead in group.leads if lead.valid_from <= day <= (lead.valid_until or day)]
    return {
        "id": group.id,
        "name": group.name,
        "lead": names[leads[0].member] if leads else None,
        "leads": [{"member": lead.member, "from": lead.valid_from, "until": lead.valid_until} for lead in group.leads],
        "clause": group.clause,
    }


def _entitlement(contract: Contract, who: Entitlement | None) -> dict[str, Any] | None:
    if who is None:
        return None
    names = {group.id: group.name for group in contract.groups}
    return {
        "groups": [{"id": each, "name": names.get(each, each)} for each in who.groups],
        "unknown": str(who.unknown),
        "others": str(who.others),
        "level": who.level,
        "clause": who.clause,
    }


def _quota(quota: Quota, use: Used | None) -> dict[str, Any]:
    return {
        "of": str(quota.of),
        "phase": quota.phase,
        "count": quota.count,
        "used": use and use.done,
        "reserved": use and use.reserved,
        "left": use and max(quota.count - use.done - use.reserved, 0),
        "warn_at": quota.warn_at,
        "clause": quota.clause,
    }


def _period(contract: Contract, period: Period) -> dict[str, Any]:
    act = contract.act(period.after)
    steps = period_steps(period, act.on, contract.national) if act else ()
    return {
        "of": str(period.of),
        "phase": period.phase,
        "after": str(period.after),
        "months": period.months,
        "last_day": last_day_of(period, contract),
        "explained": list(explained_period(steps, contract.language)) if steps else [],
        "clause": period.clause,
    }


def _office(office: Office | None) -> dict[str, str] | None:
    return None if office is None else {"name": office.name, "mail": office.mail, "phone": office.phone}
