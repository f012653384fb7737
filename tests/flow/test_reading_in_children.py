"""What lies in a `winmail.dat` is read in a confined child, on the whole way, and a lost child costs only that."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.confine import Confined
from adapters.mail import packed
from config.compose import SafeReader
from gateway.domain.intake import Intake
from tests.flow.station import Station
from tests.peers import outlook

GOLDEN = Path(__file__).parents[1] / "golden" / "mail"
STREAM = outlook.stream(outlook.file("A~1.TXT", b"due righe", long="relazione.txt"), outlook.body(b"Non stampa."))


def mail(content: bytes = STREAM) -> bytes:
    head = (
        "From: maria.rossi@comune.example\r\nTo: assistenza@comune.example\r\nSubject: da Outlook\r\n"
        "Message-ID: <w@comune.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
        'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def intake(station: Station) -> Intake:
    found = station.store.read(lambda reading: reading.intake(1, raw=True))
    assert found is not None
    return found


def test_a_mail_from_outlook_becomes_a_ticket_with_its_text_and_its_files(station: Station) -> None:
    """B-048."""
    station.arrive(mail())
    (message,) = (one for one in station.messages(station.ticket()) if one.direction == "in")
    files = station.store.read(lambda reading: reading.attachments(message.id))
    assert message.text == "Non stampa."
    assert [each.shown_name for each in files] == ["relazione.txt", "body.txt", "winmail.dat"]
    assert station.gw.reader.attachment(intake(station).raw, files[0].part) == b"due righe"
    assert station.gw.reader.attachment(intake(station).raw, files[-1].part) == STREAM


def test_a_child_that_is_lost_over_a_winmail_leaves_the_mail_readable(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4: the ticket says what could not be opened, and has the original."""
    reader = station.reader
    real = reader.confine.call

    def dies_when_it_opens(function: str, payload: bytes, *, deadline_s: float | None = None) -> bytes:
        if function == packed.READ and b'"opening": true' in payload:
            raise Confined("deadline", "no answer")
        return real(function, payload, deadline_s=deadline_s)

    monkeypatch.setattr(reader.confine, "call", dies_when_it_opens)
    station.arrive(mail())
    reading = reader.mail(intake(station))
    assert reading.readable
    assert reading.subject == "da Outlook"
    assert [each.shown_name for each in reading.attachments] == ["winmail.dat"]
    assert reading.defects[-1] == "attachments were not opened: deadline"
    assert station.ticket().subject == "da Outlook"


def test_a_part_that_cannot_be_read_again_is_a_lookup_error_and_no_other(station: Station) -> None:
    with pytest.raises(LookupError):
        station.gw.reader.attachment(mail(), "9.9")
    assert isinstance(station.reader, SafeReader)
    station.arrive(mail())
    fax = station.reader.fax(replace(intake(station), raw=b"win.dat"), station.reader.mail(intake(station)))
    assert fax.document_sha256 is None


@pytest.mark.parametrize(
    ("case", "protection", "begins"),
    [
        ("smime-signed", "signed, not verified", "La stampante è ferma."),
        ("smime-encrypted", "encrypted", "Il messaggio è cifrato"),
        (
            "invitation-alone",
            None,
            "Annullamento di un invito: Sopralluogo, sede di Cagliari\nQuando: 31 dicembre 2026",
        ),
    ],
)
def test_the_ticket_says_what_a_signed_an_encrypted_and_an_inviting_mail_is(
    station: Station, case: str, protection: str | None, begins: str
) -> None:
    """B-048: never shown as verified."""
    station.arrive((GOLDEN / case / "in.eml").read_bytes(), sender="anna.rossi@comune.example")
    (message,) = (one for one in station.messages(station.ticket()) if one.direction == "in")
    (received,) = (entry for entry in station.events(station.ticket()) if entry.type == "received")
    assert message.text.startswith(begins)
    assert received.data.get("protection") == protection
