"""Who is not served here is recorded, answered, and sent to whoever is in charge; nothing is lost, nobody is paged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from gateway import desk, flow, identifying
from gateway.domain.dispatch import DispatchKind, Refused
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.phases import with_acceptance
from gateway.domain.ticket import Mark, Ticket, TicketState
from gateway.settling import conclude
from gateway.tickets import DeskError
from tests.flow.station import MARIA, Station, spoken

C03, C07, C09, C10 = "c03-sardegnait", "c07-inpdap", "c09-easy110", "c10-camera-commercio"
COMUNAS, INPDAP = "comunas@sardegnait.example", "secondo-livello@inpdap.example"
EASY110, IMPRESA = "assistenza@licenziatario.example", "fareimpresa@cameracommercio.example"
TECHNICIAN, CLERK, STRANGER = "tecnico@sardegnait.example", "anagrafe@comune.sassari.example", "mario@altrove.example"
FIRST_LEVEL, RESPONSIBLE = "primo-livello@sardegnait.example", "responsabile-comunas@sardegnait.example"
TUESDAY = "2026-11-24T10:00:00+01:00"


@pytest.fixture
def accepted(station: Station) -> Station:
    """C3 after its final acceptance on 15 September 2026: phase B."""
    station.change(C03, partial(with_acceptance, day=date(2026, 9, 15)))
    station.clock.set(TUESDAY)
    return station


def only(station: Station, kind: DispatchKind) -> str:
    """The address of the one dispatch of a kind."""
    (dispatch,) = station.sent(kind=kind)
    return dispatch.to


def later(station: Station, received: str, filed: str, subject: str, sender: str) -> None:
    """A mail to C3 that is received at one time and filed at another."""
    station.clock.set(received)
    raw = station.raw_mail(subject, "Grazie", sender=sender, to=(COMUNAS,), message_id="")
    arrival = Arrival(Channel.MAIL, "smtp", raw, station.clock.now(), sender, (COMUNAS,), RepeatKey("late"))
    flow.accept(station.gw, arrival).result(10)
    station.clock.set(filed)
    station.file()


def test_until_the_acceptance_both_groups_are_served_at_first_level_and_the_group_is_on_the_ticket(
    station: Station,
) -> None:
    """S037, S038, C3.2."""
    station.clock.set("2026-05-12T10:00:00+02:00")
    station.mail(sender=CLERK, to=(COMUNAS,))
    station.mail(sender=TECHNICIAN, to=(COMUNAS,))
    technician, clerk = station.tickets()
    assert [(t.phase, t.became, t.level) for t in (clerk, technician)] == [("A", "accepted", 1)] * 2
    assert (clerk.party, technician.party) == ("utenti_comuni", "tecnici_sardegnait")
    assert station.sent(kind=DispatchKind.FORWARD) == []


def test_the_last_contact_of_a_phase_that_is_filed_in_the_next_is_still_of_its_own(station: Station) -> None:
    """A3.7: the day of the acceptance, here a Friday, belongs to phase A until its midnight."""
    station.change(C03, partial(with_acceptance, day=date(2026, 9, 18)))
    later(station, "2026-09-18T12:00:00+02:00", "2026-09-19T00:30:00+02:00", "Non stampa", CLERK)
    ticket = station.ticket()
    assert (ticket.phase, ticket.became) == ("A", "accepted")
    routed = next(entry for entry in station.events(ticket) if entry.type == "routed")
    assert (routed.data["route"], routed.data["reason"]) == ("queue", "weekend")


def test_what_came_on_the_last_day_of_the_contract_is_served_though_it_is_filed_afterwards(station: Station) -> None:
    """C2.2, C3.11."""
    station.change(C03, lambda c: replace(c, valid_until=date(2026, 11, 24)))
    later(station, "2026-11-24T17:50:00+01:00", "2026-11-25T00:30:00+01:00", "Ci serve qualcuno in sede", TECHNICIAN)
    (visit,) = station.visits()
    assert visit.state == "reserved"
    (answer,) = station.to(TECHNICIAN)
    assert "è accettata" in answer.text
    assert station.to(RESPONSIBLE) == []


def test_whom_nobody_knows_is_served_provisionally_and_asked_for_the_organisation(station: Station) -> None:
    """C3.2."""
    station.clock.set(TUESDAY)
    station.mail(sender=STRANGER, to=(COMUNAS,))
    ticket = station.ticket()
    assert (ticket.became, Mark.UNKNOWN_REQUESTER in ticket.marks) == ("accepted", True)
    (answer,) = station.acknowledgements()
    assert "il nome del Suo ente e il Suo nome" in answer.text
    assert "registrata con il numero" in answer.text


def test_after_the_acceptance_a_clerk_is_recorded_told_and_passed_on_to_the_first_level(accepted: Station) -> None:
    """S061, C3.12: no second-level ticket, no desk, one answer."""
    accepted.mail("Non stampa", "La stampante è ferma.", sender=CLERK, to=(COMUNAS,))
    ticket = accepted.ticket()
    assert (ticket.became, ticket.phase, ticket.level, ticket.party) == ("not_entitled", "B", 1, "utenti_comuni")
    (answer,) = accepted.to(CLERK)
    assert answer.subject.endswith("inoltrata al servizio di primo livello")
    assert "dal 16 settembre 2026" in answer.text  # A3.7: the day of the acceptance is of phase A
    assert "primo-livello@sardegnait.example" in answer.text
    (passed,) = accepted.sent(kind=DispatchKind.FORWARD)
    assert passed.to == FIRST_LEVEL
    for told in ("La stampante è ferma.", CLERK, str(ticket.number), "C3.18"):
        assert told in passed.text
    routed = next(entry for entry in accepted.events(ticket) if entry.type == "routed")
    assert (routed.clause, routed.data["route"], routed.data["outcome"]) == ("C3.18", "first_level", "not_entitled")


def test_after_the_acceptance_a_technician_gets_a_second_level_ticket(accepted: Station) -> None:
    """S068, C3.18, C3.23."""
    accepted.mail(sender=TECHNICIAN, to=(COMUNAS,))
    ticket = accepted.ticket()
    assert (ticket.became, ticket.phase, ticket.level) == ("accepted", "B", 2)
    assert accepted.sent(kind=DispatchKind.FORWARD) == []


def test_what_the_requester_adds_goes_the_same_way(accepted: Station) -> None:
    """C3.12: no contact is lost, also not the second one."""
    accepted.mail("Non stampa", "uno", sender=CLERK, to=(COMUNAS,))
    thread = accepted.to(CLERK)[0].facts["message_id"]
    accepted.mail("Re: Non stampa", "Ecco la foto", sender=CLERK, to=(COMUNAS,), headers=f"In-Reply-To: <{thread}>")
    assert len(accepted.tickets()) == 1
    first, second = accepted.sent(kind=DispatchKind.FORWARD)
    assert (second.to, "Ecco la foto" in second.text) == (FIRST_LEVEL, True)
    assert second.facts["in_reply_to"] == first.facts["message_id"]


def test_an_answer_of_the_first_level_has_a_lane_of_its_own_and_reaches_no_requester(accepted: Station) -> None:
    """C3.12: by the signed thread of the forwarded mail."""
    accepted.mail(sender=CLERK, to=(COMUNAS,))
    thread = accepted.sent(kind=DispatchKind.FORWARD)[0].facts["message_id"]
    accepted.mail("Re: preso", "Ci pensiamo noi", sender=FIRST_LEVEL, to=(COMUNAS,), headers=f"References: <{thread}>")
    ticket = accepted.ticket()
    assert [message.lane for message in accepted.messages(ticket) if "Ci pensiamo noi" in message.text] == ["client"]
    assert len(accepted.to(CLERK)) == 1
    assert len(accepted.sent(kind=DispatchKind.FORWARD)) == 1
    assert accepted.to(FIRST_LEVEL)[1:] == []


def test_the_first_levels_answer_is_known_by_the_mark_too(accepted: Station) -> None:
    """DESIGN, "Which ticket": the subject mark from a known participant."""
    accepted.mail(sender=CLERK, to=(COMUNAS,))
    number = accepted.ticket().number
    accepted.mail(f"[{number}] preso in carico", "Ci pensiamo noi", sender=FIRST_LEVEL, to=(COMUNAS,))
    assert [message.lane for message in accepted.messages(accepted.ticket())][-1] == "client"


def test_a_forwarded_mail_that_comes_back_alarms_the_supervisors(accepted: Station) -> None:
    """Nothing is lost: what nobody got is told to somebody."""
    accepted.mail(sender=CLERK, to=(COMUNAS,))
    (passed,) = accepted.sent(kind=DispatchKind.FORWARD)
    at = accepted.clock.now()
    accepted.store.write(lambda tx: tx.claim_dispatches(at, 10, accepted.gw.rules.page_lives))
    refused = Refused("no such user", "5.1.1")
    accepted.store.write(lambda tx: conclude(accepted.gw, tx, passed.id, 1, refused, at))
    (alarm,) = accepted.alarms()
    assert "inoltrato" in alarm.text


def test_a_caller_hears_the_first_level_and_what_is_said_is_passed_on(accepted: Station) -> None:
    """S061, V-14."""
    accepted.clock.set("2026-09-16T10:00:00+02:00")
    ticket, script = accepted.call("+390700000350", to="+390700000300")
    assert "Servizio di primo livello di SardegnaIT" in spoken(script)
    assert "16 settembre 2026" in spoken(script)
    assert accepted.fresh(ticket).became == "not_entitled"
    accepted.step(ticket, "speech", speech="Il protocollo non parte")
    first, second = accepted.sent(kind=DispatchKind.FORWARD)
    assert (first.to, second.to, "Il protocollo non parte" in second.text) == (FIRST_LEVEL, FIRST_LEVEL, True)
    assert accepted.page_texts() == accepted.page_calls() == []


def test_an_automatic_mail_is_not_passed_on(accepted: Station) -> None:
    """RFC 3834 §2: two robots would talk all night."""
    accepted.mail(sender=CLERK, to=(COMUNAS,), headers="Auto-Submitted: auto-generated")
    assert accepted.ticket().became == "not_entitled"
    assert accepted.sent() == []


def test_an_end_user_of_a_second_level_contract_is_handed_back(station: Station) -> None:
    """S108, C7.6."""
    station.clock.set("2026-11-25T10:00:00+01:00")
    station.mail(sender=STRANGER, to=(INPDAP,))
    ticket = station.ticket()
    assert (ticket.became, ticket.level) == ("not_entitled", 1)
    assert only(station, DispatchKind.FORWARD) == "helpdesk@inpdap.example"
    assert "Comuni" not in station.to(STRANGER)[0].text
    station.mail(sender="anna@primolivello.inpdap.example", to=(INPDAP,))
    assert (station.tickets()[0].became, station.tickets()[0].level) == ("accepted", 2)


def test_another_organisation_is_asked_who_it_is_and_not_served_before(station: Station) -> None:
    """S117, C9.1."""
    station.clock.set(TUESDAY)
    station.mail(sender=STRANGER, to=(EASY110,))
    ticket = station.ticket()
    assert (ticket.became, Mark.UNKNOWN_REQUESTER in ticket.marks) == ("not_entitled", True)
    (answer,) = station.sent()
    assert (answer.to, "Ci indichi" in answer.subject) == (STRANGER, True)


def asked_who_they_are(station: Station) -> Ticket:
    """A stranger wrote under C9 and was asked for the organisation."""
    station.clock.set(TUESDAY)
    station.mail("Il calcolo si ferma", "Errore alla pagina due.", sender=STRANGER, to=(EASY110,))
    return station.ticket()


def test_a_reply_from_a_known_address_makes_the_request_a_served_one(station: Station) -> None:
    """C9.1, T-IDENTIFY: "riprenderemo subito la richiesta" is kept, and what follows goes to the known address."""
    ticket = asked_who_they_are(station)
    thread = f"In-Reply-To: <{station.sent()[0].facts['message_id']}>"
    station.clock.pass_(hours=1)
    station.mail("Re: Ci indichi", "Scrivo dallo studio.", sender="ugo@studio.example", to=(EASY110,), headers=thread)
    served = station.fresh(ticket)
    assert (served.became, served.party, served.received_at) == ("accepted", "ambiente_di_lavoro", ticket.received_at)
    assert (served.requester.address, Mark.UNKNOWN_REQUESTER in served.marks) == ("ugo@studio.example", False)
    (said,) = [entry for entry in station.events(ticket) if entry.type == "requester_identified"]
    assert (said.clause, said.data["before"], said.data["outcome"]) == ("C9.1", "not_entitled", "accepted")
    assert station.to("ugo@studio.example")[0].facts["text_id"] == "T-ACK"
    assert len(station.tickets()) == 1


def test_words_alone_identify_nobody(station: Station) -> None:
    """P13: whoever writes the name of an organisation is not of it; somebody at the desk reads it and decides."""
    ticket = asked_who_they_are(station)
    thread = f"In-Reply-To: <{station.sent()[0].facts['message_id']}>"
    station.mail("Re: Ci indichi", "Siamo lo Studio Esempio.", sender=STRANGER, to=(EASY110,), headers=thread)
    assert station.fresh(ticket).became == "not_entitled"
    by, at = station.elena, station.clock.now()
    station.store.write(lambda tx: identifying.by_desk(station.gw, tx, ticket.number, "ambiente_di_lavoro", by, at))
    served = station.fresh(ticket)
    assert (served.became, served.party, served.requester.address) == ("accepted", "ambiente_di_lavoro", STRANGER)
    (said,) = [entry for entry in station.events(ticket) if entry.type == "requester_identified"]
    assert (said.by, said.clause) == (by.id, "C9.1")


@pytest.mark.parametrize("group", ["ignoto", ""])
def test_the_desk_names_a_group_that_the_contract_has(station: Station, group: str) -> None:
    ticket, by, at = asked_who_they_are(station), station.elena, station.clock.now()
    with pytest.raises(DeskError, match="there are: ambiente_di_lavoro"):
        station.store.write(lambda tx: identifying.by_desk(station.gw, tx, ticket.number, group, by, at))


def test_who_is_served_provisionally_is_known_after_the_reply_and_answered_once(station: Station) -> None:
    """C3.2, S038: the group is stored; nothing is decided, planned or passed on a second time."""
    station.clock.set("2026-05-12T10:00:00+02:00")
    station.mail(sender=STRANGER, to=(COMUNAS,))
    ticket = station.ticket()
    thread = f"In-Reply-To: <{station.sent()[0].facts['message_id']}>"
    station.mail("Re: Richiesta", "Sono dell’anagrafe.", sender=CLERK, to=(COMUNAS,), headers=thread)
    known = station.fresh(ticket)
    assert (known.became, known.party, known.due) == ("accepted", "utenti_comuni", ticket.due)
    assert Mark.UNKNOWN_REQUESTER not in known.marks
    assert len(station.sent(kind=DispatchKind.ACKNOWLEDGEMENT)) == 1


def test_a_matter_of_another_office_is_forwarded_and_the_requester_told(station: Station) -> None:
    """S136, C10.11."""
    station.clock.set("2026-11-26T09:00:00+01:00")
    station.mail("Tributi", "Quanto pago di tributi?", sender=STRANGER, to=(IMPRESA,))
    ticket = station.ticket()
    assert (ticket.became, ticket.matter) == ("out_of_scope", "tributi")
    assert only(station, DispatchKind.FORWARD) == "tributi@comune-impresa.example"
    assert "Abbiamo già inoltrato noi" in station.to(STRANGER)[0].text


def test_before_the_start_a_call_is_recorded_told_and_passed_on_and_nobody_rings(station: Station) -> None:
    """S128, C10.4, V-15."""
    station.clock.set("2024-08-30T10:00:00+02:00")
    ticket, script = station.call(to="+390700001000")
    assert "Il servizio sarà attivo dal 1 settembre 2024" in spoken(script)
    assert station.fresh(ticket).contract == C10
    responsible = station.gw.rules.contracts[C10].responsible
    assert responsible
    assert only(station, DispatchKind.FORWARD) == responsible.mail
    assert station.page_texts() == station.page_calls() == []


def test_after_the_end_the_contact_is_recorded_told_and_passed_on_and_nobody_is_rung(station: Station) -> None:
    """S009, C2.2, T-LATE: the on-call duty has ended with the contract."""
    station.clock.set("2031-01-06T22:00:00+01:00")
    station.mail("URGENTE: protocollo bloccato")
    responsible = station.gw.rules.contracts["c02-comune"].responsible
    assert responsible
    (answer,) = station.to(MARIA)
    assert "si è concluso il 31 dicembre 2030. Abbiamo registrato il Suo contatto" in answer.text
    assert responsible.name in answer.text
    assert only(station, DispatchKind.FORWARD) == responsible.mail
    assert station.page_texts() == station.page_calls() == []
    station.pass_(hours=2)
    assert station.page_texts() == station.page_calls() == []


def test_nobody_is_paged_for_whoever_another_serves(station: Station) -> None:
    """C3.12 and C2.8 together: an on-call contract that serves one group only."""
    groups = station.gw.rules.contracts[C03].groups
    phase = station.gw.rules.contracts[C03].phases[1]
    first = station.gw.rules.contracts[C03].first_level
    station.change("c02-comune", lambda c: replace(c, groups=groups, entitlement=phase.entitlement, first_level=first))
    station.mail("URGENTE: tutto fermo", "bloccato", sender=CLERK)
    assert station.ticket().became == "not_entitled"
    assert station.page_texts() == []
    thread = station.to(CLERK)[0].facts["message_id"]
    station.mail("Re: urgente", "URGENTE davvero", sender=CLERK, headers=f"In-Reply-To: <{thread}>")
    station.pass_(hours=1)
    assert station.page_texts() == station.page_calls() == []


def test_the_version_in_force_at_the_reception_is_kept(station: Station) -> None:
    """C9.2, S118: an amendment of 1 January 2027 does not reach back."""
    first = station.gw.rules.contracts[C09]
    second = replace(first, version=2, effective_from=date(2027, 1, 1), amendment="offerta versione 2")
    station.gw.rules = replace(station.gw.rules, versions={**station.gw.rules.versions, C09: (first, second)})
    station.clock.set("2026-12-31T23:59:00+01:00")
    station.mail(sender="ugo@studio.example", to=(EASY110,))
    station.clock.set("2027-01-01T00:00:00+01:00")
    station.mail(sender="ugo@studio.example", to=(EASY110,))
    assert [ticket.version for ticket in station.tickets()] == [2, 1]


def test_the_desk_opens_a_ticket_by_the_same_decision(accepted: Station) -> None:
    """C3.12: a clerk at the counter is passed on too; nobody is written to who is being talked to."""
    at = accepted.clock.now()
    ticket = accepted.store.write(
        lambda tx: desk.open_ticket(accepted.gw, tx, C03, CLERK, "Non stampa", "ferma", accepted.elena, at)
    )
    assert (ticket.became, ticket.phase, ticket.state) == ("not_entitled", "B", TicketState.NEW)
    assert only(accepted, DispatchKind.FORWARD) == FIRST_LEVEL
    assert accepted.to(CLERK) == []


def test_a_fax_is_answered_to_its_senders_mailbox_and_never_by_fax(station: Station) -> None:
    """S050, C3.7: registered out of hours, the next opening told; who has no mailbox is called back."""
    station.clock.set("2026-11-27T15:00:00+01:00")
    known, unknown = "+390700000203", "+390700000777"
    for number in (known, unknown):
        headers = f"X-Mailer: HylaFAX\nX-Number: {number}"
        station.mail(f"Fax da {number} (1 pagine)", "", sender="fax@gateway.example",
                     to=("fax-comunas@sardegnait.example",), headers=headers)  # fmt: skip
    stranger, dario = station.tickets()
    assert (dario.requester.person, Mark.CALL_BACK in dario.marks) == ("dario", False)
    (answer,) = station.acknowledgements()
    assert (answer.to, "lunedì 30 novembre" in answer.subject) == ("dario.sanna@assistenza.example", True)
    assert Mark.CALL_BACK in stranger.marks
