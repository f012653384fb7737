"""What becomes of a contact under a contract: the one decision that filing obeys and `simulate` shows.

In this order, each rule with its clause: validity, phase, entitlement, scope, mode, site, period, quota; the first that
objects says what became of it, and with it who is asked, who gets it and which text answers. Then route and terms.
Whatever comes out, the contact is recorded first and nobody is turned away unheard (DOMAIN 2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.domain import replies, terms
from gateway.domain.decision import Became, Decision, Mode, QuotaUse, Request, Used
from gateway.domain.entitlement import entitlement_on, group_of, is_entitled, is_to_identify
from gateway.domain.hours import ClosedBecause, local, opening
from gateway.domain.intake import Channel
from gateway.domain.periods import last_day_of
from gateway.domain.phases import phase_on
from gateway.domain.places import Place, no_place, place_asked, place_called
from gateway.domain.priority import type_by_words, words_in
from gateway.domain.provisions import Elsewhere, Of, Unknown
from gateway.domain.routing import Route, route
from gateway.domain.scope import matter_of
from gateway.domain.ticket import Mark, Priority, TicketType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date, datetime

    from gateway.domain.contract import Contract
    from gateway.domain.hours import Opening
    from gateway.domain.provisions import Entitlement, Group, Matter, Office, Period, Phase, PriorityClass, Quota, Term
    from gateway.domain.terms import Due

__all__ = ["Became", "Decision", "Mode", "Place", "QuotaUse", "Request", "Used", "decide", "no_place", "no_use"]

OUTSIDE_VALIDITY = (ClosedBecause.NOT_STARTED, ClosedBecause.ENDED)
SECOND = 2
"""The level of the vendor's specialists."""


def no_use(_quota: Quota) -> Used:
    """For whoever keeps no count: nothing is used."""
    return Used()


def decide(
    contract: Contract,
    request: Request,
    used: Callable[[Quota], Used] = no_use,
    place_named: Callable[[str], Place | None] = no_place,
    filed_at: datetime | None = None,
) -> Decision:
    """What becomes of a contact under the version of its contract that is in force at `request.at`.

    `used` says how much of a quota is taken, `place_named` knows municipalities that are no site of the contract. Where
    it is filed later than it was received, at `filed_at`, only the desk is as of then: it may have opened or closed.

    Raises:
        ValueError: an instant is naive.
    """
    case = _case(contract, request, used, place_named)
    findings = tuple(_findings(case))
    last = findings[-1]
    case = case if filed_at is None else _filed(case, filed_at)
    priority_class = _priority_class(contract, request)
    due = _due(case, last, priority_class)
    way = _route(case, last)
    return Decision(
        contract=contract,
        opening=case.opening,
        phase=case.phase,
        group=case.group,
        became=last.became or Became.ACCEPTED,
        route=way,
        level=1 if last.became is Became.NOT_ENTITLED else case.level,
        mode=case.mode,
        site=case.site,
        due=due,
        periods=case.periods,
        quota=next((finding.quota for finding in findings if finding.quota), None),
        matter=case.matter,
        priority_class=priority_class,
        marks=(Mark.UNKNOWN_REQUESTER,) if case.is_to_identify else (),
        answer=_answer(case, last),
        answers_by_voice=_voice(case, last),
        forward_to=None if request.wakes_nobody else last.forward_to,
        ask=None if request.wakes_nobody else last.ask,
        clauses=_cited(case, findings, way, due),
    )


# ----------------------------------------------------------------------------------------------------- what is known


@dataclass(frozen=True, slots=True)
class _Case:
    """The contact as the contract sees it, before anything is decided."""

    contract: Contract
    request: Request
    day: date
    opening: Opening
    phase: Phase | None
    group: Group | None
    entitlement: Entitlement | None
    matter: Matter | None
    mode: Mode
    site: Place | None
    periods: Mapping[Of, date]
    used: Callable[[Quota], Used]

    @property
    def level(self) -> int:
        return self.entitlement.level if self.entitlement else 1

    @property
    def is_outside_validity(self) -> bool:
        return self.opening.reason in OUTSIDE_VALIDITY

    @property
    def is_to_identify(self) -> bool:
        return not self.is_outside_validity and is_to_identify(self.entitlement, self.group)

    @property
    def of(self) -> Of | None:
        """What the request asks for, as terms, periods and quotas call it; None: help of the first level."""
        if self.mode is Mode.ON_SITE:
            return Of.ON_SITE
        return Of.SECOND_LEVEL if self.level == SECOND else None

    def is_about(self, of: Of, phase: str) -> bool:
        """Whether a period or quota is about this request; one without a phase is for all."""
        return of is self.of and self.is_in(phase)

    def is_in(self, phase: str) -> bool:
        return phase in {"", self.phase.id if self.phase else ""}

    def is_over(self, period: Period) -> bool:
        last = last_day_of(period, self.contract)
        return last is not None and self.day > last

    @property
    def second_level_is_over(self) -> bool:
        """Whether there is no second level any more for whom there had been one (C3.23)."""
        periods = (each for each in self.contract.periods if each.of is Of.SECOND_LEVEL and self.is_in(each.phase))
        return self.level == SECOND and any(map(self.is_over, periods))


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one rule says: the clauses it went by and, if it settles what becomes of the contact, that and why."""

    clauses: tuple[str, ...] = ()
    became: Became | None = None
    answer: str | None = None
    forward_to: Office | None = None
    ask: Office | None = None
    quota: QuotaUse | None = None
    settles: bool = False


def _case(
    contract: Contract,
    request: Request,
    used: Callable[[Quota], Used],
    place_named: Callable[[str], Place | None],
) -> _Case:
    day = local(request.at).date()
    phase = phase_on(contract, day)
    mode = _mode(contract, request)
    group = _group(contract, request)
    return _Case(
        contract=contract,
        request=request,
        day=day,
        opening=opening(contract, request.at),
        phase=phase,
        group=group,
        entitlement=entitlement_on(contract, phase),
        matter=matter_of(contract.scope, request.subject, request.text),
        mode=mode,
        site=_site(contract, request, place_named, group) if mode is Mode.ON_SITE else None,
        periods=_periods(contract),
        used=used,
    )


def _group(contract: Contract, request: Request) -> Group | None:
    """Whom the contract knows by address, number or person; else the group that somebody said."""
    known = group_of(contract, address=request.address, number=request.number, person=request.person)
    return known or next((each for each in contract.groups if each.id == request.group), None)


def _filed(case: _Case, at: datetime) -> _Case:
    """The case with the desk as it is when it is filed.

    Whoever came before the start or the end of the contract is treated as one who did, however late it is filed.
    """
    state = opening(case.contract, at)
    outside = case.is_outside_validity or state.reason in OUTSIDE_VALIDITY
    return case if outside else replace(case, opening=state)


def _mode(contract: Contract, request: Request) -> Mode:
    """A visit is what somebody wishes in any words, without a form, where the contract provides visits (C3.20)."""
    if contract.on_site is None:
        return Mode.HELP_DESK
    wished = request.on_site
    if wished is None:
        wished = request.site is not None or bool(words_in(contract.on_site.words, request.subject, request.text))
    return Mode.ON_SITE if wished else Mode.HELP_DESK


def _site(
    contract: Contract, request: Request, place_named: Callable[[str], Place | None], group: Group | None
) -> Place | None:
    if request.site:
        return place_called(contract, request.site, place_named)
    said = (request.subject, request.text)
    return place_asked(contract, *said, place_named, group=group.id if group else None)


def _periods(contract: Contract) -> Mapping[Of, date]:
    """The last day of each period whose act is recorded, whatever day it is asked on."""
    found = {period.of: last for period in contract.periods if (last := last_day_of(period, contract))}
    return MappingProxyType(found)


def _priority_class(contract: Contract, request: Request) -> PriorityClass | None:
    """An urgent request is of the first class; another of the first one whose words it uses (DOMAIN 11)."""
    classes = sorted(contract.priority.classes, key=lambda each: each.number)
    if request.urgent and classes:
        return classes[0]
    said = (request.subject, request.text, contract.priority.negations)
    return next((each for each in classes if words_in(each.words, *said)), None)


# ------------------------------------------------------------------------------------------------- what each rule says


def _findings(case: _Case) -> Iterator[_Finding]:
    """What the rules say in their order, up to the one that settles it."""
    for rule in _RULES:
        finding = rule(case)
        yield finding
        if finding.settles:
            return


def _validity(case: _Case) -> _Finding:
    """Before the start and after the end a contact is kept and the client's responsible told (C2.2, C10.4, S009)."""
    if not case.is_outside_validity:
        return _Finding(case.opening.clauses)
    return _Finding(case.opening.clauses, ask=case.contract.responsible, settles=True)


def _phase(case: _Case) -> _Finding:
    return _Finding((case.phase.clause,)) if case.phase else _Finding()


def _entitled(case: _Case) -> _Finding:
    who = case.entitlement
    if who is None or not who.groups:
        return _Finding()
    # Where whom nobody knows is served like everybody (A2.5), no clause had to decide about them.
    decided = case.group is not None or who.unknown is not Unknown.SERVED
    cited = (who.clause,) if decided else ()
    if is_entitled(who, case.group):
        return _Finding(cited)
    if who.others is Elsewhere.FIRST_LEVEL and case.contract.first_level:
        first = case.contract.first_level
        return _Finding((*cited, first.clause), Became.NOT_ENTITLED, "T-PHASE", forward_to=first, settles=True)
    identify = case.group is None
    ask = None if identify and who.others is Elsewhere.IDENTIFY else case.contract.responsible
    return _Finding(cited, Became.NOT_ENTITLED, "T-IDENTIFY" if identify else None, ask=ask, settles=True)


def _scope(case: _Case) -> _Finding:
    matter = case.matter
    if matter is None or matter.inside:
        return _Finding((matter.clause,)) if matter else _Finding()
    forward_to = matter.office if matter.forward else None
    answer = "T-OUT-FORWARDED" if forward_to else "T-OUT"
    return _Finding((matter.clause,), Became.OUT_OF_SCOPE, answer, forward_to=forward_to, settles=True)


def _visit(case: _Case) -> _Finding:
    """A visit, and whether its place is admitted; a contract that lists no sites admits every place (C3.9, C3.21)."""
    wish = case.contract.on_site
    if case.mode is Mode.HELP_DESK or wish is None:
        return _Finding()
    if case.site is None or not case.contract.sites:
        return _Finding((wish.clause,))
    listed = case.site.site.clause if case.site.site else case.contract.clauses.of("sites")
    if case.site.is_admitted(case.phase, case.day):
        return _Finding((wish.clause, listed))
    return _refused((wish.clause, listed), Became.SITE_NOT_ADMITTED, "T-ONSITE-SITE", case)


def _period(case: _Case) -> _Finding:
    """Whether what is asked for is still due: its last day counts until 24:00 (C3.19, C3.23, S069, S074)."""
    period = next((each for each in case.contract.periods if case.is_about(each.of, each.phase)), None)
    if period is None or last_day_of(period, case.contract) is None:
        return _Finding()
    if not case.is_over(period):
        return _Finding((period.clause,))
    answer = "T-ONSITE-PERIOD" if period.of is Of.ON_SITE else "T-L2-PERIOD"
    return _refused((period.clause,), Became.PERIOD_EXPIRED, answer, case)


def _quota(case: _Case) -> _Finding:
    """Whether one is left, those that are reserved counted (C3.10, C3.22); what one phase left over ends with it."""
    quota = next((each for each in case.contract.quotas if case.is_about(each.of, each.phase)), None)
    if quota is None:
        return _Finding()
    taken = case.used(quota)
    use = QuotaUse(quota, taken.done, taken.reserved)
    if use.is_exhausted:
        return _refused((quota.clause,), Became.QUOTA_EXHAUSTED, "T-ONSITE-QUOTA", case, use)
    return _Finding((quota.clause,), quota=use)


def _refused(
    clauses: tuple[str, ...], became: Became, answer: str, case: _Case, quota: QuotaUse | None = None
) -> _Finding:
    """What only the client's responsible may still grant."""
    return _Finding(clauses, became, answer, ask=case.contract.responsible, quota=quota, settles=True)


_RULES = (_validity, _phase, _entitled, _scope, _visit, _period, _quota)


# ---------------------------------------------------------------------------------------------- route, answers, terms


def _route(case: _Case, last: _Finding) -> Route:
    """Where the contact goes first. Nobody is woken for whom this service is not; an urgent guess at a matter wakes."""
    request, became = case.request, last.became
    if request.wakes_nobody or case.is_outside_validity:
        return Route.QUEUE
    if became is Became.NOT_ENTITLED and last.forward_to:
        return Route.FIRST_LEVEL
    if became is not Became.NOT_ENTITLED and case.second_level_is_over:
        return Route.QUEUE
    way = route(case.contract, case.opening, Priority.URGENT if request.urgent else Priority.NORMAL)
    served = became not in (Became.NOT_ENTITLED, Became.OUT_OF_SCOPE)
    if way is Route.ON_CALL and not served and (became is Became.NOT_ENTITLED or not request.urgent):
        way = Route.QUEUE
    if way is Route.QUEUE and request.channel is Channel.PHONE:
        return Route.VOICEMAIL
    return Route.SECOND_LEVEL if way is Route.DESK and served and case.level == SECOND else way


def _answer(case: _Case, last: _Finding) -> str | None:
    """The text of the mail answer; a machine is never answered (RFC 3834 §2)."""
    if case.request.wakes_nobody:
        return None
    if last.answer:
        return last.answer
    if case.mode is Mode.ON_SITE and not last.settles:
        return "T-ONSITE"
    return replies.acknowledgement_id(case.contract, case.opening)


def _voice(case: _Case, last: _Finding) -> tuple[str, ...]:
    """What a caller hears first; whom nobody knows is asked for name and organisation (C3.2, V-13)."""
    if last.became is Became.NOT_ENTITLED and last.forward_to:
        return ("V-14", "V-02")
    greeting = tuple(replies.greeting_ids(case.contract, case.opening))
    return (*greeting, "V-13") if case.is_to_identify else greeting


def _due(case: _Case, last: _Finding, priority_class: PriorityClass | None) -> Mapping[Of, Due]:
    """When the terms end that apply: of each kind the one of the request's class, else the one of every class."""
    if not case.contract.terms:
        return MappingProxyType({})
    number = priority_class.number if priority_class else None
    wanted = _terms_of(case, last)
    found: dict[Of, Term] = {}
    for term in sorted(case.contract.terms, key=lambda term: not term.classes):
        if term.of in wanted and (not term.classes or number in term.classes):
            found.setdefault(term.of, term)
    place = case.site.for_terms(case.contract, case.day) if case.site else None
    at = case.request.at
    return MappingProxyType({of: terms.due(term, case.contract, at, place=place) for of, term in found.items()})


def _terms_of(case: _Case, last: _Finding) -> frozenset[Of]:
    """What is due at all; of a visit that was refused, by when it would be if the client authorised it."""
    if case.is_outside_validity or last.became in (Became.NOT_ENTITLED, Became.OUT_OF_SCOPE):
        return frozenset()
    if case.second_level_is_over:
        return frozenset({Of.ON_SITE}) if case.mode is Mode.ON_SITE else frozenset()
    said = (case.request.subject, case.request.text)
    complains = type_by_words(case.contract.type_rules, *said) == TicketType.COMPLAINT
    also = (case.of, Of.COMPLAINT if complains else None)
    return frozenset({Of.TAKEN_IN_CHARGE, Of.SOLUTION, *filter(None, also)})


def _cited(case: _Case, findings: tuple[_Finding, ...], way: Route, due: Mapping[Of, Due]) -> tuple[str, ...]:
    """Every clause that decided, once, in the order of the decisions."""
    ruled = (clause for finding in findings for clause in finding.clauses)
    woken = (case.contract.clauses.of("on_call"),) if way is Route.ON_CALL else ()
    return tuple(dict.fromkeys((*ruled, *woken, *(each.clause for each in due.values()))))
