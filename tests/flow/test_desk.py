"""The desk: conclusion, escalation, and what never leaves (C1.3, C2.1, P11, B-067, B-068)."""

from __future__ import annotations

import email
import json
from datetime import datetime
from functools import partial

import pytest

from config.demo.play import SHEET
from gateway import desk, escalating, flow, settling, tickets
from gateway.domain.dispatch import Dispatch, DispatchKind, Refused
from gateway.domain.roster import Person
from gateway.domain.ticket import Mark, StateError, TicketState
from gateway.ports import Transaction
from tests.flow.station import MARIA, TUESDAY_MORNING, VENDOR, Station

SEVENTEEN = [
    "number",
    "contract",
    "priority",
    "system",
    "workstation",
    "occurrence",
    "description",
    "steps",
    "expected_obtained",
    "error",
    "analysis",
    "actions",
    "workaround",
    "articles",
    "attachments",
    "contact",
    "term",
]


@pytest.fixture
def known(station: Station) -> Station:
    """A ticket whose summary is complete."""
    station.clock.set(TUESDAY_MORNING)
    station.mail("Protocollo bloccato", "Non si salva.")
    number, by, at = station.ticket().number, station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.identify(tx, number, tuple(SHEET.items()), by, at))
    station.store.write(lambda tx: desk.action(tx, number, "Riavviato il servizio", "si ripresenta", by, at, at))
    station.store.write(lambda tx: desk.workaround(tx, number, "Allegare dopo i file grandi", None, by, at))
    return station


def escalate(station: Station, to: str | None = None) -> None:
    number, by, at = station.ticket().number, station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: escalating.escalate(station.gw, tx, number, to, by, at))


def preview(station: Station) -> bytes:
    number, at = station.ticket().number, station.clock.now()
    return station.store.write(lambda tx: escalating.preview(station.gw, tx, number, None, at)).raw


def test_an_escalation_without_its_summary_is_refused_with_what_is_missing(station: Station) -> None:
    station.mail()
    with pytest.raises(escalating.MissingFieldsError) as refused:
        escalate(station)
    missing = {gap.field for gap in refused.value.gaps}
    assert {"system", "expected_obtained", "error", "analysis", "actions", "workaround"} <= missing
    assert station.sent(kind=DispatchKind.ESCALATION) == []
    assert station.ticket().level == 1


def test_the_ticket_keeps_its_number_and_moves_to_level_two(known: Station) -> None:
    """S008."""
    before = known.ticket()
    escalate(known)
    after = known.ticket()
    assert (after.number, after.level, after.state) == (before.number, 2, TicketState.ESCALATED)
    (mail,) = known.sent(kind=DispatchKind.ESCALATION)
    assert mail.to == VENDOR


def test_what_leaves_is_byte_for_byte_the_preview_also_later(known: Station) -> None:
    """B-068."""
    shown = preview(known)
    known.clock.pass_(minutes=20)
    escalate(known)
    assert known.sent(kind=DispatchKind.ESCALATION)[0].raw == shown


def test_a_change_after_the_preview_makes_another_mail(known: Station) -> None:
    shown = preview(known)
    number, by, at = known.ticket().number, known.gw.rules.people["elena"], known.clock.now()
    known.store.write(lambda tx: desk.action(tx, number, "Svuotata la coda", "nessun effetto", by, at, at))
    escalate(known)
    assert known.sent(kind=DispatchKind.ESCALATION)[0].raw != shown


def parts_of(station: Station) -> dict[str, bytes]:
    """The parts of the one escalation, by file name; the text under its type."""
    mail = email.message_from_bytes(station.sent(kind=DispatchKind.ESCALATION)[0].raw or b"")
    found: dict[str, bytes] = {}
    for part in mail.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found[part.get_filename() or part.get_content_type()] = content
    return found


def test_both_attachments_with_the_seventeen_fields_in_order(known: Station) -> None:
    escalate(known)
    number, parts = known.ticket().number, parts_of(known)
    assert list(json.loads(parts[f"scheda_{number}.json"]))[:17] == SEVENTEEN
    assert b"Riavviato il servizio" in parts[f"storia_{number}.csv"]
    text = parts["text/plain"].decode()
    assert all(f"\n{place}. " in text for place in range(1, 18))


def test_every_action_of_the_history_is_in_the_summary(known: Station) -> None:
    """C4.10: actions come from the history and cannot be left out."""
    number, by, at = known.ticket().number, known.gw.rules.people["fabio"], known.clock.now()
    for count in range(5):
        words = f"Prova numero {count} eseguita", "negativa"
        known.store.write(partial(_act, number=number, words=words, by=by, at=at))
    escalate(known)
    assert len(json.loads(parts_of(known)[f"scheda_{number}.json"])["actions"]) == 6


def _act(tx: Transaction, *, number: int, words: tuple[str, str], by: Person, at: datetime) -> None:
    desk.action(tx, number, *words, by, at, at)


def test_internal_notes_and_names_of_the_desk_do_not_leave(known: Station) -> None:
    """B-068."""
    number, by, at = known.ticket().number, known.gw.rules.people["elena"], known.clock.now()
    known.store.write(lambda tx: desk.note(tx, number, "il cliente è difficile", by, at))
    escalate(known)
    whole = b"".join(parts_of(known).values()).decode()
    assert "difficile" not in whole
    assert "Melis" not in whole
    assert MARIA not in whole


def test_only_the_contracts_vendor_can_be_named(known: Station) -> None:
    """C4.9: the only address that an escalation is ever sent to."""
    with pytest.raises(tickets.DeskError, match="is not the vendor"):
        escalate(known, to="altri@vendor.example")


@pytest.mark.parametrize("filler", ["", "   ", "\u200b\u2060", "x", "...", "xxx", "n.d."])
def test_fillers_do_not_open_the_gate(known: Station, filler: str) -> None:
    """B-067."""
    number, by, at = known.ticket().number, known.gw.rules.people["elena"], known.clock.now()
    known.store.write(lambda tx: desk.identify(tx, number, (("analysis", filler),), by, at))
    with pytest.raises(escalating.MissingFieldsError):
        escalate(known)


def test_a_vendor_that_refuses_the_mail_is_told_to_the_supervisors(known: Station) -> None:
    """P11, C-36."""
    escalate(known)
    now = known.clock.now()
    channel = known.sent(kind=DispatchKind.ESCALATION)[0].channel
    claimed = known.store.write(lambda tx: tx.claim_dispatches(now, 9, flow.SEND_LEASE, (channel,)))
    about = next(d for d in claimed if d.kind is DispatchKind.ESCALATION)
    known.store.write(lambda tx: settling.conclude(known.gw, tx, about.id, 1, Refused("mailbox full", "552"), now))
    assert known.ticket().state is TicketState.ESCALATION_FAILED
    assert known.alarms()


def test_a_vendor_that_stays_silent_is_told_to_the_supervisors_once(known: Station) -> None:
    """P11."""
    escalate(known)
    known.pass_(days=10)
    known.pass_(days=10)
    assert len(known.alarms()) == 1


def reminders(station: Station) -> list[Dispatch]:
    return [each for each in station.to(VENDOR) if "Sollecito" in each.subject]


def test_s084_a_vendor_that_stays_silent_is_reminded_once_in_the_same_thread(known: Station) -> None:
    """C4.8, S084, P11: where the escalation went, under it, with its priority and by when an answer is asked for."""
    escalate(known)
    sent = known.sent(kind=DispatchKind.ESCALATION)[0]
    known.pass_(hours=23, minutes=59)
    assert reminders(known) == []
    known.pass_(minutes=1)
    (reminder,) = reminders(known)
    assert (reminder.to, reminder.channel) == (sent.to, sent.channel)
    assert reminder.facts["references"] == sent.facts["message_id"]
    assert f"[{known.ticket().number}] Sollecito" in reminder.subject
    assert "entro le ore 10.12 del 26 novembre 2026" in reminder.text
    assert "vendor_reminded" in known.happened(known.ticket())
    known.pass_(days=10)
    assert len(reminders(known)) == 1


def test_s084_the_user_is_told_of_the_delay_once_in_the_tickets_thread(known: Station) -> None:
    """C4.8, S084: with the day on which it was sent on, and after the reminder has left."""
    escalate(known)
    known.pass_(hours=23, minutes=59)
    owed = len(known.to(MARIA))
    known.pass_(minutes=1)
    told = known.to(MARIA)[-1]
    assert len(known.to(MARIA)) == owed + 1
    assert f"[{known.ticket().number}] La Sua richiesta attende il secondo livello" in told.subject
    assert "secondo livello il 24 novembre 2026" in told.text
    assert "requester_told_of_delay" in known.happened(known.ticket())
    known.pass_(days=10)
    assert len(known.to(MARIA)) == owed + 1


def test_whoever_may_be_somebody_else_is_told_of_no_delay(known: Station) -> None:
    """B-067: an address that nobody vouches for gets one confirmation and no more."""
    escalate(known)
    number, marks = known.ticket().number, (*known.ticket().marks, Mark.UNVERIFIED_SENDER)
    known.store.write(lambda tx: tx.change_ticket(number, marks=marks))
    owed = len(known.to(MARIA))
    known.pass_(days=1)
    assert len(reminders(known)) == 1
    assert len(known.to(MARIA)) == owed


def test_a_reminder_that_falls_due_at_night_leaves_in_the_morning_and_the_supervisors_know_at_once(
    known: Station,
) -> None:
    """C4.8, S084: nobody at the vendor's reads it before."""
    known.clock.set("2026-11-24T21:30:00+01:00")
    escalate(known)
    known.pass_(days=1)
    assert len(known.alarms()) == 1
    assert reminders(known) == []
    known.clock.set("2026-11-26T08:00:00+01:00")
    known.chase()
    assert len(reminders(known)) == 1
    assert len(known.alarms()) == 1


def test_the_vendors_answer_stops_the_reminder_and_reaches_nobody_by_itself(known: Station) -> None:
    escalate(known)
    thread = known.sent(kind=DispatchKind.ESCALATION)[0].facts["message_id"]
    owed = len(known.sent())
    known.mail("Re", "Riferimento: AB-77", sender=VENDOR, headers=f"In-Reply-To: <{thread}>")
    known.pass_(days=10)
    assert known.ticket().vendor_reference == "AB-77"
    assert len(known.sent()) == owed


def test_a_ticket_is_closed_only_with_an_outcome(station: Station) -> None:
    """S004."""
    station.mail()
    number, by, at = station.ticket().number, station.gw.rules.people["elena"], station.clock.now()
    with pytest.raises(StateError):
        station.store.write(lambda tx: desk.close(tx, number, by, at))
    with pytest.raises(tickets.DeskError):
        station.store.write(lambda tx: desk.solve(station.gw, tx, number, "fatto", "boh", by, at))
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "fatto", "solved", by, at))
    station.store.write(lambda tx: desk.close(tx, number, by, at))
    assert station.ticket().state is TicketState.CLOSED


def test_solving_tells_the_requester(station: Station) -> None:
    station.mail()
    number, by, at = station.ticket().number, station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "Riavviato", "solved", by, at))
    mail = next(d for d in station.sent() if d.kind is DispatchKind.REPLY)
    assert (mail.to, "Riavviato" in mail.text) == (MARIA, True)


def test_a_merged_ticket_keeps_its_number_and_both_say_so(station: Station) -> None:
    """C1.3."""
    station.mail("uno")
    station.mail("due")
    second, first = station.tickets()
    by, at = station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.merge(station.gw, tx, second.number, first.number, by, at))
    assert "merged" in station.happened(second)
    assert "merged_from" in station.happened(first)
    assert station.store.read(lambda reading: reading.links(first.number)) == [(second.number, "merged_into")]


def test_a_number_without_its_year_is_found_when_unambiguous(station: Station) -> None:
    station.mail()
    found = station.store.read(lambda reading: tickets.find(reading, 1))
    assert found.number == station.ticket().number


def test_an_action_cannot_lie_in_the_future(station: Station) -> None:
    station.mail()
    number, by, at = station.ticket().number, station.gw.rules.people["elena"], station.clock.now()
    later = at.replace(year=at.year + 1)
    with pytest.raises(tickets.DeskError, match="future"):
        station.store.write(lambda tx: desk.action(tx, number, "Riavviato", "ok", by, at, later))
