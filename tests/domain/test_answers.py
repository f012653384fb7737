"""Which text answers a decision, with which values: for the shipped contracts, filled whole in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from config.compose import rules_of
from config.load import load
from gateway.domain import answers
from gateway.domain.contract import Contract
from gateway.domain.decision import Became, Decision, Request, Used
from gateway.domain.intake import Channel
from gateway.domain.phases import with_acceptance
from gateway.domain.provisions import Quota
from gateway.domain.reception import decide
from gateway.domain.rules import Rules
from gateway.domain.ticket import Priority, Requester, Ticket, TicketState, TicketType
from tests.flow.station import site_folder

TUESDAY = datetime.fromisoformat("2026-11-24T10:00:00+01:00")
C03, C07, C09, C10 = "c03-sardegnait", "c07-inpdap", "c09-easy110", "c10-camera-commercio"
TECHNICIAN, CLERK, STRANGER = "ada@sardegnait.example", "mario@comune.sassari.example", "chi@altrove.example"


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return rules_of(load(site_folder(Path(tmp_path_factory.mktemp("answers")))))


def all_used(quota: Quota) -> Used:
    return Used(quota.count - 1, 1)


def decided(
    contract: Contract, sender: str, subject: str = "Non stampa", at: datetime = TUESDAY, **asked: str
) -> Decision:
    used = all_used if asked.pop("used", "") else lambda _: Used(2, 1)
    request = Request(Channel.MAIL, at, sender, subject=subject, site=asked.get("site"))
    return decide(contract, request, used)


def ticket(decision: Decision, at: datetime = TUESDAY) -> Ticket:
    return Ticket(
        2026000123, decision.contract.id, "mail", TicketType.ASSISTANCE, TicketState.NEW, decision.level,
        Priority.NORMAL, "Non stampa", Requester("", "a@b.example"), at, at,
    )  # fmt: skip


def after_acceptance(rules: Rules) -> Contract:
    return with_acceptance(rules.contracts[C03], date(2026, 9, 15))


def cases(rules: Rules) -> dict[str, Decision]:
    """One decision for each text that answers one."""
    before, after = rules.contracts[C03], after_acceptance(rules)
    visit = "Ci serve qualcuno in sede"
    late = datetime.fromisoformat("2027-10-01T10:00:00+02:00")
    c10 = rules.contracts[C10]
    assert c10.scope
    nobody = replace(next(m for m in c10.scope.matters if m.id == "tributi"), office=None, forward=False)
    without = replace(c10, scope=replace(c10.scope, matters=(nobody,)))
    told = next(m for m in c10.scope.matters if m.id == "tributi")
    to_ask = replace(c10, scope=replace(c10.scope, matters=(replace(told, forward=False),)))
    return {
        "T-ACK": decided(before, TECHNICIAN),
        "T-PHASE": decided(after, CLERK),
        "T-FIRST-LEVEL": decided(rules.contracts[C07], STRANGER),
        "T-IDENTIFY": decided(rules.contracts[C09], STRANGER),
        "T-OUT-FORWARDED": decided(c10, STRANGER, "Quanto pago di tributi?"),
        "T-OUT": decided(to_ask, STRANGER, "Quanto pago di tributi?"),
        "T-OUT-NO-OFFICE": decided(without, STRANGER, "Quanto pago di tributi?"),
        "T-ONSITE": decided(after, TECHNICIAN, visit),
        "T-ONSITE-PLAIN": decided(replace(after, quotas=()), TECHNICIAN, visit),
        "T-ONSITE-QUOTA": decided(after, TECHNICIAN, visit, used="all"),
        "T-ONSITE-SITE": decided(after, TECHNICIAN, visit, site="Alghero"),
        "T-ONSITE-PERIOD": decided(after, TECHNICIAN, visit, at=late),
        "T-L2-PERIOD": decided(after, TECHNICIAN, at=late),
    }


def test_each_decision_is_answered_by_its_own_text(rules: Rules) -> None:
    assert {name: answers.written_id(case) for name, case in cases(rules).items()} == {
        name: name for name in cases(rules)
    }


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_answer_can_be_filled_whole(rules: Rules, language: str) -> None:
    for name, case in cases(rules).items():
        spoken = replace(case, contract=replace(case.contract, language=language))
        filled = answers.written(rules.catalogues[language], spoken, name, ticket(spoken), TUESDAY)
        assert "[2026000123]" in filled.subject
        assert "None" not in filled.body
        assert "  " not in filled.body


@pytest.mark.parametrize("language", ["it", "en"])
def test_whoever_is_told_besides_can_read_why_and_by_which_clause(rules: Rules, language: str) -> None:
    seen = set()
    for case in cases(rules).values():
        office = case.forward_to or case.ask
        if office is None:
            continue
        spoken = replace(case, contract=replace(case.contract, language=language))
        told = answers.told_office(rules.catalogues[language], spoken, office, ticket(spoken), TUESDAY)
        assert f"{told['clause']})" in told["why"]
        seen.add(case.became)
    assert seen == set(Became) - {Became.ACCEPTED}


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("T-ACK", "C3.5"),
        ("T-PHASE", "C3.18"),
        ("T-FIRST-LEVEL", "C7.6"),
        ("T-IDENTIFY", "C9.1"),
        ("T-OUT-FORWARDED", "C10.11"),
        ("T-ONSITE-QUOTA", "C3.22"),
        ("T-ONSITE-SITE", "C3.9"),
        ("T-ONSITE-PERIOD", "C3.19"),
        ("T-L2-PERIOD", "C3.23"),
    ],
)
def test_the_ruling_clause_is_the_one_that_settled_it(rules: Rules, name: str, clause: str) -> None:
    assert answers.ruling_clause(cases(rules)[name]) == clause


def test_visits_before_the_acceptance_are_valid_until_it(rules: Rules) -> None:
    """T-ONSITE: no date that nobody knows."""
    case = decided(rules.contracts[C03], TECHNICIAN, "Ci serve qualcuno in sede")
    told = answers.values(case, ticket(case), TUESDAY)
    assert (told["used"], told["quota"], told["period_end"]) == ("4", "30", "collaudo finale")
    assert answers.values(cases(rules)["T-ONSITE"], ticket(case), TUESDAY)["period_end"] == "15 marzo 2027"


def test_on_the_day_of_the_acceptance_visits_are_valid_until_that_day(rules: Rules) -> None:
    """A3.7: the day of the acceptance still belongs to phase A."""
    at = datetime.fromisoformat("2026-09-15T10:00:00+02:00")
    case = decided(after_acceptance(rules), TECHNICIAN, "Ci serve qualcuno in sede", at=at)
    assert answers.values(case, ticket(case, at), at)["period_end"] == "15 settembre 2026"


def test_a_known_group_that_is_not_served_is_told_who_decides(rules: Rules) -> None:
    contract = rules.contracts[C03]
    phase = replace(contract.phases[0], entitlement=replace(contract.phases[0].entitlement, groups=("utenti_comuni",)))
    case = decided(replace(contract, phases=(phase,)), TECHNICIAN)
    assert answers.written_id(case) == "T-NOT-ENTITLED"
    filled = answers.written(rules.catalogues["it"], case, "T-NOT-ENTITLED", ticket(case), TUESDAY)
    assert "Responsabile del contratto per SardegnaIT" in filled.body


def test_an_sms_names_the_first_level_or_the_time_of_the_visit(rules: Rules) -> None:
    found = cases(rules)
    assert answers.sms_id(found["T-PHASE"]) == "M-FORWARDED"
    assert answers.sms_values(found["T-PHASE"], ticket(found["T-PHASE"]), TUESDAY)["phone"] == "+390700000320"
    assert answers.sms_id(found["T-IDENTIFY"]) == "M-IDENTIFY"
    assert answers.sms_id(found["T-ONSITE"]) == "M-08"
    assert answers.sms_values(found["T-ONSITE"], ticket(found["T-ONSITE"]), TUESDAY)["due"] == "25/11/2026 18:00"
    assert answers.sms_id(found["T-ONSITE-QUOTA"]) == "M-07"
