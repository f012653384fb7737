"""On-site visits: reserved, counted, decided by the client, made or given up (C3.3, C3.9–C3.11, C3.19–C3.22)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from gateway import desk, flow, visiting
from gateway.domain.contract import Acknowledgement, Endpoint
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import local
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.phases import with_acceptance
from gateway.domain.ticket import Ticket
from gateway.domain.visits import Visit, VisitError, VisitState
from gateway.ports import Transaction
from gateway.tickets import DeskError
from tests.flow.station import Station

C03 = "c03-sardegnait"
COMUNAS = "comunas@sardegnait.example"
TECHNICIAN, RESPONSIBLE = "tecnico@sardegnait.example", "responsabile-comunas@sardegnait.example"
SUPERVISOR = "dario.sanna@assistenza.example"
REQUEST = "Ci serve qualcuno in sede domani"


def ask(station: Station, subject: str = REQUEST, text: str = "Grazie", at: str = "") -> Ticket:
    if at:
        station.clock.set(at)
    station.mail(subject, text, sender=TECHNICIAN, to=(COMUNAS,))
    return station.tickets()[0]


def made(station: Station, count: int, phase: str = "A") -> None:
    """So many visits were made already, on a ticket of their own."""
    ticket = ask(station, "Richiesta d’altri tempi", "testo")
    at = station.clock.now()
    visit = Visit(0, ticket.number, C03, phase, "cagliari", VisitState.DONE, "accepted", at, at)

    def unit(tx: Transaction) -> None:
        for _ in range(count):
            tx.add_visit(visit)

    station.store.write(unit)


def act(station: Station, unit: Callable[..., Visit], *words: object) -> Visit:
    at = station.clock.now()
    return station.store.write(lambda tx: unit(station.gw, tx, *words, station.elena, at))


@pytest.fixture
def accepted(station: Station) -> Station:
    """Phase B: the final acceptance was on 15 September 2026."""
    station.change(C03, partial(with_acceptance, day=date(2026, 9, 15)))
    return station


def test_a_plain_wish_is_accepted_due_in_one_working_day_and_details_are_asked_afterwards(accepted: Station) -> None:
    """S071, C3.20, C3.11, C3.22."""
    ticket = ask(accepted, at="2026-11-23T17:55:00+01:00")
    assert (ticket.mode, ticket.site, ticket.became) == ("on_site", "cagliari", "accepted")
    assert f"{local(ticket.due['on_site']):%Y-%m-%d %H:%M}" == "2026-11-24 18:00"
    (visit,) = accepted.visits()
    assert (visit.state, visit.phase, visit.due_at) == (VisitState.RESERVED, "B", ticket.due["on_site"])
    (answer,) = accepted.sent()
    assert (answer.kind, answer.to) == (DispatchKind.ACKNOWLEDGEMENT, TECHNICIAN)
    assert "entro martedì 24 novembre 2026 alle ore 18.00 (1 giorno lavorativo)" in answer.text
    assert "Interventi utilizzati: 1 su 10, validi fino al 15 marzo 2027" in answer.text
    assert "chi troveremo in sede e a quale numero" in answer.text


def test_out_of_hours_the_confirmation_of_a_visit_tells_the_next_opening(accepted: Station) -> None:
    """C3.6, C3.20: who asks in the night learns when somebody reads it, as everybody else does."""
    ask(accepted, at="2026-11-23T21:00:00+01:00")
    (answer,) = accepted.to(TECHNICIAN)
    assert "Intervento on-site: conferma" in answer.subject
    assert "riapriamo domani" in answer.text
    ask(accepted, at="2026-11-24T10:00:00+01:00")
    assert "riapriamo" not in accepted.to(TECHNICIAN)[-1].text


def test_a_request_for_a_site_that_is_not_listed_waits_for_the_client_and_takes_no_quota(station: Station) -> None:
    """S052, C3.9."""
    ticket = ask(station, "Sopralluogo al Comune di Alghero", at="2026-06-15T10:00:00+02:00")
    assert (ticket.became, ticket.due) == ("site_not_admitted", {})
    (visit,) = station.visits()
    assert (visit.state, visit.due_at) == (VisitState.ASKED, None)
    (question,) = station.sent(kind=DispatchKind.DECISION)
    assert (question.to, "Alghero" in question.text, "C3.9" in question.text) == (RESPONSIBLE, True, True)
    assert "sede da autorizzare" in station.to(TECHNICIAN)[0].subject


def test_after_the_acceptance_a_municipality_is_no_site_any_more(accepted: Station) -> None:
    """S072, C3.21."""
    ticket = ask(accepted, "Sopralluogo al Comune di Sassari", at="2026-11-23T10:00:00+01:00")
    assert ticket.became == "site_not_admitted"
    told = accepted.to(TECHNICIAN)[0].text
    assert "sono: sede di SardegnaIT, Cagliari." in told


def test_the_thirtieth_is_accepted_and_the_next_waits_for_the_client(station: Station) -> None:
    """S053, C3.10: 29 made; two requests two minutes apart."""
    station.clock.set("2026-07-06T09:00:00+02:00")
    made(station, 29)
    first = ask(station, at="2026-07-06T09:10:00+02:00")
    second = ask(station, at="2026-07-06T09:12:00+02:00")
    assert (first.became, second.became) == ("accepted", "quota_exhausted")
    assert "Interventi utilizzati: 30 su 30" in station.to(TECHNICIAN)[1].text
    assert "quota esaurita" in station.to(TECHNICIAN)[2].subject
    (question,) = station.sent(kind=DispatchKind.DECISION)
    assert (question.to, "30/30" in question.text) == (RESPONSIBLE, True)
    assert [visit.state for visit in station.visits()[-2:]] == [VisitState.RESERVED, VisitState.ASKED]


def test_two_requests_in_one_batch_do_not_both_take_the_last_place(station: Station) -> None:
    """C3.10: counted in the transaction that reserves."""
    station.clock.set("2026-07-06T09:00:00+02:00")
    made(station, 29)
    raw = [
        station.raw_mail(REQUEST, "testo", sender=TECHNICIAN, to=(COMUNAS,), message_id=f"{name}@x") for name in "ab"
    ]
    for count, each in enumerate(raw):
        key = RepeatKey(f"batch:{count}")
        arrival = Arrival(Channel.MAIL, "smtp", each, station.clock.now(), TECHNICIAN, (COMUNAS,), key)
        flow.accept(station.gw, arrival).result(10)
    station.file()
    assert sorted(ticket.became for ticket in station.tickets()[:2]) == ["accepted", "quota_exhausted"]


def test_unused_visits_of_the_first_phase_are_not_offered_in_the_second(accepted: Station) -> None:
    """S073, C3.22."""
    accepted.clock.set("2026-12-02T09:00:00+01:00")
    made(accepted, 12, "A")
    made(accepted, 10, "B")
    assert ask(accepted).became == "quota_exhausted"
    assert "10/10" in accepted.sent(kind=DispatchKind.DECISION)[0].text


def test_four_fifths_of_a_quota_are_told_to_the_client_and_the_supervisors_once(station: Station) -> None:
    """C3.10."""
    station.clock.set("2026-07-06T09:00:00+02:00")
    made(station, 22)
    ask(station)
    assert station.to(RESPONSIBLE) == []
    ask(station)
    ask(station)
    (warned,) = station.to(RESPONSIBLE)
    assert (warned.kind, warned.subject.endswith("utilizzati 24 su 30")) == (DispatchKind.NOTICE, True)
    assert [alarm.to for alarm in station.alarms()] == [SUPERVISOR]


def test_six_months_after_the_acceptance_a_visit_is_no_longer_due(accepted: Station) -> None:
    """S069, C3.19: the last day counts until its end."""
    assert ask(accepted, at="2027-03-15T12:00:00+01:00").became == "accepted"
    late = ask(accepted, at="2027-03-16T09:05:00+01:00")
    assert late.became == "period_expired"
    assert accepted.visits()[-1].state is VisitState.ASKED
    assert "si è concluso il 15 marzo 2027" in accepted.to(TECHNICIAN)[-1].text


def test_second_level_ends_after_a_year_and_nothing_is_opened_for_it(accepted: Station) -> None:
    """S074, C3.23."""
    in_time = ask(accepted, "Errore nel calcolo", "non torna", at="2027-09-15T17:30:00+02:00")
    late = ask(accepted, "Errore nel calcolo", "non torna", at="2027-09-16T09:10:00+02:00")
    assert (in_time.became, late.became) == ("accepted", "period_expired")
    assert "secondo livello si è concluso il 15 settembre 2027" in accepted.to(TECHNICIAN)[-1].text
    assert accepted.sent(kind=DispatchKind.DECISION)[0].to == RESPONSIBLE


def test_a_machine_asks_for_no_visit(station: Station) -> None:
    """C3.10: an out-of-office note that says "in sede" takes no quota."""
    station.clock.set("2026-07-06T09:00:00+02:00")
    station.mail(
        "Non sono in sede", "torno lunedì", sender=TECHNICIAN, to=(COMUNAS,), headers="Auto-Submitted: auto-replied"
    )
    assert (station.ticket().mode, station.visits()) == ("help_desk", [])


def test_a_ticket_becomes_a_request_for_a_visit_with_its_own_time_and_stays_open_with_it(station: Station) -> None:
    """S039, C3.3."""
    ticket = ask(station, "Stampante ferma", "non va", at="2026-05-12T09:00:00+02:00")
    station.clock.set("2026-05-13T11:00:00+02:00")
    visit = act(station, visiting.request, ticket.number, None)
    assert (visit.requested_at, visit.state) == (station.clock.now(), VisitState.RESERVED)
    ticket = station.fresh(ticket)
    assert (ticket.mode, f"{local(ticket.due['on_site']):%d %H:%M}") == ("on_site", "14 18:00")
    at = station.clock.now()
    with pytest.raises(DeskError, match="a visit that is not concluded"):
        station.store.write(lambda tx: desk.solve(station.gw, tx, ticket.number, "fatto", "solved", station.elena, at))
    act(station, visiting.carry_out, visit.id, "Sostituito il rullo")
    assert station.fresh(ticket).due == {}
    station.store.write(lambda tx: desk.solve(station.gw, tx, ticket.number, "fatto", "solved", station.elena, at))
    report = station.store.read(lambda reading: reading.actions(ticket.number))
    assert [action.outcome for action in report] == ["Sostituito il rullo"]


def test_a_cancelled_visit_gives_its_place_back_and_one_that_was_made_keeps_it(station: Station) -> None:
    """A3.8, C3.10."""
    station.clock.set("2026-07-06T09:00:00+02:00")
    made(station, 29)
    ask(station)
    last = station.visits()[-1]
    act(station, visiting.cancel, last.id, "non serve più")
    ask(station)
    assert station.visits()[-1].became == "accepted"
    act(station, visiting.carry_out, station.visits()[-1].id, "nessuno ha aperto")
    assert ask(station).became == "quota_exhausted"
    with pytest.raises(VisitError, match="cannot cancel"):
        act(station, visiting.cancel, station.visits()[-2].id, "")


def test_the_client_authorises_and_the_term_runs_from_then(station: Station) -> None:
    """S052, S053: the authorisation has a reference, which is on record."""
    ticket = ask(station, "Sopralluogo al Comune di Alghero", at="2026-06-15T10:00:00+02:00")
    (asked,) = station.visits()
    station.clock.set("2026-06-18T10:00:00+02:00")
    with pytest.raises(DeskError, match="reference"):
        act(station, visiting.admit, asked.id, " ")
    visit = act(station, visiting.admit, asked.id, "nota prot. 412 del 18 giugno 2026")
    assert visit.due_at
    assert (visit.state, f"{local(visit.due_at):%Y-%m-%d %H:%M}") == (VisitState.RESERVED, "2026-06-19 13:30")
    assert station.fresh(ticket).due["on_site"] == visit.due_at
    assert "entro venerdì 19 giugno 2026" in station.to(TECHNICIAN)[-1].text
    event = next(entry for entry in station.events(ticket) if entry.type == "visit_admitted")
    personal = station.store.read(lambda reading: reading.personal(str(ticket.number)))
    assert personal[event.seq]["reference"].startswith("nota prot. 412")
    assert len(station.sent(kind=DispatchKind.DECISION)) == 1


@pytest.mark.parametrize(
    ("subject", "language", "told"),
    [
        (REQUEST, "it", "Intervento on-site n. 1 presso la sede di SardegnaIT, Cagliari"),
        ("Sopralluogo al Comune di Sassari", "it", "Intervento on-site n. 1 presso il Comune di Sassari"),
        (REQUEST, "en", "On-site visit no. 1 at sede di SardegnaIT, Cagliari"),
    ],
)
def test_a_visit_that_was_made_is_an_action_by_the_name_of_its_place(
    station: Station, subject: str, language: str, told: str
) -> None:
    """A3.8; it goes into field 12 of T-ESC, in the language of the contract."""
    station.change(C03, lambda c: replace(c, language=language))
    ticket = ask(station, subject, at="2026-07-06T09:10:00+02:00")
    act(station, visiting.carry_out, station.visits()[0].id, "sostituito lo switch")
    (done,) = station.store.read(lambda reading: reading.actions(ticket.number))
    assert (done.text, done.outcome) == (told, "sostituito lo switch")


def test_a_contract_without_visits_refuses_the_command(station: Station) -> None:
    station.mail()
    with pytest.raises(DeskError, match="provides no on-site visits"):
        act(station, visiting.request, station.ticket().number, None)


def test_whoever_is_not_served_gets_no_visit(accepted: Station) -> None:
    """C3.18: after the acceptance visits are for the technical staff."""
    accepted.clock.set("2026-11-23T10:00:00+01:00")
    accepted.mail(REQUEST, "grazie", sender="anagrafe@comune.sassari.example", to=(COMUNAS,))
    assert (accepted.ticket().became, accepted.visits()) == ("not_entitled", [])
    with pytest.raises(DeskError, match=r"C3\.18"):
        act(accepted, visiting.request, accepted.ticket().number, "cagliari")


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-04-02T16:00:00+02:00", "2026-04-03 13:30"),
        ("2026-04-03T10:00:00+02:00", "2026-04-07 18:00"),
        ("2026-10-29T11:00:00+01:00", "2026-11-02 18:00"),
        ("2026-12-31T17:59:00+01:00", "2027-01-04 18:00"),
        ("2026-11-27T23:30:00+01:00", "2026-11-30 18:00"),
        ("2026-11-28T09:00:00+01:00", "2026-11-30 18:00"),
        ("2027-01-05T17:00:00+01:00", "2027-01-07 18:00"),
    ],
)
def test_the_day_of_the_request_is_not_counted_whatever_the_hour(station: Station, at: str, due: str) -> None:
    """S054–S056, S058–S060, C3.11."""
    assert f"{local(ask(station, at=at).due['on_site']):%Y-%m-%d %H:%M}" == due


def test_an_sms_is_answered_with_the_time_of_the_visit(station: Station) -> None:
    """M-08."""
    station.clock.set("2026-07-06T09:00:00+02:00")

    endpoint = Endpoint(Channel.SMS, "+393330000300")
    answered = Acknowledgement(mail=True, pec=True, sms=True)
    station.change(C03, lambda c: replace(c, endpoints=(*c.endpoints, endpoint), acknowledgement=answered))
    station.sms("+393331234567", REQUEST, to="+393330000300")
    (answer,) = [d for d in station.sent() if d.to == "+393331234567"]
    assert "intervento in sede entro 07/07/2026 18:00" in answer.text


def test_a_caller_who_says_it_afterwards_gets_the_visit_too(accepted: Station) -> None:
    """C3.7, C3.20: any channel and any wording; the call was recorded before a word was said."""
    accepted.clock.set("2026-11-23T10:00:00+01:00")
    ticket, _ = accepted.call("+390700000330", to="+390700000300")
    assert accepted.visits() == []
    accepted.step(ticket, "speech", speech="Ci serve qualcuno in sede, la stampante è ferma")
    (visit,) = accepted.visits()
    assert (visit.state, visit.site, accepted.fresh(ticket).mode) == (VisitState.RESERVED, "cagliari", "on_site")
    assert accepted.fresh(ticket).due["on_site"] == visit.due_at


def test_of_two_visits_the_one_that_is_due_first_is_what_the_ticket_owes(station: Station) -> None:
    """C3.11: each visit has its own time and place."""
    ticket = ask(station, "Stampante ferma", "non va", at="2027-12-03T11:00:00+01:00")
    act(station, visiting.request, ticket.number, "Sassari")
    act(station, visiting.request, ticket.number, "Cagliari")
    sassari, cagliari = station.visits()
    assert sassari.due_at
    assert cagliari.due_at
    assert [f"{local(at):%d %H:%M}" for at in (sassari.due_at, cagliari.due_at)] == ["07 18:00", "06 18:00"]
    assert station.fresh(ticket).due["on_site"] == cagliari.due_at
    act(station, visiting.cancel, cagliari.id, "")
    assert station.fresh(ticket).due["on_site"] == sassari.due_at
