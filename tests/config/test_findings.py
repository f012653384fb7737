"""What only time brings about: warnings, never a refusal to start."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from config.load import Finding, calendars, warnings_of
from config.load.findings import of_quotas
from config.load.recorded import Recorded
from gateway.domain.decision import Used
from gateway.domain.hours import ROME
from gateway.domain.provisions import Of
from gateway.domain.roster import GapKind
from tests.config.variant import Variant

C3 = "c03-sardegnait"
ONCE = """
[[shift]]
contract = "c02-comune"
name = "manutenzione"
contact = "dario"
starts = 2026-12-01T17:00:00
ends = 2026-12-01T19:00:00
"""
ACCEPTANCE = '[[act]]\nkind = "final_acceptance"\non = 2026-09-15\nreference = "verbale n. 7"\n'
UNTIL = 'member = "giulia"\nfrom = 2025-01-01'


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    return Variant.copied_to(tmp_path)


def told(variant: Variant, today: date, key: str) -> list[Finding]:
    return [each for each in variant.site(today).warnings if each.key.startswith(key)]


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 12, 1), []),
        (date(2027, 1, 14), ["period[1]: ends on 2027-03-15, in 60 days"]),
        (date(2027, 3, 15), ["period[1]: ends on 2027-03-15, in 0 days"]),
        (date(2027, 3, 16), ["period[1]: ended on 2027-03-15"]),
        (date(2027, 9, 1), ["period[1]: ended on 2027-03-15", "period[2]: ends on 2027-09-15, in 14 days"]),
    ],
)
def test_a_period_about_to_end_or_over_is_a_warning(variant: Variant, today: date, said: list[str]) -> None:
    """C3.19, C3.23: six months and one year after the final acceptance."""
    found = told(variant.append("c03", ACCEPTANCE), today, "period")
    assert [f"{each.key.removesuffix('.lasts')}: {each.wrong[each.wrong.index('end') :]}" for each in found] == said
    assert [each.clause for each in found] == ["C3.19", "C3.23"][: len(found)]


def test_without_the_acceptance_no_period_ends(variant: Variant) -> None:
    """C3.1: the act is recorded, never inferred."""
    assert told(variant, date(2030, 1, 1), "period") == []


def test_an_act_in_the_future_is_a_plan_and_a_warning(variant: Variant) -> None:
    """C3.1: the daemon starts all the same."""
    (finding,) = told(variant.append("c03", ACCEPTANCE), date(2026, 9, 14), "act")
    assert (finding.file, finding.clause, finding.contract) == (
        "contracts/c03-sardegnait.toml",
        "C3.1",
        "c03-sardegnait",
    )
    assert "2026-09-15, which has not come yet" in finding.wrong
    assert told(variant, date(2026, 9, 15), "act") == []


def test_the_last_lead_of_a_group_that_ends_soon_is_a_warning(variant: Variant) -> None:
    """C6.3: the client names the successor."""
    variant.change("c06", UNTIL, f"{UNTIL}\nuntil = 2026-12-31")
    assert told(variant, date(2026, 10, 1), "working_group") == []
    (finding,) = told(variant, date(2026, 11, 24), "working_group")
    assert "ends on 2026-12-31, in 37 days" in finding.wrong
    (finding,) = told(variant, date(2027, 1, 1), "working_group")
    assert "ended on 2026-12-31" in finding.wrong


def test_a_lead_whose_successor_is_known_is_no_warning(variant: Variant) -> None:
    """C6.3."""
    successor = '\n\n[[working_group.lead]]\nmember = "marco"\nfrom = 2027-01-01'
    variant.change("c06", UNTIL, f"{UNTIL}\nuntil = 2026-12-31{successor}")
    assert told(variant, date(2026, 11, 24), "working_group") == []


def test_a_channel_of_which_no_address_is_published_any_more_is_a_warning(variant: Variant) -> None:
    """C8.1: the old mailbox stays monitored, and people are given another."""
    address = 'address = "assistenza@rti.example"'
    variant.change("c08", address, f"{address}\npublished_until = 2026-12-31")
    (finding,) = told(variant, date(2026, 11, 24), "endpoint")
    assert (finding.clause, "the last published address for mail ends on 2026-12-31" in finding.wrong) == ("C8.1", True)
    variant.append(
        "c08", '[[endpoint]]\nchannel = "mail"\naddress = "nuova@rti.example"\npublished_from = 2026-12-01\n'
    )
    assert told(variant, date(2026, 11, 24), "endpoint") == []


def test_details_that_were_communicated_for_a_later_day_are_not_published_yet(variant: Variant) -> None:
    """C3.8."""
    old = 'channel = "mail"\naddress = "comunas@sardegnait.example"'
    new = '[[endpoint]]\nchannel = "mail"\naddress = "aiuto@sardegnait.example"'
    variant.change("c03", old, f"{old}\npublished_until = 2026-12-31\n\n{new}")
    details = 'phone = "+390700000300"\nmail = "aiuto@sardegnait.example"\nfax = "+390700000309"\n'
    variant.append("c03", f'[[communication]]\non = 2026-11-20\nvalid_from = 2027-01-01\nproof = "ricevuta"\n{details}')
    (finding,) = told(variant, date(2026, 11, 24), "endpoint")
    assert (finding.key, finding.clause) == ("endpoint[3]", "C3.8")
    assert told(variant, date(2027, 1, 1), "endpoint") == []


@pytest.mark.parametrize(
    ("done", "reserved", "keys"), [(20, 3, []), (20, 4, ["quota[1].count"]), (30, 0, ["quota[1].count"])]
)
def test_a_quota_is_a_warning_from_its_threshold_on(
    variant: Variant, done: int, reserved: int, keys: list[str]
) -> None:
    """C3.10: at 24 of 30, those that are reserved counted; phase B has a counter of its own (C3.22)."""
    uses = {(C3, Of.ON_SITE, "A"): Used(done, reserved), (C3, Of.ON_SITE, "B"): Used(9, 1)}
    found = list(of_quotas(variant.contract("c03"), date(2026, 11, 24), Recorded(uses)))
    assert [each.key for each in found] == keys
    said = f"{done + reserved} of 30 visits [interventi] of phase A are used: {done} made, {reserved} reserved"
    assert all((each.wrong, each.clause) == (said, "C3.10") for each in found)


def test_a_quota_of_a_phase_that_is_over_is_no_warning_any_more(variant: Variant) -> None:
    """C3.22: what phase A left over ends with it."""
    uses = Recorded({(C3, Of.ON_SITE, "A"): Used(30), (C3, Of.ON_SITE, "B"): Used(8)})
    contract = variant.append("c03", ACCEPTANCE).contract("c03")
    assert [each.clause for each in of_quotas(contract, date(2026, 9, 15), uses)] == ["C3.10"]
    assert [each.clause for each in of_quotas(contract, date(2026, 9, 16), uses)] == ["C3.22"]


def test_without_a_database_no_quota_is_a_warning(variant: Variant) -> None:
    assert told(variant, date(2026, 11, 24), "quota") == []


def test_a_warning_looks_as_far_ahead_as_it_is_asked_to(variant: Variant) -> None:
    """C3.19: the period ends on 15 March 2027."""
    site = variant.append("c03", ACCEPTANCE).site()
    ends = [warnings_of(site, date(2026, 12, 1), days=days) for days in (30, 104)]
    assert [[each.key for each in found] for found in ends] == [[], ["period[1].lasts"]]


def test_a_holiday_of_a_new_law_is_undecided_for_every_contract_that_closes_on_holidays(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X18: it counts as a holiday until a person has decided."""
    monkeypatch.setattr(calendars, "KNOWN", calendars.KNOWN - {"Ognissanti"})
    variant.change("c04", "national = true", "national = false")
    found = told(variant, date(2026, 11, 24), "holidays")
    assert len(found) == 9
    assert "c04-phonzie" not in {each.contract for each in found}
    c02 = next(each for each in found if each.contract == "c02-comune")
    assert (c02.clause, "Ognissanti on 2027-11-01" in c02.wrong) == ("C2.6", True)


def test_a_holiday_that_is_over_or_after_the_end_is_not_asked_about(
    variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "KNOWN", calendars.KNOWN - {"Epifania"})
    assert told(variant, date(2030, 1, 7), "holidays") == []


def test_who_is_on_duty_at_once_and_who_stands_in_are_named(variant: Variant) -> None:
    """C2.10: a hole has the fallback contact, an overlap both."""
    roster = variant.folder / "roster.toml"
    text = roster.read_text().replace("# ends = 2031-01-03T18:00:00", "ends = 2026-12-18T18:00:00")
    roster.write_text(text + ONCE)
    overlap, hole, *_ = (each for each in variant.site(date(2026, 11, 24)).warnings if each.start)
    assert (overlap.gap, overlap.minutes, set(overlap.who)) == (GapKind.OVERLAP, 60, {"bruno", "dario"})
    assert "more than one is on call from 2026-12-01 18:00 to 2026-12-01 19:00 (60 minutes)" in overlap.wrong
    assert (hole.gap, hole.minutes, hole.who) == (GapKind.HOLE, 62 * 60, ("dario",))


def test_the_night_of_the_change_has_its_own_minutes(variant: Variant) -> None:
    """X1, S034: the night of 25 October 2026 is an hour longer."""
    roster = variant.folder / "roster.toml"
    roster.write_text(roster.read_text().replace("# ends = 2031-01-03T18:00:00", "ends = 2026-10-24T18:00:00"))
    hole = next(each for each in variant.site(date(2026, 10, 20)).warnings if each.start)
    assert (hole.start, hole.end) == (
        datetime(2026, 10, 24, 18, tzinfo=ROME),
        datetime(2026, 10, 26, 8, tzinfo=ROME),
    )
    assert hole.minutes == 39 * 60
