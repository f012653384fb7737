"""SMS and calls out by the carrier's REST API, and what its answers mean (PROMISES F15, P15, X10)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.rehearsal import faults, opted_out, rings_out
from adapters.twilio import Ceilings
from gateway.domain import delivery
from gateway.domain.dispatch import Deferred, Dispatch, DispatchKind, DispatchState, Refused, Sent
from gateway.domain.intake import Channel
from tests.adapters.twilio.house import A_KEY, PUBLIC_URL, QUICK_S, House
from tests.flow.station import BRUNO, CITIZEN, DESK_NUMBER, SMS_NUMBER

AT = datetime(2026, 11, 28, 21, 10, tzinfo=UTC)


def owed(channel: Channel = Channel.SMS, to: str = BRUNO, kind: DispatchKind = DispatchKind.PAGE) -> Dispatch:
    """One message that is being sent."""
    return Dispatch(
        id=1,
        key=A_KEY,
        kind=kind,
        channel=channel,
        to=to,
        state=DispatchState.SENDING,
        due_at=AT,
        expires_at=AT + timedelta(minutes=30),
        attempts=1,
        text="URGENTE richiesta 2026000001",
        facts={"ring_s": "25"},
    )


BOTH = pytest.mark.parametrize("channel", [Channel.SMS, Channel.VOICE])


def test_an_sms_is_sent_with_our_id_in_its_callback_address(quiet_house: House) -> None:
    outcome = quiet_house.outlet.send(owed())
    message = quiet_house.carrier.messages[-1]
    assert outcome == Sent(message.sid)
    assert (message.to, message.sender, message.body) == (BRUNO, SMS_NUMBER, "URGENTE richiesta 2026000001")
    assert message.status_callback == f"{PUBLIC_URL}/twilio/status/{A_KEY}"


def test_a_call_is_placed(quiet_house: House) -> None:
    outcome = quiet_house.outlet.send(owed(Channel.VOICE))
    call = quiet_house.carrier.calls[-1]
    assert outcome == Sent(call.sid)
    assert (call.to, call.caller) == (BRUNO, SMS_NUMBER)


@pytest.mark.parametrize("sender", ["ComuneTest", DESK_NUMBER])
def test_an_sms_leaves_from_the_sender_that_it_has_and_a_call_from_the_number(quiet_house: House, sender: str) -> None:
    """M-02: a name takes no call."""
    for channel in (Channel.SMS, Channel.VOICE):
        dispatch = owed(channel)
        sent = quiet_house.outlet.send(replace(dispatch, facts={**dispatch.facts, "from": sender}))
        assert isinstance(sent, Sent)
    assert quiet_house.carrier.messages[-1].sender == sender
    assert quiet_house.carrier.calls[-1].caller == SMS_NUMBER


# ------------------------------------------------------------------------------------------------------ what goes wrong


@pytest.fixture
def house_with_faults(quiet_house: House) -> Iterator[House]:
    """The carrier does what a test tells it wrongly, and afterwards no more."""
    quiet_house.rehearsal.reset()
    yield quiet_house
    quiet_house.rehearsal.reset()


@BOTH
def test_too_many_requests_wait_as_long_as_the_carrier_says(house_with_faults: House, channel: Channel) -> None:
    house_with_faults.carrier.faults.add(faults.too_many(retry_after_s=7))
    outcome = house_with_faults.outlet.send(owed(channel))
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == timedelta(seconds=7)


def test_too_many_requests_without_a_time_wait_as_we_do(house_with_faults: House) -> None:
    house_with_faults.carrier.faults.add(faults.too_many(retry_after_s=None))
    outcome = house_with_faults.outlet.send(owed())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after is None


WRONG = {
    "500": faults.status(500),
    "503": faults.status(503),
    "503, acted upon": faults.status(503, acts=True),
    "no answer": faults.never(),
    "no answer, acted upon": faults.never(acts=True),
    "cut": faults.cut(),
    "garbage": faults.garbage(),
}


@BOTH
@pytest.mark.parametrize("wrong", WRONG)
def test_what_may_have_been_sent_is_tried_again_and_says_so(
    house_with_faults: House, channel: Channel, wrong: str
) -> None:
    made = WRONG[wrong]
    fault = faults.Fault(made.kind, 1, method=made.method, status=made.status, acts=made.acts)
    house_with_faults.carrier.faults.add(fault)
    outcome = house_with_faults.outlet_with(timeout_s=QUICK_S).send(owed(channel))
    assert isinstance(outcome, Deferred)
    assert "perhaps sent" in outcome.reason


def test_a_carrier_that_never_answers_holds_us_no_longer_than_the_time_out(house_with_faults: House) -> None:
    """F15: the library alone would wait for ever."""
    house_with_faults.carrier.faults.add(faults.never(times=None))
    began = time.monotonic()
    house_with_faults.outlet_with(timeout_s=QUICK_S).send(owed())
    assert QUICK_S <= time.monotonic() - began < 10


def test_an_answer_within_the_time_out_is_waited_for(house_with_faults: House) -> None:
    house_with_faults.carrier.faults.add(faults.late(QUICK_S))
    assert isinstance(house_with_faults.outlet.send(owed()), Sent)


def test_a_request_that_failed_is_made_once(house_with_faults: House) -> None:
    """No retries hidden in the library: a second one is ours to decide."""
    fault = house_with_faults.carrier.faults.add(faults.status(503, times=5))
    house_with_faults.outlet.send(owed())
    assert fault.times == 4


def test_a_carrier_that_is_not_there_is_tried_again(quiet_house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    outlet = quiet_house.outlet_with(api_url=nowhere)
    assert isinstance(outlet.send(owed()), Deferred)


@pytest.mark.parametrize("token", ["wrong", ""])
def test_an_account_that_is_not_accepted_is_ours_to_mend_and_loses_nothing(quiet_house: House, token: str) -> None:
    assert isinstance(quiet_house.outlet_with(token=token).send(owed()), Deferred)


def test_a_wrong_token_is_named_and_not_shown(quiet_house: House) -> None:
    outcome = quiet_house.outlet_with(token="canary-4711").send(owed())
    assert isinstance(outcome, Deferred)
    assert "auth_token" in outcome.reason
    assert "canary" not in outcome.reason


@pytest.mark.parametrize("code", [21211, 21214, 21217, 21408, 21610, 21612, 21614])
def test_a_code_that_says_never_is_a_refusal(house_with_faults: House, code: int) -> None:
    house_with_faults.carrier.faults.add(faults.status(400, code=code))
    outcome = house_with_faults.outlet.send(owed())
    assert isinstance(outcome, Refused)
    assert outcome.code == str(code)


def test_a_code_that_we_do_not_know_is_tried_again(house_with_faults: House) -> None:
    house_with_faults.carrier.faults.add(faults.status(400, code=29999))
    assert isinstance(house_with_faults.outlet.send(owed()), Deferred)


def test_a_technician_who_texted_stop_is_refused_with_the_carriers_code(house_with_faults: House) -> None:
    """B-081."""
    house_with_faults.carrier.phones[BRUNO] = opted_out()
    why = delivery.row(Channel.SMS, delivery.REFUSED, 21610).why
    assert house_with_faults.outlet.send(owed()) == Refused(why, "21610")


# ----------------------------------------------------------------------------------------------------------- who may be


@pytest.mark.parametrize("number", ["+393339999999", "+39899123456", "+88212345678", "112", "", "+390700000201; DROP"])
@BOTH
def test_a_number_that_is_not_in_the_directory_is_never_asked_for(
    house_with_faults: House, channel: Channel, number: str
) -> None:
    """X10: nothing reaches the carrier."""
    assert isinstance(house_with_faults.outlet.send(owed(channel, number)), Refused)
    assert house_with_faults.carrier.messages == []
    assert house_with_faults.carrier.calls == []


def test_a_landline_of_the_directory_is_called(quiet_house: House) -> None:
    assert isinstance(quiet_house.outlet.send(owed(Channel.VOICE, "+390700000201")), Sent)


def test_a_landline_of_the_directory_is_not_texted(quiet_house: House) -> None:
    """S157."""
    assert isinstance(quiet_house.outlet.send(owed(Channel.SMS, "+390700000201")), Refused)


@pytest.mark.parametrize("kind", [DispatchKind.ACKNOWLEDGEMENT, DispatchKind.NOTICE])
def test_whoever_texted_us_is_answered(quiet_house: House, kind: DispatchKind) -> None:
    assert isinstance(quiet_house.outlet.send(owed(to=CITIZEN, kind=kind)), Sent)


def test_whoever_texted_us_is_not_called(quiet_house: House) -> None:
    """DESIGN, "Whom to call or text": calls go to the directory alone."""
    assert isinstance(quiet_house.outlet.send(owed(Channel.VOICE, CITIZEN, DispatchKind.NOTICE)), Refused)


@pytest.mark.parametrize("number", ["+39899123456", "+88212345678", "+41791234567", "+390701234567"])
def test_an_answer_goes_only_to_a_mobile_number_of_an_allowed_country(quiet_house: House, number: str) -> None:
    outcome = quiet_house.outlet.send(owed(to=number, kind=DispatchKind.ACKNOWLEDGEMENT))
    assert isinstance(outcome, Refused)


# ------------------------------------------------------------------------------------------------------------- ceilings


def test_above_the_ceiling_nothing_leaves(house_with_faults: House) -> None:
    """P15."""
    house_with_faults.carrier.phones[BRUNO] = rings_out()
    outlet = house_with_faults.outlet_with(per_hour=2)
    outcomes = [outlet.send(owed()) for _ in range(5)]
    assert [type(outcome) for outcome in outcomes] == [Sent, Sent, Deferred, Deferred, Deferred]
    assert len(house_with_faults.carrier.messages) == 2


def test_a_try_that_may_have_cost_counts(house_with_faults: House) -> None:
    """P15: the carrier may have acted on a request that it did not answer."""
    house_with_faults.carrier.faults.add(faults.status(503, acts=True))
    outlet = house_with_faults.outlet_with(per_hour=1)
    outlet.send(owed())
    assert "ceiling" in getattr(outlet.send(owed()), "reason", "")
    assert len(house_with_faults.carrier.messages) == 1


def test_what_is_refused_by_us_does_not_count(quiet_house: House) -> None:
    outlet = quiet_house.outlet_with(per_hour=1)
    outlet.send(owed(to="+393339999999"))
    assert isinstance(outlet.send(owed()), Sent)


def ceilings(told: list[str], *, recent: int = 0) -> Ceilings:
    """Two an hour, three a day."""
    return Ceilings(
        per_hour={Channel.SMS: 2},
        per_day={Channel.SMS: 3},
        recent=lambda _channel, _since: recent,
        told=lambda _channel, which, _limit: told.append(which),
    )


def test_an_hour_later_there_is_room_again_until_the_day_is_full() -> None:
    limits = ceilings([])
    taken = [limits.take(Channel.SMS, AT + timedelta(minutes=minutes)) for minutes in (0, 0, 0, 61, 122, 1441)]
    assert [deferred is None for deferred in taken] == [True, True, False, True, False, True]


def test_what_other_processes_sent_counts() -> None:
    assert ceilings([], recent=2).take(Channel.SMS, AT) is not None


def test_the_alarm_of_a_ceiling_is_given_once_an_hour() -> None:
    told: list[str] = []
    limits = ceilings(told, recent=2)
    for minutes in (0, 10, 59, 60):
        limits.take(Channel.SMS, AT + timedelta(minutes=minutes))
    assert told == ["hour", "hour"]


def test_another_channel_has_its_own_ceiling() -> None:
    limits = ceilings([], recent=9)
    assert limits.take(Channel.VOICE, AT) is None


def test_who_floods_us_leaves_the_pages_their_part() -> None:
    """P15: citizens' SMS end at their share; pages and alarms have the whole."""
    told: list[str] = []
    limits = Ceilings(
        per_hour={Channel.SMS: 10},
        per_day={},
        recent=lambda _channel, _since: 0,
        told=lambda _channel, which, _limit: told.append(which),
        reserve=40,
    )
    citizens = [limits.take(Channel.SMS, AT, first=False) for _ in range(20)]
    assert sum(1 for deferred in citizens if deferred is None) == 6
    assert told == []
    pages = [limits.take(Channel.SMS, AT) for _ in range(20)]
    assert sum(1 for deferred in pages if deferred is None) == 4
    assert told == ["hour"]


def test_how_much_of_a_ceiling_is_used_is_a_measure() -> None:
    limits = ceilings([], recent=1)
    assert limits.used(AT) == {"sms.hour": 0.5, "sms.day": pytest.approx(1 / 3)}


@pytest.mark.parametrize(("status", "code"), [("delivered", None), ("undelivered", 30003)])
def test_the_carrier_is_asked_how_an_sms_fares(house_with_faults: House, status: str, code: int | None) -> None:
    house = house_with_faults
    if code:
        house.carrier.faults.add(faults.undelivered(BRUNO, code, times=1))
    sent = house.outlet.send(owed())
    assert isinstance(sent, Sent)
    house.carrier.wait_idle()
    told = house.outlet.status(replace(owed(), reference=sent.reference))
    assert told is not None
    assert (told.status, told.code) == (status, code)


def test_the_carrier_is_asked_how_a_call_fares(house_with_faults: House) -> None:
    sent = house_with_faults.outlet.send(owed(Channel.VOICE))
    assert isinstance(sent, Sent)
    house_with_faults.carrier.wait_idle()
    told = house_with_faults.outlet.status(replace(owed(Channel.VOICE), reference=sent.reference))
    assert told is not None
    assert told.status == "no-answer"


def test_a_carrier_that_does_not_answer_tells_nothing(quiet_house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    outlet = quiet_house.outlet_with(api_url=nowhere, timeout_s=QUICK_S)
    assert outlet.status(replace(owed(), reference="SM" + "0" * 32)) is None
    assert "no answer" in (outlet.is_reachable() or "")


def test_a_message_that_the_carrier_does_not_know_is_told_as_nothing(quiet_house: House) -> None:
    assert quiet_house.outlet.status(replace(owed(), reference="SM" + "0" * 32)) is None


def test_a_carrier_that_answers_is_reachable(quiet_house: House) -> None:
    """C2.3: the telephone's health."""
    assert quiet_house.outlet.is_reachable() is None
