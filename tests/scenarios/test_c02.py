"""C2: open Monday to Friday from 8 to 18, continuous, public holidays excluded, no closing days."""

from __future__ import annotations

import pytest

from config.compose import rules_of
from gateway.contract_acts import refusal_of_closing
from gateway.domain.call import Ring
from gateway.domain.dispatch import DispatchKind
from gateway.domain.errors import SettingError
from gateway.domain.intake import Channel
from gateway.domain.rules import Rules
from tests.config.variant import Variant
from tests.flow.station import CITIZEN, VENDOR, Station, spoken
from tests.scenarios.stage import C02, OPEN, at, instant, mails_to, opening, reload, wall, would
from tests.scenarios.summary import complete, escalate

YEAR = ("from = 2025-01-01\nuntil = 2030-12-31", "from = 2026-01-01\nuntil = 2026-12-31")
EXTENDED = """

[[validity.extension]]
until = 2027-03-31
recorded_on = 2026-11-15
reference = "determina n. 123 del 15 novembre 2026"
"""
SAINT_FRANCIS = "Festa nazionale di San Francesco d'Assisi, patrono d'Italia"
CLOSURE = "[[hours.closure]]\n"


def test_s008_the_second_level_gets_the_same_ticket_with_the_summary_of_the_first(station: Station) -> None:
    """C2.1, S008."""
    at(station, "2026-11-30 09:05")
    station.mail("Protocollo bloccato", "Non si salva.")
    number = complete(station)
    at(station, "2026-11-30 09:40")
    escalate(station)
    ticket = station.ticket()
    assert (ticket.number, ticket.level) == (number, 2)
    (mail,) = mails_to(station, VENDOR)
    assert f"scheda_{number}.json".encode() in (mail.raw or b"")
    # What each level took: from the reception to the passage, and from the passage on.
    assert (ticket.received_at, ticket.escalated_at) == (instant("2026-11-30 09:05"), instant("2026-11-30 09:40"))
    passage = next(event for event in station.events(ticket) if event.type == "escalated")
    assert (passage.at, passage.data["level"]) == (ticket.escalated_at, "2")


def test_s009_a_call_after_the_contract_ended_is_recorded_and_told_and_nobody_is_rung(
    station: Station, variant: Variant
) -> None:
    """C2.2, S009."""
    reload(station, variant.change("c02", *YEAR))
    at(station, "2027-01-04 09:00")
    ticket, script = station.call()
    assert "Il servizio si è concluso il 31 dicembre 2026." in spoken(script)
    assert (ticket.requester.number, ticket.state) == (CITIZEN, "new")
    station.pass_(hours=1)
    assert station.sent(kind=DispatchKind.PAGE) == []
    assert [d.to for d in station.sent(kind=DispatchKind.FORWARD)] == ["responsabile-contratto@comune.example"]


def test_s009_with_an_extension_on_record_the_same_call_goes_to_the_desk(variant: Variant) -> None:
    """C2.2, S009."""
    extended = rules_of(variant.change("c02", YEAR[0], YEAR[1] + EXTENDED).site())
    assert opening(extended, C02, "2027-01-04 09:00") == OPEN
    assert would(extended, C02, "2027-01-04 09:00")["route"] == "desk"
    assert opening(extended, C02, "2027-04-01 09:00") == ("closed", "ended", None)


@pytest.mark.parametrize(("moment", "route"), [("2026-11-24 07:59:59", "on_call"), ("2026-11-24 08:00:00", "desk")])
def test_s011_until_eight_a_call_is_the_contacts_and_from_eight_on_the_desks(
    rules: Rules, moment: str, route: str
) -> None:
    """C2.4, S011."""
    found = would(rules, C02, moment)
    assert (found["route"], bool(found["chain"])) == (route, route == "on_call")


def test_s012_the_afternoon_of_new_years_eve_is_the_desks(rules: Rules) -> None:
    """C2.4, S012: not a public holiday."""
    found = would(rules, C02, "2026-12-31 17:59")
    assert (found["state"], found["route"], found["chain"]) == ("open", "desk", [])


def test_s013_at_six_of_new_years_eve_the_contact_is_rung_and_the_desk_opens_on_monday(rules: Rules) -> None:
    """C2.4, C2.8, S013: 1 January is a holiday, then the weekend."""
    found = would(rules, C02, "2026-12-31 18:00", urgent=True)
    assert (found["state"], found["route"], wall(found["next_opening"])) == (
        "closed",
        "on_call",
        "Mon 2027-01-04 08:00",
    )
    assert (found["chain"][0]["role"], found["chain"][0]["by"], found["chain"][0]["after_s"]) == ("contact", "voice", 0)


def test_s014_a_call_that_runs_over_closing_time_goes_on_and_counts_as_received_in_hours(station: Station) -> None:
    """C2.4, S014."""
    at(station, "2026-11-24 17:58")
    ticket, _ = station.call()
    at(station, "2026-11-24 18:05")
    station.chase()
    script = station.step(ticket, "speech", speech="Il certificato non si scarica")
    assert any(isinstance(verb, Ring) for verb in script)
    (same,) = station.tickets()
    assert same.received_at == instant("2026-11-24 17:58")
    routed = next(event for event in station.events(same) if event.type == "routed")
    assert (routed.data["state"], routed.data["route"]) == ("open", "desk")
    assert station.sent(kind=DispatchKind.PAGE) == []


def test_s015_there_is_no_midday_break(rules: Rules) -> None:
    """C2.5, S015: contrast with C3."""
    assert opening(rules, C02, "2026-11-24 13:45") == OPEN
    assert would(rules, C02, "2026-11-24 13:45")["route"] == "desk"


def test_s016_two_bands_a_day_are_refused_by_the_continuous_hours(variant: Variant) -> None:
    """C2.5, S016: how a running daemon keeps its old rules is S170."""
    variant.change("c02", 'times = ["08:00-18:00"]', 'times = ["08:00-13:00", "14:00-18:00"]')
    with pytest.raises(SettingError, match="orario continuato") as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("hours.continuous", "C2.5")


def test_s017_good_friday_is_a_working_day(rules: Rules) -> None:
    """C2.6, S017."""
    assert opening(rules, C02, "2026-04-03 10:00") == OPEN
    assert would(rules, C02, "2026-04-03 10:00")["route"] == "desk"


@pytest.mark.parametrize(
    ("moment", "holiday", "opens"),
    [
        pytest.param("2026-04-06 10:00", "Lunedì dell'Angelo", "Tue 2026-04-07 08:00", id="S018"),
        pytest.param("2026-06-02 11:00", "Festa della Repubblica", "Wed 2026-06-03 08:00", id="S019"),
        pytest.param("2026-10-30 09:30", "San Saturnino", "Mon 2026-11-02 08:00", id="S020"),
    ],
)
def test_s018_s019_s020_on_a_public_holiday_the_contact_is_rung(
    rules: Rules, moment: str, holiday: str, opens: str
) -> None:
    """C2.6, C2.8, S018, S019, S020: Easter Monday, Republic Day, the patron saint of Cagliari."""
    found = would(rules, C02, moment, urgent=True)
    assert (found["reason"], found["holiday"], found["route"]) == ("holiday", holiday, "on_call")
    assert wall(found["next_opening"]) == opens
    assert found["chain"][0]["by"] == "voice"


def test_s021_without_the_patron_saint_its_day_is_a_working_day(variant: Variant) -> None:
    """C2.6, S021."""
    rules = rules_of(variant.change("c02", "patron = true", "patron = false").site())
    assert opening(rules, C02, "2026-10-30 09:30") == OPEN
    assert would(rules, C02, "2026-10-30 09:30")["route"] == "desk"


@pytest.mark.parametrize(
    ("moment", "reason", "holiday", "clauses"),
    [
        ("2026-10-04 10:00", "holiday", SAINT_FRANCIS, {"C2.4", "C2.6"}),
        ("2027-10-04 10:00", "holiday", SAINT_FRANCIS, {"C2.6"}),
        ("2025-10-04 10:00", "weekend", None, {"C2.4"}),
    ],
)
def test_s022_saint_francis_is_a_holiday_from_2026_on(
    rules: Rules, moment: str, reason: str, holiday: str | None, clauses: set[str]
) -> None:
    """C2.6, S022: a Sunday and a Monday; in 2025 an ordinary Saturday."""
    found = would(rules, C02, moment)
    assert (found["state"], found["reason"], found["holiday"]) == ("closed", reason, holiday)
    assert {clause for clause in found["clauses"] if clause in {"C2.4", "C2.6"}} == clauses


@pytest.mark.parametrize("patron", ["true", "false"])
def test_s023_peter_and_paul_is_a_holiday_in_rome_by_decree_whatever_the_switch_says(
    variant: Variant, rules: Rules, patron: str
) -> None:
    """C2.6, S023."""
    variant.change("c02", "patron = true ", f"patron = {patron} ")
    in_rome = rules_of(variant.change("c02", 'municipality = "Cagliari"', 'municipality = "Roma"').site())
    assert opening(in_rome, C02, "2026-06-29 10:00") == ("closed", "holiday", "Tue 2026-06-30 08:00")
    assert opening(rules, C02, "2026-06-29 10:00") == OPEN


def test_s024_who_excludes_holidays_must_decide_about_the_patron_saint(variant: Variant) -> None:
    """C2.6, S024: yes or no, there is no default."""
    variant.change("c02", "patron = true", "# patron = true")
    with pytest.raises(SettingError, match="patron is missing") as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("holidays.patron", "C2.6")


@pytest.mark.parametrize(
    ("closure", "name"),
    [
        (f'{CLOSURE}on = 2026-12-11\nname = "ponte"\n', "ponte"),
        (f'{CLOSURE}on = 2026-12-24\nname = "vigilia"\ncloses_at = 13:00:00\n', "vigilia"),
    ],
)
def test_s025_a_planned_closing_day_or_a_shortened_one_is_refused(variant: Variant, closure: str, name: str) -> None:
    """C2.7, S025."""
    variant.change("c02", "[holidays]", f"{closure}\n[holidays]")
    with pytest.raises(SettingError, match=name) as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("hours.closure[1]", "C2.7")


def test_s025_the_desk_cannot_be_closed_by_an_order_either(rules: Rules) -> None:
    """C2.7, S025: nothing changes in the running schedule."""
    told = refusal_of_closing(rules.contracts[C02], instant("2026-12-11 00:00").date())
    assert told is not None
    assert "C2.7" in told
    assert opening(rules, C02, "2026-12-11 10:00") == OPEN


@pytest.mark.parametrize("moment", ["2026-12-24 16:30", "2026-08-14 15:00"])
def test_s026_the_eves_of_holidays_are_ordinary_days(rules: Rules, moment: str) -> None:
    """C2.7, S026."""
    assert opening(rules, C02, moment) == OPEN
    assert would(rules, C02, moment, Channel.MAIL)["route"] == "desk"
