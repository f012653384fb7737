"""What the desk sees of attachments: what they are called, what speaks against them, what the scanner said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

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


def test_the_html_of_a_mail_is_written_as_a_page_that_fetches_nothing(desk: Desk, tmp_path: Path) -> None:
    """B-045: a remote picture would tell its sender who opened it, and when."""
    number = desk.open()
    html = "<p>Guardi <b>qui</b><img src='http://spia.example/x.gif'><script>alert(1)</script></p>"

    def arrives(tx: Transaction) -> int:
        intake = tx.accept(Arrival(Channel.MAIL, "smtp", b"x", AT, "<i>@b.example", (), RepeatKey("x")), AT).intake_id
        said = Message(0, number, "in", Channel.MAIL, "requester", "a@b", (), AT, "s", "t", intake=intake, html=html)
        tx.add_message(said)
        return intake

    with desk.store() as store:
        intake = store.write(arrives)
    file = tmp_path / "mail.html"
    desk.done("intake", "show", intake, "--html", file)
    page = file.read_text(encoding="utf-8")
    assert "<b>qui</b>" in page
    assert "default-src 'none'" in page
    assert "<title>&lt;i&gt;@b.example" in page
    assert not re.search(r"spia|script>|alert", page)
    assert desk.run("intake", "show", 999_999, "--html", file).code == 1
