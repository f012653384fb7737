from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from adapters.rehearsal import (
    Carrier,
    HangUp,
    Press,
    Rehearsal,
    answers,
    busy,
    rings_out,
    switched_off,
    voicemail,
)
from tests.adapters.rehearsal.conftest import NUMBER, SID
from tests.adapters.rehearsal.gateway import PUBLIC_URL, TinyGateway, twiml

ANNA = "+393331112233"
PAGE = twiml(
    '<Gather numDigits="1" action="/page/key?a=1"><Say language="it-IT">Premi 1 per accettare</Say></Gather>',
    "<Say>Nessuna risposta</Say>",
)
ALL = ["initiated", "ringing", "answered", "completed"]


@pytest.fixture(autouse=True)
def page(gateway: TinyGateway) -> None:
    gateway.says["/page"] = PAGE
    gateway.says["/page/key"] = twiml("<Say>Grazie</Say><Hangup/>")


def ring(client: Client, **more: object) -> str:
    fields: dict[str, object] = {
        "to": ANNA,
        "from_": NUMBER,
        "url": f"{PUBLIC_URL}/page",
        "status_callback": f"{PUBLIC_URL}/calls",
        "status_callback_event": ALL,
        "timeout": 25,
    }
    return str(client.calls.create(**(fields | more)).sid)


def rung(client: Client, carrier: Carrier, **more: object) -> str:
    ring(client, **more)
    carrier.wait_idle()
    return carrier.calls[-1].status


def states(gateway: TinyGateway) -> list[str]:
    return gateway.statuses("/calls", "CallStatus")


def test_a_call_is_queued_at_first(client: Client) -> None:
    call = client.calls.create(to=ANNA, from_=NUMBER, url=f"{PUBLIC_URL}/page")
    assert (call.status, call.direction) == ("queued", "outbound-api")


def test_the_person_who_answers_presses_the_key(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers("1")
    ring(client)
    carrier.wait_idle()
    assert [form["Digits"] for form in gateway.at("/page/key")] == ["1"]


def test_a_relative_action_is_resolved_against_the_document_and_keeps_its_query(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = answers("1")
    ring(client)
    carrier.wait_idle()
    assert [heard.query for heard in gateway.heard if heard.path == "/page/key"] == ["a=1"]


def test_every_request_of_a_call_is_signed(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers("1")
    ring(client)
    carrier.wait_idle()
    assert [heard.genuine for heard in gateway.heard] == [True] * 6


def test_the_telephone_remembers_what_it_heard(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = answers("1")
    ring(client)
    carrier.wait_idle()
    assert carrier.phones[ANNA].heard == ["Premi 1 per accettare", "Grazie"]


def test_an_answered_call_reports_its_four_events_in_order(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = answers("1")
    ring(client)
    carrier.wait_idle()
    assert [(form["CallStatus"], form["SequenceNumber"]) for form in gateway.at("/calls")] == [
        ("initiated", "0"),
        ("ringing", "1"),
        ("in-progress", "2"),
        ("completed", "3"),
    ]


def test_the_last_event_carries_duration_parties_and_time(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = answers("1")
    sid = ring(client)
    carrier.wait_idle()
    last = gateway.at("/calls")[-1]
    assert (last["CallSid"], last["AccountSid"], last["From"], last["To"]) == (sid, SID, NUMBER, ANNA)
    assert int(last["CallDuration"]) > 0
    assert last["Timestamp"].endswith("+0000")


def test_without_events_asked_for_only_the_end_is_reported(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = answers("1")
    client.calls.create(to=ANNA, from_=NUMBER, url=f"{PUBLIC_URL}/page", status_callback=f"{PUBLIC_URL}/calls")
    carrier.wait_idle()
    assert states(gateway) == ["completed"]


def test_nobody_answers_a_telephone_that_rings_out(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = rings_out()
    ring(client)
    carrier.wait_idle()
    assert states(gateway) == ["initiated", "ringing", "no-answer"]


def test_a_longer_timeout_rings_longer(client: Client, carrier: Carrier) -> None:
    began = time.monotonic()
    rung(client, carrier, timeout=5)
    short = time.monotonic() - began
    began = time.monotonic()
    rung(client, carrier, timeout=300)
    assert time.monotonic() - began > short + 0.3


def test_whoever_would_answer_after_the_timeout_does_not(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = answers("1", after_s=30)
    assert rung(client, carrier, timeout=25) == "no-answer"


def test_a_busy_telephone_is_busy(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = busy()
    assert rung(client, carrier) == "busy"


def test_a_switched_off_telephone_does_not_even_ring(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = switched_off()
    ring(client)
    carrier.wait_idle()
    assert states(gateway) == ["initiated", "no-answer"]


def test_a_switched_off_telephone_may_make_the_call_fail(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = switched_off("failed")
    assert rung(client, carrier) == "failed"


def test_a_voicemail_hears_everything_and_presses_nothing(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = voicemail(after_s=2)
    assert rung(client, carrier) == "completed"
    assert carrier.phones[ANNA].heard == ["Premi 1 per accettare", "Nessuna risposta"]
    assert gateway.at("/page/key") == []


@pytest.mark.parametrize(
    ("machine", "detection", "verdict"),
    [
        (True, "Enable", "machine_start"),
        (True, "DetectMessageEnd", "machine_end_beep"),
        (False, "Enable", "human"),
    ],
)
def test_machine_detection_tells_who_answered_with_the_first_document(
    client: Client,
    carrier: Carrier,
    gateway: TinyGateway,
    *,
    machine: bool,
    detection: str,
    verdict: str,
) -> None:
    carrier.phones[ANNA] = voicemail(after_s=2) if machine else answers("1")
    ring(client, machine_detection=detection)
    carrier.wait_idle()
    assert gateway.at("/page")[0]["AnsweredBy"] == verdict


def test_asynchronous_detection_is_told_to_its_own_address(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = voicemail(after_s=2)
    ring(
        client,
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=f"{PUBLIC_URL}/amd",
    )
    carrier.wait_idle()
    assert "AnsweredBy" not in gateway.at("/page")[0]
    assert [form["AnsweredBy"] for form in gateway.at("/amd")] == ["machine_start"]


def test_twiml_may_come_with_the_request(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = answers()
    client.calls.create(to=ANNA, from_=NUMBER, twiml=twiml("<Say>Prova</Say>"))
    carrier.wait_idle()
    assert carrier.phones[ANNA].heard == ["Prova"]


def test_a_key_may_wait_for_a_text_to_be_heard(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers(Press("1", after_hearing="un'altra cosa"))
    ring(client)
    carrier.wait_idle()
    assert gateway.at("/page/key") == []


def test_a_person_may_hang_up_before_pressing(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers(HangUp(after_s=1))
    assert rung(client, carrier) == "completed"
    assert gateway.at("/page/key") == []


def test_a_ringing_call_can_be_canceled(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    sid = ring(client, timeout=600)
    until(lambda: carrier.calls[0].status == "ringing")
    client.calls(sid).update(status="canceled")
    carrier.wait_idle()
    assert states(gateway)[-1] == "canceled"


def test_a_live_call_can_be_ended(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/page"] = twiml('<Pause length="3000"/>')
    carrier.phones[ANNA] = answers()
    sid = ring(client)
    until(lambda: carrier.calls[0].verbs == ["Pause"])
    client.calls(sid).update(status="completed")
    carrier.wait_idle(5)
    assert carrier.calls[0].status == "completed"


def test_a_live_call_can_be_given_another_document(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/page"] = twiml('<Pause length="3000"/>')
    gateway.says["/other"] = twiml("<Say>Altro</Say>")
    carrier.phones[ANNA] = answers()
    sid = ring(client)
    until(lambda: carrier.calls[0].verbs == ["Pause"])
    client.calls(sid).update(url=f"{PUBLIC_URL}/other")
    carrier.wait_idle(5)
    assert carrier.calls[0].heard == ["Altro"]


def test_a_call_that_is_over_cannot_be_changed(client: Client, carrier: Carrier) -> None:
    sid = ring(client)
    carrier.wait_idle()
    with pytest.raises(TwilioRestException) as refused:
        client.calls(sid).update(status="completed")
    assert refused.value.code == 21220


def test_a_ringing_telephone_can_be_picked_up_by_hand_and_pressed(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    gateway.says["/page"] = twiml('<Gather numDigits="1" action="/page/key" timeout="2000"><Say>Premi</Say></Gather>')
    ring(client, timeout=600)
    until(lambda: carrier.pick_up(ANNA))
    until(lambda: carrier.calls[0].verbs == ["Gather"])
    carrier.press(ANNA, "1")
    carrier.wait_idle(5)
    assert [form["Digits"] for form in gateway.at("/page/key")] == ["1"]


def test_a_ringing_call_can_be_refused_by_hand(client: Client, carrier: Carrier) -> None:
    ring(client, timeout=600)
    until(lambda: carrier.hang_up(ANNA))
    carrier.wait_idle()
    assert carrier.calls[0].status == "busy"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": ""}, 21201),
        ({"to": "112"}, 21211),
        ({"from_": "+390700000000"}, 21210),
        ({"url": ""}, 21205),
    ],
)
def test_a_call_that_the_carrier_would_refuse_is_refused_with_its_code(
    client: Client, fields: dict[str, object], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refused:
        ring(client, **fields)
    assert refused.value.code == code


def test_calls_are_listed_by_status_and_start(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = answers("1")
    rung(client, carrier)
    carrier.phones[ANNA] = busy()
    rung(client, carrier)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0)
    assert [call.status for call in client.calls.list(start_time_after=today)] == ["completed"]
    assert [call.status for call in client.calls.list(status="busy")] == ["busy"]


def test_a_finished_call_is_fetched_with_its_times(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = answers("1")
    sid = ring(client)
    carrier.wait_idle()
    call = client.calls(sid).fetch()
    assert call.start_time <= call.end_time


def test_a_gateway_that_fails_ends_the_call_and_is_an_error(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    gateway.says["/page"] = 500
    carrier.phones[ANNA] = answers("1")
    assert rung(client, carrier) == "completed"
    assert [trouble.code for trouble in carrier.errors] == [11200]


def test_a_fallback_is_asked_when_the_first_address_fails(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    gateway.says["/page"] = 500
    gateway.says["/fallback"] = twiml("<Say>Riprova</Say>")
    carrier.phones[ANNA] = answers()
    ring(client, fallback_url=f"{PUBLIC_URL}/fallback")
    carrier.wait_idle()
    assert carrier.calls[0].heard == ["Riprova"]


def test_two_calls_ring_at_the_same_time(rehearsal: Rehearsal, client: Client) -> None:
    carrier = rehearsal.carrier
    carrier.phones[ANNA] = answers("1")
    threads = [threading.Thread(target=ring, args=(client,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    carrier.wait_idle()
    assert [call.status for call in carrier.calls] == ["completed", "completed"]


def until(holds: object) -> None:
    """Wait until `holds()` is true, at most five seconds."""
    limit = time.monotonic() + 5
    while not holds():  # type: ignore[operator]  # a callable in every test above
        assert time.monotonic() < limit, "it never came to that"
        time.sleep(0.005)
