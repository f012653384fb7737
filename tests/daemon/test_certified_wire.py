"""Certified mail on the wire: fetched by IMAP, answered by SMTP from the certified account, confirmed by its receipts.

The daemon is a process of its own; the provider is the one of these tests behind a real IMAP and a real SMTP server.
"""

from __future__ import annotations

import email
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from adapters.rehearsal.mailboxes import Mailboxes
from gateway.domain.ledger import LineState, Verdict
from tests.daemon.house import House, free_port
from tests.peers import pec_provider as provider
from tests.peers.pec_provider import CERTIFIED, Submitted

OURS = "assistenza@pec.comune.example"
CITIZEN = "maria.rossi@pec.comune.example"
PASSWORD = "a secret of this test"


class Submission:
    """The provider's door for messages: whoever logs in as the mailbox may send from it."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        assert session.authenticated
        self.taken.append(envelope)
        return "250 2.0.0 taken"

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd's
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (OURS.encode(), PASSWORD.encode()))


@pytest.fixture
def submission() -> Iterator[tuple[Submission, int]]:
    door, port = Submission(), free_port()
    controller = Controller(
        door,
        hostname="127.0.0.1",
        port=port,
        authenticator=door.authenticate,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    yield door, port
    controller.stop()


@pytest.fixture
def mailboxes() -> Iterator[Mailboxes]:
    with Mailboxes({OURS: PASSWORD}, lambda: datetime.now(UTC)) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, submission: tuple[Submission, int], mailboxes: Mailboxes) -> Iterator[House]:
    house = House(tmp_path / "site")
    (house.folder / "trust").mkdir()
    (house.folder / "trust" / "provider.pem").write_bytes(provider.trust_list())
    (house.folder / "pec.password").write_text(PASSWORD)
    secret = 'password = {file = "pec.password"}'
    house.path.write_text(
        house.path.read_text()
        + '[pec]\ntrust_list = "trust"\n'
        + f'[[mailbox]]\nname = "pec"\nkind = "pec"\nhost = "127.0.0.1"\nport = {mailboxes.port}\nuser = "{OURS}"\n'
        + f'{secret}\ntls = "none"\ncontract = "c02-comune"\n'
        + f'[[pec_account]]\naddress = "{OURS}"\nhost = "127.0.0.1"\nport = {submission[1]}\n{secret}\ntls = "none"\n'
    )
    house.start()
    yield house
    house.stop()


def states(house: House) -> list[LineState]:
    return [line.state for line in house.read(lambda reading: reading.lines())]


def verdicts(house: House) -> list[Verdict]:
    return [receipt.verdict for receipt in house.read(lambda reading: reading.receipts())]


def shown(house: House) -> dict[str, Any]:
    """The ticket as the desk sees it: a command, once."""
    (ticket,) = house.tickets()
    found: dict[str, Any] = json.loads(house.run("ticket", "show", str(ticket["number"]), "--json", who="").stdout)
    return found


def test_a_pec_is_fetched_answered_by_pec_and_confirmed_by_its_receipt(
    house: House, submission: tuple[Submission, int], mailboxes: Mailboxes
) -> None:
    """S143, S145, S146, X4, end to end."""
    request = Submitted(CITIZEN, ((OURS, CERTIFIED),), "Segnalazione", "m1@pec.comune.example")
    mailboxes.deliver(OURS, provider.transport(request, datetime.now(UTC).replace(microsecond=0)))
    house.wait(house.tickets)
    door = submission[0]
    answer = house.wait(lambda: door.taken)[0]
    raw = answer.content
    assert isinstance(raw, bytes)
    assert (answer.mail_from, answer.rcpt_tos) == (OURS, [CITIZEN])
    sent = email.message_from_bytes(raw)
    assert (sent["In-Reply-To"], sent["X-TipoRicevuta"]) == ("<m1@pec.comune.example>", "breve")
    reply = Submitted(OURS, ((CITIZEN, CERTIFIED),), "x", sent["Message-ID"].strip("<>"), raw=raw)
    now = datetime.now(UTC).replace(microsecond=0)
    mailboxes.deliver(OURS, provider.delivery(reply, now, wrong=provider.Wrong(signer=provider.stranger())))
    house.wait(lambda: verdicts(house))
    assert states(house) == [LineState.SENT]
    mailboxes.deliver(OURS, provider.acceptance(reply, now))
    mailboxes.deliver(OURS, provider.delivery(reply, now))
    house.wait(lambda: states(house) == [LineState.DELIVERED])
    found = shown(house)
    assert [one["verdict"] for one in found["receipts"]] == ["suspect", "applied", "applied"]
    assert [one["state"] for one in found["dispatches"] if one["channel"] == "pec"] == ["confirmed"]
    assert len(house.tickets()) == 1
    assert len(door.taken) == 1
