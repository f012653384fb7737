"""What only time brings about: warnings, never a refusal to start."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from config.load import Finding
from config.load.findings import of_quotas
from gateway.domain.provisions import Of
from tests.config.variant import Variant

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


@pytest.mark.parametrize(("used", "keys"), [(23, []), (24, ["quota[1].count"]), (30, ["quota[1].count"])])
def test_a_quota_is_a_warning_from_its_threshold_on(variant: Variant, used: int, keys: list[str]) -> None:
    """C3.10: at 24 of 30; phase B has a counter of its own (C3.22)."""
    found = list(of_quotas(variant.contract("c03"), {(Of.ON_SITE, "A"): used, (Of.ON_SITE, "B"): 7}))
    assert [each.key for each in found] == keys
    assert all(f"{used} of 30" in each.wrong and each.clause == "C3.10" for each in found)
