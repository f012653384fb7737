"""Our own people call us: the code of a page, or a watch to be confirmed; never a request by itself (decision 0011)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway import calls, drills, flow
from gateway.deeds import Signal
from gateway.domain.call import Gather, Hangup, Step
from gateway.domain.contract import Contract
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.telephony import CallOutcome, ChangeKind, ChangeState
from gateway.domain.ticket import TicketState
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, Station, code_in, spoken
from tests.flow.test_handovers import arm, confirming

C2 = "c02-comune"


def paged(station: Station) -> str:
    """The contact on duty has a page by SMS; the code that is right."""
    station.mail("URGENTE: protocollo fermo")
    return code_in(station.page_texts(BRUNO)[0].text)


def taken_by_carla(station: Station) -> None:
    """Bruno passes the call on, and the deputy takes it by SMS."""
    station.pass_(minutes=6)
    station.key(station.page_calls(BRUNO)[-1], "2")
    station.pass_(minutes=1)
    station.sms(CARLA, f"OK {code_in(station.page_texts(CARLA)[-1].text)}")


def wrong(code: str, count: int = 3) -> list[str]:
    return [each for each in ("111111", "222222", "333333", "444444") if each != code][:count]


def results(station: Station) -> list[str]:
    """What the register says of the codes that were keyed."""
    return [entry.data["result"] for entry in station.events() if entry.data.get("step") == "code"]


def stormy(contract: Contract) -> Contract:
    """More than three pages are told as one."""
    assert contract.on_call
    return replace(contract, on_call=replace(contract.on_call, storm_pages=3))


def expiring(contract: Contract) -> Contract:
    """An acceptance lies there for six hours at the most."""
    assert contract.on_call
    return replace(contract, on_call=replace(contract.on_call, acceptance_expires=timedelta(hours=6)))


def asks_for(station: Station) -> str:
    """The step at which the call waits now."""
    return station.phone_line().reached


# -------------------------------------------------------------------------------------------------------------- a code


def test_the_register_tells_the_code_from_the_key_of_a_page_and_never_the_code_itself(station: Station) -> None:
    """C2.8; an auditor finds the call on the ticket that it accepted."""
    code = paged(station)
    station.rings(BRUNO)
    station.does(digits=code)
    line = station.hangs_up(lasted_s=20)
    ticket = station.ticket()
    assert (ticket.owner, line.ticket, line.outcome) == ("bruno", ticket.number, CallOutcome.DUTY)
    (taken,) = [entry for entry in station.events(ticket) if entry.type == "taken"]
    assert taken.data["medium"] == "voice_code"
    assert [entry.data["call"] for entry in station.events(ticket) if entry.type == "call_ended"] == [line.sid]
    (step,) = [entry for entry in station.events() if entry.type == "call_step"]
    assert step.data | {"result": "yours", "tickets": str(ticket.number), "digits": "", "call": line.sid} == step.data
    assert code not in "".join(str(entry.data) for entry in (*station.events(), *station.events(ticket)))


def test_many_told_together_are_accepted_by_one_code(station: Station) -> None:
    """M-MANY."""
    station.change(C2, stormy)
    station.mails([f"URGENTE: guasto {n}" for n in range(8)])
    station.chase()
    for _ in range(11):
        station.pass_(minutes=1)
    many = [one for one in station.page_texts(BRUNO) if one.facts["text_id"] == "M-MANY"][-1]
    station.rings(BRUNO)
    said = spoken(station.does(digits=code_in(many.text)))
    assert "richieste sono prese in carico da Lei" in said
    line = station.hangs_up()
    assert len(line.facts["accepted"].split()) > 1
    assert {station.fresh_number(int(n)).owner for n in line.facts["accepted"].split()} == {"bruno"}


def test_a_late_code_is_told_who_has_it_and_is_no_choice_of_the_menu(station: Station) -> None:
    """C-56: the first digit of a late code would open the menu's choice, and one of them wakes the chain."""
    code = paged(station)
    taken_by_carla(station)
    assert station.ticket().owner == "carla"
    station.rings(BRUNO)
    assert asks_for(station) == Step.CODE
    said = spoken(station.does(digits=code))
    line = station.hangs_up(lasted_s=30)
    assert "è già in carico a Carla" in said
    assert (line.ticket, line.facts.get("accepted"), results(station)) == (None, None, ["late"])
    assert (station.ticket().owner, len(station.tickets())) == ("carla", 1)


def test_a_code_that_a_fault_of_ours_kept_back_accepts_when_it_is_filed(station: Station) -> None:
    """P14: as an SMS that is filed late; the six digits are no request, and no key of the menu."""
    code = paged(station)
    station.rings(BRUNO)
    line = station.phone_line()
    facts = {"sid": line.sid, "step": line.reached, "turn": line.facts["turn"], "digits": code}
    kept = station.signal(Channel.PHONE, BRUNO, line.called, f"twilio:{line.sid}:code:1", facts)
    intake = flow.accept(station.gw, kept).result(10).intake_id
    line = station.hangs_up(lasted_s=20)
    station.file()
    found = station.store.read(lambda reading: reading.intake(intake))
    assert found is not None
    assert (found.state, results(station)) == (IntakeState.REPLY, ["yours"])
    assert [(one.owner, one.marks) for one in station.tickets()] == [("bruno", ())]
    assert code not in "".join(str(entry.data) for entry in station.events())


def test_a_message_that_follows_the_question_for_a_code_is_a_message(station: Station) -> None:
    """C2.3: the carrier's own document takes it while we are away, and the call still waits at the code."""
    paged(station)
    station.rings(BRUNO)
    line, sid = station.phone_line(), "RE" + "a" * 32
    told = Signal(line.sid, Step.MESSAGE, 0, recording=sid, recording_s=9)
    kept = station.signal(Channel.PHONE, BRUNO, line.called, f"twilio:{sid}", {"sid": line.sid, "recording": sid})
    station.store.write(lambda tx: calls.message_elsewhere(station.gw, tx, told, kept, station.clock.now()))
    line = station.phone_line()
    assert (line.outcome, line.ticket is not None) == (CallOutcome.MESSAGE, True)


@pytest.mark.parametrize(("hours", "step"), [(2, Step.CODE), (4, Step.MENU)])
def test_for_three_hours_the_code_is_asked_for_although_nobody_waits_any_more(
    station: Station, hours: int, step: Step
) -> None:
    code = paged(station)
    station.sms(BRUNO, f"OK {code}")
    station.pass_(hours=hours)
    station.rings(BRUNO)
    assert asks_for(station) == step


def test_whoever_is_reminded_of_what_they_accepted_says_so_by_the_same_code(station: Station) -> None:
    """M-03-TAKEN: hours after the page, and no key of the menu."""
    station.change(C2, expiring)
    code = paged(station)
    station.sms(BRUNO, f"OK {code}")
    station.pass_(hours=6)
    assert f"OK {code} per confermare" in station.to(BRUNO)[-1].text
    station.rings(BRUNO)
    assert asks_for(station) == Step.CODE
    assert "presa in carico da Lei" in spoken(station.does(digits=code))
    station.hangs_up()
    assert "acceptance_confirmed" in station.happened(station.ticket())
    station.pass_(minutes=10)
    assert station.ticket().owner == "bruno"


def test_whoever_texted_late_is_told_who_has_it(station: Station) -> None:
    """M-LATE, C-56."""
    code = paged(station)
    taken_by_carla(station)
    station.sms(BRUNO, f"OK {code}")
    assert "in carico a Carla" in station.to(BRUNO)[-1].text


@pytest.mark.parametrize("keyed", [(), ("111111",), ("12",)])
@pytest.mark.parametrize("seconds", [4, 45])
def test_whoever_hangs_up_at_the_code_made_no_request(station: Station, keyed: tuple[str, ...], seconds: int) -> None:
    """Decision 0011: the call has its line; S003 is about whoever wanted something."""
    paged(station)
    station.rings(BRUNO)
    for digits in keyed:
        station.does(digits=digits)
    line = station.hangs_up(lasted_s=seconds)
    assert (line.outcome, line.ticket, len(station.tickets())) == (CallOutcome.DUTY, None, 1)
    assert station.intakes()[-1].state is IntakeState.REPLY
    station.pass_(hours=5)
    assert len(station.tickets()) == 1


def test_whoever_goes_on_to_the_menu_is_a_caller_as_any_other(station: Station) -> None:
    """S003: only the question of ours makes no request."""
    paged(station)
    station.rings(BRUNO)
    station.does()
    line = station.hangs_up(lasted_s=45)
    assert (line.outcome, line.reached) == (CallOutcome.ABANDONED, Step.MENU)
    assert len(station.tickets()) == 2


def test_digits_that_are_too_few_cost_no_try_and_are_asked_for_again(station: Station) -> None:
    """The code lies in a text on the same telephone: whoever reads it off is slow."""
    code = paged(station)
    for _ in range(2):
        station.rings(BRUNO)
        assert "Digiti il codice" in spoken(station.does(digits="1234"))
        station.does(digits="12")
        station.hangs_up()
    station.rings(BRUNO)
    station.does(digits="*13454")
    station.does(digits=code)
    assert (station.ticket().owner, {page.tries for page in station.pages()}) == ("bruno", {0})
    assert results(station) == ["incomplete"] * 5 + ["yours"]


def test_what_is_keyed_three_times_for_nothing_leads_to_the_menu(station: Station) -> None:
    paged(station)
    station.rings(BRUNO)
    for digits in ("1", "12"):
        station.does(digits=digits)
    said = spoken(station.does(digits="123"))
    assert said.strip().startswith("Nessun codice è stato riconosciuto")
    assert asks_for(station) == Step.MENU
    assert len(station.tickets()) == 1


def test_whoever_stays_silent_in_the_menu_after_wrong_codes_is_a_caller_as_any_other(station: Station) -> None:
    """S172: the request that silence opens has a call that means one."""
    paged(station)
    station.rings(BRUNO)
    for _ in range(3):
        station.does(digits="12")
    station.does()
    line = station.hangs_up(lasted_s=60)
    assert (line.outcome, line.reached, line.ticket is None) == (CallOutcome.ABANDONED, Step.MENU_AGAIN, False)


def test_three_wrong_codes_are_told_to_the_supervisors_once(station: Station) -> None:
    """B-079: somebody may be guessing. The request goes on up the ladder all the same."""
    code = paged(station)
    station.rings(BRUNO)
    said = [spoken(station.does(digits=digits)).strip() for digits in wrong(code)]
    station.hangs_up(lasted_s=40)
    assert said[-1].startswith("Dopo tre tentativi il codice non vale più")
    assert results(station) == ["wrong", "wrong", "blocked"]
    (told,) = [mail for mail in station.alarms() if "Tre codici sbagliati" in mail.text]
    assert "Bruno" in told.text
    for _ in range(8):
        station.pass_(minutes=1)
    assert station.page_texts(CARLA)
    assert station.ticket().owner is None


def test_the_code_of_somebody_else_and_the_number_of_nobody_open_nothing(station: Station) -> None:
    """B-078, X11."""
    code = paged(station)
    for caller in (CITIZEN, DARIO, ""):
        station.rings(caller)
        assert asks_for(station) == Step.MENU
        station.hangs_up(lasted_s=1)
    assert station.ticket().owner is None
    assert code


def test_a_drill_is_confirmed_by_its_code_and_is_no_acceptance(station: Station) -> None:
    """Point 6: the monthly drill over every medium."""
    station.store.write(lambda tx: drills.begin(station.gw, tx, C2, station.elena, station.clock.now()))
    text = next(each for each in station.page_texts(BRUNO) if each.facts["text_id"] == "M-DRILL")
    station.rings(BRUNO)
    assert "Prova confermata" in spoken(station.does(digits=code_in(text.text)))
    line = station.hangs_up()
    assert ("accepted" in line.facts, line.outcome, results(station)) == (False, CallOutcome.DUTY, ["confirmed"])


# -------------------------------------------------------------------------------------------------------------- a watch


@pytest.fixture
def friday(station: Station) -> Station:
    """Carla's watch has begun and waits for her word."""
    station.change(C2, confirming)
    station.clock.set("2026-12-04T17:59:00+01:00")
    arm(station)
    station.pass_(minutes=1)
    return station


def state_of_watch(station: Station) -> ChangeState:
    found = station.store.read(lambda reading: reading.roster_changes())
    (watch,) = [each for each in found if each.kind is ChangeKind.CONFIRMATION]
    return watch.state


def test_a_watch_is_confirmed_by_a_call_and_its_key(friday: Station) -> None:
    """M-05: where no reply can come, or none is wanted."""
    asked = friday.rings(CARLA)
    assert "turno di reperibilità attende conferma" in spoken(asked)
    assert [verb.digits for verb in asked if isinstance(verb, Gather)] == [1]
    done = friday.does(digits="1")
    line = friday.hangs_up(lasted_s=20)
    assert "Turno di reperibilità confermato" in spoken(done)
    assert isinstance(done[-1], Hangup)
    assert (state_of_watch(friday), line.outcome, friday.tickets()) == (ChangeState.IN_FORCE, CallOutcome.DUTY, [])
    assert "confermato" in friday.to(CARLA)[-1].text
    friday.pass_(hours=1)
    assert friday.alarms() == []


@pytest.mark.parametrize("digits", ["", "2"])
def test_a_watch_stays_unconfirmed_by_silence_or_another_key_and_the_menu_follows(friday: Station, digits: str) -> None:
    """Only a human's key counts; a technician may call with a problem of their own."""
    friday.rings(CARLA)
    assert "Benvenuto" in spoken(friday.does(digits=digits))
    assert (state_of_watch(friday), asks_for(friday)) == (ChangeState.ASKED, Step.MENU)
    friday.hangs_up(lasted_s=2)


def test_nobody_else_is_asked_to_confirm_a_watch(friday: Station) -> None:
    friday.rings(BRUNO)
    assert asks_for(friday) == Step.MENU


def test_a_page_goes_before_the_watch(friday: Station) -> None:
    """An urgent request first; the watch is asked about again by the next call."""
    friday.mail("URGENTE: protocollo fermo")
    friday.rings(CARLA)
    assert asks_for(friday) == Step.CODE
    friday.does(digits=code_in(friday.page_texts(CARLA)[0].text))
    friday.hangs_up()
    assert friday.ticket().state is TicketState.TAKEN
    assert state_of_watch(friday) is ChangeState.ASKED


@pytest.mark.parametrize("keys", ["1", "1#"])
def test_the_key_of_a_watch_confirms_it_although_the_code_of_a_page_is_asked_for_first(
    friday: Station, keys: str
) -> None:
    """M-05-CALL says to call and press 1; for three hours after a page the code is asked for (C-56)."""
    friday.mail("URGENTE: protocollo fermo")
    code = code_in(friday.page_texts(CARLA)[0].text)
    friday.sms(CARLA, f"OK {code}")
    friday.rings(CARLA)
    assert asks_for(friday) == Step.CODE
    assert "Turno di reperibilità confermato" in spoken(friday.does(digits=keys))
    friday.hangs_up(lasted_s=20)
    assert (state_of_watch(friday), results(friday)) == (ChangeState.IN_FORCE, ["confirmed"])
    friday.rings(CARLA)
    assert "Digiti il codice" in spoken(friday.does(digits=keys))  # no watch waits any more
    assert results(friday) == ["confirmed", "incomplete"]
    assert {page.tries for page in friday.pages()} == {0}


def test_a_code_counts_although_the_carrier_first_tells_that_the_call_is_over(station: Station) -> None:
    """B-075: webhooks in any order; told again it changes nothing."""
    code = paged(station)
    station.rings(BRUNO)
    before = station.phone_line()
    station.hangs_up(lasted_s=9)
    for _ in range(2):
        assert isinstance(station.repeat(before, digits=code)[-1], Hangup)
    line = station.phone_line()
    assert (station.ticket().owner, line.outcome, results(station)) == ("bruno", CallOutcome.DUTY, ["yours"])
    assert line.ticket == station.ticket().number
    assert {intake.state for intake in station.intakes() if intake.channel is Channel.PHONE} == {IntakeState.REPLY}


def test_a_wrong_code_that_is_told_twice_after_the_call_is_one_try(station: Station) -> None:
    """B-079, S161."""
    code = paged(station)
    station.rings(BRUNO)
    before = station.phone_line()
    station.hangs_up(lasted_s=9)
    for _ in range(2):
        station.repeat(before, digits=wrong(code)[0])
    assert ({page.tries for page in station.pages()}, results(station)) == ({1}, ["wrong"])


def test_a_watch_is_confirmed_although_the_carrier_first_tells_that_the_call_is_over(friday: Station) -> None:
    """B-075, M-05."""
    friday.rings(CARLA)
    before = friday.phone_line()
    friday.hangs_up(lasted_s=9)
    friday.repeat(before, digits="1")
    assert (state_of_watch(friday), friday.phone_line().outcome) == (ChangeState.IN_FORCE, CallOutcome.DUTY)


def test_whoever_hangs_up_after_wrong_codes_is_listed_by_the_code_and_not_by_the_menu(station: Station) -> None:
    """An intake without a ticket names its rule (DESIGN, "Repeats")."""
    code = paged(station)
    station.rings(BRUNO)
    for digits in wrong(code):
        station.does(digits=digits)
    line = station.hangs_up(lasted_s=40)
    first = next(intake for intake in station.intakes() if intake.id == line.intake)
    assert (first.state, first.reason) == (IntakeState.REPLY, "code")


def test_a_blocked_code_that_is_keyed_or_texted_again_is_no_try_at_the_next_page(station: Station) -> None:
    """B-079: the text on the telephone still shows it; the call that asks for a key must not be blocked by it too."""
    code = paged(station)
    station.rings(BRUNO)
    for digits in wrong(code):
        station.does(digits=digits)
    station.hangs_up(lasted_s=40)
    station.pass_(minutes=1)
    for _ in range(4):
        station.rings(BRUNO)
        assert spoken(station.does(digits=code)).strip().startswith("Dopo tre tentativi")
        station.hangs_up(lasted_s=20)
        station.sms(BRUNO, f"OK {code}")
    assert "codice bloccato dopo tre tentativi" in station.to(BRUNO)[-1].text
    station.key(station.page_calls(BRUNO)[-1], "1")
    assert station.ticket().owner == "bruno"
