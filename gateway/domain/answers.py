"""What people are told of a decision: which text of the catalogue, filled with what the decision has.

`replies` has what every text may ask for, `particulars` what only a decision has; a decision that simply accepts needs
none of these. The words are in the catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain import particulars, replies
from gateway.domain.decision import Became, Mode
from gateway.domain.hours import ClosedBecause, local
from gateway.domain.intake import Channel
from gateway.domain.phrases import short_deadline
from gateway.domain.provisions import ActKind, Of
from gateway.domain.ticket import Mark
from gateway.domain.wording import pages_phrase

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.decision import Decision
    from gateway.domain.provisions import Office
    from gateway.domain.texts import Catalogue, Filled
    from gateway.domain.ticket import Ticket


# ------------------------------------------------------------------------------------------------------ to who asked


def written(catalogue: Catalogue, decision: Decision, text_id: str, ticket: Ticket, at: datetime) -> Filled:
    """The answer by mail, `text_id` of `written_id`. `at` is the instant that it speaks of.

    An acknowledgement also asks for what is missing: who nobody knows is asked for the organisation (C3.2), who wishes
    a visit for what prepares it (C3.20). Out of hours the confirmation of a visit tells the next opening as well.
    """
    told = values(decision, ticket, at)
    also = "".join(f"{catalogue.fill(each, told).body.strip()}\n\n" for each in _also_ids(decision))
    return catalogue.fill(text_id, told | ({"also": also} if also else {}))


def written_id(decision: Decision) -> str | None:
    """The text that answers by mail, in the variant that its values are there for; None where nobody is answered."""
    answer, contract = decision.answer, decision.contract
    if answer is None:
        return None
    if decision.became is Became.NOT_ENTITLED and decision.forward_to is None and answer != "T-IDENTIFY":
        return "T-NOT-ENTITLED"
    if answer == "T-PHASE" and contract.act(ActKind.FINAL_ACCEPTANCE) is None:
        return "T-FIRST-LEVEL"
    if answer == "T-OUT" and (decision.matter is None or decision.matter.office is None):
        return "T-OUT-NO-OFFICE"
    if answer == "T-ONSITE" and (decision.quota is None or not _is_visit_due(decision)):
        return "T-ONSITE-PLAIN"
    return answer


def to_public_body(
    catalogue: Catalogue, decision: Decision, ticket: Ticket, pages: int | None, at: datetime
) -> tuple[str, Filled]:
    """The answer by mail to the fax of a public body, and its text's id: recorded, and documents not by fax (X8)."""
    contract = decision.contract
    pec = contract.address_of(Channel.PEC, local(at).date())
    told = values(decision, ticket, at) | {"pages": pages_phrase(pages, contract.language), "pec": pec or ""}
    text_id = "T-FAXPA" if pec else "T-FAXPA-MAIL"
    return text_id, catalogue.fill(text_id, told)


def _also_ids(decision: Decision) -> tuple[str, ...]:
    if decision.became is not Became.ACCEPTED:
        return ()
    wish = decision.contract.on_site
    unknown = ("T-ALSO-ORGANISATION",) if Mark.UNKNOWN_REQUESTER in decision.marks else ()
    on_site = decision.mode is Mode.ON_SITE
    closed = ("T-ALSO-CLOSED",) if on_site and not decision.opening.is_open and decision.opening.next_opening else ()
    visit = ("T-ALSO-VISIT",) if on_site and wish and wish.simple_request else ()
    return (*closed, *unknown, *visit)


def _is_visit_due(decision: Decision) -> bool:
    due = decision.due.get(Of.ON_SITE)
    return due is not None and due.at is not None


def values(decision: Decision, ticket: Ticket, at: datetime) -> dict[str, str]:
    """What a text about a decision may ask for: what every text may, and what this decision has."""
    told = replies.values(decision.contract, ticket, decision.opening, at)
    if decision.became is Became.ACCEPTED and decision.mode is Mode.HELP_DESK:
        return told
    visit = particulars.visit(decision, local(ticket.received_at).date())
    return (
        told | particulars.first_level(decision) | particulars.matter(decision) | visit | particulars.limits(decision)
    )


def spoken_ids(decision: Decision) -> tuple[str, ...]:
    """What a caller hears first, in the variants that their values are there for."""
    first_level = "V-14" if decision.contract.act(ActKind.FINAL_ACCEPTANCE) else "V-14-FIRST-LEVEL"
    return tuple(first_level if text_id == "V-14" else text_id for text_id in decision.answers_by_voice)


def spoken_values(decision: Decision, ticket: Ticket, at: datetime) -> dict[str, str]:
    """The values of what a caller hears."""
    return replies.values(decision.contract, ticket, decision.opening, at) | particulars.first_level(decision)


def sms_id(decision: Decision) -> str:
    """The SMS that answers an SMS: recorded, a visit and by when, passed on to the first level, or who are you."""
    if decision.became is Became.NOT_ENTITLED:
        return "M-FORWARDED" if decision.forward_to else "M-IDENTIFY"
    visit = decision.mode is Mode.ON_SITE and decision.became is Became.ACCEPTED
    return "M-08" if visit and _is_visit_due(decision) else "M-07"


def sms_values(decision: Decision, ticket: Ticket, at: datetime) -> dict[str, str]:
    """The values of the SMS that answers an SMS."""
    told = replies.sms_values(decision.contract, ticket, at)
    if decision.became is Became.NOT_ENTITLED and decision.forward_to:
        told["phone"] = decision.forward_to.phone
    due = decision.due.get(Of.ON_SITE)
    if due and due.at and due.on:
        told["due"] = short_deadline(due.at, due.on)
    return told


# ------------------------------------------------------------------------------------------------------ to an office


def told_office(
    catalogue: Catalogue, decision: Decision, office: Office, ticket: Ticket, at: datetime
) -> dict[str, str]:
    """What a text to an office may ask for: who it is, why it is told, by which clause, and the decision's values."""
    told = values(decision, ticket, at)
    told |= {"office": office.name, "clause": ruling_clause(decision) or decision.contract.clause}
    why = why_id(decision)
    return told if why is None else told | {"why": catalogue.fill(why, told).body.strip()}


def why_id(decision: Decision) -> str | None:
    """Why somebody else than this service is told; None when it serves by itself."""
    reason = decision.opening.reason
    if reason in (ClosedBecause.ENDED, ClosedBecause.NOT_STARTED):
        return "T-WHY-ENDED" if reason is ClosedBecause.ENDED else "T-WHY-NOT-STARTED"
    visit = decision.mode is Mode.ON_SITE
    return {
        Became.NOT_ENTITLED: "T-WHY-FIRST-LEVEL" if decision.forward_to else "T-WHY-NOT-ENTITLED",
        Became.OUT_OF_SCOPE: "T-WHY-OUT",
        Became.SITE_NOT_ADMITTED: "T-WHY-SITE",
        Became.PERIOD_EXPIRED: "T-WHY-PERIOD" if visit else "T-WHY-L2",
        Became.QUOTA_EXHAUSTED: "T-WHY-QUOTA",
    }.get(decision.became)


def ruling_clause(decision: Decision) -> str | None:
    """The clause that settled what became of the contact; of one that is accepted, the first that was asked."""
    contract, phase = decision.contract, decision.phase
    of = Of.ON_SITE if decision.mode is Mode.ON_SITE else Of.SECOND_LEVEL
    site = decision.site.site if decision.site else None
    entitlement = phase.entitlement if phase else contract.entitlement
    settled = {
        Became.NOT_ENTITLED: entitlement.clause if entitlement else None,
        Became.OUT_OF_SCOPE: decision.matter.clause if decision.matter else None,
        Became.SITE_NOT_ADMITTED: site.clause if site else contract.clauses.of("sites"),
        Became.PERIOD_EXPIRED: next((period.clause for period in contract.periods if period.of is of), None),
        Became.QUOTA_EXHAUSTED: decision.quota.quota.clause if decision.quota else None,
    }
    return settled.get(decision.became) or next(iter(decision.clauses), None)
