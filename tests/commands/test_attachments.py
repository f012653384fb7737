"""What the desk sees of attachments: what they are called, what speaks against them, what the scanner said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from gateway.domain.intake import Arrival, Attachment, Channel, RepeatKey
from gateway.domain.scan import Scan, ScanState
from gateway.domain.ticket import Message
from gateway.ports import Transaction
from tests.commands.conftest import Desk

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PROGRAM = Attachment("fattura.pdf", "../fattura.pdf", "application/pdf", 68, "a" * 64, "2", danger="executable")


def test_a_ticket_shows_what_an_attachment_is_and_what_was_found_in_it(desk: Desk) -> None:
    """B-037, B-038, B-047."""
    number = desk.open()

    def arrives(tx: Transaction) -> None:
        intake = tx.accept(Arrival(Channel.MAIL, "smtp", b"x", AT, "a@b.example", (), RepeatKey("x")), AT).intake_id
        message = Message(0, number, "in", Channel.MAIL, "requester", "a@b.example", (), AT, "s", "t", intake=intake)
        other = replace(PROGRAM, name="b.txt", shown_name="b.txt", sha256="b" * 64, danger=None)
        tx.add_message(message, (PROGRAM, other))
        tx.add_scan(Scan("a" * 64, intake, "2", ScanState.INFECTED, None, 1, "Test-File", AT))

    with desk.store() as store:
        store.write(arrives)
    told = [each for message in desk.show(number)["messages"] for each in message["attachments"]]
    assert [(each["name"], each["shown_name"], each["danger"], each["scan"]) for each in told] == [
        ("fattura.pdf", "../fattura.pdf", "executable", "infected"),
        ("b.txt", "b.txt", None, "unscanned"),
    ]
    shown = desk.done("ticket", "show", number).text
    assert "fattura.pdf (../fattura.pdf)  application/pdf  68 bytes  aaaaaaaaaaaaaaaa  executable  infected" in shown
