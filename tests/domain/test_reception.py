from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from gateway.domain.contract import Contract, Page, Priority
from gateway.domain.intake import Channel
from gateway.domain.provisions import (
    Counting,
    Elsewhere,
    Entitlement,
    Group,
    Matter,
    Of,
    Office,
    PriorityClass,
    Scope,
    Term,
    Unknown,
)
from gateway.domain.reception import Became, Request, decide
from gateway.domain.routing import Route
from gateway.domain.ticket import Mark
from tests.domain.receiving import (
    ACCEPTED,
    C2,
    C3,
    CLERK,
    FIRST_LEVEL,
    RESPONSIBLE,
    STRANGER,
    TECHNICIAN,
    due_on,
    received,
)
from tests.domain.shipped import contract

# ------------------------------------------------------------------------------------------------ phase and entitlement


@pytest.mark.parametrize("sender", [CLERK, TECHNICIAN])
def test_in_phase_a_users_and_technicians_are_served_at_the_first_level(sender: str) -> None:
    """C3.2, S037, S038."""
    found = received(C3, "2026-05-12 10:00", sender)
    assert (found.became, found.level, found.route) == (Became.ACCEPTED, 1, Route.DESK)
    assert found.phase is not None
    assert found.phase.id == "A"
    assert found.group is not None
    assert found.marks == ()
    assert {"C3.1", "C3.2"} <= set(found.clauses)


def test_in_phase_a_a_stranger_is_served_provisionally_and_asked_for_the_organisation() -> None:
    """C3.2."""
    found = received(C3, "2026-05-12 10:00", STRANGER)
    assert (found.became, found.entitled, found.marks) == (Became.ACCEPTED, True, (Mark.UNKNOWN_REQUESTER,))
    assert found.answers_by_voice[-1] == "V-13"


def test_after_the_acceptance_an_end_user_is_sent_to_the_first_level_of_the_client() -> None:
    """C3.12, S061."""
    found = received(ACCEPTED, "2026-09-16 10:00", CLERK)
    assert (found.became, found.entitled, found.route, found.level) == (
        Became.NOT_ENTITLED,
        False,
        Route.FIRST_LEVEL,
        1,
    )
    assert (found.forward_to, found.ask, found.answer) == (FIRST_LEVEL, None, "T-PHASE")
    assert found.answers_by_voice == ("V-14", "V-02")
    assert {"C3.12", "C3.18"} <= set(found.clauses)
    assert not found.due


def test_the_end_user_of_the_day_of_the_acceptance_is_still_served() -> None:
    """A3.7."""
    assert received(ACCEPTED, "2026-09-15 17:59", CLERK).became is Became.ACCEPTED


def test_after_the_acceptance_a_technician_gets_the_second_level() -> None:
    """C3.18, C3.23, S068."""
    found = received(ACCEPTED, "2026-09-16 10:00", TECHNICIAN)
    assert (found.became, found.level, found.route) == (Became.ACCEPTED, 2, Route.SECOND_LEVEL)
    assert {"C3.18", "C3.23"} <= set(found.clauses)


@pytest.mark.parametrize(
    ("at", "became", "route"),
    [
        ("2027-09-15 17:30", Became.ACCEPTED, Route.SECOND_LEVEL),
        ("2027-09-15 23:59", Became.ACCEPTED, Route.QUEUE),
        ("2027-09-16 00:00", Became.PERIOD_EXPIRED, Route.QUEUE),
        ("2027-09-16 09:10", Became.PERIOD_EXPIRED, Route.QUEUE),
    ],
)
def test_the_second_level_ends_with_the_last_day_of_its_year(at: str, became: Became, route: Route) -> None:
    """C3.23, S074: the last day counts until 24:00."""
    found = received(ACCEPTED, at, TECHNICIAN)
    assert (found.became, found.route) == (became, route)
    assert found.periods[Of.SECOND_LEVEL] == date(2027, 9, 15)


def test_after_the_second_level_is_over_the_client_is_asked() -> None:
    """C3.23."""
    found = received(ACCEPTED, "2027-09-16 09:10", TECHNICIAN)
    assert (found.answer, found.ask) == ("T-L2-PERIOD", RESPONSIBLE)
    assert not found.due


def test_an_end_user_is_sent_to_the_first_level_also_after_the_second_level_is_over() -> None:
    """C3.12."""
    assert received(ACCEPTED, "2028-01-10 10:00", CLERK).route is Route.FIRST_LEVEL


def test_an_end_user_who_calls_at_night_is_sent_to_the_first_level_as_well() -> None:
    """C3.12: the forwarding is a mail."""
    found = received(ACCEPTED, "2026-09-19 23:00", CLERK, channel=Channel.PHONE)
    assert (found.route, found.forward_to) == (Route.FIRST_LEVEL, FIRST_LEVEL)


def test_a_second_level_service_hands_first_level_requests_back() -> None:
    """C7.6, S108."""
    c7 = contract("c07")
    found = received(c7, "2026-11-25 10:00", STRANGER)
    assert (found.became, found.route, found.forward_to) == (Became.NOT_ENTITLED, Route.FIRST_LEVEL, c7.first_level)
    assert "C7.6" in found.clauses
    own = c7.groups[0].domains[0]
    served = received(c7, "2026-11-25 10:00", f"ada@{own}")
    assert (served.became, served.level, served.route) == (Became.ACCEPTED, 2, Route.SECOND_LEVEL)


def test_whom_nobody_knows_has_to_say_the_organisation_where_the_clause_serves_only_its_own() -> None:
    """C9.1, S117."""
    c9 = contract("c09")
    found = received(c9, "2026-11-23 10:00", STRANGER)
    assert (found.became, found.answer, found.marks) == (
        Became.NOT_ENTITLED,
        "T-IDENTIFY",
        (Mark.UNKNOWN_REQUESTER,),
    )
    assert (found.forward_to, found.route) == (None, Route.DESK)
    assert received(c9, "2026-11-23 10:00", "ada@studio.example").became is Became.ACCEPTED


def test_a_group_that_is_not_served_goes_to_the_responsible_and_hears_the_ordinary_words() -> None:
    """DOMAIN 2: sent to whoever is in charge."""
    others = replace(C3.phases[0].entitlement, groups=("tecnici_sardegnait",), others=Elsewhere.RESPONSIBLE)
    only_technicians = replace(C3, phases=(replace(C3.phases[0], entitlement=others),))
    found = received(only_technicians, "2026-05-12 10:00", CLERK)
    assert (found.became, found.ask, found.forward_to) == (Became.NOT_ENTITLED, RESPONSIBLE, None)
    assert (found.answer, found.marks) == ("T-ACK", ())


def test_without_a_first_level_of_the_client_the_responsible_is_asked() -> None:
    found = received(replace(ACCEPTED, first_level=None), "2026-09-16 10:00", CLERK)
    assert (found.became, found.forward_to, found.ask) == (Became.NOT_ENTITLED, None, RESPONSIBLE)


def test_everybody_is_served_where_whom_nobody_knows_is_served() -> None:
    """A2.5."""
    found = received(C2, "2026-11-24 10:00", STRANGER)
    assert (found.became, found.route, found.marks) == (Became.ACCEPTED, Route.DESK, ())


# ------------------------------------------------------------------------------------------------------------- validity


@pytest.mark.parametrize(
    ("at", "reason", "answer", "voice"),
    [
        ("2024-12-30 10:00", "not_started", "T-NOT-STARTED", "V-15-NOT-STARTED"),
        ("2031-01-02 09:00", "ended", "T-LATE-ENDED", "V-15-ENDED"),
    ],
)
def test_before_the_start_and_after_the_end_a_contact_is_kept_and_nobody_woken(
    at: str, reason: str, answer: str, voice: str
) -> None:
    """C2.2, S009, S128."""
    found = received(C2, at, STRANGER, channel=Channel.PHONE, urgent=True)
    assert (found.opening.reason, found.became, found.route) == (reason, Became.ACCEPTED, Route.QUEUE)
    assert (found.answer, found.answers_by_voice[0], found.ask) == (answer, voice, C2.responsible)
    assert found.clauses == ("C2.2",)
    assert not found.due


def test_an_extension_that_was_recorded_keeps_the_service_going() -> None:
    """C2.2, S009."""
    short = replace(C2, valid_until=date(2026, 12, 31))
    assert received(short, "2027-01-04 09:00").route is Route.QUEUE
    assert received(C2, "2027-01-04 09:00").route is Route.DESK


def test_what_is_asked_for_after_the_end_takes_no_quota() -> None:
    """C2.2: the announcement of the end, whatever is asked for."""
    found = received(C3, "2031-02-03 10:00", TECHNICIAN, site="cagliari")
    assert (found.became, found.answer, found.quota) == (Became.ACCEPTED, "T-LATE-ENDED", None)


# ---------------------------------------------------------------------------------------------------------------- scope

TAX_OFFICE = Office("Ufficio tributi", "tributi@comune.example", "+390700000020", "C10.11")


def with_matter(*, forward: bool, office: Office | None = TAX_OFFICE) -> Contract:
    taxes = Matter("tributi", "tributi", "", ("tributi", "tassa rifiuti"), False, office, forward, "C10.11")
    wallet = Matter("borsellino", "borsellino", "Profilo", ("borsellino",), True, None, forward=False, clause="C4.5")
    return replace(contract("c10"), scope=Scope("2", date(2024, 9, 1), (taxes, wallet), "C10.10"))


def test_what_is_out_of_scope_is_forwarded_where_the_parties_agreed_so() -> None:
    """C10.11, S136."""
    found = received(with_matter(forward=True), "2026-11-26 09:00", STRANGER, subject="Tassa rifiuti")
    assert (found.became, found.forward_to, found.answer) == (Became.OUT_OF_SCOPE, TAX_OFFICE, "T-OUT-FORWARDED")
    assert found.matter is not None
    assert found.matter.id == "tributi"
    assert (found.entitled, found.route) == (True, Route.DESK)
    assert "C10.11" in found.clauses
    assert not found.due


@pytest.mark.parametrize("office", [TAX_OFFICE, None])
def test_else_the_requester_is_told_where_to_turn(office: Office | None) -> None:
    """S077, S135: with the right address if it is known."""
    found = received(with_matter(forward=False, office=office), "2026-11-26 09:00", STRANGER, subject="tributi")
    assert (found.became, found.forward_to, found.answer) == (Became.OUT_OF_SCOPE, None, "T-OUT")


@pytest.mark.parametrize(("subject", "matter"), [("Il borsellino", "borsellino"), ("Una cosa mai vista", None)])
def test_what_is_inside_or_in_no_list_is_first_level(subject: str, matter: str | None) -> None:
    """C4.5, C9.4, S080, S120: the list is open."""
    found = received(with_matter(forward=True), "2026-11-24 10:00", STRANGER, subject=subject)
    assert (found.became, found.route) == (Became.ACCEPTED, Route.DESK)
    assert (found.matter.id if found.matter else None) == matter


@pytest.mark.parametrize(("urgent", "route"), [(True, Route.ON_CALL), (False, Route.QUEUE)])
def test_only_an_urgent_request_wakes_somebody_although_its_words_are_out_of_scope(
    route: Route, *, urgent: bool
) -> None:
    """Words are a guess: nobody's emergency is left asleep for one."""
    scoped = replace(C2, scope=with_matter(forward=True).scope)
    found = received(scoped, "2026-11-28 22:10", STRANGER, subject="tributi", urgent=urgent)
    assert (found.became, found.route) == (Became.OUT_OF_SCOPE, route)


# ------------------------------------------------------------------------------------------------------------ the route


@pytest.mark.parametrize(
    ("channel", "at", "route"),
    [
        (Channel.PHONE, "2026-11-24 10:00", Route.DESK),
        (Channel.PHONE, "2026-11-24 13:45", Route.VOICEMAIL),
        (Channel.FAX, "2026-11-27 15:00", Route.QUEUE),
        (Channel.MAIL, "2026-11-28 10:00", Route.QUEUE),
    ],
)
def test_without_on_call_duty_a_request_outside_hours_waits(channel: Channel, at: str, route: Route) -> None:
    """C3.5, A3.3, S041, S045, S050."""
    assert received(C3, at, channel=channel).route is route


@pytest.mark.parametrize("channel", [Channel.PHONE, Channel.MAIL, Channel.PEC, Channel.SMS])
@pytest.mark.parametrize(
    "at",
    [
        "2026-12-31 18:00",
        "2026-04-06 10:00",
        "2026-10-25 02:30",
        "2027-03-28 03:30",
    ],
)
def test_with_on_call_duty_somebody_is_woken(channel: Channel, at: str) -> None:
    """C2.8, S013, S018, S034, S035: New Year's Eve, Easter Monday, the nights on which the clocks change."""
    found = received(C2, at, channel=channel)
    assert found.route is Route.ON_CALL
    assert found.clauses[-1] == "C2.8"


def test_where_only_the_urgent_wake_the_others_wait() -> None:
    """DESIGN, "Whom to wake"."""
    assert C2.on_call is not None
    only_urgent = replace(C2, on_call=replace(C2.on_call, page=Page.URGENT))
    assert received(only_urgent, "2026-11-28 22:10").route is Route.QUEUE
    assert received(only_urgent, "2026-11-28 22:10", channel=Channel.PHONE).route is Route.VOICEMAIL
    assert received(only_urgent, "2026-11-28 22:10", urgent=True).route is Route.ON_CALL


@pytest.mark.parametrize("at", ["2026-11-24 10:00", "2026-11-28 22:10"])
def test_what_a_machine_sent_wakes_nobody_and_is_not_answered(at: str) -> None:
    """X6, RFC 3834."""
    found = received(ACCEPTED, at, CLERK, wakes_nobody=True)
    assert (found.route, found.answer, found.forward_to, found.ask) == (Route.QUEUE, None, None, None)
    assert received(C2, at, wakes_nobody=True, urgent=True).route is Route.QUEUE


# ------------------------------------------------------------------------------------------- terms and priority classes

CLASSES = (
    PriorityClass(2, "grave", ("grave", "errore grave")),
    PriorityClass(1, "bloccante", ("bloccante", "critica")),
)
TERMS = (
    Term(Of.TAKEN_IN_CHARGE, Counting.SERVICE, "C1.3", within=timedelta(hours=8)),
    Term(Of.TAKEN_IN_CHARGE, Counting.SERVICE, "C1.2", within=timedelta(minutes=30), classes=(1, 2)),
    Term(Of.SOLUTION, Counting.SERVICE, "C1.4", within=timedelta(hours=4), classes=(1,)),
    Term(Of.COMPLAINT, Counting.DAYS, "C8.4", days=30),
)
TERMED = replace(C2, priority=Priority((), ("non",), CLASSES), terms=TERMS)


@pytest.mark.parametrize(
    ("facts", "number", "due"),
    [
        ({"urgent": True}, 1, {Of.TAKEN_IN_CHARGE: time(10, 30), Of.SOLUTION: time(14)}),
        ({"subject": "Errore bloccante"}, 1, {Of.TAKEN_IN_CHARGE: time(10, 30), Of.SOLUTION: time(14)}),
        ({"subject": "Errore grave"}, 2, {Of.TAKEN_IN_CHARGE: time(10, 30)}),
        ({"subject": "Non bloccante, ma grave"}, 2, {Of.TAKEN_IN_CHARGE: time(10, 30)}),
        ({"subject": "Domanda"}, None, {Of.TAKEN_IN_CHARGE: time(18)}),
    ],
)
def test_the_terms_of_a_request_are_those_of_its_class(
    facts: dict[str, object], number: int | None, due: dict[Of, time]
) -> None:
    """DOMAIN 11: urgent is the first class; without a class the terms of every class count."""
    found = received(TERMED, "2026-11-24 10:00", **facts)  # type: ignore[arg-type]
    assert (found.priority_class.number if found.priority_class else None) == number
    assert {of: due_on(found, of).time() for of in found.due} == due


def test_a_contract_without_classes_has_none_for_the_urgent() -> None:
    no_classes = replace(C2, priority=replace(C2.priority, classes=()))
    assert received(no_classes, "2026-11-24 10:00", urgent=True).priority_class is None


def test_a_complaint_has_a_term_of_its_own() -> None:
    """C8.4, A8.1, S112."""
    found = received(TERMED, "2026-11-24 10:00", subject="Reclamo")
    assert due_on(found, Of.COMPLAINT).date() == date(2026, 12, 24)
    assert Of.COMPLAINT not in received(TERMED, "2026-11-24 10:00", subject="Domanda").due


def test_a_term_of_visits_is_not_one_of_other_requests() -> None:
    """C3.11."""
    assert Of.ON_SITE not in received(C3, "2026-04-03 10:00", CLERK).due


def test_a_term_of_the_second_level_is_one_of_the_second_level_alone() -> None:
    """C3.23."""
    term = Term(Of.SECOND_LEVEL, Counting.SERVICE, "C3.23", within=timedelta(hours=1))
    assert Of.SECOND_LEVEL in received(replace(ACCEPTED, terms=(term,)), "2026-09-16 10:00", TECHNICIAN).due
    assert Of.SECOND_LEVEL not in received(replace(C3, terms=(term,)), "2026-09-16 10:00", TECHNICIAN).due


# ------------------------------------------------------------------------------------------------------ texts, clauses


@pytest.mark.parametrize(
    ("by", "at", "answer"),
    [
        (C2, "2026-11-24 10:00", "T-ACK"),
        (C2, "2026-12-05 20:00", "T-OOH-ONCALL"),
        (C3, "2026-11-28 10:00", "T-OOH"),
        (replace(C3, phone=None), "2026-11-24 10:00", "T-ACK-NO-PHONE"),
        (replace(C3, valid_until=date(2026, 11, 27)), "2026-11-27 15:00", "T-OOH-CLOSED"),
    ],
)
def test_what_is_simply_received_is_acknowledged_as_ever(by: Contract, at: str, answer: str) -> None:
    """DOMAIN 13, S032, S045, S119."""
    assert received(by, at, TECHNICIAN).answer == answer


def test_no_clause_is_cited_twice_and_the_hours_come_first() -> None:
    """Issue 3: every decision names its clause."""
    found = received(C3, "2026-04-03 10:00", TECHNICIAN, site="cagliari")
    assert found.clauses == ("C3.6", "C3.1", "C3.2", "C3.20", "C3.9", "C3.10", "C3.11")


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        decide(C2, Request(Channel.MAIL, datetime(2026, 11, 24, 10)))  # noqa: DTZ001 - that is the point


def test_who_may_not_be_served_before_identifying_is_not_woken_for() -> None:
    """C9.1 with an on-call duty."""
    own = Entitlement(("uffici",), Unknown.REFUSED, Elsewhere.IDENTIFY, 1, "C2.1")
    closed_circle = replace(C2, entitlement=own, groups=(Group("uffici", "uffici", domains=("comune.example",)),))
    stranger = received(closed_circle, "2026-11-28 22:10", STRANGER, urgent=True)
    assert (stranger.became, stranger.route) == (Became.NOT_ENTITLED, Route.QUEUE)
    assert received(closed_circle, "2026-11-28 22:10", "ada@comune.example").route is Route.ON_CALL
