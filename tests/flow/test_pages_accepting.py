"""Who accepts, by what medium, and what comes of it: stories of pages answered twice, late, together, or never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway import accepting, assigning, desk, drills, flow, page_calls, settling
from gateway.accepting import Accepted, Answer
from gateway.domain.contract import Contract
from gateway.domain.dispatch import Deferred, Dispatch, DispatchKind, DispatchState, Refused, Sent
from gateway.domain.intake import Channel
from gateway.domain.pages import PASSED_BY, link_token
from gateway.domain.ticket import Mark, Page, TicketState
from gateway.tickets import DeskError
from tests.flow.station import BRUNO, CARLA, DARIO, Station, code_in, spoken

C2 = "c02-comune"
URGENT = "URGENTE: protocollo bloccato"
BRUNO_MAIL = "bruno.serra@assistenza.example"


def urgent(station: Station, count: int = 1) -> None:
    for _ in range(count):
        station.mail(URGENT)
    station.chase()


def on_call(station: Station, **changes: object) -> None:
    """The same contract with other terms of its on-call duty."""

    def changed(contract: Contract) -> Contract:
        assert contract.on_call
        return replace(contract, on_call=replace(contract.on_call, **changes))  # type: ignore[arg-type]  # by name

    station.change(C2, changed)


# ---------------------------------------------------------------------------------------------------------------- links


def press(station: Station, token: str) -> Accepted:
    """The button of a page's own page is pressed."""
    now = station.clock.now()
    return station.store.write(lambda tx: accepting.by_link(station.gw, tx, token, now))


def token_in(text: str) -> str:
    (line,) = [line for line in text.splitlines() if "/page/" in line]
    return line.rpartition("/page/")[2]


def test_an_urgent_page_lies_in_the_mail_too_with_a_link_of_its_own(station: Station) -> None:
    urgent(station)
    (mail,) = station.page_mails()
    assert (mail.to, mail.kind) == (BRUNO_MAIL, DispatchKind.PAGE)
    assert station.gw.rules.public_url + "/page/" in mail.text
    assert mail.facts["auto"] == "auto-generated"


def test_the_mail_of_a_page_names_nobody(station: Station) -> None:
    """X15."""
    station.mail(URGENT, text="Sono Maria Rossi, RSSMRA80A01B354X", sender="Maria Rossi <maria.rossi@comune.example>")
    (mail,) = station.page_mails()
    assert "Rossi" not in mail.text + mail.subject
    assert "RSSMRA" not in mail.text + mail.subject


def test_an_ordinary_request_is_no_mail_to_the_technician(station: Station) -> None:
    station.mail()
    station.chase()
    assert station.page_mails() == []


def test_the_button_accepts_and_pressed_again_says_the_same(station: Station) -> None:
    urgent(station)
    token = token_in(station.page_mails()[0].text)
    assert press(station, token).answer is Answer.YOURS
    assert station.ticket().owner == "bruno"
    assert press(station, token).answer is Answer.YOURS
    assert station.happened(station.ticket()).count("taken") == 1


def test_a_link_that_was_made_by_nobody_opens_nothing(station: Station) -> None:
    """P9: a signature of another page, another person, or none."""
    urgent(station)
    (page,) = station.pages()
    right = link_token(station.gw.rules.signing_key, page)
    forged = [
        link_token(b"another key", page),
        link_token(station.gw.rules.signing_key, replace(page, person="carla")),
        right[:-1] + ("0" if right[-1] != "0" else "1"),
        right.replace("-", "--"),
        f"{page.id}-",
        "999999-" + "0" * 32,
        "",
    ]
    assert {press(station, token).answer for token in forged} == {Answer.GONE}
    assert station.ticket().state is TicketState.NOTIFIED


def test_a_link_that_comes_late_is_told_that_it_is_taken(station: Station) -> None:
    """C-56."""
    urgent(station)
    token = token_in(station.page_mails()[0].text)
    now = station.clock.now()
    station.store.write(lambda tx: assigning.take(station.gw, tx, station.ticket().number, station.elena, now))
    assert press(station, token).answer is Answer.OTHER
    assert station.ticket().owner == "elena"


def test_a_mail_that_does_not_arrive_moves_nothing(station: Station) -> None:
    """The mail lies beside what rings."""
    urgent(station)
    (mail,) = station.page_mails()
    station.conclude(mail, Refused("mailbox full", "552"))
    station.chase()
    assert station.page_calls() == []
    assert station.page_mails()[0].state is DispatchState.REFUSED


# -------------------------------------------------------------------------------------------------------------- races


def test_an_acceptance_while_the_next_step_is_being_sent_wins(station: Station) -> None:
    """C-56, P9: at most one call that had begun rings on."""
    urgent(station)
    station.pass_(minutes=6)
    (call,) = station.page_calls(BRUNO)
    station.conclude(call, Sent("CA1"))
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[0].text)}")
    station.pass_(hours=2)
    assert len(station.page_calls()) == 1
    assert station.ticket().owner == "bruno"
    station.call_status(call, "completed")
    assert station.page_calls()[0].state is DispatchState.CONFIRMED


def test_two_acceptances_by_key_and_by_sms_have_one_owner(station: Station) -> None:
    urgent(station)
    station.pass_(minutes=6)
    station.call_status(station.page_calls(BRUNO)[0], "no-answer")
    station.chase()
    code = code_in(station.page_texts(BRUNO)[0].text)
    station.key(station.page_calls(CARLA)[0], "1")
    station.sms(BRUNO, f"OK {code}")
    assert station.ticket().owner == "carla"
    assert station.happened(station.ticket()).count("taken") == 1
    assert "è già in carico a Carla" in station.to(BRUNO)[-1].text


def test_whoever_passed_it_on_may_still_take_it_while_nobody_has_it(station: Station) -> None:
    urgent(station)
    code = code_in(station.page_texts(BRUNO)[0].text)
    station.sms(BRUNO, f"NO {code}")
    station.sms(BRUNO, f"OK {code}")
    assert station.ticket().owner == "bruno"


# ------------------------------------------------------------------------------------------------------------ reminders


def test_the_reminder_goes_with_the_call_before_it_passes_to_the_deputy(station: Station) -> None:
    """M-03: only when the SMS lies there unanswered."""
    urgent(station)
    station.conclude(station.page_texts(BRUNO)[0], Sent("SM1"))
    station.sms_status(station.page_texts(BRUNO)[0], "delivered")
    station.pass_(minutes=6)
    assert station.page_calls(BRUNO)
    reminder = station.page_texts(BRUNO)[-1]
    assert "attende presa in carico da 6 minuti" in reminder.text
    assert "Tra 2 minuti passa al tuo sostituto" in reminder.text
    assert code_in(reminder.text) == code_in(station.page_texts(BRUNO)[0].text)


def test_an_sms_that_did_not_arrive_is_not_reminded_of(station: Station) -> None:
    urgent(station)
    station.conclude(station.page_texts(BRUNO)[0], Sent("SM1"))
    station.sms_status(station.page_texts(BRUNO)[0], "undelivered", "30003")
    station.chase()
    assert station.page_calls(BRUNO)
    assert len(station.page_texts(BRUNO)) == 1


# --------------------------------------------------------------------------------------------- acceptances that expire


def accepted(station: Station, hours: int = 2) -> None:
    on_call(station, acceptance_expires=timedelta(hours=hours))
    urgent(station)
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[0].text)}")


def test_an_acceptance_holds_for_ever_where_the_contract_says_nothing_else(station: Station) -> None:
    """c02 as shipped."""
    urgent(station)
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[0].text)}")
    station.pass_(hours=24)
    assert station.ticket().owner == "bruno"


def test_accepted_and_forgotten_is_reminded_then_paged_anew(station: Station) -> None:
    """FIELD 44."""
    accepted(station)
    station.pass_(hours=2, minutes=1)
    reminder = station.to(BRUNO)[-1]
    assert "senza azioni registrate" in reminder.text
    assert station.ticket().owner == "bruno"
    station.pass_(minutes=6)
    ticket = station.ticket()
    assert (ticket.state, ticket.owner, ticket.taken_at) == (TicketState.NOTIFIED, None, None)
    fresh = station.page_texts(BRUNO)[-1]
    assert code_in(fresh.text) != code_in(station.page_texts(BRUNO)[0].text)
    assert "acceptance_expired" in station.happened(ticket)


def test_an_act_of_the_owner_keeps_the_acceptance(station: Station) -> None:
    accepted(station)
    station.pass_(hours=1)
    number, bruno = station.ticket().number, station.gw.rules.people["bruno"]
    station.store.write(lambda tx: desk.note(tx, number, "Guardo i log.", bruno, station.clock.now()))
    station.pass_(hours=1, minutes=30)
    assert station.ticket().owner == "bruno"
    assert not any("senza azioni" in one.text for one in station.to(BRUNO))
    station.pass_(hours=2)
    assert any("senza azioni" in one.text for one in station.to(BRUNO))


def test_saying_ok_to_the_reminder_keeps_it(station: Station) -> None:
    accepted(station)
    station.pass_(hours=2, minutes=1)
    station.sms(BRUNO, f"OK {code_in(station.to(BRUNO)[-1].text)}")
    station.pass_(minutes=30)
    assert station.ticket().owner == "bruno"


def test_what_was_solved_meanwhile_is_not_asked_about(station: Station) -> None:
    accepted(station)
    number, bruno = station.ticket().number, station.gw.rules.people["bruno"]
    now = station.clock.now()
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "Ritirata.", "withdrawn", bruno, now))
    station.pass_(hours=5)
    assert not any("senza azioni" in one.text for one in station.to(BRUNO))


# --------------------------------------------------------------------------------------------------------- many at once


def page_of_many(station: Station) -> Dispatch:
    """Nine requests in eleven minutes, and the one text that names those that were held back."""
    on_call(station, storm_pages=3)
    urgent(station, 9)
    for _ in range(11):
        station.pass_(minutes=1)
    return next(one for one in station.page_texts(BRUNO) if one.facts["text_id"] == "M-MANY")


def test_ok_to_a_page_of_many_takes_all_that_it_named(station: Station) -> None:
    """DESIGN, "Whom to wake": more than N pages become one, and its code accepts them all."""
    many = page_of_many(station)
    assert "6 richieste" in many.text
    assert "accettarle tutte" in many.text
    station.sms(BRUNO, f"OK {code_in(many.text)}")
    owners = [ticket.owner for ticket in station.tickets()]
    assert owners.count("bruno") == 6
    assert "6 richieste prese in carico da te" in station.to(BRUNO)[-1].text


def test_what_many_named_is_listed_in_the_mail_whose_button_takes_them_too(station: Station) -> None:
    on_call(station, storm_pages=3)
    urgent(station, 8)
    for _ in range(11):
        station.pass_(minutes=1)
    mail = next(one for one in station.page_mails(BRUNO_MAIL) if "richieste attendono" in one.text)
    listed = [str(ticket.number) for ticket in station.tickets() if str(ticket.number) in mail.text]
    assert len(listed) == 5
    accepted_now = press(station, token_in(mail.text))
    assert len(accepted_now.tickets) == 5


def test_of_many_only_those_that_still_wait_are_taken(station: Station) -> None:
    on_call(station, storm_pages=3)
    urgent(station, 6)
    for _ in range(11):
        station.pass_(minutes=1)
    many = next(one for one in station.page_texts(BRUNO) if one.facts["text_id"] == "M-MANY")
    first = station.tickets()[0].number
    station.store.write(lambda tx: assigning.take(station.gw, tx, first, station.elena, station.clock.now()))
    station.sms(BRUNO, f"OK {code_in(many.text)}")
    assert station.store.read(lambda reading: reading.ticket(first)).owner == "elena"  # type: ignore[union-attr]
    assert [ticket.owner for ticket in station.tickets()].count("bruno") == 2


def ordinary_many(station: Station, count: int) -> Dispatch:
    """So many ordinary requests in eleven minutes, and the text of those that were held back, which has not left."""
    on_call(station, storm_pages=3)
    for _ in range(count):
        station.mail()
    station.chase()
    station.pass_(minutes=11)
    return due_of_many(station)[-1]


def due_of_many(station: Station) -> list[Dispatch]:
    """The texts that tell Bruno of many and have not left."""
    due = [one for one in station.page_texts(BRUNO) if one.state is DispatchState.DUE]
    return [one for one in due if one.facts["text_id"] == "M-MANY"]


def taken_at_the_desk(station: Station, ticket: int | None) -> None:
    assert ticket is not None
    station.store.write(lambda tx: assigning.take(station.gw, tx, ticket, station.elena, station.clock.now()))


def test_the_text_of_many_whose_newest_is_taken_before_it_leaves_is_made_anew(station: Station) -> None:
    """C-55: nobody climbs a ladder for an ordinary request, so that this text is all that is ever heard of it."""
    many = ordinary_many(station, 6)
    taken_at_the_desk(station, many.ticket)
    assert due_of_many(station) == []
    station.pass_(seconds=6)
    (again,) = due_of_many(station)
    assert "2 richieste" in again.text
    station.sms(BRUNO, f"OK {code_in(again.text)}")
    assert [ticket.owner for ticket in station.tickets()].count("bruno") == 2


def test_one_that_remains_of_many_is_told_alone(station: Station) -> None:
    many = ordinary_many(station, 5)
    taken_at_the_desk(station, many.ticket)
    station.pass_(seconds=6)
    assert due_of_many(station) == []
    last = max(station.page_texts(BRUNO), key=lambda one: one.id)
    assert (last.state, last.facts["text_id"]) == (DispatchState.DUE, "M-10")
    assert station.fresh_number(last.ticket or 0).state is TicketState.NOTIFIED


def test_the_text_of_many_that_the_carrier_did_not_take_is_made_anew_when_its_newest_is_taken(station: Station) -> None:
    many = ordinary_many(station, 6)
    flow.claim_due(station.gw, (Channel.SMS,), 20)
    taken_at_the_desk(station, many.ticket)
    now = station.clock.now()
    failed = Deferred("no answer of the carrier")
    station.store.write(lambda tx: settling.conclude(station.gw, tx, many.id, 1, failed, now))
    station.pass_(seconds=6)
    (again,) = due_of_many(station)
    assert "2 richieste" in again.text


def test_the_text_of_many_whose_newest_was_passed_by_before_it_left_is_made_anew(station: Station) -> None:
    """C-55: it is settled when it would leave, by how things stand then."""
    many = ordinary_many(station, 6)
    now = station.clock.now()
    station.store.write(lambda tx: tx.change_page(many.page or 0, state=PASSED_BY, closed_at=now))
    station.clock.pass_(seconds=1)
    assert many.id not in [each.id for each in flow.claim_due(station.gw, (Channel.SMS,), 20)]
    station.pass_(seconds=6)
    (again,) = flow.claim_due(station.gw, (Channel.SMS,), 20)
    assert "3 richieste" in again.text


def test_when_the_text_of_many_does_not_arrive_the_supervisors_hear_of_each_that_it_named(station: Station) -> None:
    station.sms_status(ordinary_many(station, 6), "undelivered", "30005")
    assert len({alarm.ticket for alarm in station.alarms() if alarm.ticket}) == 3


def test_of_many_that_all_were_taken_nothing_is_told_anew(station: Station) -> None:
    many = ordinary_many(station, 6)
    for one in many.facts["pages"].split(","):
        page = station.store.read(lambda reading, one=one: reading.page(int(one)))  # type: ignore[misc]  # the default
        taken_at_the_desk(station, page.ticket)
    before = len(station.page_texts(BRUNO))
    station.pass_(minutes=11)
    assert len(station.page_texts(BRUNO)) == before


def test_in_a_storm_the_call_tells_of_all_that_waits_and_its_key_takes_all(station: Station) -> None:
    on_call(station, storm_pages=3)
    urgent(station, 7)
    station.pass_(minutes=6)
    (call,) = station.page_calls(BRUNO)
    now = station.clock.now()
    heard = spoken(station.store.write(lambda tx: page_calls.page_begins(station.gw, tx, call.key, now)))
    assert "7 richieste attendono" in heard
    assert "7 richieste sono prese in carico" in spoken(station.key(call, "1"))
    assert {ticket.owner for ticket in station.tickets()} == {"bruno"}


def test_who_passes_many_on_hears_that_they_were_many(station: Station) -> None:
    """C-55: NO to a page of many passes all that it named, by SMS and by key, and says so."""
    many = page_of_many(station)
    station.sms(BRUNO, f"NO {code_in(many.text)}")
    assert "6 richieste passano al collega" in station.to(BRUNO)[-1].text


def test_in_a_storm_the_key_that_passes_on_passes_all_and_says_so(station: Station) -> None:
    on_call(station, storm_pages=3)
    urgent(station, 7)
    station.pass_(minutes=6)
    (call,) = station.page_calls(BRUNO)
    assert "7 richieste passano al collega" in spoken(station.key(call, "2"))


def test_the_others_hear_once_that_many_were_taken(station: Station) -> None:
    """No storm of M-04."""
    on_call(station, storm_pages=3)
    urgent(station, 6)
    for _ in range(8):
        station.pass_(minutes=1)
        for call in station.open_calls():
            station.call_status(call, "no-answer")
    assert station.page_texts(CARLA)
    before = len(station.to(CARLA))
    calls = station.page_calls(DARIO)
    assert calls
    station.key(calls[-1], "1")
    told = [one for one in station.to(CARLA)[before:] if one.kind is DispatchKind.NOTICE]
    assert len(told) == 1


# --------------------------------------------------------------------------------------------------------------- drills


def drill(station: Station) -> int:
    dario, now = station.gw.rules.people["dario"], station.clock.now()
    return station.store.write(lambda tx: drills.begin(station.gw, tx, C2, dario, now)).number


def page_of(station: Station, person: str, channel: Channel) -> Page:
    number = station.tickets()[0].number
    found = station.store.read(lambda reading: drills.results(reading, number))
    return next(page for who, medium, page, _ in found if (who, medium) == (person, channel))


def test_a_drill_pages_everybody_of_the_chain_over_every_medium(station: Station) -> None:
    number = drill(station)
    found = station.store.read(lambda reading: drills.results(reading, number))
    everybody = {(person, medium) for person, medium, _, _ in found}
    assert everybody == {(who, by) for who in ("bruno", "carla", "dario") for by in ("sms", "voice", "mail")}
    assert "PROVA" in station.page_texts(BRUNO)[0].text


def test_a_drill_waits_for_nobody_and_climbs_nowhere(station: Station) -> None:
    drill(station)
    before = len(station.sent())
    station.pass_(minutes=20)
    assert len(station.sent()) == before
    assert {Mark.SYNTHETIC, Mark.DRILL} <= set(station.ticket().marks)


def test_everybody_confirms_a_drill_for_themselves_by_each_medium(station: Station) -> None:
    drill(station)
    station.sms(BRUNO, "ok")
    station.key(station.page_calls(BRUNO)[0], "1")
    press(station, token_in(station.page_mails(BRUNO_MAIL)[0].text))
    station.sms(CARLA, f"OK {code_in(station.page_texts(CARLA)[0].text)}")
    assert "prova" in station.to(BRUNO)[-1].text
    station.pass_(minutes=31)
    (concluded,) = [event for event in station.events() if event.type == "drill_concluded"]
    yes = {name for name, value in concluded.data.items() if value == "yes"}
    assert yes == {"bruno.sms", "bruno.voice", "bruno.mail", "carla.sms"}
    assert concluded.data["unconfirmed"] == "5"
    told = station.alarms()[-1].text
    assert "Bruno Serra, SMS: confermata alle 22.10" in told
    assert "Dario Sanna, telefono: non confermata" in told


def test_a_drill_of_a_contract_without_on_call_duty_is_refused(station: Station) -> None:
    dario = station.gw.rules.people["dario"]
    with pytest.raises(DeskError, match="on-call"):
        station.store.write(lambda tx: drills.begin(station.gw, tx, "c01-fornitore", dario, station.clock.now()))


def test_a_month_without_a_drill_is_told_to_the_supervisor(station: Station) -> None:
    on_call(station, drill_monthly=True)
    station.clock.set("2026-12-01T10:00:00+01:00")
    station.store.write(lambda tx: drills.watch(station.gw, tx, station.clock.now()))
    station.clock.set("2026-12-25T08:59:00+01:00")
    station.chase()
    assert station.alarms() == []
    station.clock.set("2026-12-25T09:01:00+01:00")
    station.chase()
    (alarm,) = station.alarms()
    assert "dicembre 2026" in alarm.text
    assert "Ultima prova: mai" in alarm.text


def test_a_month_with_a_drill_is_not(station: Station) -> None:
    on_call(station, drill_monthly=True)
    station.clock.set("2026-12-10T20:00:00+01:00")
    drill(station)
    station.pass_(hours=1)
    before = len(station.alarms())
    station.clock.set("2026-12-31T23:00:00+01:00")
    station.chase()
    assert len(station.alarms()) == before
    station.clock.set("2027-01-25T09:01:00+01:00")
    station.chase()
    assert "Ultima prova: 10 dicembre 2026" in station.alarms()[-1].text
