"""C8: published channels, information, reports and complaints that are kept and traced."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.store.reading import SqlReading
from adapters.store.verify import Fault, verify
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.ticket import TicketType
from gateway.ports import Reading
from tests.config.variant import Variant
from tests.flow.station import MARIA, Station
from tests.scenarios.stage import C08, at, mails_to, reload, would

OLD, NEW = "assistenza@rti.example", "aiuto@rti.example"
MOVED = f"""address = "{OLD}"
published_until = 2026-11-30

[[endpoint]]
channel = "mail"
address = "{NEW}"
published_from = 2026-12-01
"""


def test_s110_a_new_mailbox_is_named_from_its_day_on_and_the_old_one_stays_monitored(
    station: Station, variant: Variant
) -> None:
    """C8.1, S110. The block of channels for the Site comes later; what callers are told follows the day."""
    reload(station, variant.change("c08", f'address = "{OLD}"', MOVED))
    contract = station.gw.rules.contracts[C08]
    assert contract.address_of(Channel.MAIL, date(2026, 11, 30)) == OLD
    assert contract.address_of(Channel.MAIL, date(2026, 12, 1)) == NEW
    assert f"scrivere a {OLD}" in would(station.gw.rules, C08, "2026-11-01 10:00")["says"]
    assert f"scrivere a {NEW}" in would(station.gw.rules, C08, "2026-12-08 10:00")["says"]
    at(station, "2026-12-10 10:00")
    for mailbox in (OLD, NEW):
        station.mail(to=(mailbox,))
    assert [ticket.contract for ticket in station.tickets()] == [C08, C08]


def test_s111_a_question_on_an_invoice_is_a_clarification_and_no_complaint(station: Station) -> None:
    """C8.2, S111: answered, and without the term of complaints."""
    at(station, "2026-11-25 10:00")
    station.mail("Chiarimento sulla fattura di ottobre", to=(OLD,))
    ticket = station.ticket()
    assert (ticket.type, dict(ticket.due)) == (TicketType.INFORMATION, {})
    assert mails_to(station, MARIA)


def test_s112_a_complaint_late_on_sunday_is_one_and_has_thirty_days(station: Station) -> None:
    """C8.3, A8.1, S112. Its number, and who may downgrade it, come with the register of complaints."""
    at(station, "2026-11-29 23:50")
    station.mail("Reclamo: servizio mai attivato", to=(OLD,))
    ticket = station.ticket()
    assert ticket.type is TicketType.COMPLAINT
    assert local(ticket.due["complaint"]).isoformat() == "2026-12-30T00:00:00+01:00"
    (answer,) = mails_to(station, MARIA)
    assert str(ticket.number) in answer.subject


@pytest.mark.parametrize("word", ["lamentela", "mi lamento", "disservizio", "inaccettabile"])
def test_s112_what_may_be_a_complaint_is_taken_for_one(station: Station, word: str) -> None:
    """C8.3, S112: in doubt."""
    at(station, "2026-11-29 23:50")
    station.mail("Il servizio", f"Questo è un {word}, chiedo informazioni.", to=(OLD,))
    assert station.ticket().type is TicketType.COMPLAINT


def test_s116_a_stored_text_that_was_altered_is_named_by_the_verification(station: Station, tmp_path: Path) -> None:
    """C8.7, S116. That no report is signed until somebody has acknowledged it comes with the reports."""
    at(station, "2026-11-24 10:00")
    for count in range(20):
        station.mail(f"Reclamo numero {count}", sender=f"utente{count}@utenti.example", to=(OLD,))
    seventh = sorted(ticket.number for ticket in station.tickets())[6]
    assert station.store.read(_fault) is None
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'centralino.db'}")
    with engine.begin() as connection:
        altered = sa.text("UPDATE personal SET value = 'Grazie di tutto' WHERE chain = :chain AND key = 'subject'")
        assert connection.execute(altered, {"chain": str(seventh)}).rowcount == 1
    engine.dispose()
    fault = station.store.read(_fault)
    assert fault is not None
    assert (fault.chain, fault.seq) == (str(seventh), 1)


def _fault(reading: Reading) -> Fault | None:
    assert isinstance(reading, SqlReading)
    return verify(reading)
