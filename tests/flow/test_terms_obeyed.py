"""By when something must have happened: kept on the ticket, moved by a suspension, warned of in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.demo.play import SHEET
from gateway import assigning, desk, dues, escalating, suspending, visiting
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import local
from gateway.domain.provisions import Counting, Of, Suspension, Term
from gateway.domain.ticket import StateError, Ticket, TicketState
from gateway.tickets import DeskError
from tests.flow.station import MARIA, Station

SUPERVISOR = "responsabile@assistenza.example"
FOUR_HOURS = Term(Of.SOLUTION, Counting.SERVICE, "C2.1", within=timedelta(hours=4))
HALF_AN_HOUR = Term(Of.TAKEN_IN_CHARGE, Counting.SERVICE, "C2.1", within=timedelta(minutes=30))
TUESDAY = "2026-11-24T10:00:00+01:00"


@pytest.fixture
def bound(station: Station) -> Station:
    """C2 with two terms of service hours, on a Tuesday morning."""
    station.change("c02-comune", lambda c: replace(c, terms=(HALF_AN_HOUR, FOUR_HOURS)))
    station.clock.set(TUESDAY)
    return station


def due(ticket: Ticket, of: Of) -> str:
    return f"{local(ticket.due[of]):%d %H:%M}"


def take(station: Station) -> Ticket:
    at, number = station.clock.now(), station.ticket().number
    return station.store.write(lambda tx: assigning.take(station.gw, tx, number, station.elena, at))


def wait(station: Station, reason: str = "requester", text: str = "la versione del programma") -> Ticket:
    at, number = station.clock.now(), station.ticket().number
    return station.store.write(lambda tx: suspending.wait(station.gw, tx, number, reason, text, station.elena, at))


def resume(station: Station) -> Ticket:
    at, number = station.clock.now(), station.ticket().number
    return station.store.write(lambda tx: suspending.resume(station.gw, tx, number, station.elena, at))


def ready_to_escalate(station: Station) -> None:
    """The diagnostic summary is complete."""
    at, number, elena = station.clock.now(), station.ticket().number, station.elena
    station.store.write(lambda tx: desk.identify(tx, number, tuple(SHEET.items()), elena, at))
    station.store.write(lambda tx: desk.action(tx, number, "Riavviato", "si ripresenta", elena, at, at))
    station.store.write(lambda tx: desk.workaround(tx, number, "Usare il vecchio modulo", None, elena, at))


def test_due_times_are_on_the_ticket_and_the_acknowledgement_says_by_when_it_is_taken(bound: Station) -> None:
    bound.mail()
    ticket = bound.ticket()
    assert (due(ticket, Of.TAKEN_IN_CHARGE), due(ticket, Of.SOLUTION)) == ("24 10:30", "24 14:00")
    assert "entro oggi alle ore 10.30" in bound.acknowledgements()[0].text


def test_a_contract_without_terms_promises_no_time(station: Station) -> None:
    """A2.3: no answer time in the clause."""
    station.clock.set(TUESDAY)
    station.mail()
    assert station.ticket().due == {}
    assert "appena possibile" in station.acknowledgements()[0].text
    assert station.store.read(lambda reading: reading.timer(dues.TERM, station.ticket().number)) is None


def test_what_waits_for_the_requester_stands_still_and_the_answer_ends_it(bound: Station) -> None:
    """DOMAIN 2, "Suspension": start, end, reason and the message that asked."""
    bound.mail()
    take(bound)
    bound.clock.pass_(hours=1)
    waiting = wait(bound)
    assert waiting.state is TicketState.WAITING_REQUESTER
    assert "solution" not in waiting.due
    question = bound.to(MARIA)[-1]
    assert "la versione del programma" in question.text
    (pause,) = waiting.suspensions
    assert (pause.reason, pause.starts_at, pause.ends_at) == ("waiting_requester", bound.clock.now(), None)
    asked = next(message for message in bound.messages(waiting) if message.id == pause.message)
    assert asked.dispatch == question.id
    bound.clock.set("2026-11-25T09:00:00+01:00")
    bound.mail("Re: versione", "7.4.2", headers=f"In-Reply-To: <{question.facts['message_id']}>")
    ticket = bound.ticket()
    assert (ticket.state, due(ticket, Of.SOLUTION)) == (TicketState.TAKEN, "25 12:00")
    assert ticket.suspensions[0].ends_at == bound.clock.now()
    told = {entry.type: entry for entry in bound.events(ticket)}
    assert told["suspended"].data["before.solution"] == "2026-11-24T13:00:00+00:00"
    assert (told["resumed"].by, told["resumed"].data["due.solution"]) == ("requester", "2026-11-25T11:00:00+00:00")


def test_an_out_of_office_note_ends_no_waiting(bound: Station) -> None:
    """S151."""
    bound.mail()
    take(bound)
    wait(bound)
    thread = bound.to(MARIA)[-1].facts["message_id"]
    bound.mail("Assente", "torno lunedì", headers=f"In-Reply-To: <{thread}>\nAuto-Submitted: auto-replied")
    assert bound.ticket().state is TicketState.WAITING_REQUESTER


def test_what_waits_for_the_client_is_asked_of_the_responsible_whose_answer_ends_it(bound: Station) -> None:
    bound.mail()
    take(bound)
    wait(bound, "client", "l’autorizzazione a fermare il server")
    responsible = bound.gw.rules.contracts["c02-comune"].responsible
    assert responsible
    (question,) = bound.to(responsible.mail)
    assert "l’autorizzazione a fermare il server" in question.text
    bound.mail("Re", "Autorizzo", sender=responsible.mail, headers=f"In-Reply-To: <{question.facts['message_id']}>")
    assert bound.ticket().state is TicketState.TAKEN
    assert len(bound.to(MARIA)) == 1


def test_force_majeure_keeps_its_evidence_and_the_state(bound: Station) -> None:
    """A2.4."""
    bound.mail()
    waiting = wait(bound, "force_majeure", "sciopero generale, comunicato del 23 novembre")
    assert waiting.state is TicketState.NEW
    note = next(message for message in bound.messages(waiting) if message.id == waiting.suspensions[0].message)
    assert (note.lane, "sciopero" in note.text) == ("internal", True)
    bound.clock.pass_(minutes=20)
    assert due(resume(bound), Of.TAKEN_IN_CHARGE) == "24 10:50"


def test_a_reason_that_the_contract_does_not_allow_is_refused_with_those_that_it_does(bound: Station) -> None:
    bound.change("c02-comune", lambda c: replace(c, suspensions=(Suspension.FORCE_MAJEURE,)))
    bound.mail()
    take(bound)
    with pytest.raises(DeskError, match="it does for: force_majeure"):
        wait(bound)
    assert bound.ticket().state is TicketState.TAKEN
    assert len(bound.to(MARIA)) == 1


def test_nobody_waits_for_an_answer_before_somebody_has_taken_the_ticket(bound: Station) -> None:
    bound.mail()
    with pytest.raises(StateError, match="take"):
        wait(bound)


def test_a_ticket_that_waits_does_not_wait_twice_and_one_that_does_not_cannot_resume(bound: Station) -> None:
    bound.mail()
    take(bound)
    with pytest.raises(DeskError, match="does not wait"):
        resume(bound)
    wait(bound)
    with pytest.raises(DeskError, match="waits for waiting_requester already"):
        wait(bound)


def test_a_solution_ends_the_waiting(bound: Station) -> None:
    bound.mail()
    take(bound)
    wait(bound)
    at, number = bound.clock.now(), bound.ticket().number
    bound.store.write(lambda tx: desk.solve(bound.gw, tx, number, "fatto", "solved", bound.elena, at))
    assert bound.ticket().suspensions[0].ends_at == at
    assert bound.store.read(lambda reading: reading.timer(dues.TERM, number)) is None


@pytest.mark.parametrize("by_mail", [True, False])
def test_a_ticket_that_opens_again_has_its_terms_watched_again(bound: Station, *, by_mail: bool) -> None:
    bound.mail()
    take(bound)
    at, number = bound.clock.now(), bound.ticket().number
    bound.store.write(lambda tx: desk.solve(bound.gw, tx, number, "fatto", "solved", bound.elena, at))
    bound.clock.pass_(minutes=30)
    if by_mail:
        solution = bound.to(MARIA)[-1].facts["message_id"]
        bound.mail("Re: fatto", "No, non va", headers=f"In-Reply-To: <{solution}>")
    else:
        bound.store.write(lambda tx: desk.reopen(tx, number, "non va", bound.elena, bound.clock.now()))
    assert bound.ticket().state is TicketState.TAKEN
    bound.clock.set("2026-11-24T14:01:00+01:00")
    bound.chase()
    (missed,) = bound.alarms()
    assert "Termine superato: soluzione" in missed.subject


def test_the_supervisor_is_warned_before_a_term_is_missed_and_when_it_was_once_each(bound: Station) -> None:
    """DESIGN, "The one flow": term about to be missed -> supervisor."""
    bound.mail()
    bound.pass_(minutes=22)
    assert bound.alarms() == []
    bound.pass_(minutes=1)
    (near,) = bound.alarms()
    assert (near.to, "presa in carico entro martedì 24 novembre 2026 alle ore 10.30" in near.text) == (SUPERVISOR, True)
    assert "30 minuti contati, scade alle 10.30" in near.text
    for _ in range(3):
        bound.pass_(minutes=3)
    missed = bound.alarms()[1:]
    assert ["superato" in alarm.subject for alarm in missed] == [True]
    bound.pass_(minutes=30)
    assert len(bound.alarms()) == 2
    events = [entry.type for entry in bound.events(bound.ticket()) if entry.type.startswith("term_")]
    assert events == ["term_near", "term_missed"]


def test_nobody_is_warned_of_what_was_done_in_time(bound: Station) -> None:
    bound.mail()
    bound.clock.pass_(minutes=5)
    take(bound)
    bound.pass_(minutes=60)
    assert bound.alarms() == []


def test_a_term_that_stands_still_warns_nobody(bound: Station) -> None:
    bound.mail()
    take(bound)
    wait(bound)
    bound.pass_(days=3)
    assert bound.alarms() == []


def test_the_visit_of_a_suspended_ticket_is_due_later_too(station: Station) -> None:
    """C3.11."""
    station.clock.set("2026-11-23T10:00:00+01:00")
    station.mail("Serve qualcuno in sede", "x", sender="tecnico@sardegnait.example", to=("comunas@sardegnait.example",))
    take(station)
    station.clock.set("2026-11-24T17:00:00+01:00")
    wait(station)
    assert station.visits()[0].due_at is None
    station.clock.set("2026-11-26T09:00:00+01:00")
    resume(station)
    (visit,) = station.visits()
    assert visit.due_at
    assert f"{local(visit.due_at):%d %H:%M}" == "26 18:00"
    assert station.ticket().due["on_site"] == visit.due_at


def test_a_way_to_go_on_meanwhile_ends_no_waiting_and_hides_none(bound: Station) -> None:
    """DOMAIN 2, "Suspension": a term stands still only while the ticket says that it waits."""
    bound.mail()
    take(bound)
    wait(bound)
    at, number = bound.clock.now(), bound.ticket().number
    bound.store.write(lambda tx: desk.workaround(tx, number, "Usare il vecchio modulo", None, bound.elena, at))
    ticket = bound.ticket()
    assert (ticket.state, dues.waits_for(ticket)) == (TicketState.WAITING_REQUESTER, Suspension.WAITING_REQUESTER)


def test_what_is_forwarded_to_the_vendor_waits_for_the_vendor_and_its_terms_run_on(bound: Station) -> None:
    """DOMAIN 2, "Suspension": time waiting for the vendor is none."""
    bound.mail()
    take(bound)
    ready_to_escalate(bound)
    wait(bound)
    bound.clock.pass_(minutes=30)
    at, number = bound.clock.now(), bound.ticket().number
    bound.store.write(lambda tx: escalating.escalate(bound.gw, tx, number, None, bound.elena, at))
    ticket = bound.ticket()
    assert (ticket.state, due(ticket, Of.SOLUTION)) == (TicketState.ESCALATED, "24 14:30")
    assert ticket.suspensions[0].ends_at == at


def test_a_term_that_was_missed_is_not_told_again_when_it_is_counted_again(bound: Station) -> None:
    bound.mail()
    take(bound)
    bound.pass_(hours=5)
    missed = [alarm.subject for alarm in bound.alarms()]
    assert len(missed) == 1
    wait(bound)
    resume(bound)
    bound.pass_(minutes=5)
    assert [alarm.subject for alarm in bound.alarms()] == missed


def test_after_a_visit_that_was_missed_the_next_one_is_warned_of_in_time(station: Station) -> None:
    """C3.11."""
    station.clock.set("2026-11-24T10:00:00+01:00")
    station.mail("Serve qualcuno in sede", "x", sender="tecnico@sardegnait.example", to=("comunas@sardegnait.example",))
    station.clock.set("2026-11-25T12:00:00+01:00")
    number = station.ticket().number
    again = station.clock.now()
    station.store.write(lambda tx: visiting.request(station.gw, tx, number, "cagliari", station.elena, again))
    station.clock.set("2026-11-25T18:01:00+01:00")
    station.chase()
    (missed,) = station.alarms()
    assert "superato" in missed.subject
    first, at = station.visits()[0], station.clock.now()
    station.store.write(lambda tx: visiting.carry_out(station.gw, tx, first.id, "fatto", station.elena, at))
    station.clock.set("2026-11-26T14:00:00+01:00")
    station.chase()
    assert "in scadenza" in station.alarms()[-1].subject
    assert "giovedì 26 novembre" in station.alarms()[-1].subject


def test_a_visit_about_to_be_missed_is_told_with_how_it_was_counted(station: Station) -> None:
    """C3.11, S055."""
    station.clock.set("2026-04-03T10:00:00+02:00")
    station.mail("Serve qualcuno in sede", "x", sender="tecnico@sardegnait.example", to=("comunas@sardegnait.example",))
    station.clock.set("2026-04-07T14:00:00+02:00")
    station.chase()
    (near,) = station.alarms()
    assert "lunedì 6 aprile: festivo (Lunedì dell'Angelo), non contato" in near.text
    visit, at = station.visits()[0], station.clock.now()
    station.store.write(lambda tx: visiting.carry_out(station.gw, tx, visit.id, "fatto", station.elena, at))
    station.pass_(hours=6)
    assert len(station.alarms()) == 1


def test_a_complaint_has_thirty_days(station: Station) -> None:
    """A8.1, C8.4: also when the desk finds out later that it is one."""
    station.clock.set("2026-11-24T10:00:00+01:00")
    mailbox = next(e.address for e in station.gw.rules.contracts["c08-rti"].endpoints if "@" in e.address)
    station.mail("Reclamo: servizio mai attivato", "testo", to=(mailbox,))
    assert station.ticket().due["complaint"].isoformat() == "2026-12-24T23:00:00+00:00"  # the end of the 24th
    station.mail("Una domanda", "testo", to=(mailbox,))
    at, number = station.clock.now(), station.tickets()[0].number
    classified = station.store.write(
        lambda tx: desk.classify(station.gw, tx, number, "complaint", None, station.elena, at)
    )
    assert "complaint" in classified.due


@pytest.mark.parametrize(
    ("whole", "before"),
    [
        (timedelta(minutes=30), timedelta(minutes=7, seconds=30)),
        (timedelta(hours=8), timedelta(hours=2)),
        (timedelta(days=4), timedelta(hours=4)),
        (timedelta(days=30), timedelta(days=2)),
    ],
)
def test_a_warning_comes_a_quarter_of_the_time_before_but_not_days_before(whole: timedelta, before: timedelta) -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    assert dues.warn_at(at, at + whole) == at + whole - before


def test_a_term_counted_again_after_an_amendment_keeps_its_version(bound: Station) -> None:
    """A ticket keeps the version it was opened under."""
    first = bound.gw.rules.contracts["c02-comune"]
    bound.mail()
    take(bound)
    wait(bound)
    longer = replace(FOUR_HOURS, within=timedelta(hours=40))
    second = replace(first, version=2, effective_from=local(bound.clock.now()).date(), terms=(longer,))
    versions = {**bound.gw.rules.versions, first.id: (first, second)}
    bound.gw.rules = replace(bound.gw.rules, versions=versions)
    bound.clock.pass_(minutes=30)
    assert due(resume(bound), Of.SOLUTION) == "24 14:30"
    assert bound.sent(kind=DispatchKind.DECISION) == []


def test_an_escalation_says_which_term_applies(bound: Station) -> None:
    """T-ESC, field 17."""
    bound.mail()
    ready_to_escalate(bound)
    at, number = bound.clock.now(), bound.ticket().number
    mail = bound.store.write(lambda tx: escalating.preview(bound.gw, tx, number, None, at)).mail
    assert "soluzione entro martedì 24 novembre 2026 alle ore 14.00" in mail.text


@pytest.mark.parametrize(
    ("to", "sender", "subject", "at"),
    [
        ("assistenza@comune.example", MARIA, "Non stampa", TUESDAY),
        (
            "comunas@sardegnait.example",
            "ada@sardegnait.example",
            "Ci serve qualcuno in sede",
            "2026-04-03T10:00:00+02:00",
        ),
        (
            "comunas@sardegnait.example",
            "ada@sardegnait.example",
            "Sopralluogo al Comune di Sassari",
            "2027-12-03T12:00:00+01:00",
        ),
        ("comunas@sardegnait.example", "ada@sardegnait.example", "Sopralluogo al Comune di Alghero", TUESDAY),
        ("comunas@sardegnait.example", "chi@altrove.example", "Ci serve qualcuno in sede", TUESDAY),
        ("assistenza@rti.example", MARIA, "Reclamo: mai attivato", "2026-12-31T23:30:00+01:00"),
        ("assistenza@licenziatario.example", "chi@altrove.example", "Reclamo", TUESDAY),
        ("fareimpresa@cameracommercio.example", MARIA, "Quanto pago di tributi?", TUESDAY),
    ],
)
def test_due_times_counted_again_are_those_of_the_reception(
    station: Station, to: str, sender: str, subject: str, at: str
) -> None:
    """What the ticket keeps is enough to count its terms again, by the same clauses."""
    station.clock.set(at)
    station.mail(subject, "Grazie", sender=sender, to=(to,))
    before = station.ticket()
    after = station.store.write(lambda tx: dues.recounted(station.gw, tx, before))
    assert after.due == before.due
