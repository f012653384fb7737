"""Certified mail as DOMAIN 6 tells it: envelopes, receipts right and forged, notices, refusals (X3 to X5, C2.8)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.store import SqlStore, open_store
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.intake import Channel
from gateway.domain.ledger import LineState, Verdict
from gateway.domain.ticket import Mark, TicketState
from tests.flow.test_certified import CITIZEN, OURS, VENDOR, Certified, acknowledged, escalated, request, submitted
from tests.peers import pec_provider as provider
from tests.peers.pec_provider import CERTIFIED, Submitted, Wrong

MINE = "utente@pec.example"


@pytest.fixture
def certified_store(sqlite_template: Path, tmp_path: Path) -> Iterator[SqlStore]:
    shutil.copy(sqlite_template, tmp_path / "certified.db")
    with open_store(f"sqlite:///{tmp_path / 'certified.db'}", tmp_path / "certified-blobs", threaded=True) as store:
        yield store


def at(store: SqlStore, tmp_path: Path, when: str) -> Certified:
    return Certified(store, tmp_path / "certified", when)


def test_s031_a_pec_at_night_is_answered_by_pec_and_rings_only_when_urgent(
    certified_store: SqlStore, tmp_path: Path
) -> None:
    """C2.8, S031: Saturday 5 December 2026 at 23:40."""
    station = at(certified_store, tmp_path, "2026-12-05T23:40:00+01:00")
    station.pec(provider.transport(request(), station.clock.now()))
    assert station.ticket().subject == "Segnalazione"
    (answer,) = station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)
    on_call = station.gw.rules.contracts["c02-comune"].on_call
    assert on_call
    assert answer.channel is Channel.PEC
    assert on_call.number_on(station.clock.now().date()) in answer.text
    station.pass_(minutes=30)
    assert station.page_calls() == []
    urgent = replace(request("URGENTE: anagrafe ferma"), message_id="m2@pec.cittadini.example")
    station.pec(provider.transport(urgent, station.clock.now()))
    station.pass_(minutes=30)
    assert station.page_calls()
    station.reader.close()


def test_s143_an_envelope_is_the_message_inside_from_its_certified_sender(
    certified_store: SqlStore, tmp_path: Path
) -> None:
    """X3, S143: and the outer message stays byte for byte."""
    station = at(certified_store, tmp_path, "2026-11-24T10:00:00+01:00")
    body = (
        f"From: {MINE}\r\nTo: {OURS}\r\nSubject: Segnalazione\r\nMessage-ID: <m1@pec.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nVedi allegato.\r\n'
        "--b\r\nContent-Type: text/csv; name=elenco.csv\r\nContent-Disposition: attachment; filename=elenco.csv\r\n\r\n"
        "a;b\r\n--b--\r\n"
    )
    message = Submitted(MINE, ((OURS, CERTIFIED),), "Segnalazione", "m1@pec.example", "", body.encode())
    raw = provider.transport(message, station.clock.now())
    station.pec(raw)
    ticket = station.ticket()
    assert (ticket.subject, ticket.requester.address) == ("Segnalazione", MINE)
    (told,) = [one for one in station.messages(ticket) if one.direction == "in"]
    files = station.store.read(lambda reading: reading.attachments(told.id))
    assert [one.name for one in files] == ["elenco.csv"]
    kept = station.store.read(lambda reading: reading.intake(told.intake or 0, raw=True))
    assert kept
    assert kept.raw == raw
    station.reader.close()


def test_s144_an_anomaly_is_a_ticket_that_nobody_certifies(certified_store: SqlStore, tmp_path: Path) -> None:
    """X3, S144: the requester is who wrote inside, and no effect of certified mail is assumed."""
    station = at(certified_store, tmp_path, "2026-11-24T10:00:00+01:00")
    inner = b"From: d@posta.example\r\nSubject: Preventivo\r\nMessage-ID: <p@posta.example>\r\n\r\nVorrei.\r\n"
    station.pec(provider.anomaly(inner, station.clock.now(), sender="d@posta.example", to=OURS, subject="Preventivo"))
    ticket = station.ticket()
    assert Mark.NOT_CERTIFIED in ticket.marks
    assert (ticket.subject, ticket.requester.address) == ("Preventivo", "d@posta.example")
    assert station.ledger() == []
    station.reader.close()


def test_s145_a_receipt_of_delivery_makes_the_escalation_done(certified_store: SqlStore, tmp_path: Path) -> None:
    """X3, S145: no ticket, the certified time and identifier, and the receipt beside it."""
    station, ticket, sent = escalated(certified_store, tmp_path / "certified")
    station.pass_(seconds=30)
    certified_at = station.clock.now().replace(microsecond=0)
    station.pec(provider.delivery(submitted(sent), certified_at))
    line = station.entry()
    assert (line.state, line.state_at, line.identifier != "") == (LineState.DELIVERED, certified_at, True)
    assert (station.fresh(ticket).state, len(station.tickets())) == (TicketState.ESCALATED, 1)
    assert [(one.dispatch, one.verdict) for one in station.seen()] == [(sent.id, Verdict.APPLIED)]
    station.reader.close()


def test_s146_a_forged_receipt_leaves_the_escalation_as_it_was(certified_store: SqlStore, tmp_path: Path) -> None:
    """X3, S146: without a valid signature it is a suspicious receipt on record."""
    station, ticket, sent = escalated(certified_store, tmp_path / "certified")
    station.pec(provider.delivery(submitted(sent), station.clock.now(), wrong=Wrong(is_signed=False)))
    assert station.entry().state is LineState.SENT
    assert station.fresh(ticket).state is TicketState.WORKAROUND
    assert "receipt_suspect" in station.happened(ticket)
    station.reader.close()


def test_s147_after_twelve_hours_a_notice_and_after_twenty_two_a_failure(
    certified_store: SqlStore, tmp_path: Path
) -> None:
    """X4, S147: sent on Monday 23 November 2026 at 10:00; the supervisor at 22:00; failed on Tuesday before 10:00."""
    station, ticket, sent = escalated(certified_store, tmp_path / "certified")
    station.pass_(seconds=20)
    station.pec(provider.acceptance(submitted(sent), station.clock.now()))
    station.clock.set("2026-11-23T22:00:00+01:00")
    station.chase()
    told = len(station.alarms())
    station.pec(provider.notice(submitted(sent), station.clock.now()))
    assert (station.entry().state, len(station.alarms()) > told) == (LineState.DELAY_NOTICE, True)
    station.clock.set("2026-11-24T09:00:00+01:00")
    station.pec(provider.failure(submitted(sent), station.clock.now(), recipient=VENDOR))
    assert station.entry().state is LineState.FAILED
    assert station.fresh(ticket).state is TicketState.ESCALATION_FAILED
    assert "telefono" in station.alarms()[-1].text
    station.reader.close()


def test_s148_two_recipients_have_two_states(certified_store: SqlStore, tmp_path: Path) -> None:
    """X4, S148: one delivered, the other failed with the reason."""
    station = at(certified_store, tmp_path, "2026-11-24T10:00:00+01:00")
    sent = acknowledged(station)
    both = Submitted(OURS, ((CITIZEN, CERTIFIED), (VENDOR, CERTIFIED)), "x", sent.facts["message_id"])
    station.store.write(lambda tx: tx.add_line(replace(station.entry(), recipient=VENDOR)))
    station.pec(provider.delivery(both, station.clock.now(), recipient=CITIZEN))
    station.pec(provider.failure(both, station.clock.now(), recipient=VENDOR))
    assert [line.state for line in station.ledger()] == [LineState.DELIVERED, LineState.FAILED]
    assert "5.1.1" in station.ledger()[1].reason
    station.reader.close()


def test_s149_what_the_provider_refuses_was_never_sent(certified_store: SqlStore, tmp_path: Path) -> None:
    """X4, S149: alarm with the provider's own text."""
    station, _, sent = escalated(certified_store, tmp_path / "certified")
    station.pec(provider.non_acceptance(submitted(sent), station.clock.now(), detail="5.7.1 - non ammesso"))
    assert station.entry().state is LineState.NOT_ACCEPTED
    assert station.sent(kind=DispatchKind.ESCALATION)[0].state is DispatchState.REFUSED
    assert "5.7.1 - non ammesso" in station.alarms()[-1].text
    station.reader.close()


def test_s150_certification_data_with_an_entity_are_not_valid(certified_store: SqlStore, tmp_path: Path) -> None:
    """X5, S150: nothing is fetched, the message is kept, and headers alone prove nothing."""
    station, ticket, sent = escalated(certified_store, tmp_path / "certified")
    doctype = b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    wrong = Wrong(data=lambda raw: raw.replace(b"?>", doctype, 1))
    station.pec(provider.delivery(submitted(sent), station.clock.now(), wrong=wrong))
    (seen,) = station.seen()
    assert seen.verdict is Verdict.SUSPECT
    assert any(str(reason).startswith("daticert not valid") for reason in seen.report["reasons"])  # type: ignore[attr-defined]  # a list in the report
    assert station.entry().state is LineState.SENT
    assert station.fresh(ticket).state is TicketState.WORKAROUND
    station.reader.close()
