"""The vendor's answers: by thread, by its own number, and only from the vendor (X16, B-066)."""

from __future__ import annotations

import pytest

from gateway import desk, escalating
from gateway.domain.dispatch import DispatchKind
from gateway.domain.ticket import TicketState
from tests.flow.station import MARIA, TUESDAY_MORNING, VENDOR, Station
from tests.scenarios.summary import SHEET

COLLEAGUE = "marta@assistenza.example"
STRANGER = "marta@altrove.example"


@pytest.fixture
def escalated(station: Station) -> Station:
    """A ticket at the vendor, who has called it AB-77."""
    station.clock.set(TUESDAY_MORNING)
    station.mail("Protocollo bloccato", "Non si salva.")
    number, by, at = station.ticket().number, station.elena, station.clock.now()
    station.store.write(lambda tx: desk.identify(tx, number, tuple(SHEET.items()), by, at))
    station.store.write(lambda tx: desk.action(tx, number, "Riavviato il servizio", "si ripresenta", by, at, at))
    station.store.write(lambda tx: desk.workaround(tx, number, "Allegare dopo i file grandi", None, by, at))
    station.store.write(lambda tx: escalating.escalate(station.gw, tx, number, None, by, at))
    station.mail("Re", "Riferimento: AB-77", sender=VENDOR, headers=in_reply_to(station))
    return station


def in_reply_to(station: Station) -> str:
    return f"In-Reply-To: <{station.sent(kind=DispatchKind.ESCALATION)[0].facts['message_id']}>"


@pytest.mark.parametrize("sender", [VENDOR, COLLEAGUE])
@pytest.mark.parametrize(
    ("subject", "text"),
    [("AB-77: aggiornamento", "Domani."), ("Novità", "Rif.: AB-77"), ("Novità", "Riferimento: AB-77.")],
)
def test_a_later_mail_of_the_vendor_joins_by_the_vendors_own_number(
    escalated: Station, sender: str, subject: str, text: str
) -> None:
    """X16."""
    escalated.mail(subject, text, sender=sender)
    message = escalated.messages(escalated.ticket())[-1]
    assert (message.lane, message.sender) == ("vendor", sender)


@pytest.mark.parametrize("sender", [STRANGER, MARIA])
def test_the_vendors_number_of_somebody_else_joins_nothing(escalated: Station, sender: str) -> None:
    escalated.mail("AB-77: aggiornamento", "Riferimento: AB-77", sender=sender)
    assert len(escalated.tickets()) == 2


def test_another_number_of_the_vendor_opens_a_ticket(escalated: Station) -> None:
    escalated.mail("AB-78: aggiornamento", "Riferimento: AB-78", sender=VENDOR)
    assert len(escalated.tickets()) == 2


def test_another_ticket_of_ours_that_the_vendor_mentions_is_not_its_number(escalated: Station) -> None:
    number = escalated.ticket().number
    escalated.mail("Altro guasto", "Non parte.", sender="altra@comune.example")
    other = escalated.tickets()[0].number
    text = f"Simile al ticket: {other}"
    escalated.mail("Re", text, sender=VENDOR, headers=in_reply_to(escalated))
    assert escalated.fresh_number(number).vendor_reference == "AB-77"


def test_a_refusal_that_is_no_answer_to_our_mail_changes_nothing(escalated: Station) -> None:
    """B-066: whoever writes as the vendor sends nothing back."""
    escalated.mail("AB-77", "Ticket non ricevibile", sender=VENDOR)
    assert escalated.ticket().state is TicketState.ESCALATED


def test_a_refusal_is_told_and_an_acceptance_is_not(escalated: Station) -> None:
    """C9.8, S124."""
    before = len(escalated.alarms())
    escalated.mail("Re", "Preso in carico, domani vi diciamo.", sender=VENDOR, headers=in_reply_to(escalated))
    assert (escalated.ticket().state, len(escalated.alarms())) == (TicketState.ESCALATED, before)
    escalated.mail("Re", "La scheda è incompleta.", sender=VENDOR, headers=in_reply_to(escalated))
    assert escalated.ticket().state is TicketState.NOT_RECEIVABLE
    assert len(escalated.alarms()) > before
