"""What the carrier's doors let in (X10, X11): over HTTP, with the carrier's own signature and without."""

from __future__ import annotations

import structlog
from structlog.testing import capture_logs

from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState, Refused
from gateway.domain.intake import Channel
from tests.adapters.twilio.conftest import house, loop, rehearsal
from tests.adapters.twilio.house import A_KEY, House, call_form
from tests.scenarios.stage import at, instant

__all__ = ["house", "loop", "rehearsal"]


def test_s158_an_sms_to_a_landline_is_refused_before_the_carrier_is_asked(house: House) -> None:
    """X10, S158."""
    now = instant("2026-11-28 22:10")
    sms = Dispatch(1, A_KEY, DispatchKind.PAGE, Channel.SMS, "+390706061", DispatchState.SENDING, now, now)
    assert isinstance(house.outlet.send(sms), Refused)
    assert house.carrier.messages == []


def test_s160_a_call_that_the_carrier_has_not_signed_is_refused_and_leaves_nothing(house: House) -> None:
    """X11, S160: 403, a line in the log, counted, and an entry in the system chain."""
    at(house.station, "2026-11-24 09:00")
    before = house.webhooks.refused.total
    structlog.reset_defaults()  # another test may have asked for silence
    with capture_logs() as logged:
        answer = house.post("/twilio/voice", call_form(), signed=None)
    assert answer.status_code == 403
    assert [line["event"] for line in logged].count("webhook.refused") == 1
    assert house.webhooks.refused.total == before + 1
    house.written()
    assert house.station.happened() == ["webhook_refused"]
    assert (house.station.tickets(), house.station.intakes()) == ([], [])


def test_s161_a_call_that_the_carrier_tells_of_three_times_is_one_contact(house: House) -> None:
    """X11, S161: the same answer each time."""
    at(house.station, "2026-11-24 09:00")
    answers = [house.post("/twilio/voice", call_form()) for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert len(house.station.intakes()) == 1
    assert len(house.station.store.read(lambda reading: reading.calls())) == 1
