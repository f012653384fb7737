"""An amendment makes a further version of a contract; rules know which is in force and which a ticket keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from config.compose import rules_of
from config.load import in_force
from gateway.domain.errors import SettingError
from gateway.domain.hours import ROME, opening
from gateway.domain.provisions import Of
from gateway.domain.rules import Rules
from tests.config.variant import Variant

EVENING_HOURS = """[[amendment]]
from = 2027-01-01
reference = "offerta versione 2"

[amendment.offer]
reference = "Offerta Commerciale, versione 2"

[amendment.hours]
continuous = false
closures_allowed = true

[[amendment.hours.band]]
days = ["mon", "tue", "wed", "thu", "fri"]
times = ["07:00-20:00"]
"""
NEW_VENDOR = """[[amendment]]
from = 2028-01-01
reference = "offerta versione 3"

[amendment.escalation]
mailbox = "nuovo@easy110.example"
vendor_name = "Easy110"
contract_reference = "l'offerta versione 3"

[[amendment.term]]
of = "solution"
within = "4 service hours"
"""
KEY = "# [signing]\n"


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    return Variant.copied_to(tmp_path).append("c09", EVENING_HOURS + NEW_VENDOR)


@pytest.fixture
def rules(variant: Variant) -> Rules:
    (variant.folder / "signing.key").write_text("k" * 32)
    path = variant.folder / "gateway.toml"
    path.write_text(path.read_text().replace(KEY, '[signing]\nkey = {file = "signing.key"}\n', 1))
    return rules_of(variant.site())


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def test_each_amendment_is_a_version_with_its_day_and_its_reference(variant: Variant) -> None:
    """C9.2."""
    versions = variant.versions("c09")
    assert [(each.version, each.effective_from, each.amendment) for each in versions] == [
        (1, date(2025, 1, 1), ""),
        (2, date(2027, 1, 1), "offerta versione 2"),
        (3, date(2028, 1, 1), "offerta versione 3"),
    ]


def test_a_table_of_an_amendment_replaces_that_of_the_same_name_and_stays(variant: Variant) -> None:
    """C9.2: what an amendment does not say goes on as it was, from version to version."""
    first, second, third = variant.versions("c09")
    assert second.offer_reference == third.offer_reference == "Offerta Commerciale, versione 2"
    assert first.offer_reference != second.offer_reference
    assert first.escalation == second.escalation
    assert third.escalation is not None
    assert third.escalation.mailbox == "nuovo@easy110.example"
    assert [term.of for term in third.terms] == [Of.SOLUTION]
    assert second.terms == first.terms
    assert {each.endpoints for each in (first, second, third)} == {first.endpoints}


def test_every_version_knows_all_schedules(variant: Variant) -> None:
    """C9.2: hours are dated themselves, whichever version is asked."""
    versions = variant.versions("c09")
    assert all(each.schedules == versions[0].schedules for each in versions)
    assert [each.effective_from for each in versions[0].schedules] == [date(2025, 1, 1), date(2027, 1, 1)]
    assert versions[0].schedule_on(date(2026, 12, 31)).bands[0].end == time(18)
    assert versions[0].schedule_on(date(2027, 1, 1)).bands[0].end == time(20)


@pytest.mark.parametrize(
    ("at", "is_open"), [("2026-12-31 19:00", False), ("2027-01-04 19:00", True), ("2027-01-04 20:00", False)]
)
def test_the_desk_is_open_by_the_hours_of_the_day(
    variant: Variant,
    at: str,
    is_open: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """C9.2."""
    assert opening(variant.contract("c09"), rome(at)).is_open is is_open


def test_holidays_of_an_amendment_are_those_of_its_schedule(variant: Variant) -> None:
    """C2.6: the patron saint counts from the amendment on."""
    variant.append(
        "c01",
        """[[amendment]]
from = 2026-07-01
reference = "atto aggiuntivo"

[amendment.holidays]
national = true
patron = true
municipality = "Cagliari"
""",
    )
    first, second = variant.versions("c01")
    assert first.holidays().get(date(2025, 10, 30)) is None
    assert second.holidays()[date(2026, 10, 30)] == "San Saturnino"


@pytest.mark.parametrize(
    ("at", "version"),
    [
        ("2024-01-01T00:00:00+00:00", 1),
        ("2026-12-31T22:59:59+00:00", 1),
        ("2026-12-31T23:00:00+00:00", 2),
        ("2027-12-31T22:59:59+00:00", 2),
        ("2028-02-29T12:00:00+00:00", 3),
    ],
)
def test_the_version_in_force_is_that_of_the_day_in_rome(rules: Rules, at: str, version: int) -> None:
    """C9.2: in Rome the new year begins an hour before it does in UTC; before the first version, the first."""
    assert rules.in_force("c09-easy110", datetime.fromisoformat(at)).version == version


def test_a_ticket_keeps_the_version_it_was_opened_under(rules: Rules) -> None:
    """C9.2."""
    assert [rules.contract("c09-easy110", version).version for version in (None, 1, 2, 3)] == [1, 1, 2, 3]


def test_of_a_version_that_is_gone_the_last_one_before_it_counts(rules: Rules) -> None:
    """A reload may take an amendment back while tickets are open under it."""
    assert rules.contract("c09-easy110", 7).version == 3
    without = replace(rules, versions={})
    assert without.contract("c09-easy110", 2).version == 1
    assert without.in_force("c09-easy110", datetime(2029, 1, 1, tzinfo=UTC)).version == 1


def test_a_contract_that_is_gone_is_the_default_one(rules: Rules) -> None:
    assert rules.contract("c99", 2).id == rules.default_contract
    assert rules.in_force("c99", datetime(2026, 1, 1, tzinfo=UTC)).id == rules.default_contract


def test_warnings_are_about_the_version_in_force(variant: Variant) -> None:
    site = variant.site()
    assert site.contracts["c09-easy110"].version == 1
    assert in_force(site.versions, date(2027, 6, 1))["c09-easy110"].version == 2
    assert in_force(site.versions, date(2020, 6, 1))["c09-easy110"].version == 1


def test_a_loop_of_an_amendment_is_refused_at_its_key(variant: Variant) -> None:
    """C4.9, C9.5."""
    variant.change("c09", "nuovo@easy110.example", "assistenza@licenziatario.example")
    with pytest.raises(SettingError) as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("amendment[2].escalation.mailbox", "C9.5")


def test_a_table_that_a_later_amendment_inherits_is_refused_where_it_stands(variant: Variant) -> None:
    """X18: the key is that of the amendment which brought the table."""
    variant.change("c09", 'times = ["07:00-20:00"]', 'times = ["07:00-20:00", "19:00-21:00"]')
    with pytest.raises(SettingError) as refused:
        variant.site()
    assert refused.value.key == "amendment[1].hours.band[1]"
