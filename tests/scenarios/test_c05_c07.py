"""C5 waste centres, C6 mixed groups, C7 second level for a client's first level: what their files decide."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.domain.dispatch import DispatchKind
from gateway.domain.errors import SettingError
from gateway.domain.periods import working_day_after
from gateway.domain.rules import Rules
from gateway.domain.ticket import TicketType
from tests.config.variant import Variant
from tests.flow.station import MARIA, Station
from tests.scenarios.stage import C05, C07, at, instant, mails_to

CENTRES, INPDAP = "info@ecopiazzole.example", "secondo-livello@inpdap.example"


def test_s089_a_question_about_waste_is_information(station: Station) -> None:
    """C5.1, S089: what the answer needs is in the contract. That it is suggested comes with the knowledge base."""
    at(station, "2026-11-28 09:00")
    station.mail("Dove porto le vernici?", "", to=(CENTRES,))
    ticket = station.ticket()
    assert (ticket.contract, ticket.type, ticket.became) == (C05, TicketType.INFORMATION, "accepted")
    lists = {each.id: each.items for each in station.gw.rules.contracts[C05].catalogues}
    assert all(any(hour in centre for hour in ("8.00", "14.00")) for centre in lists["centres"])
    assert any(item.startswith("vernici") for item in lists["list_a_hazardous"])
    assert any("al personale, che li colloca" in item for item in lists["instructions"])


def test_s096_an_emergency_number_is_no_contact_of_the_police(variant: Variant) -> None:
    """C5.7, S096: the system calls nobody there by itself."""
    variant.change("c05", 'phone = "+390700000595"', 'phone = "112"')
    with pytest.raises(SettingError, match="emergency number") as refused:
        variant.site()
    assert refused.value.clause == "C5.7"


def test_s099_a_group_that_the_supplier_leads_is_refused(variant: Variant) -> None:
    """C6.3, S099."""
    variant.change("c06", 'member = "giulia"', 'member = "paola"')
    with pytest.raises(SettingError, match="belongs to the supplier") as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("working_group[1].lead[1].member", "C6.3")


def test_s107_the_first_working_day_of_january_2027_is_monday_the_fourth(rules: Rules) -> None:
    """C7.5, S107: 1 January is a holiday, then the weekend. The plan of recurring checks comes later."""
    calendar = rules.contracts[C07].schedule_on(date(2027, 1, 1)).calendar
    assert working_day_after(date(2026, 12, 31), 1, calendar) == date(2027, 1, 4)


def test_s108_an_end_user_who_writes_to_the_second_level_is_passed_on_to_the_first(station: Station) -> None:
    """C7.6, S108: registered and told; no second-level ticket."""
    at(station, "2026-11-25 10:00")
    station.mail("Riscatto degli anni di studio", to=(INPDAP,))
    ticket = station.ticket()
    assert (ticket.became, ticket.level, ticket.received_at) == ("not_entitled", 1, instant("2026-11-25 10:00"))
    (passed_on,) = station.sent(kind=DispatchKind.FORWARD)
    assert passed_on.to == "helpdesk@inpdap.example"
    (answer,) = mails_to(station, MARIA)
    assert "l’abbiamo già inoltrata a quel servizio" in answer.text
    assert station.sent(kind=DispatchKind.ESCALATION) == []
