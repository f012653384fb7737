"""A fax by mail to a daemon on a socket: the ticket at once, its text a little later, and a log without it."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.fax.making import typed_tiff
from tests.adapters.fax.test_tesseract import needs_tesseract
from tests.daemon.house import House

FAX = "fax@comune.example"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "house")
    yield house
    house.stop()


def fax_mail(document: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "noreply@fax.example", FAX, "Fax da 0700000001 (1 pagina)"
    mail["Message-ID"] = "<fax-1@fax.example>"
    mail.set_content("Pagine: 1")
    mail.add_attachment(document, maintype="image", subtype="tiff", filename="fax.tif")
    return mail.as_bytes()


def shown(house: House, number: int) -> dict[str, Any]:
    return dict(json.loads(house.run("ticket", "show", str(number), "--json", who="").stdout))


@pytest.mark.slow  # a daemon, a real program, and five commands: some eight seconds
@needs_tesseract
def test_a_fax_to_a_running_gateway_is_a_ticket_and_its_text_follows(house: House) -> None:
    """X7; the desk finds the ticket by what a machine read, and the log knows nothing of it."""
    house.start()
    document = typed_tiff([("ANAGRAFE FERMA",)])
    with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=30) as client:
        client.sendmail("noreply@fax.example", [FAX], fax_mail(document))
    (ticket,) = house.wait(house.tickets)
    number = int(ticket["number"])

    def read() -> list[str]:
        return [m["text"] for m in shown(house, number)["messages"] if "ANAGRAFE FERMA" in m["text"]]

    (text,) = house.wait(read)
    assert "può contenere errori" in text
    found = json.loads(house.run("ticket", "list", "--text", "anagrafe", "--json", who="").stdout)
    assert [each["number"] for each in found] == [number]
    assert house.stop() == 0
    assert "ANAGRAFE" not in house.log.read_text()
