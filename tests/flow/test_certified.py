"""Certified mail in and out: envelopes become tickets, receipts move the ledger, and nothing forged moves anything.

The provider is the one of these tests, with an authority of its own; the store, the parser and the flow are the real
ones (X3, X4, S031, S143 to S149).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.mail.compose import compose
from adapters.pec import TrustList
from adapters.store import SqlStore
from config.compose import gateway_of, outgoing
from config.demo.play import SHEET
from config.load import load
from gateway import assigning, desk, escalating, flow, replaying
from gateway.domain.certified import ReceiptType
from gateway.domain.contract import Contract
from gateway.domain.dispatch import Deferred, Dispatch, DispatchKind, DispatchState, Refused, Sent
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.ledger import Line, LineState, SeenReceipt, Verdict
from gateway.domain.ticket import Mark, Ticket, TicketState
from gateway.tickets import DeskError
from tests.flow.station import TUESDAY_MORNING, Station
from tests.peers import pec_provider as provider
from tests.peers.pec_provider import CERTIFIED, EXTERNAL, Submitted, Wrong
from tests.store.conftest import Database

OURS = "assistenza@pec.comune.example"
CITIZEN = "maria.rossi@pec.cittadini.example"
VENDOR = "secondo-livello@pec.produttore.example"
MONDAY = "2026-11-23T10:00:00+01:00"
RELAYED = Sent("relayed")
PEC_SETTINGS = f"""
[pec]
trust_list = "trust"
[[pec_account]]
address = "{OURS}"
host = "smtps.pec.example"
password = {{file = "signing.key"}}
"""


class Certified(Station):
    """A station with a certified mailbox, an account to send from, and a trust list."""

    def __init__(self, store: SqlStore, folder: Path, at: str) -> None:
        folder.mkdir()
        super().__init__(store, folder, at)
        (folder / "trust").mkdir()
        (folder / "trust" / "provider.pem").write_bytes(provider.trust_list())
        settings = folder / "gateway.toml"
        settings.write_text(settings.read_text() + PEC_SETTINGS)
        self.reader.close()
        self.site = load(settings)
        self.gw, self.reader = gateway_of(self.site, store)
        self.gw.clock = self.clock

    def pec(self, raw: bytes) -> None:
        """A mail in the certified mailbox, filed."""
        self._count += 1
        self.arrive(raw, sender="", to=(), door="imap", key=f"imap:pec:{self._count}", channel=Channel.PEC,
                    contract="c02-comune")  # fmt: skip

    def deliver(self, outcome: Sent | Deferred | Refused = RELAYED) -> list[Dispatch]:
        """Everything that is due by PEC leaves."""

        class Outlet:
            def send(self, dispatch: Dispatch) -> Sent | Deferred | Refused:
                return outcome

        due = flow.claim_due(self.gw, (Channel.PEC,), 10)
        for dispatch in due:
            flow.deliver(self.gw, {Channel.PEC: Outlet()}, dispatch)
        return due

    def ledger(self) -> list[Line]:
        return self.store.read(lambda reading: reading.lines())

    def entry(self) -> Line:
        (only,) = self.ledger()
        return only

    def seen(self) -> list[SeenReceipt]:
        return self.store.read(lambda reading: reading.receipts())


@pytest.fixture
def store(database: Database) -> SqlStore:
    return database.open()


@pytest.fixture
def station(store: SqlStore, tmp_path: Path) -> Iterator[Certified]:
    made = Certified(store, tmp_path / "site", TUESDAY_MORNING)
    yield made
    made.reader.close()


def request(subject: str = "Segnalazione", text: str = "Il registro non si stampa.") -> Submitted:
    return Submitted(CITIZEN, ((OURS, CERTIFIED),), subject, "m1@pec.cittadini.example", text)


def bounce_of(message_id: str, recipient: str) -> bytes:
    """A delivery report of an ordinary mail server about a message of ours."""
    failed = f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    parts = (
        "Content-Type: text/plain\r\n\r\nMail could not be delivered.\r\n",
        f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n{failed}",
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\nSubject: x\r\n",
    )
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    head = (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {OURS}\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    )
    return f"{head}{body}--b--\r\n".encode()


def submitted(dispatch: Dispatch) -> Submitted:
    """What our provider saw when a dispatch left."""
    raw = dispatch.raw or compose(outgoing(dispatch), "token")
    return Submitted(OURS, ((dispatch.to, CERTIFIED),), dispatch.subject, dispatch.facts["message_id"], "x", raw)


# ------------------------------------------------------------------------------------------------------------------- in


def test_a_transport_envelope_becomes_a_ticket_from_the_message_inside(station: Certified) -> None:
    """S143: requester is the certified sender, and the outer message is kept byte for byte."""
    raw = provider.transport(request(), station.clock.now())
    station.pec(raw)
    ticket = station.ticket()
    assert (ticket.channel, ticket.subject, ticket.requester.address) == ("pec", "Segnalazione", CITIZEN)
    assert Mark.NOT_CERTIFIED not in ticket.marks
    (message,) = station.messages(ticket)[:1]
    assert "Il registro non si stampa." in message.text
    (intake,) = station.intakes()
    kept = station.store.read(lambda reading: reading.intake(intake.id, raw=True))
    assert kept
    assert kept.raw == raw
    received = next(event for event in station.events(ticket) if event.type == "received")
    assert received.data["signed_by"] == provider.MAILBOX


def test_the_certified_sender_counts_and_not_the_one_that_is_displayed(station: Certified) -> None:
    """S143: whoever writes another From inside is still who the provider certifies."""
    inner = request().original().replace(b"From: " + CITIZEN.encode(), b"From: Sindaco <sindaco@pec.comune.example>")
    station.pec(provider.transport(replace(request(), raw=inner), station.clock.now()))
    assert station.ticket().requester.address == CITIZEN
    assert station.ticket().requester.name == ""


def test_a_pec_is_answered_by_pec_once_and_with_a_ledger_line(station: Certified) -> None:
    """S031, DOMAIN §8: acknowledged from the certified mailbox, with that envelope sender."""
    station.pec(provider.transport(request(), station.clock.now()))
    (answer,) = station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)
    assert (answer.channel, answer.to) == (Channel.PEC, CITIZEN)
    assert (answer.facts["from"], answer.facts["envelope_from"]) == (OURS, OURS)
    assert (answer.facts["in_reply_to"], answer.facts["receipt_type"]) == ("m1@pec.cittadini.example", "breve")
    raw = compose(outgoing(answer), "token")
    assert b"X-TipoRicevuta: breve" in raw
    assert (station.entry().recipient, station.entry().state) == (CITIZEN, LineState.SENT)


def test_on_a_saturday_night_the_answer_by_pec_has_the_number_on_call(store: SqlStore, tmp_path: Path) -> None:
    """S031: Saturday 5 December 2026 at 23:40; nobody is rung for what is not urgent."""
    station = Certified(store, tmp_path / "site", "2026-12-05T23:40:00+01:00")
    station.pec(provider.transport(request(), station.clock.now()))
    (answer,) = station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)
    contract = station.gw.rules.contracts["c02-comune"]
    assert contract.on_call
    number = contract.on_call.number_on(station.clock.now().date())
    assert answer.channel is Channel.PEC
    assert number in answer.text
    assert station.page_calls() == []
    station.reader.close()


def test_an_urgent_pec_at_night_is_chased(store: SqlStore, tmp_path: Path) -> None:
    """S031: it rings when it matches the urgent rule."""
    station = Certified(store, tmp_path / "site", "2026-12-05T23:40:00+01:00")
    station.pec(provider.transport(request("URGENTE: anagrafe bloccata"), station.clock.now()))
    assert station.ticket().priority == "urgent"
    station.pass_(minutes=30)
    assert station.page_calls()
    station.reader.close()


def test_an_anomaly_envelope_is_a_ticket_that_nobody_certifies(station: Certified) -> None:
    """S144: requester from the inner message, answered by ordinary mail, ordinary rules."""
    inner = (
        b"From: Ditta <ditta@posta.example>\r\nTo: x\r\nSubject: Preventivo\r\nMessage-ID: <p1@posta.example>\r\n"
        b"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\n\r\nVorrei un preventivo.\r\n"
    )
    raw = provider.anomaly(inner, station.clock.now(), sender="ditta@posta.example", to=OURS, subject="Preventivo")
    station.pec(raw)
    ticket = station.ticket()
    assert Mark.NOT_CERTIFIED in ticket.marks
    assert (ticket.subject, ticket.requester.address) == ("Preventivo", "ditta@posta.example")
    (answer,) = station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)
    assert (answer.channel, answer.to) == (Channel.MAIL, "ditta@posta.example")
    assert station.ledger() == []


def test_an_out_of_office_inside_an_anomaly_envelope_is_not_answered(station: Certified) -> None:
    """S144: loop rules apply to what is inside."""
    inner = b"From: d@posta.example\r\nSubject: Fuori ufficio\r\nAuto-Submitted: auto-replied\r\n\r\nTorno presto.\r\n"
    station.pec(provider.anomaly(inner, station.clock.now(), sender="d@posta.example", to=OURS, subject="x"))
    assert station.sent(kind=DispatchKind.ACKNOWLEDGEMENT) == []


def test_ordinary_mail_in_the_certified_box_has_its_mark(station: Certified) -> None:
    raw = station.raw_mail("Domanda", "Come si fa?", sender="ditta@posta.example", to=(OURS,), message_id="")
    station.pec(raw)
    assert Mark.NOT_CERTIFIED in station.ticket().marks
    (answer,) = station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)
    assert answer.channel is Channel.MAIL


def test_ordinary_mail_in_the_certified_box_is_answered_by_mail_and_the_history_says_why(station: Certified) -> None:
    """X4: nobody has to guess afterwards why there is no receipt of an answer."""
    station.pec(station.raw_mail("Stampante", "Non stampa.", sender="ugo@studio.example", to=(OURS,), message_id=""))
    ticket, by, at = station.ticket(), station.elena, station.clock.now()
    station.store.write(lambda tx: desk.reply(station.gw, tx, ticket.number, "Ecco.", by, at))
    said = [entry for entry in station.events(ticket) if entry.type == "answered_by_mail"]
    assert {entry.data["why"] for entry in said} == {"what came was not certified"}
    assert [entry.data["dispatch"] for entry in said] == [str(each.id) for each in station.sent()]


def test_of_a_pec_that_is_answered_by_pec_nothing_needs_to_be_said(station: Certified) -> None:
    station.pec(provider.transport(request(), station.clock.now()))
    assert "answered_by_mail" not in {entry.type for entry in station.events(station.ticket())}


@pytest.mark.parametrize("wrong", [Wrong(is_signed=False), Wrong(signer=provider.stranger())], ids=["bare", "stranger"])
def test_an_envelope_whose_signature_does_not_hold_is_not_certified(station: Certified, wrong: Wrong) -> None:
    """P13: it is a request all the same, for a person to verify."""
    station.pec(provider.transport(request(), station.clock.now(), wrong=wrong))
    assert {Mark.NOT_CERTIFIED, Mark.TO_VERIFY} <= set(station.ticket().marks)
    assert station.ledger() == []


def test_an_unknown_certified_shape_is_a_ticket_to_verify(station: Certified) -> None:
    """DOMAIN §8, REM (4): never an error."""
    wrong = Wrong(
        headers={"X-Trasporto": "busta-nuova"}, data=lambda raw: raw.replace(b'"posta-certificata"', b'"nuova"')
    )
    station.pec(provider.transport(request(), station.clock.now(), wrong=wrong))
    assert Mark.TO_VERIFY in station.ticket().marks
    assert "Il registro non si stampa." in station.messages(station.ticket())[0].text


def test_the_desk_answers_a_pec_by_pec(station: Certified) -> None:
    station.pec(provider.transport(request(), station.clock.now()))
    ticket, by, at = station.ticket(), station.elena, station.clock.now()
    station.store.write(lambda tx: desk.reply(station.gw, tx, ticket.number, "Ecco.", by, at))
    (reply,) = station.sent(kind=DispatchKind.REPLY)
    assert (reply.channel, reply.facts["receipt_type"]) == (Channel.PEC, ReceiptType.SHORT)


def test_a_certified_answer_joins_its_ticket(station: Certified) -> None:
    station.pec(provider.transport(request(), station.clock.now()))
    ticket = station.ticket()
    (answer,) = station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)
    reply = f"From: {CITIZEN}\r\nSubject: Re: Segnalazione\r\nIn-Reply-To: <{answer.facts['message_id']}>\r\n"
    raw = f"{reply}Message-ID: <m2@pec.cittadini.example>\r\n\r\nAggiungo un dettaglio.\r\n".encode()
    station.pec(provider.transport(replace(request(), message_id="m2@x", raw=raw), station.clock.now()))
    assert len(station.tickets()) == 1
    assert "Aggiungo un dettaglio." in station.messages(ticket)[-1].text


def test_without_an_account_to_send_from_a_pec_is_answered_by_mail(station: Certified) -> None:
    station.gw.rules = replace(station.gw.rules, pec_senders=frozenset())
    station.pec(provider.transport(request(), station.clock.now()))
    (answer,) = station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)
    assert answer.channel is Channel.MAIL
    (said,) = [entry for entry in station.events(station.ticket()) if entry.type == "answered_by_mail"]
    assert (said.clause, said.data["why"]) == ("X4", "no certified account to send from")


# ------------------------------------------------------------------------------------------------------------ receipts


def acknowledged(station: Certified) -> Dispatch:
    """A PEC came, and its answer has left."""
    station.pec(provider.transport(request(), station.clock.now()))
    (sent,) = station.deliver()
    assert station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)[0].state is DispatchState.SENT
    return sent


def test_a_receipt_of_delivery_confirms_the_message_and_opens_no_ticket(station: Certified) -> None:
    """S145: with the certified time and identifier; the receipt is stored with it, and nobody answers it."""
    sent = acknowledged(station)
    before = len(station.sent())
    station.pec(provider.acceptance(submitted(sent), station.clock.now()))
    assert station.entry().state is LineState.ACCEPTED
    assert station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)[0].state is DispatchState.SENT
    station.pass_(seconds=7)
    delivered_at = station.clock.now().replace(microsecond=0)
    station.pec(provider.delivery(submitted(sent), delivered_at))
    line = station.entry()
    assert (line.state, line.state_at) == (LineState.DELIVERED, delivered_at)
    assert line.identifier.startswith("opec")
    assert station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)[0].state is DispatchState.CONFIRMED
    assert len(station.tickets()) == 1
    assert len(station.sent()) == before
    assert [one.verdict for one in station.seen()] == [Verdict.APPLIED, Verdict.APPLIED]
    assert station.seen()[1].report["signer"] == [provider.MAILBOX]
    assert [intake.state for intake in station.intakes()[1:]] == [IntakeState.RECEIPT, IntakeState.RECEIPT]


FORGED = {
    "unsigned": Wrong(is_signed=False),
    "stranger": Wrong(signer=provider.stranger()),
    "somebody else": Wrong(signer=provider.somebody_else()),
    "expired": Wrong(signer=provider.expired()),
    "tampered": Wrong(after=lambda raw: raw.replace(b"Ricevuta di avvenuta", b"Ricevuta di certa")),
    "header contradicts": Wrong(headers={"X-Ricevuta": "errore-consegna"}),
    "entity": Wrong(data=lambda raw: raw.replace(b"?>", b"?><!DOCTYPE x>", 1)),
}


@pytest.mark.parametrize("wrong", FORGED.values(), ids=FORGED.keys())
def test_a_forged_receipt_changes_nothing_and_is_on_record(station: Certified, wrong: Wrong) -> None:
    """S146, B-062, P13."""
    sent = acknowledged(station)
    station.pec(provider.delivery(submitted(sent), station.clock.now(), wrong=wrong))
    assert station.entry().state is LineState.SENT
    assert station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)[0].state is DispatchState.SENT
    assert len(station.tickets()) == 1
    (seen,) = station.seen()
    assert seen.verdict is Verdict.SUSPECT
    assert seen.report["reasons"]
    assert "receipt_suspect" in station.happened(station.ticket())


def test_certified_mail_is_known_by_whatever_door_it_came(station: Certified) -> None:
    """X3: a certified mailbox that is sent on to our own listener; the signature counts, and not who handed it over."""
    station.arrive(provider.transport(request(), station.clock.now()), sender=provider.MAILBOX, to=(OURS,))
    ticket = station.ticket()
    assert (ticket.channel, ticket.requester.address) == (Channel.PEC, CITIZEN)
    assert Mark.NOT_CERTIFIED not in ticket.marks
    (sent,) = station.deliver()
    station.arrive(provider.delivery(submitted(sent), station.clock.now()), sender=provider.MAILBOX, to=(OURS,))
    assert station.entry().state is LineState.DELIVERED
    assert len(station.tickets()) == 1


def test_a_certified_mailbox_that_forwards_to_an_ordinary_address_makes_no_ordinary_mail_certified(
    station: Certified,
) -> None:
    """Who writes to both addresses at once wrote an ordinary mail."""
    station.mail("Domanda", to=("assistenza@comune.example", OURS))
    assert (station.ticket().channel, station.ticket().marks.count(Mark.NOT_CERTIFIED)) == (Channel.MAIL, 0)


def test_a_genuine_receipt_of_somebody_elses_message_with_our_id_moves_nothing(station: Certified) -> None:
    """P13, B-062: the signature holds and the id is ours, and yet it was not ours that was delivered."""
    sent = acknowledged(station)
    theirs = replace(submitted(sent), sender="altri@pec.altri.example")
    station.pec(provider.delivery(theirs, station.clock.now()))
    assert station.entry().state is LineState.SENT
    (seen,) = station.seen()
    assert (seen.verdict, seen.report["reasons"]) == (Verdict.SUSPECT, ["of a message that somebody else submitted"])


def test_a_receipt_about_nothing_of_ours_is_an_orphan_on_record(station: Certified) -> None:
    message = Submitted(OURS, ((CITIZEN, CERTIFIED),), "Altro", "unknown@pec.comune.example")
    station.pec(provider.delivery(message, station.clock.now()))
    assert station.tickets() == []
    assert station.sent() == []
    assert [one.verdict for one in station.seen()] == [Verdict.ORPHAN]
    assert "receipt_orphan" in station.happened()
    assert station.intakes()[0].state is IntakeState.RECEIPT


def test_the_same_receipt_twice_says_nothing_new(station: Certified) -> None:
    sent = acknowledged(station)
    raw = provider.delivery(submitted(sent), station.clock.now())
    station.pec(raw)
    station.pec(raw)
    assert [one.verdict for one in station.seen()] == [Verdict.APPLIED, Verdict.NOTED]


def test_a_message_to_two_has_two_states(station: Certified) -> None:
    """S148: one delivered, one failed with the provider's reason."""
    sent = acknowledged(station)
    two = Submitted(OURS, ((CITIZEN, CERTIFIED), (VENDOR, CERTIFIED)), "x", sent.facts["message_id"])
    station.store.write(lambda tx: tx.add_line(replace(station.entry(), recipient=VENDOR)))
    station.pec(provider.delivery(two, station.clock.now(), recipient=CITIZEN))
    station.pec(provider.failure(two, station.clock.now(), recipient=VENDOR))
    first, second = station.ledger()
    assert (first.state, second.state) == (LineState.DELIVERED, LineState.FAILED)
    assert "5.1.1" in second.reason
    assert "no-dest" in second.reason


def test_a_recipient_that_is_no_pec_is_told_to_the_supervisors(station: Certified) -> None:
    """X4."""
    sent = acknowledged(station)
    message = replace(submitted(sent), recipients=((CITIZEN, EXTERNAL),))
    station.pec(provider.acceptance(message, station.clock.now()))
    assert station.entry().is_external
    (alarm, *_) = station.alarms()
    assert CITIZEN in alarm.text


def test_no_acceptance_in_time_is_an_alarm_once(station: Certified) -> None:
    """X4: 30 minutes after our relay took it."""
    acknowledged(station)
    station.pass_(minutes=29)
    assert station.alarms() == []
    station.pass_(minutes=2)
    first = len(station.alarms())
    assert first > 0
    station.pass_(hours=1)
    assert len(station.alarms()) == first


def test_no_delivery_within_24_hours_is_an_alarm(station: Certified) -> None:
    sent = acknowledged(station)
    station.pec(provider.acceptance(submitted(sent), station.clock.now()))
    station.pass_(hours=23, minutes=59)
    assert station.alarms() == []
    station.pass_(minutes=2)
    assert station.alarms()


def test_what_was_delivered_is_not_watched_any_more(station: Certified) -> None:
    sent = acknowledged(station)
    station.pec(provider.delivery(submitted(sent), station.clock.now()))
    station.pass_(hours=30)
    assert station.alarms() == []
    assert station.store.read(lambda reading: reading.timers("certified")) == []


def test_an_acceptance_of_the_first_try_is_believed_after_the_second(station: Certified) -> None:
    """The relay fell silent after the final dot: it had taken the message, and was asked once more (RFC 5321 §6.1)."""
    station.pec(provider.transport(request(), station.clock.now()))
    (first,) = station.deliver(Deferred("connection lost"))
    accepted_at = station.clock.now()
    station.pass_(minutes=40)
    station.deliver()
    assert station.alarms() == []
    station.pec(provider.acceptance(submitted(first), accepted_at))
    assert station.entry().state is LineState.ACCEPTED


# ---------------------------------------------------------------------------------------------------------- escalation


def by_pec(contract: Contract) -> Contract:
    assert contract.escalation
    return replace(contract, escalation=replace(contract.escalation, channel=Channel.PEC, mailbox=VENDOR))


def ready(store: SqlStore, folder: Path) -> Certified:
    """Monday at 10:00: a ticket that was taken and worked around, with everything that an escalation needs."""
    station = Certified(store, folder, MONDAY)
    station.change("c02-comune", by_pec)
    station.mail("Protocollo bloccato", "Non si salva.")
    number, by, at = station.ticket().number, station.elena, station.clock.now()
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, by, at))
    station.store.write(lambda tx: desk.identify(tx, number, tuple(SHEET.items()), by, at))
    station.store.write(lambda tx: desk.action(tx, number, "Riavviato il servizio", "si ripresenta", by, at, at))
    station.store.write(lambda tx: desk.workaround(tx, number, "Allegare dopo i file grandi", None, by, at))
    return station


def escalated(store: SqlStore, folder: Path) -> tuple[Certified, Ticket, Dispatch]:
    """Monday at 10:00: a ticket is escalated by PEC, and it has left."""
    station = ready(store, folder)
    ticket = station.ticket()
    by, at = station.elena, station.clock.now()
    station.store.write(lambda tx: escalating.escalate(station.gw, tx, ticket.number, None, by, at))
    station.deliver()
    (sent,) = station.sent(kind=DispatchKind.ESCALATION)
    return station, station.fresh(ticket), sent


def test_an_escalation_by_pec_is_done_only_at_the_receipt_of_delivery(store: SqlStore, tmp_path: Path) -> None:
    """X4: accepted says only that our own provider took it."""
    station, ticket, sent = escalated(store, tmp_path / "site")
    assert (sent.channel, sent.state, ticket.state) == (Channel.PEC, DispatchState.SENT, TicketState.WORKAROUND)
    assert ticket.escalated_at is None
    assert sent.raw
    assert b"X-TipoRicevuta: completa" in sent.raw
    station.pass_(seconds=20)
    station.pec(provider.acceptance(submitted(sent), station.clock.now()))
    assert station.fresh(ticket).state is TicketState.WORKAROUND
    station.pass_(seconds=7)
    at = station.clock.now().replace(microsecond=0)
    station.pec(provider.delivery(submitted(sent), at))
    done = station.fresh(ticket)
    assert (done.state, done.level, done.escalated_at) == (TicketState.ESCALATED, 2, at)
    assert station.sent(kind=DispatchKind.ESCALATION)[0].state is DispatchState.CONFIRMED
    assert station.happened(ticket).count("escalated") == 1


def test_an_escalation_under_way_by_pec_is_not_sent_twice(store: SqlStore, tmp_path: Path) -> None:
    station, ticket, _ = escalated(store, tmp_path / "site")
    by, at = station.elena, station.clock.now()
    with pytest.raises(DeskError, match="waited for"):
        station.store.write(lambda tx: escalating.escalate(station.gw, tx, ticket.number, None, by, at))


def test_the_notice_after_twelve_hours_alarms_and_the_second_one_fails_it(store: SqlStore, tmp_path: Path) -> None:
    """S147: Monday 22:00 the supervisor is alarmed, Tuesday between 08:00 and 10:00 it has failed."""
    station, ticket, sent = escalated(store, tmp_path / "site")
    station.pass_(seconds=20)
    station.pec(provider.acceptance(submitted(sent), station.clock.now()))
    station.clock.set("2026-11-23T22:00:00+01:00")
    station.chase()
    before = len(station.alarms())
    station.pec(provider.notice(submitted(sent), station.clock.now()))
    assert station.entry().state is LineState.DELAY_NOTICE
    assert len(station.alarms()) > before
    assert station.fresh(ticket).state is TicketState.WORKAROUND
    station.clock.set("2026-11-24T08:30:00+01:00")
    station.pec(provider.notice(submitted(sent), station.clock.now()))
    assert station.entry().state is LineState.FAILED
    assert station.fresh(ticket).state is TicketState.ESCALATION_FAILED
    assert "telefono" in station.alarms()[-1].text
    station.pass_(minutes=5)
    station.pec(provider.delivery(submitted(sent), station.clock.now()))
    assert station.entry().state is LineState.DELIVERED
    assert station.fresh(ticket).state is TicketState.ESCALATED


def test_a_message_that_the_provider_refuses_was_never_sent(store: SqlStore, tmp_path: Path) -> None:
    """S149: alarm with the provider's text."""
    station, ticket, sent = escalated(store, tmp_path / "site")
    station.pec(provider.non_acceptance(submitted(sent), station.clock.now(), detail="5.7.1 - allegato non ammesso"))
    assert station.entry().state is LineState.NOT_ACCEPTED
    assert station.fresh(ticket).state is TicketState.ESCALATION_FAILED
    assert "Avviso di non accettazione: 5.7.1 - allegato non ammesso" in station.alarms()[-1].text


def test_what_was_blocked_for_a_virus_is_not_sent_again_by_itself(store: SqlStore, tmp_path: Path) -> None:
    station, ticket, sent = escalated(store, tmp_path / "site")
    station.pec(provider.virus(submitted(sent), station.clock.now()))
    assert station.entry().state is LineState.VIRUS
    assert station.fresh(ticket).state is TicketState.ESCALATION_FAILED
    station.pass_(hours=30)
    assert station.deliver() == []


def test_an_escalation_that_our_relay_refuses_fails_aloud_and_may_be_tried_again(
    store: SqlStore, tmp_path: Path
) -> None:
    station = ready(store, tmp_path / "site")
    ticket = station.ticket()
    by, at = station.elena, station.clock.now()
    station.store.write(lambda tx: escalating.escalate(station.gw, tx, ticket.number, None, by, at))
    station.deliver(Refused("mailbox unknown", "5.1.1"))
    assert station.fresh(ticket).state is TicketState.ESCALATION_FAILED
    assert station.entry().state is LineState.NOT_ACCEPTED
    assert station.alarms()
    (sent,) = station.sent(kind=DispatchKind.ESCALATION)
    station.store.write(lambda tx: desk.retry(station.gw, tx, sent.id, by, station.clock.now()))
    station.deliver()
    station.pec(provider.delivery(submitted(sent), station.clock.now()))
    assert (station.entry().state, station.fresh(ticket).state) == (LineState.DELIVERED, TicketState.ESCALATED)


def test_an_escalation_without_any_receipt_for_a_day_fails_aloud_and_may_be_tried_again(
    store: SqlStore, tmp_path: Path
) -> None:
    """X4: it is not done, nobody is locked out of a second try, and a receipt that comes late all the same wins."""
    station, ticket, sent = escalated(store, tmp_path / "site")
    station.pec(provider.acceptance(submitted(sent), station.clock.now()))
    station.pass_(hours=24, minutes=1)
    assert station.fresh(ticket).state is TicketState.ESCALATION_FAILED
    assert "24 ore" in station.alarms()[-1].text
    (failed,) = station.sent(kind=DispatchKind.ESCALATION)
    assert failed.state is DispatchState.REFUSED
    told = len(station.alarms())
    station.pass_(hours=24)
    assert len(station.alarms()) == told
    station.pec(provider.delivery(submitted(sent), station.clock.now()))
    assert (station.entry().state, station.fresh(ticket).state) == (LineState.DELIVERED, TicketState.ESCALATED)


def test_an_escalation_to_what_is_no_pec_is_not_done(store: SqlStore, tmp_path: Path) -> None:
    """X4: of an external mailbox no receipt of delivery ever comes; the desk may correct the address and try again."""
    station, ticket, sent = escalated(store, tmp_path / "site")
    message = replace(submitted(sent), recipients=((sent.to, EXTERNAL),))
    station.pec(provider.acceptance(message, station.clock.now()))
    assert station.fresh(ticket).state is TicketState.ESCALATION_FAILED
    assert "non è PEC" in station.alarms()[-1].text
    by, at = station.elena, station.clock.now()
    station.store.write(lambda tx: desk.retry(station.gw, tx, sent.id, by, at))
    assert (station.entry().state, station.entry().is_external) == (LineState.SENT, False)


def test_a_bounce_in_the_certified_box_moves_nothing_of_what_was_sent_by_pec(store: SqlStore, tmp_path: Path) -> None:
    """P13: ordinary mail is no evidence of certified mail, whoever knows the Message-ID."""
    station, ticket, sent = escalated(store, tmp_path / "site")
    station.pec(bounce_of(sent.facts["message_id"], VENDOR))
    assert (station.entry().state, station.fresh(ticket).state) == (LineState.SENT, TicketState.WORKAROUND)
    assert station.sent(kind=DispatchKind.ESCALATION)[0].state is DispatchState.SENT


def test_a_receipt_that_was_not_believed_counts_once_the_trust_list_is_mended(store: SqlStore, tmp_path: Path) -> None:
    """`intake replay`: the same receipt, the same row, and the escalation is done."""
    station, ticket, sent = escalated(store, tmp_path / "site")
    trusted, station.reader._trusted = station.reader._trusted, TrustList()  # noqa: SLF001 - a folder without its file
    station.pec(provider.delivery(submitted(sent), station.clock.now()))
    assert [one.verdict for one in station.seen()] == [Verdict.SUSPECT]
    station.reader._trusted = trusted  # noqa: SLF001 - as above
    number, by, at = station.seen()[0].intake, station.elena, station.clock.now()
    for _ in range(2):
        station.store.write(lambda tx: replaying.replay(tx, number, by, at))
        station.file()
        assert [one.intake for one in station.seen()] == [number]
        assert station.fresh(ticket).state is TicketState.ESCALATED
    assert station.entry().state is LineState.DELIVERED
    assert station.happened(ticket).count("escalated") == 1


def test_without_an_account_an_escalation_by_pec_is_refused_at_the_desk(store: SqlStore, tmp_path: Path) -> None:
    station = ready(store, tmp_path / "site")
    station.gw.rules = replace(station.gw.rules, pec_senders=frozenset())
    ticket = station.ticket()
    by, at = station.elena, station.clock.now()
    with pytest.raises(DeskError, match="pec_account"):
        station.store.write(lambda tx: escalating.escalate(station.gw, tx, ticket.number, None, by, at))
