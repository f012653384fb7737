"""What becomes of a page's messages, as stories: the carrier's words, its silence, and channels that are down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations

import pytest

from gateway import desk, flow, silences
from gateway.domain.delivery import Told
from gateway.domain.dispatch import Deferred, Dispatch, DispatchKind, DispatchState, Refused, Sent
from gateway.domain.intake import Channel
from gateway.domain.pages import OPEN
from gateway.domain.ticket import Priority, TicketState
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, Station, code_in

URGENT = "URGENTE: protocollo bloccato"
DOWN = Deferred("no answer from the carrier, perhaps sent", down=True)


def paged(station: Station) -> Dispatch:
    """An urgent mail on a Saturday night, and the SMS that the contact on duty got for it."""
    station.mail(URGENT)
    station.chase()
    (sms,) = station.page_texts()
    station.conclude(sms, Sent("SM1"))
    return station.page_texts()[0]


class Carrier:
    """A carrier that is asked and answers one thing."""

    def __init__(self, *answers: Told | None) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []

    def status(self, dispatch: Dispatch) -> Told | None:
        self.asked.append(dispatch.id)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


# ------------------------------------------------------------------------------------------------ statuses in any order


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_statuses_in_any_order_come_to_the_same(station: Station, order: Iterable[str]) -> None:
    """P14, B-077."""
    sms = paged(station)
    for status in (*order, *order):
        station.sms_status(sms, status)
    assert station.page_texts()[0].state is DispatchState.CONFIRMED
    assert station.page_calls() == []


@pytest.mark.parametrize("order", list(permutations(["sent", "undelivered"])))
def test_a_failure_in_any_order_rings_once(station: Station, order: Iterable[str]) -> None:
    sms = paged(station)
    for status in (*order, *order):
        station.sms_status(sms, status, "30003" if status == "undelivered" else "")
        station.chase()
    assert len(station.page_calls(BRUNO)) == 1


def test_what_arrived_in_spite_of_a_failure_told_before_is_confirmed(station: Station) -> None:
    """The first of two sendings with one attempt id failed, the second arrived."""
    sms = paged(station)
    station.sms_status(sms, "undelivered", "30003")
    station.sms_status(sms, "delivered")
    assert station.page_texts()[0].state is DispatchState.CONFIRMED


def test_an_unknown_status_is_never_taken_as_success(station: Station) -> None:
    sms = paged(station)
    station.sms_status(sms, "teleported")
    assert station.page_texts()[0].state is DispatchState.SENT


# ---------------------------------------------------------------------------------------------------- what a code means


def test_30003_rings_at_once_and_alarms_nobody(station: Station) -> None:
    """A telephone that is off is no reason to wake a supervisor by mail."""
    sms = paged(station)
    station.sms_status(sms, "undelivered", "30003")
    station.chase()
    assert station.page_calls(BRUNO)
    assert station.alarms() == []


@pytest.mark.parametrize("code", ["30004", "30005", "30007"])
def test_what_somebody_has_to_mend_is_told_once_a_day(station: Station, code: str) -> None:
    """P8."""
    sms = paged(station)
    station.sms_status(sms, "undelivered", code)
    station.mail(URGENT)
    station.chase()
    again = station.page_texts(BRUNO)[-1]
    station.conclude(again, Sent("SM2"))
    station.sms_status(again, "undelivered", code)
    told = [alarm for alarm in station.alarms() if "Bruno Serra" in alarm.subject]
    assert len(told) == 1
    assert BRUNO in told[0].text


def test_a_landline_that_stands_as_a_mobile_is_called_from_then_on(station: Station) -> None:
    """30006: never an SMS again, the directory is corrected."""
    sms = paged(station)
    station.sms_status(sms, "undelivered", "30006")
    station.chase()
    assert station.page_calls(BRUNO)
    station.mail(URGENT)
    station.chase()
    assert len(station.page_texts(BRUNO)) == 1
    assert "people.toml" in station.alarms()[0].text


# ----------------------------------------------------------------------------------------------------------------- STOP


def test_stop_from_the_technician_rings_at_once_and_the_supervisor_is_told(station: Station) -> None:
    """B-081, P8: by mail and by an SMS of their own, whose subject is not themselves."""
    paged(station)
    station.sms(BRUNO, " Stop. ")
    station.chase()
    assert station.page_calls(BRUNO)
    assert any("STOP" in alarm.text for alarm in station.alarms() if alarm.channel is Channel.MAIL)
    (told,) = [sms for sms in station.sent(channel=Channel.SMS) if sms.facts.get("text_id") == "M-STOPPED"]
    assert (told.to, "Bruno Serra" in told.text) == (DARIO, True)


def test_after_stop_no_further_sms_goes_to_that_number_until_start(station: Station) -> None:
    paged(station)
    station.sms(BRUNO, "STOP")
    before = len(station.to(BRUNO))
    station.mail(URGENT)
    station.chase()
    texts = [one for one in station.to(BRUNO)[before:] if one.channel is Channel.SMS]
    assert texts == []
    station.sms(BRUNO, "start")
    station.mail(URGENT)
    station.chase()
    assert [one.channel for one in station.to(BRUNO)].count(Channel.SMS) == 2


def test_an_sms_that_was_due_when_stop_came_does_not_leave(station: Station) -> None:
    station.mail(URGENT)
    station.chase()
    station.sms(BRUNO, "STOP")
    claimed = flow.claim_due(station.gw, (Channel.SMS,), 9)
    assert BRUNO not in [one.to for one in claimed]
    station.chase()
    assert station.page_calls(BRUNO)


def test_stop_is_known_too_when_the_carrier_refuses_with_it(station: Station) -> None:
    """21610 by the REST answer, for a STOP that never reached us."""
    station.mail(URGENT)
    station.chase()
    station.conclude(station.page_texts()[0], Refused("the number texted STOP", "21610"))
    station.chase()
    assert station.page_calls(BRUNO)
    assert station.store.read(lambda reading: silences.is_silent(reading, BRUNO))
    assert any("START" in alarm.text for alarm in station.alarms())


def test_an_ordinary_request_for_somebody_who_gets_no_sms_goes_by_mail(station: Station) -> None:
    """Nobody is called at night for what waits for the reopening."""
    station.sms(BRUNO, "STOP")
    station.mail()
    station.chase()
    assert station.page_calls() == []
    assert [mail.to for mail in station.page_mails()] == ["bruno.serra@assistenza.example"]


def test_a_citizen_who_texts_stop_alarms_nobody(station: Station) -> None:
    station.sms(CITIZEN, "Non stampa")
    dispatch = station.to(CITIZEN)[0] if station.to(CITIZEN) else None
    before = len(station.alarms())
    if dispatch:
        station.conclude(dispatch, Refused("the number texted STOP", "21610"))
    assert len(station.alarms()) == before


# -------------------------------------------------------------------------------------------------------------- silence


def test_after_a_minute_without_a_status_the_carrier_is_asked_then_the_telephone_rings(station: Station) -> None:
    """C-57: it accepts everything and nothing reaches the telephone."""
    sms = paged(station)
    station.clock.pass_(seconds=61)
    carrier = Carrier(Told("queued", None, "SM1"))
    station.ask(carrier)
    station.chase()
    assert carrier.asked == [sms.id]
    assert station.page_calls(BRUNO)


def test_the_carriers_answer_counts_when_it_knows(station: Station) -> None:
    paged(station)
    station.clock.pass_(seconds=61)
    station.ask(Carrier(Told("delivered", None, "SM1")))
    station.chase()
    assert station.page_texts()[0].state is DispatchState.CONFIRMED
    assert station.page_calls() == []


def test_a_carrier_that_does_not_answer_either_means_the_other_medium(station: Station) -> None:
    paged(station)
    station.clock.pass_(seconds=61)
    station.ask(Carrier(None))
    station.chase()
    assert station.page_calls(BRUNO)


def test_what_told_something_is_not_asked_for(station: Station) -> None:
    sms = paged(station)
    station.sms_status(sms, "sent")
    station.clock.pass_(seconds=61)
    carrier = Carrier(None)
    station.ask(carrier)
    assert carrier.asked == []


def test_a_text_that_has_not_left_after_a_minute_is_tried_on_while_the_telephone_rings(station: Station) -> None:
    """C-29: the other channel after a minute, whatever the back-off says."""
    station.mail(URGENT)
    station.chase()
    (sms,) = station.page_texts()
    station.conclude(sms, Deferred("the carrier asks us to be slower", timedelta(minutes=4)))
    station.clock.pass_(seconds=61)
    station.ask(None)
    station.chase()
    assert station.page_texts()[0].state is DispatchState.DUE
    assert station.page_calls(BRUNO)


def test_a_call_of_which_nothing_is_told_lets_the_ladder_go_on(station: Station) -> None:
    paged(station)
    station.pass_(minutes=6)
    call = station.page_calls(BRUNO)[0]
    station.conclude(call, Sent("CA1"))
    station.clock.pass_(seconds=61)
    station.ask(Carrier(Told("queued", None, "CA1")))
    station.chase()
    assert station.page_calls(CARLA)


# -------------------------------------------------------------------------------------------------------------- outages


def fail(station: Station, times: int, outcome: Deferred = DOWN, every_s: float = 20) -> None:
    """The carrier fails so often in a row."""
    for _ in range(times):
        (sms,) = station.page_texts()[-1:]
        station.conclude(sms, outcome)
        station.clock.pass_(seconds=every_s)


def test_a_stumble_of_the_carrier_is_no_outage(station: Station) -> None:
    station.mail(URGENT)
    station.chase()
    fail(station, 2)
    assert station.outages() == []


def test_three_failures_in_a_row_are_an_outage_with_start_cause_and_alarm(station: Station) -> None:
    """C2.3, C2.7, P8, S010: within minutes, by mail, and by the path that works."""
    station.mail(URGENT)
    station.chase()
    began_at = station.clock.now()
    fail(station, 3)
    (outage,) = station.outages()
    assert (outage.channel, outage.began_at, outage.ended_at) == ("sms", began_at, None)
    assert "no answer" in outage.cause
    assert any("SMS non funziona" in alarm.subject for alarm in station.alarms())
    (call,) = [one for one in station.sent(channel=Channel.VOICE) if one.kind is DispatchKind.ALARM]
    assert (call.to, "SMS" in call.text) == (DARIO, True)


def test_an_outage_ends_with_the_first_success_and_that_is_told(station: Station) -> None:
    station.mail(URGENT)
    station.chase()
    fail(station, 4)
    station.conclude(station.page_texts()[-1], Sent("SM9"))
    (outage,) = station.outages()
    assert outage.ended_at == station.clock.now()
    assert any("funziona di nuovo" in alarm.subject for alarm in station.alarms())
    assert station.happened().count("channel_down") == station.happened().count("channel_up") == 1


def test_a_telephone_that_is_down_is_told_by_sms(station: Station) -> None:
    """M-09."""
    paged(station)
    station.pass_(minutes=6)
    for _ in range(3):
        station.conclude(station.page_calls(BRUNO)[0], DOWN)
        station.clock.pass_(seconds=20)
    (told,) = [sms for sms in station.sent(channel=Channel.SMS) if sms.facts.get("text_id") == "M-09"]
    assert (told.to, "telefono" in told.text) == (DARIO, True)


def test_a_ceiling_of_ours_is_no_outage_of_the_carrier(station: Station) -> None:
    station.mail(URGENT)
    station.chase()
    fail(station, 5, Deferred("ceiling of 60 sms in a hour reached"))
    assert station.outages() == []


def test_a_carrier_that_takes_everything_and_delivers_nothing_is_an_outage(station: Station) -> None:
    """C-57: the answer to a request proves nothing; three silences do."""
    for count in range(3):
        station.mail(URGENT)
        station.chase()
        station.conclude(station.page_texts(BRUNO)[-1], Sent(f"SM{count}"))
        station.clock.pass_(seconds=61)
        station.ask(Carrier(None))
    assert [outage.channel for outage in station.outages()] == ["sms"]
    asked = Carrier(None)
    station.mail(URGENT)
    station.chase()
    station.conclude(station.page_texts(BRUNO)[-1], Sent("SM9"))
    station.clock.pass_(seconds=61)
    station.ask(asked)
    assert asked.asked == []  # a carrier that is down is not asked


def test_failures_long_ago_are_forgotten(station: Station) -> None:
    station.mail(URGENT)
    station.chase()
    fail(station, 2)
    station.pass_(hours=7)
    fail(station, 1)
    assert station.outages() == []


# -------------------------------------------------------------------------------------------------------- the caller id


def fail_at_once(station: Station, number: str) -> None:
    call = station.page_calls(number)[-1]
    station.conclude(call, Sent(f"CA{call.id}"))
    station.call_status(call, "failed", "SIP 603")
    station.chase()


def test_three_calls_that_fail_at_once_are_told_as_a_blocked_caller_id(station: Station) -> None:
    """X19, S171: SMS and mail go on."""
    paged(station)
    station.pass_(minutes=6)
    for number in (BRUNO, CARLA, DARIO):
        fail_at_once(station, number)
    (alarm,) = [one for one in station.alarms() if "possibile blocco" in one.subject]
    assert "3 chiamate" in alarm.text
    assert station.page_texts(CARLA)
    assert station.page_texts(DARIO)
    assert "caller_id_blocked" in station.happened()


def test_a_call_that_rang_shows_that_the_caller_id_is_not_blocked(station: Station) -> None:
    paged(station)
    station.pass_(minutes=6)
    fail_at_once(station, BRUNO)
    call = station.page_calls(CARLA)[-1]
    station.call_status(call, "ringing")
    station.call_status(call, "no-answer")
    station.chase()
    fail_at_once(station, DARIO)
    assert not any("possibile blocco" in one.subject for one in station.alarms())


# ------------------------------------------------------------------------------------------- what is old does not leave


def test_after_an_outage_what_nobody_needs_any_more_does_not_leave(station: Station) -> None:
    """C-55: how things stand when it is sent decides."""
    station.mail(URGENT)
    station.chase()
    number, now = station.ticket().number, station.clock.now()
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "Ritirata.", "withdrawn", station.elena, now))
    assert [one for one in flow.claim_due(station.gw, (Channel.SMS,), 9) if one.page] == []


def test_a_page_that_the_ladder_left_behind_is_not_sent_late(station: Station) -> None:
    """Nobody but whose turn it is now is woken when the carrier comes back."""
    station.mail(URGENT)
    station.chase()
    station.pass_(minutes=6)
    station.call_status(station.page_calls(BRUNO)[0], "no-answer")
    station.chase()
    numbers = {one.to for one in flow.claim_due(station.gw, (Channel.SMS, Channel.VOICE), 9) if one.page}
    assert numbers == {CARLA}


def test_a_page_older_than_its_life_is_not_sent_and_the_ladder_goes_on(station: Station) -> None:
    station.mail(URGENT)
    station.chase()
    station.clock.pass_(minutes=31)
    assert flow.claim_due(station.gw, (Channel.SMS,), 9) == []
    station.chase()
    assert station.page_calls(BRUNO)


def test_a_technician_deleted_meanwhile_is_passed_over(station: Station) -> None:
    """C-31: the number is in the directory no more, so the way out refuses it, and the next is woken."""
    station.mail(URGENT)
    station.chase()
    station.conclude(station.page_texts(BRUNO)[0], Refused("the number is not in the directory", "not_allowed"))
    station.chase()
    assert station.page_calls(BRUNO)
    station.conclude(station.page_calls(BRUNO)[0], Refused("the number is not in the directory", "not_allowed"))
    station.chase()
    assert station.page_texts(CARLA)


# --------------------------------------------------------------------------------------------- what a technician writes


def test_a_technicians_words_are_kept_on_the_ticket_in_a_lane_of_their_own(station: Station) -> None:
    paged(station)
    station.sms(BRUNO, "URGENTE arrivo tra dieci minuti")
    (ticket,) = station.tickets()
    said = [message for message in station.messages(ticket) if message.lane == "technician"]
    assert [message.text for message in said] == ["URGENTE arrivo tra dieci minuti"]
    assert (ticket.state, ticket.priority) == (TicketState.NOTIFIED, Priority.URGENT)


def test_answers_to_what_is_not_understood_are_bounded(station: Station) -> None:
    """B-080: two robots never talk."""
    for _ in range(20):
        station.sms(BRUNO, "OK 111111")
    answers = [one for one in station.to(BRUNO) if one.facts.get("text_id") == "M-NOTHING-OPEN"]
    assert len(answers) == 5
    station.clock.pass_(hours=2)
    station.sms(BRUNO, "OK 111111")
    assert len([one for one in station.to(BRUNO) if one.facts.get("text_id") == "M-NOTHING-OPEN"]) == 6


def test_the_urgent_one_is_listed_first_however_many_came_after_it(station: Station) -> None:
    """C2.8: whoever answers OK half asleep sees the code of what is chased."""
    station.mail(URGENT)
    urgent = station.page_texts()[0].text
    for _ in range(4):
        station.mail()
    station.sms(BRUNO, "ok")
    assert f"tra cui: {code_in(urgent)} (" in station.sent()[-1].text


def test_whoever_says_no_or_info_is_asked_for_that_word_again(station: Station) -> None:
    """C-55: a NO that meant several pages must not be told to say OK."""
    station.mail(URGENT)
    station.mail(URGENT)
    for word in ("NO", "INFO"):
        station.sms(BRUNO, word)
        assert f"Rispondi {word} e un codice" in station.sent()[-1].text
    station.sms(BRUNO, "no 000000")
    assert "Rispondi NO e le sei cifre" in station.sent()[-1].text
    assert {ticket.state for ticket in station.tickets()} == {TicketState.NOTIFIED}


def test_ok_with_more_open_pages_than_an_sms_has_room_for_lists_the_latest(station: Station) -> None:
    for _ in range(5):
        station.mail()
    station.sms(BRUNO, "ok")
    answer = station.sent()[-1].text
    assert "hai 5 richieste" in answer
    assert len(answer) <= 160
    newest = [page.code for page in station.pages() if page.state == OPEN][-1]
    assert newest in answer
    station.sms(BRUNO, f"OK {newest}")
    assert code_in(station.page_texts()[-1].text) == newest
