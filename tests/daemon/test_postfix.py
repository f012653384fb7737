"""Postfix in front of us, by LMTP and by SMTP, and as the relay of what we send: real servers on the wire."""

from __future__ import annotations

import email
import smtplib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.store import open_store
from gateway.domain.intake import Intake, IntakeState
from gateway.domain.ticket import Mark, Ticket
from gateway.ports import Reading
from tests.adapters.mail.test_authentication import Signer, signer
from tests.daemon.house import House, free_port
from tests.flow.station import INTAKE, MARIA
from tests.peers.dns import NameServer
from tests.peers.postfix import Postfix, is_installed

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs Postfix, and root as Postfix does")

T = TypeVar("T")
DOMAIN = "comune.example"
RELAY = '[relay]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nfrom = "assistenza@comune.example"\n'


class Citizen:
    """The mail server of whoever asks: what Postfix brings there."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.taken.append(envelope)
        return "250 2.0.0 taken"


@pytest.fixture
def citizen() -> Iterator[tuple[Citizen, int]]:
    there, port = Citizen(), free_port()
    controller = Controller(there, hostname="127.0.0.1", port=port)
    controller.start()
    yield there, port
    controller.stop()


@pytest.fixture
def names() -> Iterator[tuple[NameServer, Signer]]:
    """What the world knows of the Municipality's mail: its key, and that mail without it is not its own."""
    key = signer(DOMAIN)
    with NameServer() as server:
        server.text(f"s1._domainkey.{DOMAIN}", f"v=DKIM1; k=rsa; p={key.public}")
        server.text(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject")
        yield server, key


def written(subject: str, text: str, number: int, *, headers: str = "") -> bytes:
    lines = (
        f"From: Maria <{MARIA}>\r\nTo: {INTAKE}\r\nSubject: {subject}\r\nMessage-ID: <{number}@{DOMAIN}>\r\n"
        f"Date: Tue, 24 Nov 2026 10:12:00 +0100\r\n{headers}\r\n{text}\r\n"
    )
    return lines.encode()


def posted(port: int, raw: bytes, *to: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail(MARIA, list(to or (INTAKE,)), raw)


def seen(house: House, question: Callable[[Reading], T]) -> T:
    """A question to the daemon's store, beside it: a command would take seconds each time."""
    with open_store(f"sqlite:///{house.folder / 'centralino.db'}", house.folder / "blobs", threaded=False) as store:
        return store.read(question)


def tickets(house: House) -> list[Ticket]:
    return seen(house, lambda reading: reading.tickets())


def waiting(house: House) -> list[Intake]:
    return seen(house, lambda reading: reading.intakes(state=IntakeState.UNVERIFIED))


def heard(house: House) -> list[str]:
    """What came in on the only ticket."""
    (ticket,) = tickets(house)
    messages = seen(house, lambda reading: reading.messages(ticket.number))
    return [message.text.strip() for message in messages if message.direction == "in"]


@pytest.mark.slow  # a daemon, a mail server and a name server: some ten seconds
def test_behind_postfix_by_lmtp_only_what_is_signed_changes_a_ticket(
    tmp_path: Path, citizen: tuple[Citizen, int], names: tuple[NameServer, Signer]
) -> None:
    """B-053, P13: request, acknowledgement through the relay, a forged answer that waits, and the real one."""
    server, key = names
    house, lmtp, port = House(tmp_path / "site"), free_port(), free_port()
    house.path.write_text(
        house.path.read_text()
        + f'[lmtp]\nlisten = "127.0.0.1:{lmtp}"\n[authentication]\nresolvers = ["{server.address}"]\n'
        + RELAY.format(port=port)
    )
    relay = f"smtp:[127.0.0.1]:{citizen[1]}"
    with Postfix(port, ours=DOMAIN, deliver=f"lmtp:inet:127.0.0.1:{lmtp}", relay=relay, others={MARIA: relay}):
        house.start()
        try:
            _conversation(house, port, citizen[0], key)
        finally:
            house.stop()


def _conversation(house: House, port: int, citizen: Citizen, key: Signer) -> None:
    posted(port, key.sign(written("Stampante ferma", "Non stampa.", 1)))
    (ticket,) = house.wait(lambda: tickets(house))
    assert Mark.UNVERIFIED_SENDER not in ticket.marks
    # Alarms to the desk leave by the same relay.
    (answer,) = house.wait(lambda: [one for one in citizen.taken if one.rcpt_tos == [MARIA]])
    thread = f"In-Reply-To: {email.message_from_bytes(answer.content or b'')['Message-ID']}\r\n"  # type: ignore[arg-type]
    posted(port, written("Re: Stampante ferma", "Mandate tutto a me.", 2, headers=thread))
    (waits,) = house.wait(lambda: waiting(house))
    assert (waits.door, waits.reason) == ("lmtp", f"{ticket.number}: dmarc=fail")
    assert heard(house) == ["Non stampa."]
    posted(port, key.sign(written("Re: Stampante ferma", "Il modello e' X12.", 3, headers=thread)))
    house.wait(lambda: len(heard(house)) == 2)
    assert heard(house)[1] == "Il modello e' X12."


@pytest.mark.slow  # the daemon is started twice
def test_postfix_keeps_what_we_did_not_take_and_brings_it_again(tmp_path: Path) -> None:
    """P1, P2: nothing is lost while we are away, and nothing comes twice."""
    house, port = House(tmp_path / "site"), free_port()
    with Postfix(port, ours=DOMAIN, deliver=f"smtp:[127.0.0.1]:{house.smtp_port}") as postfix:
        for number in range(5):
            posted(port, written(f"Richiesta {number}", "Testo.", number))
        house.start()
        try:
            house.wait(lambda: tickets(house))
            postfix.flush()
            house.wait(lambda: len(tickets(house)) == 5)
            posted(port, written("Richiesta 5", "Testo.", 5))
            house.wait(lambda: len(tickets(house)) == 6)
        finally:
            house.stop()
    assert sorted(ticket.subject for ticket in tickets(house)) == [f"Richiesta {n}" for n in range(6)]
