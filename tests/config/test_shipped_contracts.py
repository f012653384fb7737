"""The ten shipped contracts say what their clauses demand, and each rule in their files says where it comes from."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from config.load import load
from gateway.domain.contract import Contract, Page
from gateway.domain.intake import Channel
from gateway.domain.numbers import NumberClass, classify
from gateway.domain.phrases import term_phrase
from gateway.domain.priority import type_by_words
from gateway.domain.provisions import (
    ActKind,
    Calendar,
    Catalogue,
    Complaints,
    Counting,
    Elsewhere,
    Ends,
    Entitlement,
    Group,
    Matter,
    Of,
    Organisation,
    Suspension,
    Unknown,
)

FOLDER = Path(__file__).parents[2] / "config" / "contracts"
FILES = {path.name[:3]: path for path in sorted(FOLDER.glob("*.toml"))}
WITHOUT_HOURS = ("c01", "c04", "c05", "c06", "c07", "c08", "c09", "c10")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@cache
def contracts() -> dict[str, Contract]:
    site = load(FOLDER.parent / "gateway.toml", today=date(2026, 11, 24))
    return {contract_id[:3]: contract for contract_id, contract in site.contracts.items()}


def contract(short: str) -> Contract:
    return contracts()[short]


def week(short: str) -> dict[str, list[str]]:
    """The hours of each weekday, as the file writes them."""
    hours: dict[str, list[str]] = {}
    for band in contract(short).schedules[0].bands:
        hours.setdefault(WEEK[band.weekday], []).append(f"{band.start:%H:%M}-{band.end:%H:%M}")
    return hours


def calendar(short: str) -> Calendar:
    return contract(short).schedules[0].calendar


def lists(short: str) -> dict[str, Catalogue]:
    return {each.id: each for each in contract(short).catalogues}


def matters(short: str) -> dict[str, Matter]:
    scope = contract(short).scope
    assert scope is not None
    return {each.id: each for each in scope.matters}


def group(short: str, group_id: str) -> Group:
    return next(each for each in contract(short).groups if each.id == group_id)


def entitlement(short: str) -> Entitlement:
    found = contract(short).entitlement
    assert found is not None
    return found


def required(short: str) -> set[str]:
    escalation = contract(short).escalation
    assert escalation is not None
    return set(escalation.required)


# ------------------------------------------------------------------------------------------------------------- all ten


@pytest.mark.parametrize("short", FILES)
def test_every_contract_names_who_decides_for_the_client(short: str) -> None:
    """C2.2, C3.9: what is over, above a quota or at another place goes to somebody (T-LATE, `referente_ente`)."""
    responsible = contract(short).responsible
    assert responsible is not None
    assert responsible.mail
    assert responsible.phone


@pytest.mark.parametrize("short", FILES)
def test_every_mail_domain_is_one_that_nobody_has(short: str) -> None:
    assert set(re.findall(r"@[\w.-]+\.(\w+)", FILES[short].read_text())) == {"example"}


@pytest.mark.parametrize("short", [short for short in FILES if short not in {"c03", "c10"}])
def test_a_contract_whose_clause_gives_no_dates_is_valid_for_six_years(short: str) -> None:
    assert (contract(short).valid_from, contract(short).last_day) == (date(2025, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize("short", WITHOUT_HOURS)
def test_hours_that_are_not_in_the_clause_are_the_usual_ones_and_say_so(short: str) -> None:
    """A1.1, A10.1."""
    assert week(short) == {day: ["08:00-18:00"] for day in WEEK[:5]}
    assert contract(short).schedules[0].holidays_closed
    assert set(calendar(short).rules.values()) == {"national"}  # no patron saint
    assert not contract(short).on_call_required
    assert contract(short).on_call is None
    text = FILES[short].read_text()
    for header in ("[[hours.band]]", "[holidays]"):
        assert re.search(rf"^{re.escape(header)} # .*not in the clause: ask the client$", text, re.MULTILINE)


# -------------------------------------------------------------------------------------------------------------- c01


def test_c01_gives_assistance_and_advice_to_whoever_asks() -> None:
    """C1.1, A1.1."""
    kinds = {rule.type for rule in contract("c01").type_rules}
    assert {"assistance", "advice", "change"} <= kinds
    assert (entitlement("c01").groups, entitlement("c01").unknown) == ((), Unknown.SERVED)
    assert (contract("c01").terms, contract("c01").levels) == ((), (1,))


def test_c01_knows_three_kinds_of_change_and_the_maintenance_process() -> None:
    """C1.4–C1.6."""
    kinds = lists("c01")["change_types"]
    assert (kinds.items, kinds.is_open) == (("correzione permanente", "nuova versione", "miglioramento"), False)
    states = ("proposta", "approvata", "respinta", "pianificata", "in collaudo", "rilasciata")
    assert lists("c01")["maintenance_states"].items == states
    escalation = contract("c01").escalation
    assert escalation is not None
    assert escalation.mailbox == "manutenzione@fornitore.example"


# -------------------------------------------------------------------------------------------------------------- c02


def test_c02_is_staffed_from_8_to_18_without_a_break_and_never_closes() -> None:
    """C2.4, C2.5, C2.7."""
    schedule = contract("c02").schedules[0]
    assert week("c02") == {day: ["08:00-18:00"] for day in WEEK[:5]}
    assert {band.clause for band in schedule.bands} == {"C2.4"}
    assert (schedule.continuous, schedule.closures_allowed, schedule.closures) == (True, False, ())


def test_c02_excludes_national_holidays_and_the_patron_saint() -> None:
    """C2.6, A2.1."""
    assert calendar("c02").holiday_on(date(2026, 10, 30)) == "San Saturnino"
    assert calendar("c02").rules[date(2026, 10, 30)] == "patron"
    assert date(2027, 10, 4) in calendar("c02").names
    assert date(2025, 10, 4) not in calendar("c02").names


def test_c02_has_two_levels_and_serves_everybody_who_calls() -> None:
    """C2.1, A2.5."""
    assert contract("c02").levels == (1, 2)
    assert (entitlement("c02").groups, entitlement("c02").unknown) == ((), Unknown.SERVED)
    assert group("c02", "comune").domains == ("comune.example", "pec.comune.example")


def test_c02_is_reached_by_telephone_first_and_on_call_at_all_other_times() -> None:
    """C2.3, C2.8, C2.9, C2.11, A2.2, A2.3, A2.6."""
    duty = contract("c02").on_call
    assert duty is not None
    assert contract("c02").channels[0] is Channel.PHONE
    assert contract("c02").on_call_required
    assert duty.number_on(date(2026, 11, 28)) == contract("c02").phone
    assert (duty.page, duty.answer_within, duty.rounds) == (Page.ALL, timedelta(minutes=30), 2)


def test_c02_has_no_term_that_the_clause_does_not_name_and_three_reasons_to_wait() -> None:
    """A2.3, A2.4."""
    assert contract("c02").terms == ()
    assert set(contract("c02").suspensions) == set(Suspension)
    assert contract("c02").duties == ()


# -------------------------------------------------------------------------------------------------------------- c03


def test_c03_is_staffed_in_split_shifts_and_on_friday_morning() -> None:
    """C3.5, C3.6, A3.1, A3.4."""
    split = ["09:00-13:30", "15:00-18:00"]
    assert week("c03") == {"mon": split, "tue": split, "wed": split, "thu": split, "fri": ["09:00-13:30"]}
    clauses = {(WEEK[band.weekday], band.clause) for band in contract("c03").schedules[0].bands}
    assert {("thu", "C3.5"), ("fri", "C3.6")} <= clauses
    assert set(calendar("c03").rules.values()) == {"national", "patron"}
    assert calendar("c03").holiday_on(date(2026, 10, 30)) == "San Saturnino"
    assert not contract("c03").on_call_required  # A3.3


def test_c03_is_in_phase_a_since_the_start_of_the_works_and_b_waits_for_the_act() -> None:
    """C3.1, C3.12, A3.7."""
    assert [(act.kind, act.on) for act in contract("c03").acts] == [(ActKind.START_OF_WORKS, date(2025, 5, 5))]
    a, b = contract("c03").phases
    assert (a.id, a.opened_by, a.opens_next_day) == ("A", ActKind.START_OF_WORKS, False)
    assert (b.id, b.opened_by, b.opens_next_day) == ("B", ActKind.FINAL_ACCEPTANCE, True)
    assert (contract("c03").valid_from, a.clause, b.clause) == (date(2025, 5, 5), "C3.1", "C3.12")


def test_c03_serves_both_groups_before_the_acceptance_and_the_technicians_after_it() -> None:
    """C3.2, C3.12, C3.18, C3.24, A3.5."""
    a, b = (phase.entitlement for phase in contract("c03").phases)
    both = ("utenti_comuni", "tecnici_sardegnait")
    assert (a.groups, a.unknown, a.level, a.clause) == (both, Unknown.PROVISIONAL, 1, "C3.2")
    assert (b.groups, b.unknown, b.level, b.clause) == (both[1:], Unknown.REFUSED, 2, "C3.18")
    assert b.others is Elsewhere.FIRST_LEVEL
    assert "comune.sassari.example" in group("c03", "utenti_comuni").domains
    assert "sardegnait.example" in group("c03", "tecnici_sardegnait").domains
    first = contract("c03").first_level
    assert first is not None
    assert (first.mail, first.clause) == ("primo-livello@sardegnait.example", "C3.12")


def test_c03_told_its_contacts_before_the_start_of_the_works() -> None:
    """C3.7, C3.8."""
    (told,) = contract("c03").communications
    assert contract("c03").channels == (Channel.PHONE, Channel.MAIL, Channel.FAX)
    assert told.on == date(2025, 4, 28) < contract("c03").acts[0].on
    assert told.proof
    published = [contract("c03").address_of(channel) for channel in contract("c03").channels]
    assert [told.phone, told.mail, told.fax] == published


def test_c03_visits_sardegnait_in_both_phases_and_sassari_before_the_acceptance() -> None:
    """C3.3, C3.9, C3.20, C3.21, A3.4."""
    visits = contract("c03").on_site
    assert visits is not None
    assert visits.simple_request
    assert visits.default_site == "cagliari"
    assert {"in sede", "on-site"} <= set(visits.words)
    cagliari, sassari = contract("c03").sites
    assert (cagliari.id, cagliari.phases) == ("cagliari", ("A", "B"))
    assert (sassari.id, sassari.phases) == ("sassari", ("A",))
    assert cagliari.calendar.holiday_on(date(2026, 10, 30)) == "San Saturnino"
    assert sassari.calendar.holiday_on(date(2027, 12, 6)) == "San Nicola"
    assert sassari.calendar.holiday_on(date(2026, 10, 30)) is None


def test_c03_visits_within_one_working_day_of_the_place_until_the_end_of_its_coverage() -> None:
    """C3.11, A3.4, A3.6."""
    (term,) = contract("c03").terms
    assert (term.of, term.counting, term.days) == (Of.ON_SITE, Counting.WORKING_DAYS, 1)
    assert (term.at_site, term.ends, term.clause) == (True, Ends.COVERAGE, "C3.11")


def test_c03_allows_thirty_visits_and_then_ten() -> None:
    """C3.10, C3.22."""
    quotas = [(each.of, each.phase, each.count, each.warn_at, each.clause) for each in contract("c03").quotas]
    assert quotas == [(Of.ON_SITE, "A", 30, 24, "C3.10"), (Of.ON_SITE, "B", 10, 8, "C3.22")]


def test_c03_counts_the_visit_that_failed_and_not_the_one_that_was_cancelled() -> None:
    """A3.8."""
    visits = contract("c03").on_site
    assert visits is not None
    assert (visits.cancelled_takes_quota, visits.failed_takes_quota) == (False, True)


def test_c03_is_served_at_the_vendors_charge_after_the_acceptance() -> None:
    """C3.25."""
    assert [phase.at_vendor_charge for phase in contract("c03").phases] == [False, True]


def test_c03_owes_visits_for_six_months_and_second_level_for_a_year() -> None:
    """C3.19, C3.23."""
    periods = [(each.of, each.months, each.extends, each.clause) for each in contract("c03").periods]
    assert periods == [(Of.ON_SITE, 6, True, "C3.19"), (Of.SECOND_LEVEL, 12, True, "C3.23")]
    assert {(each.phase, each.after) for each in contract("c03").periods} == {("B", ActKind.FINAL_ACCEPTANCE)}


def test_c03_asks_five_duties_of_the_first_level_in_the_order_of_the_clause() -> None:
    """C3.4, C3.13–C3.17."""
    duties = contract("c03").duties
    assert [duty.id for duty in duties] == ["reception", "identification", "solution", "workaround", "second_level"]
    assert [duty.clause for duty in duties] == ["C3.13", "C3.14", "C3.15", "C3.16", "C3.17"]
    assert {"steps", "occurrence"} <= required("c03")
    assert contract("c03").skills == ("comunas",)


# -------------------------------------------------------------------------------------------------------- c04 to c10


def test_c04_knows_four_topics_in_two_sections_and_sends_away_another_app_only() -> None:
    """C4.1, C4.4, C4.5, S077, S081."""
    inside = {key: matter.section for key, matter in matters("c04").items() if matter.inside}
    profile = dict.fromkeys(("borsellino", "costi", "spese"), "Profilo e pagamenti")
    assert inside == {**profile, "parcheggi_blu": "Parcheggi blu"}
    assert (lists("c04")["topics"].items, lists("c04")["topics"].is_open) == (tuple(inside), True)
    (outside,) = (matter for matter in matters("c04").values() if not matter.inside)
    assert (outside.id, outside.forward, outside.clause) == ("altra_app", False, "C4.1")


def test_c04_is_reached_by_telephone_or_mail_and_devolves_with_every_action() -> None:
    """C4.2, C4.8–C4.10, A4.1."""
    assert {Channel.PHONE, Channel.MAIL} <= set(contract("c04").channels)
    assert required("c04") == {"description", "actions"}
    assert contract("c04").levels == (1, 2)


def test_c05_lists_what_may_be_delivered_and_what_the_staff_places() -> None:
    """C5.1–C5.4, A5.1, S089, S090, S092."""
    everything, hazardous = lists("c05")["list_a"], lists("c05")["list_a_hazardous"]
    assert set(hazardous.items) == {item for item in everything.items if "pericoloso" in item}
    assert any(item.startswith("vernici") for item in hazardous.items)
    assert not any("amianto" in item for item in everything.items)
    assert not everything.is_open
    assert len(lists("c05")["centres"].items) == 2
    assert all(each.version for each in contract("c05").catalogues)


def test_c05_warns_by_title_iii_and_tells_the_police_by_a_person_only() -> None:
    """C5.5–C5.7, S094–S096."""
    assert lists("c05")["title_iii"].items
    assert lists("c05")["sanctions"].items
    police = contract("c05").offices["local_police"]
    assert (police.mail, police.clause) == ("polizialocale@comune-ecopiazzole.example", "C5.7")
    assert classify(police.phone) is NumberClass.GEOGRAPHIC  # a switchboard, never an emergency number
    fines = matters("c05")["local_police"]
    assert (fines.inside, fines.forward, fines.office) == (False, False, police)


def test_c06_works_in_one_mixed_group_that_consip_leads() -> None:
    """C6.2, C6.3, S099, S100."""
    (mixed,) = contract("c06").working_groups
    sides = {member.id: member.organisation for member in mixed.members}
    assert set(sides.values()) == set(Organisation)
    assert {sides[each.member] for each in (*mixed.leads, *mixed.deputies)} == {Organisation.CLIENT}
    (lead,) = mixed.leads
    assert (lead.valid_from, lead.valid_until) == (contract("c06").valid_from, None)
    assert mixed.deputies[0].member != lead.member


def test_c06_has_two_lines_open_areas_and_three_categories_with_open_activities() -> None:
    """C6.1, C6.4, C6.5, A6.1."""
    assert len(lists("c06")["service_lines"].items) == 2
    areas, categories = lists("c06")["functional_areas"], lists("c06")["categories"]
    assert (areas.items, areas.is_open) == (("Gare", "Contratti"), True)
    assert categories.items == ("prodotti_servizio", "gestione_ordinaria", "gestione_straordinaria")
    assert not categories.is_open
    assert all(lists("c06")[category].is_open for category in categories.items)


def test_c07_serves_the_first_level_alone_and_hands_everybody_else_back() -> None:
    """C7.6, S108."""
    who = entitlement("c07")
    assert (contract("c07").levels, who.level, who.groups) == ((2,), 2, ("primo_livello_inpdap",))
    assert (who.unknown, who.others) == (Unknown.REFUSED, Elsewhere.FIRST_LEVEL)
    first = contract("c07").first_level
    assert first is not None
    assert first.mail in group("c07", "primo_livello_inpdap").mails


def test_c07_keeps_two_contact_groups_and_the_lists_of_its_service() -> None:
    """C7.2–C7.5, C7.7."""
    assert [each.id for each in contract("c07").contact_groups] == ["decision", "operating"]
    assert {"functions", "need_steps", "need_outcomes", "recurring_activities", "handover"} <= set(lists("c07"))
    assert lists("c07")["need_steps"].items == ("rilevata", "analizzata", "valutata")
    assert "need" in {rule.type for rule in contract("c07").type_rules}


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Reclamo: servizio mai attivato", "complaint"),
        ("Segnalazione e lamentela sul servizio", "complaint"),
        ("Un chiarimento sulla fattura", "information"),
        ("Segnalazione di una pagina ferma", "report"),
    ],
)
def test_c08_takes_for_a_complaint_what_might_be_one(subject: str, kind: str) -> None:
    """C8.2, C8.3, S111, S112."""
    assert type_by_words(contract("c08").type_rules, subject, "") == kind


def test_c08_publishes_four_channels_and_answers_complaints_in_thirty_days() -> None:
    """C8.1, C8.4–C8.6, A8.1."""
    assert contract("c08").channels == (Channel.PHONE, Channel.MAIL, Channel.PEC, Channel.FAX)
    assert contract("c08").info_url
    (term,) = contract("c08").terms
    assert (term.of, term.counting, term.days) == (Of.COMPLAINT, Counting.DAYS, 30)
    assert len(lists("c08")["evaluation_outcomes"].items) == 4
    assert next(each.months for each in contract("c08").retention if each.of == "complaint") == 60


def test_c08_lets_one_role_say_that_a_complaint_is_none() -> None:
    """C8.3, S112."""
    assert contract("c08").complaints == Complaints("responsabile del servizio", "C8.3")
    assert [each for each in FILES if contract(each).complaints] == ["c08"]


def test_c09_serves_the_licensees_own_organisation_by_its_offer() -> None:
    """C9.1–C9.4, S117."""
    who = entitlement("c09")
    assert (who.unknown, who.others, who.level) == (Unknown.REFUSED, Elsewhere.IDENTIFY, 1)
    assert who.groups == ("ambiente_di_lavoro",)
    own = group("c09", "ambiente_di_lavoro")
    assert own.domains == ("studio.example",)
    assert own.numbers
    assert contract("c09").offer_reference.startswith("Offerta Commerciale – Software n. ")
    assert contract("c09").scope is None  # C9.4: no limit of topic


def test_c09_devolves_only_what_is_completely_described() -> None:
    """C9.5, C9.6, A4.1."""
    assert required("c09") == {"workstation", "occurrence", "steps"}
    assert contract("c09").levels == (1, 2)


def test_c10_starts_in_september_2024_by_telephone_and_by_mail() -> None:
    """C10.4, A10.2."""
    assert contract("c10").valid_from == date(2024, 9, 1)
    assert contract("c10").channels == (Channel.PHONE, Channel.MAIL)


def test_c10_had_every_preliminary_activity_done_before_the_start() -> None:
    """C10.5, C10.14."""
    done = {item.id: item.done_on for item in contract("c10").checklist}
    assert list(done) == ["a", "b", "c", "d", "training"]
    assert all(day and day < contract("c10").valid_from for day in done.values())
    assert contract("c10").reservation is None


def test_c10_forwards_what_belongs_to_another_office_except_legal_advice() -> None:
    """C10.2, C10.10, C10.11, S126, S135, S136."""
    outside = {key: matter.forward for key, matter in matters("c10").items() if not matter.inside}
    assert outside == {"tributi": True, "pratiche_presentate": True, "consulenza_legale": False}
    assert matters("c10")["pratiche_presentate"].clause == "C10.2"
    answers = {key: matter.answer_within is not None for key, matter in matters("c10").items() if not matter.inside}
    assert answers == outside  # who gets the request from us answers it in a set time
    scope = contract("c10").scope
    assert scope is not None
    assert scope.approved_on is not None


def test_c10_has_its_lists_and_an_expert_group_for_every_matter() -> None:
    """C10.2, C10.3, C10.7, C10.8, C10.12."""
    operations = lists("c10")["operazione"]
    assert operations.items == ("apertura", "variazione", "trasferimento", "subingresso", "cessazione", "altro")
    assert operations.is_open
    assert lists("c10")["fase_pratica"].items == ("preliminare", "in compilazione")
    assert "existing_channels" in lists("c10")
    inside = [matter for matter in matters("c10").values() if matter.inside]
    assert inside
    assert all(matter.office and matter.office.clause == "C10.12" for matter in inside)
    answers = {term_phrase(matter.answer_within) for matter in inside if matter.answer_within}
    assert (answers, all(matter.answer_within for matter in inside)) == ({"5 giorni lavorativi"}, True)
    assert required("c10") == {"articles"}
