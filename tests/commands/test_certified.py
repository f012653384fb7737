"""Certified mail as the desk sees it and as it is proved (X4, S148)."""

from __future__ import annotations

import base64
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from adapters.store import open_store
from config.commands.probes import Probe, probes
from config.load import load
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.intake import Arrival, Channel, IntakeState, RepeatKey
from gateway.domain.ledger import Line, LineState, SeenReceipt, Verdict
from gateway.domain.ticket import Message
from gateway.ports import Transaction
from tests.commands.conftest import Desk
from tests.peers import pec_provider
from tests.peers.pec_provider import CERTIFIED, Submitted, Wrong

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OURS = b"From: assistenza@pec.comune.example\r\nSubject: x\r\n\r\nCome partito.\r\n"
RECEIPT = b"X-Ricevuta: avvenuta-consegna\r\n\r\ncome arrivata\r\n"
ENVELOPE = b"X-Trasporto: posta-certificata\r\n\r\ncome arrivata\r\n"
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


def test_the_export_has_the_envelope_of_a_request_by_whatever_door_it_came(desk: Desk) -> None:
    """X3: handed to our own listener, a certified mail is kept as mail and is shown, and proved, as certified."""
    number = desk.open()

    def unit(tx: Transaction) -> None:
        seen = tx.accept(Arrival(Channel.MAIL, "smtp", ENVELOPE, AT, "", (), RepeatKey("e1")), AT)
        tx.add_message(
            Message(0, number, "in", Channel.PEC, "requester", TO[0], (), AT, "x", "x", intake=seen.intake_id)
        )

    with open_store(desk.url, desk.folder / "blobs", threaded=False) as store:
        store.write(unit)
    lines = [json.loads(line) for line in desk.done("register", "export", number).text.splitlines()]
    found = [base64.b64decode(one["base64"]) for one in lines if one["kind"] == "certified_envelope"]
    assert found == [ENVELOPE]


def trust_list_probe(desk: Desk) -> Probe:
    settings = load(desk.config).settings
    return next(probe for probe in probes(settings) if probe.door == "trust list")


def test_check_says_so_as_well_where_certified_mail_is_sent_and_no_mailbox_is_read(desk: Desk) -> None:
    """X4: its receipts may come by our own listener, and without a trust list none of them is believed."""
    (desk.folder / "password").write_text("x")
    account = '[[pec_account]]\naddress = "assistenza@pec.comune.example"\nhost = "127.0.0.1"\nport = 9\n'
    account += 'password = {file = "password"}\ntls = "none"\ntimeout = "1s"\n'
    desk.config.write_text(desk.config.read_text() + account)
    found = trust_list_probe(desk)
    assert found.ok is False
    assert found.said.startswith("[pec] trust_list is not set: no receipt")


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
    assert (trust_list_probe(desk).ok, trust_list_probe(desk).said) == (
        True,
        "1 certificates may sign; revocation is not checked",
    )


# --------------------------------------------------------------------------------------------------------------- proof


def proved(desk: Desk, folder: Path) -> Path:
    """An escalation with a receipt of our provider's and a forged one, and its proof in a folder."""
    number = desk.open()
    message = Submitted("a@pec.comune.example", ((TO[0], CERTIFIED),), "x", "m1@pec.comune.example", raw=OURS)
    genuine = pec_provider.delivery(message, AT)
    forged = pec_provider.delivery(message, AT, wrong=Wrong(after=lambda raw: raw.replace(b"avvenuta", b"AVVENUTA")))

    def unit(tx: Transaction) -> int:
        sent = tx.add_dispatch(
            Dispatch(0, "b" * 32, DispatchKind.ESCALATION, Channel.PEC, TO[0], DispatchState.CONFIRMED, AT, AT, number,
                     raw=OURS, facts={"message_id": "m1@pec.comune.example"}, created_at=AT)
        )  # fmt: skip
        tx.add_line(Line(0, sent.id, number, TO[0], "m1@pec.comune.example", LineState.DELIVERED, AT, AT, "opec1"))
        for raw, verdict in ((genuine, Verdict.APPLIED), (forged, Verdict.SUSPECT)):
            kept = tx.accept(Arrival(Channel.PEC, "imap", raw, AT, "", (), RepeatKey(verdict)), AT)
            tx.add_receipt(
                SeenReceipt(0, kept.intake_id, "delivery", verdict, AT, "", TO[0], AT, "opec1", number, sent.id, {})
            )
        return sent.id

    with open_store(desk.url, desk.folder / "blobs", threaded=False) as store:
        dispatch = store.write(unit)
    (desk.folder / "trust").mkdir()
    (desk.folder / "trust" / "a.pem").write_bytes(pec_provider.trust_list())
    desk.config.write_text(desk.config.read_text() + '[pec]\ntrust_list = "trust"\n')
    desk.done("dispatch", "proof", dispatch, "--out", folder)
    assert desk.run("dispatch", "proof", dispatch, "--out", folder).code == 1  # nothing is mixed into a proof
    return folder


def test_a_third_party_checks_a_proof_with_openssl_alone(desk: Desk, tmp_path: Path) -> None:
    """X4: message, receipts as they came, report; the commands that lie beside do what they say."""
    folder = proved(desk, tmp_path / "proof")
    assert (folder / "messaggio.eml").read_bytes() == OURS
    guide = (folder / "LEGGIMI.txt").read_text()
    sums, *verifying = [line.split() for line in guide.splitlines() if line.startswith("  ")]
    assert run(sums, folder) == 0
    assert [words[4].rsplit("-")[-1] for words in verifying] == ["applied.eml", "suspect.eml"]
    assert [run(words, folder) == 0 for words in verifying] == [True, False]
    (folder / "messaggio.eml").write_bytes(OURS + b"x")
    assert run(sums, folder) != 0


def test_a_proof_says_how_each_recipient_stands_and_what_each_receipt_came_to(desk: Desk, tmp_path: Path) -> None:
    folder = proved(desk, tmp_path / "proof")
    told = json.loads((folder / "verifica.json").read_text())
    assert [(one["recipient"], one["state"]) for one in told["recipients"]] == [(TO[0], "delivered")]
    assert [one["verdict"] for one in told["receipts"]] == ["applied", "suspect"]
    assert all((folder / one["file"]).is_file() for one in told["receipts"])


def test_there_is_no_proof_of_what_was_no_certified_mail(desk: Desk, tmp_path: Path) -> None:
    answer = desk.run("dispatch", "proof", 999, "--out", tmp_path / "x")
    assert (answer.code, "certified mail" in answer.err) == (1, True)


def run(words: list[str], folder: Path) -> int:
    """A command that a third party runs in the folder."""
    return subprocess.run(words, cwd=folder, capture_output=True, check=False, timeout=30).returncode


# ------------------------------------------------------------------------------------------------------------- receipts


def test_an_orphan_receipt_is_seen_by_the_desk(desk: Desk) -> None:
    """X3: on record and visible, with the bytes and why nothing moved by it."""

    def unit(tx: Transaction) -> int:
        kept = tx.accept(Arrival(Channel.PEC, "imap", RECEIPT, AT, "", (), RepeatKey("orphan")), AT)
        report: dict[str, object] = {"reasons": ["about no message of ours"], "revocation": "not_checked"}
        seen = SeenReceipt(0, kept.intake_id, "delivery", Verdict.ORPHAN, AT, "m9@x.example", TO[0], AT, report=report)
        tx.add_receipt(seen)
        tx.add_receipt(seen)  # read once more: its own row
        tx.settle_intake(kept.intake_id, IntakeState.RECEIPT, "delivery orphan")
        return kept.intake_id

    with open_store(desk.url, desk.folder / "blobs", threaded=False) as store:
        intake = store.write(unit)
    (listed,) = desk.done("intake", "receipts", "--verdict", "orphan", "--json").json
    assert (listed["intake"], listed["message_id"], listed["recipient"]) == (intake, "m9@x.example", TO[0])
    assert "about no message of ours" in desk.done("intake", "receipts").text
    assert desk.done("intake", "receipts", "--verdict", "suspect", "--json").json == []
    shown = desk.done("intake", "show", intake, "--json").json["receipt"]
    assert (shown["verdict"], shown["revocation"]) == ("orphan", "not_checked")
    assert "not_checked" in desk.done("intake", "show", intake).text
