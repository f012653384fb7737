"""C10: a Contact Center by telephone and mail, from a day on, within a perimeter that both parties approved."""

from __future__ import annotations

import pytest

from gateway.domain.dispatch import DispatchKind
from gateway.domain.errors import SettingError
from gateway.domain.rules import Rules
from tests.config.variant import Variant
from tests.flow.station import MARIA, Station, spoken
from tests.scenarios.stage import C10, C10_MAIL, OPEN, at, mails_to, opening, reload, would

PHONE = "+390700001000"
ITEM_C = 'done_on = 2024-08-02\nevidence = "verbale congiunto n. 3 del 2 agosto 2024"\n\n[[checklist]] # C10.5 d'
RESERVED = """
[reservation]
decided_on = 2024-08-29
by = ["Comune", "Camera di Commercio"]
reference = "verbale n. 4"
"""


def asked(station: Station, subject: str) -> None:
    """A mail to the Contact Center."""
    station.mail(subject, "Buongiorno.", to=(C10_MAIL,))


def test_s126_an_application_that_was_filed_is_the_offices_in_charge(station: Station) -> None:
    """C10.2, S126: registered, with the agreed text."""
    at(station, "2026-11-24 10:00")
    asked(station, "A che punto è la mia pratica?")
    ticket = station.ticket()
    assert (ticket.became, ticket.matter) == ("out_of_scope", "pratiche_presentate")
    (passed_on,) = station.sent(kind=DispatchKind.FORWARD)
    assert passed_on.to == "pratiche-suap@comune-impresa.example"
    (answer,) = mails_to(station, MARIA)
    assert "Sportello Unico per le Attività Produttive del Comune" in answer.text


def test_s128_before_september_2024_a_call_is_registered_and_told_the_start(station: Station, rules: Rules) -> None:
    """C10.4, A10.2, S128: 1 September 2024 is a Sunday."""
    at(station, "2024-08-30 10:00")
    ticket, script = station.call(to=PHONE)
    assert "Il servizio sarà attivo dal 1 settembre 2024." in spoken(script)
    assert (ticket.contract, ticket.state) == (C10, "new")
    assert opening(rules, C10, "2024-08-30 10:00") == ("closed", "not_started", "Mon 2024-09-02 08:00")
    assert opening(rules, C10, "2024-09-02 10:00") == OPEN
    assert would(rules, C10, "2024-09-02 10:00")["route"] == "desk"


def test_s129_a_contact_center_by_telephone_alone_is_refused(variant: Variant) -> None:
    """C10.4, S129."""
    variant.change("c10", 'order = ["phone", "mail"]', 'order = ["phone"]')
    with pytest.raises(SettingError, match="e-mail is missing") as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("channels.require_all", "C10.4")


def test_s130_an_open_preliminary_activity_refuses_the_start_and_says_whose_it_is(variant: Variant) -> None:
    """C10.5, S130."""
    variant.change("c10", ITEM_C, "\n[[checklist]] # C10.5 d")
    with pytest.raises(SettingError, match=r"perimetro del supporto.*Comune e Camera di Commercio") as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("checklist", "C10.5")


def test_s130_a_recorded_decision_of_both_parties_lets_it_start_with_reservations(variant: Variant) -> None:
    """C10.5, S130. That the report shows them comes with the reports."""
    contract = variant.change("c10", ITEM_C, "\n[[checklist]] # C10.5 d").append("c10", RESERVED).contract("c10")
    assert [item.id for item in contract.checklist if item.done_on is None] == ["c"]
    assert contract.reservation is not None
    assert contract.reservation.by == ("Comune", "Camera di Commercio")
    variant.change("c10", 'by = ["Comune", "Camera di Commercio"]', 'by = ["Comune"]')
    with pytest.raises(SettingError):
        variant.site()


def test_s135_legal_advice_on_a_lease_is_outside_the_perimeter_and_told_where(
    station: Station, variant: Variant
) -> None:
    """C10.10, S135: perimeter version 2."""
    reload(station, variant.change("c10", 'version = "1"\napproved_on', 'version = "2"\napproved_on'))
    scope = station.gw.rules.contracts[C10].scope
    assert scope is not None
    assert scope.version == "2"
    at(station, "2026-11-24 10:00")
    asked(station, "Consulenza legale sul contratto di locazione del negozio")
    ticket = station.ticket()
    assert (ticket.became, ticket.matter) == ("out_of_scope", "consulenza_legale")
    (answer,) = station.sent()
    assert (answer.to, "orientamento@ordine-avvocati.example" in answer.text) == (MARIA, True)


def test_s136_a_question_on_the_waste_tax_is_passed_on_and_the_user_told(station: Station) -> None:
    """C10.11, S136: the matter stays on the ticket, so that it can be counted."""
    at(station, "2026-11-26 09:00")
    asked(station, "Tassa rifiuti per un nuovo negozio")
    ticket = station.ticket()
    assert (ticket.became, ticket.matter) == ("out_of_scope", "tributi")
    (passed_on,) = station.sent(kind=DispatchKind.FORWARD)
    assert passed_on.to == "tributi@comune-impresa.example"
    (answer,) = mails_to(station, MARIA)
    assert "Abbiamo già inoltrato noi la Sua richiesta" in answer.text
