"""C1: assistance and advice on request; every request is recorded and traced until it is concluded."""

from __future__ import annotations

from itertools import pairwise

import pytest

from config.commands import ticket as commands
from gateway import assigning, desk, tickets
from gateway.domain.hours import local
from gateway.domain.ticket import Outcome, StateError, TicketState, TicketType
from tests.flow.station import MARIA, Station
from tests.scenarios.stage import C01, at, instant, mails_to

MAILBOX = "assistenza@fornitore.example"


def test_s001_a_question_by_mail_is_advice_and_its_number_leaves_at_once(station: Station) -> None:
    """C1.1, S001."""
    at(station, "2026-11-25 10:12")
    station.mail("Come si stampa il registro?", "", to=(MAILBOX,))
    ticket = station.ticket()
    assert (ticket.contract, ticket.type, ticket.received_at) == (C01, TicketType.ADVICE, instant("2026-11-25 10:12"))
    assert "type_to_confirm" not in ticket.marks
    (answer,) = mails_to(station, MARIA)
    assert str(ticket.number) in answer.subject
    assert answer.due_at == instant("2026-11-25 10:12")


def test_s001_what_no_rule_of_the_contract_finds_is_assistance_to_be_confirmed(station: Station) -> None:
    """C1.1, S001."""
    at(station, "2026-11-25 10:12")
    station.mail("Il registro", "Buongiorno.", to=(MAILBOX,))
    assert station.ticket().type is TicketType.ASSISTANCE
    assert "type_to_confirm" in station.ticket().marks


def test_s002_the_same_uid_fetched_again_after_a_kill_is_one_ticket_and_one_answer(station: Station) -> None:
    """C1.2, S002: committed, and killed before the flag was set."""
    at(station, "2026-11-26 03:00")
    raw = station.raw_mail("Registro", "Non si apre.", sender=MARIA, to=(MAILBOX,), message_id="uid-812@comune.example")
    for _ in range(2):
        station.arrive(raw, door="imap", key="imap:fornitore:1:812", to=(), contract=C01)
    assert len(mails_to(station, MARIA)) == 1
    assert station.happened(station.ticket()).count("received") == 1


def test_s004_a_ticket_is_not_deleted_and_not_closed_without_an_outcome(station: Station) -> None:
    """C1.3, S004."""
    at(station, "2026-11-23 09:05")
    station.mail(to=(MAILBOX,))
    number, by = station.ticket().number, station.gw.rules.people["elena"]
    now = station.clock.now()
    assert not any("delete" in (command.name or "") for command in commands.app.registered_commands)
    with pytest.raises(StateError):
        station.store.write(lambda tx: desk.close(tx, number, by, now))
    with pytest.raises(tickets.DeskError, match="outcome"):
        station.store.write(lambda tx: desk.solve(station.gw, tx, number, "fatto", "", by, now))
    assert station.ticket().state is TicketState.NEW


@pytest.mark.parametrize("outcome", Outcome)
def test_s004_each_outcome_concludes_a_ticket_and_every_step_stands_in_its_history(
    station: Station, outcome: Outcome
) -> None:
    """C1.3, S004: with UTC and Rome's offset, in the order in which it happened."""
    at(station, "2026-11-23 09:05")
    station.mail(to=(MAILBOX,))
    number, by = station.ticket().number, station.gw.rules.people["elena"]
    station.clock.pass_(minutes=5)
    now = station.clock.now()
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, by, now))
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "Ecco come.", outcome, by, now))
    station.store.write(lambda tx: desk.close(tx, number, by, now))
    assert (station.ticket().state, station.ticket().outcome) == (TicketState.CLOSED, outcome)
    history = station.events(station.ticket())
    steps = [entry.type for entry in history if entry.type in {"received", "taken", "solved", "closed"}]
    assert steps == ["received", "taken", "solved", "closed"]
    assert all(one.at <= two.at for one, two in pairwise(history))
    assert {local(entry.at).isoformat()[-6:] for entry in history} == {"+01:00"}
    assert {entry.at.utcoffset() for entry in history} == {now.utcoffset()}
