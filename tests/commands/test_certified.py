"""Certified mail as the desk sees it and as it is proved (X4, S148)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from adapters.store import open_store
from config.commands.probes import Probe, probes
from config.load import load
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.ledger import Line, LineState, SeenReceipt, Verdict
from gateway.ports import Transaction
from tests.commands.conftest import Desk
from tests.peers import pec_provider

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OURS = b"From: assistenza@pec.comune.example\r\nSubject: x\r\n\r\nCome partito.\r\n"
RECEIPT = b"X-Ricevuta: avvenuta-consegna\r\n\r\ncome arrivata\r\n"
TO = ("uno@pec.produttore.example", "due@pec.produttore.example")


def certified(desk: Desk, number: int) -> None:
    """A message by PEC to two recipients: delivered to one, failed for the other, with one receipt."""

    def unit(tx: Transaction) -> None:
        sent = tx.add_dispatch(
            Dispatch(0, "a" * 32, DispatchKind.ESCALATION, Channel.PEC, TO[0], DispatchState.CONFIRMED, AT, AT, number,
                     raw=OURS, facts={"message_id": "m1@pec.comune.example"}, created_at=AT)
        )  # fmt: skip
        message = (0, sent.id, number)
        tx.add_line(Line(*message, TO[0], "m1@pec.comune.example", LineState.DELIVERED, AT, AT, "opec1"))
        tx.add_line(Line(*message, TO[1], "m1@pec.comune.example", LineState.FAILED, AT, AT, reason="no-dest 5.1.1"))
        seen = tx.accept(Arrival(Channel.PEC, "imap", RECEIPT, AT, "", (), RepeatKey("r1")), AT)
        report: dict[str, object] = {"verified": True, "signer": ["posta-certificata@gestore.example"], "reasons": []}
        tx.add_receipt(
            SeenReceipt(
                0, seen.intake_id, "delivery", Verdict.APPLIED, AT, ticket=number, dispatch=sent.id, report=report
            )
        )

    with open_store(desk.url, desk.folder / "blobs", threaded=False) as store:
        store.write(unit)


def test_a_ticket_shows_how_certified_mail_stands_with_each_recipient(desk: Desk) -> None:
    """S148: one delivered, one failed with the reason."""
    number = desk.open()
    certified(desk, number)
    shown = desk.show(number)
    assert [(one["to"], one["state"], one["reason"]) for one in shown["certified"]] == [
        (TO[0], "delivered", None),
        (TO[1], "failed", "no-dest 5.1.1"),
    ]
    assert [(one["kind"], one["verdict"]) for one in shown["receipts"]] == [("delivery", "applied")]


def test_the_export_of_a_ticket_proves_its_certified_mail(desk: Desk) -> None:
    """X4: the message as it left, the receipt as it came, and the report on its signature."""
    number = desk.open()
    certified(desk, number)
    lines = [json.loads(line) for line in desk.done("register", "export", number).text.splitlines()]
    found = {kind: [one for one in lines if one["kind"] == kind] for kind in {one["kind"] for one in lines}}
    (message,), (receipt,) = found["certified_message"], found["certified_receipt"]
    assert base64.b64decode(message["base64"]) == OURS
    assert base64.b64decode(receipt["base64"]) == RECEIPT
    assert receipt["receipt"]["report"]["signer"] == ["posta-certificata@gestore.example"]
    assert [one["state"] for one in found["certified_line"]] == ["delivered", "failed"]


def trust_list_probe(desk: Desk) -> Probe:
    settings = load(desk.config).settings
    return next(probe for probe in probes(settings) if probe.door == "trust list")


def test_check_says_when_nobody_may_sign_receipts(desk: Desk) -> None:
    """X4: a certified mailbox without a trust list reads every receipt and believes none."""
    (desk.folder / "password").write_text("x")
    box = '[[mailbox]]\nname = "pec"\nkind = "pec"\nhost = "127.0.0.1"\nport = 9\nuser = "x"\n'
    box += 'password = {file = "password"}\ntls = "none"\ntimeout = "1s"\n'
    desk.config.write_text(desk.config.read_text() + box)
    assert trust_list_probe(desk).ok is False
    (desk.folder / "trust").mkdir()
    (desk.folder / "trust" / "a.pem").write_bytes(pec_provider.trust_list())
    desk.config.write_text(desk.config.read_text() + '[pec]\ntrust_list = "trust"\n')
    assert (trust_list_probe(desk).ok, trust_list_probe(desk).said) == (True, "1 certificates may sign")
