from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from gateway.domain.intake import Channel
from gateway.domain.provisions import Of, Quota
from gateway.domain.reception import Became, Mode, Request, Used, decide
from tests.domain.receiving import (
    ACCEPTED,
    C2,
    C3,
    CLERK,
    PLACES,
    RESPONSIBLE,
    TECHNICIAN,
    due_on,
    received,
)
from tests.domain.shipped import rome

# ------------------------------------------------------------------------------------------------------- on-site visits


@pytest.mark.parametrize(
    ("place", "at", "due"),
    [
        ("cagliari", "2026-04-02 16:00", "2026-04-03 13:30"),
        ("cagliari", "2026-04-03 10:00", "2026-04-07 18:00"),
        ("cagliari", "2026-10-29 11:00", "2026-11-02 18:00"),
        ("cagliari", "2026-11-27 23:30", "2026-11-30 18:00"),
        ("cagliari", "2026-12-31 17:59", "2027-01-04 18:00"),
        ("sassari", "2027-12-03 12:00", "2027-12-07 18:00"),
    ],
)
def test_a_visit_is_due_on_the_next_working_day_of_its_place(place: str, at: str, due: str) -> None:
    """C3.11, A3.4, S054-S060."""
    found = received(C3, at, TECHNICIAN, site=place)
    assert (found.became, found.mode, found.answer) == (Became.ACCEPTED, Mode.ON_SITE, "T-ONSITE")
    assert due_on(found) == datetime.fromisoformat(due)
    assert found.clauses[-1] == "C3.11"
    assert found.owed == found.due


@pytest.mark.parametrize(
    ("place", "at", "due"),
    [("Milano", "2026-12-04 10:00", date(2026, 12, 9)), ("roma", "2026-06-26 10:00", date(2026, 6, 30))],
)
def test_a_place_that_nobody_admitted_is_the_clients_to_decide(place: str, at: str, due: date) -> None:
    """C3.9, S052: no quota is used; the term is the one that would count if the client authorised the visit."""
    found = received(C3, at, CLERK, site=place)
    assert (found.became, found.ask, found.answer) == (Became.SITE_NOT_ADMITTED, RESPONSIBLE, "T-ONSITE-SITE")
    assert due_on(found).date() == due
    assert found.quota is None
    assert not found.owed


def test_after_the_acceptance_a_municipality_is_no_longer_admitted() -> None:
    """C3.21, S072."""
    assert received(C3, "2026-06-15 10:00", CLERK, site="sassari").became is Became.ACCEPTED
    found = received(ACCEPTED, "2026-11-23 10:00", TECHNICIAN, site="sassari")
    assert (found.became, found.ask, found.quota) == (Became.SITE_NOT_ADMITTED, RESPONSIBLE, None)


@pytest.mark.parametrize(
    ("day", "became"),
    [
        ("2026-06-09 10:00", Became.SITE_NOT_ADMITTED),
        ("2026-06-10 10:00", Became.ACCEPTED),
        ("2026-06-30 17:00", Became.ACCEPTED),
        ("2026-07-01 10:00", Became.SITE_NOT_ADMITTED),
    ],
)
def test_a_site_is_admitted_from_its_first_day_to_its_last(day: str, became: Became) -> None:
    """C3.9."""
    for_a_while = tuple(
        replace(each, valid_from=date(2026, 6, 10), valid_until=date(2026, 6, 30)) if each.id == "sassari" else each
        for each in C3.sites
    )
    assert received(replace(C3, sites=for_a_while), day, CLERK, site="sassari").became is became


def test_any_wording_from_who_is_entitled_is_enough_for_a_visit() -> None:
    """C3.20, S071."""
    found = received(ACCEPTED, "2026-11-23 17:55", TECHNICIAN, text="Ci serve qualcuno in sede domani")
    assert (found.became, found.mode) == (Became.ACCEPTED, Mode.ON_SITE)
    assert found.site is not None
    assert found.site.id == "cagliari"
    assert due_on(found) == datetime.fromisoformat("2026-11-24 18:00")
    assert "C3.20" in found.clauses


@pytest.mark.parametrize(
    ("text", "place", "became"),
    [
        ("Serve un intervento on-site al Comune di Sassari", "sassari", Became.ACCEPTED),
        ("Serve un intervento on-site presso il Comune di Oristano, grazie", "oristano", Became.SITE_NOT_ADMITTED),
        ("Serve un intervento on-site a Nuoro", "nuoro", Became.SITE_NOT_ADMITTED),
        ("Serve un intervento on-site al comune di alghero", "cagliari", Became.ACCEPTED),
        ("Serve un intervento on-site al Comune di Alghero", "alghero", Became.SITE_NOT_ADMITTED),
        ("Serve un intervento on-site al Comune di Alghero\nGrazie", "alghero", Became.SITE_NOT_ADMITTED),
        ("Serve un intervento on-site al Comune di Cagliari", "cagliari", Became.SITE_NOT_ADMITTED),
        ("Serve un intervento on-site in via Roma", "cagliari", Became.ACCEPTED),
    ],
)
def test_the_place_that_a_request_names_is_the_place_of_the_visit(text: str, place: str, became: Became) -> None:
    """C3.9, S052: a municipality's seat is not the site that SardegnaIT has in the same town."""
    found = received(C3, "2026-06-15 10:00", TECHNICIAN, text=text)
    assert (found.mode, found.became) == (Mode.ON_SITE, became)
    assert found.site is not None
    assert found.site.id == place


def test_who_asks_says_more_than_the_words() -> None:
    """An operator at the desk decides whether a visit is meant (C3.3, S039)."""
    words = "Il collega è in sede, ma non si collega"
    assert received(C3, "2026-05-13 11:00", CLERK, text=words).mode is Mode.ON_SITE
    assert received(C3, "2026-05-13 11:00", CLERK, text=words, on_site=False).mode is Mode.HELP_DESK
    assert received(C3, "2026-05-13 11:00", CLERK, on_site=True).mode is Mode.ON_SITE


def test_a_contract_without_visits_gives_help_from_the_desk() -> None:
    found = received(C2, "2026-11-24 10:00", site="cagliari", text="in sede")
    assert (found.mode, found.site, found.became) == (Mode.HELP_DESK, None, Became.ACCEPTED)


# --------------------------------------------------------------------------------------------------- quotas and periods


@pytest.mark.parametrize(
    ("used", "became", "number"),
    [
        ((29, 0), Became.ACCEPTED, 30),
        ((29, 1), Became.QUOTA_EXHAUSTED, 31),
        ((30, 0), Became.QUOTA_EXHAUSTED, 31),
        ((0, 30), Became.QUOTA_EXHAUSTED, 31),
    ],
)
def test_at_most_thirty_visits_before_the_acceptance(used: tuple[int, int], became: Became, number: int) -> None:
    """C3.10, S053: what is reserved counts like what is done."""
    found = received(C3, "2026-07-06 09:10", TECHNICIAN, site="cagliari", used=used)
    assert found.became is became
    assert found.quota is not None
    assert (found.quota.count, found.quota.number) == (30, number)
    assert (found.ask, found.answer) == (
        (RESPONSIBLE, "T-ONSITE-QUOTA") if became is Became.QUOTA_EXHAUSTED else (None, "T-ONSITE")
    )
    assert (Of.ON_SITE in found.owed) is (became is Became.ACCEPTED)


@pytest.mark.parametrize(("used", "warned"), [((22, 0), False), ((22, 1), True), ((23, 0), True), ((28, 1), True)])
def test_the_visit_that_reaches_four_fifths_warns(used: tuple[int, int], *, warned: bool) -> None:
    """C3.10: at 24."""
    quota = received(C3, "2026-07-06 09:10", TECHNICIAN, site="cagliari", used=used).quota
    assert quota is not None
    assert quota.warn is warned


def test_the_quota_of_each_phase_is_its_own() -> None:
    """C3.22, S073: what phase A left over is not offered."""
    asked: list[Quota] = []

    def used(quota: Quota) -> Used:
        asked.append(quota)
        return {"A": Used(12), "B": Used(10)}[quota.phase]

    request = Request(Channel.MAIL, rome("2026-12-02 09:00"), TECHNICIAN, site="cagliari")
    found = decide(ACCEPTED, request, used, PLACES)
    assert (found.became, found.ask) == (Became.QUOTA_EXHAUSTED, RESPONSIBLE)
    assert [each.phase for each in asked] == ["B"]
    assert found.quota is not None
    assert (found.quota.used, found.quota.count) == (10, 10)


@pytest.mark.parametrize(
    ("at", "became"),
    [
        ("2027-03-15 12:00", Became.ACCEPTED),
        ("2027-03-15 23:59", Became.ACCEPTED),
        ("2027-03-16 00:00", Became.PERIOD_EXPIRED),
        ("2027-03-16 09:05", Became.PERIOD_EXPIRED),
    ],
)
def test_visits_end_with_the_last_day_of_six_months(at: str, became: Became) -> None:
    """C3.19, S069."""
    found = received(ACCEPTED, at, TECHNICIAN, site="cagliari")
    assert found.became is became
    assert found.periods[Of.ON_SITE] == date(2027, 3, 15)
    if became is Became.PERIOD_EXPIRED:
        assert (found.answer, found.ask, found.quota) == ("T-ONSITE-PERIOD", RESPONSIBLE, None)
        assert not found.owed


def test_the_periods_are_told_whatever_day_is_asked_about() -> None:
    """DESIGN, simulate: also before the acceptance, and in phase A."""
    assert received(ACCEPTED, "2026-05-12 10:00", CLERK).periods == {
        Of.ON_SITE: date(2027, 3, 15),
        Of.SECOND_LEVEL: date(2027, 9, 15),
    }
    assert not received(C3, "2026-05-12 10:00", CLERK).periods


def test_the_first_objection_settles_it() -> None:
    """DOMAIN 2: entitlement before scope, site before period, period before quota."""
    assert received(ACCEPTED, "2028-01-10 10:00", CLERK, site="milano").became is Became.NOT_ENTITLED
    assert received(ACCEPTED, "2028-01-10 10:00", TECHNICIAN, site="milano").became is Became.SITE_NOT_ADMITTED
    expired = received(ACCEPTED, "2028-01-10 10:00", TECHNICIAN, site="cagliari", used=(10, 0))
    assert expired.became is Became.PERIOD_EXPIRED
