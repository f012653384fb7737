"""Why something did not work reaches the supervisors in the language of the contract; the register keeps it as said."""

from __future__ import annotations

from gateway.domain.dispatch import Deferred
from tests.flow.station import BRUNO, Station

NO_OUTLET = "no outlet is configured for sms"


def test_a_page_that_did_not_leave_is_told_in_the_language_of_the_contract(station: Station) -> None:
    """P8, C-29: the supervisors of an Italian contract read Italian."""
    station.mail()
    station.chase()
    station.pass_(seconds=61)
    station.ask()
    (told,) = [alarm.text for alarm in station.alarms() if "non è arrivato" in alarm.text]
    assert "L’avviso al referente reperibile non è arrivato: non inviato entro un minuto." in told
    (happened,) = [each for each in station.events(station.ticket()) if each.type == "page_unanswered"]
    assert happened.data["reason"] == "not sent within a minute"


def test_the_cause_of_an_outage_is_told_in_the_language_of_the_contract(station: Station) -> None:
    """C2.3, P8."""
    station.mail("URGENTE: protocollo bloccato")
    station.chase()
    (text,) = station.page_texts(BRUNO)
    for _ in range(3):
        station.conclude(text, Deferred(NO_OUTLET, down=True))
        station.clock.pass_(seconds=20)
    (outage,) = station.outages()
    assert outage.cause == NO_OUTLET
    (told,) = [alarm.text for alarm in station.alarms() if "Non funziona dal" in alarm.text]
    assert "Causa: questo mezzo non è configurato (SMS)" in told


def test_what_was_tried_is_told_in_the_language_of_the_contract(station: Station) -> None:
    """C2.11: the alarm that nobody took it lists what was tried and what came of it."""
    station.mail("URGENTE: protocollo bloccato")
    station.chase()
    for _ in range(40):
        station.pass_(minutes=1)
        for call in station.open_calls():
            station.call_status(call, "no-answer")
    told = next(alarm.text for alarm in station.alarms() if "nessuno ha risposto alla chiamata" in alarm.text)
    assert "no-answer" not in told
    assert "refused" not in told
