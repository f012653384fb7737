"""The values that only a decision has: the first level, the matter, the visit, how much of a quota, until when.

Each is worded in the language of the contract; which text asks for them is in `answers`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.domain import wording
from gateway.domain.decision import Became, Mode
from gateway.domain.intake import Channel
from gateway.domain.phases import opened_on
from gateway.domain.phrases import deadline, office_contacts, term_phrase
from gateway.domain.places import Place
from gateway.domain.provisions import ActKind, Of

if TYPE_CHECKING:
    from datetime import date

    from gateway.domain.decision import Decision
    from gateway.domain.provisions import Period


def first_level(decision: Decision) -> dict[str, str]:
    """The client's own first level, and since when it serves: the day after the acceptance (A3.7, C3.12, C7.6)."""
    contract = decision.contract
    first, act = contract.first_level, contract.act(ActKind.FINAL_ACCEPTANCE)
    if first is None:
        return {}
    return {
        "first_level_name": first.name,
        "first_level_phone": first.phone,
        "first_level_phone_spoken": wording.spoken_phone(first.phone),
        "first_level_mail": first.mail,
        "acceptance_date": wording.long_date(act.on, contract.language) if act else "",
        "served_since": wording.long_date(_served_since(decision, act.on), contract.language) if act else "",
    }


def _served_since(decision: Decision, accepted_on: date) -> date:
    """The first day of the phase in which the first level serves; without phases the day of the act."""
    opened = opened_on(decision.contract, decision.phase) if decision.phase else None
    return max(opened, accepted_on) if opened else accepted_on


def matter(decision: Decision) -> dict[str, str]:
    """The matter of the request, and the office that it belongs to (C10.11)."""
    found = decision.matter
    if found is None:
        return {}
    told = {"matter": found.name}
    if found.office:
        contacts = office_contacts(found.office, decision.contract.language)
        told |= {"office": found.office.name, "office_contacts": contacts}
    return told


def visit(decision: Decision, day: date) -> dict[str, str]:
    """Where and by when a visit is, where visits are admitted on this day, and how help is had meanwhile (C3.9, C3.11).

    A visit without a term, or without a place that is known, is to be agreed.
    """
    if decision.mode is Mode.HELP_DESK:
        return {}
    contract, language = decision.contract, decision.contract.language
    nowhere = _pick(language, "la sede da concordare", "a place to be agreed")
    told = {
        "visit_site": decision.site.name if decision.site else nowhere,
        "visit_when": _pick(language, "in data da concordare", "on a date to be agreed"),
        "admitted_sites": _admitted(decision, day),
        "reach": contract.phone or contract.address_of(Channel.MAIL, day) or "",
    }
    due = decision.due.get(Of.ON_SITE)
    if due is None or due.at is None or due.on is None:
        return told
    by, term = deadline(due.at, due.on, language), term_phrase(due.count.term, language)
    when = f"{_pick(language, 'entro', 'by')} {by} ({term})"
    return told | {"due": by, "term": term, "visit_when": when}


def _admitted(decision: Decision, day: date) -> str:
    """The places at which visits are admitted in this phase and on this day."""
    sites = (Place(s.id, s.name, s.municipality, s.calendar, s) for s in decision.contract.sites)
    named = [place.name for place in sites if place.is_admitted(decision.phase, day)]
    return "; ".join(named) or _pick(decision.contract.language, "nessuna", "none")


def limits(decision: Decision) -> dict[str, str]:
    """How much of a quota is used, this visit included if it is accepted, and until when what is asked for is due."""
    of = Of.ON_SITE if decision.mode is Mode.ON_SITE else Of.SECOND_LEVEL
    told = {"period_end": _period_end(decision, of)}
    use = decision.quota
    if use is None:
        return told
    taken = use.used + use.reserved
    used = taken + 1 if decision.became is Became.ACCEPTED else taken
    return told | {"used": str(used), "quota": str(use.count)}


def _period_end(decision: Decision, of: Of) -> str:
    """The last day of the period, else of the phase; of a phase that no act has ended yet, the act that will."""
    contract, language = decision.contract, decision.contract.language
    if of in decision.periods and any(_is_in(period, of, decision) for period in contract.periods):
        return wording.long_date(decision.periods[of], language)
    following = contract.phases[contract.phases.index(decision.phase) + 1 :] if decision.phase else ()
    if not following:
        return wording.long_date(contract.last_day, language)
    opens = opened_on(contract, following[0])
    if opens is None:
        return _ACTS[following[0].opened_by][language == "en"]
    return wording.long_date(opens - timedelta(days=1), language)


def _is_in(period: Period, of: Of, decision: Decision) -> bool:
    return period.of is of and period.phase in {"", decision.phase.id if decision.phase else ""}


_ACTS = {
    ActKind.START_OF_WORKS: ("avvio dei lavori", "the start of the works"),
    ActKind.FINAL_ACCEPTANCE: ("collaudo finale", "the final acceptance"),
}


def _pick(language: str, italian: str, english: str) -> str:
    return english if language == "en" else italian
