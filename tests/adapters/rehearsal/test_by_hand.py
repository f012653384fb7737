"""Somebody holds the stand-in telephones in their hands: what they press, say and refuse while a call goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

import httpx2
import pytest

from adapters.rehearsal import Carrier, Leave, Rehearsal, Silence, Speak
from tests.adapters.rehearsal.gateway import TinyGateway, twiml

CITIZEN = "+393401112233"
ANNA = "+393331112233"
LONG = "Benvenuti. " * 20_000
"""More words than anybody listens to: said in a hundred real seconds and more."""


@pytest.fixture
def desk(rehearsal: Rehearsal) -> httpx2.Client:
    return httpx2.Client(base_url=f"{rehearsal.base_url}/rehearsal", timeout=5, trust_env=False)


def until(look: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not look():
        assert time.monotonic() < end, "not seen in time"
        time.sleep(0.002)


def test_a_key_cuts_the_prompts_short(carrier: Carrier, gateway: TinyGateway) -> None:
    """Twilio, Gather: a key that is pressed while a prompt is said is taken at once."""
    menu = f'<Gather numDigits="1" action="/key"><Say>{LONG}</Say><Say>E ancora</Say></Gather>'
    gateway.says |= {"/twilio/voice": twiml(menu), "/key": twiml("<Say>Grazie</Say>")}
    call = carrier.place_call(CITIZEN)
    until(lambda: call.heard)
    carrier.press(CITIZEN, "2")
    carrier.wait_idle(5)
    assert call.told == [("heard", LONG.strip()), ("key", "2"), ("heard", "Grazie")]


def test_whoever_hangs_up_during_a_prompt_presses_nothing(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml(f'<Gather numDigits="1" action="/key"><Say>{LONG}</Say></Gather>')
    call = carrier.place_call(CITIZEN)
    until(lambda: call.heard)
    carrier.hang_up(CITIZEN)
    carrier.wait_idle(5)
    assert (call.status, gateway.at("/key"), gateway.statuses("/twilio/status", "CallStatus")) == (
        "completed",
        [],
        ["completed"],
    )


def test_a_carrier_that_begins_anew_has_nobody_on_the_line(
    carrier: Carrier, gateway: TinyGateway, rehearsal: Rehearsal
) -> None:
    gateway.says["/twilio/voice"] = twiml('<Pause length="4000"/>')
    call = carrier.place_call(CITIZEN)
    until(lambda: call.verbs)
    assert carrier.exchange.is_busy
    rehearsal.reset()
    assert not carrier.exchange.is_busy
    assert not carrier.press(CITIZEN, "1")


def test_a_message_ends_with_the_call(carrier: Carrier, gateway: TinyGateway) -> None:
    """Twilio, Record: a caller who hangs up leaves what was said until then."""
    gateway.says |= {"/twilio/voice": twiml('<Record action="/kept" maxLength="4000"/>'), "/kept": 204}
    call = carrier.place_call(CITIZEN, [Leave(3600)])
    until(lambda: call.doing == "records")
    carrier.hang_up(CITIZEN)
    carrier.wait_idle(5)
    assert [(kept["Digits"], kept["RecordingSid"]) for kept in gateway.at("/kept")] == [
        ("hangup", carrier.recordings[0].sid)
    ]
    assert 0 < carrier.recordings[0].duration_s < 3600


def test_what_is_said_after_the_tone_is_told_in_order(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says |= {"/twilio/voice": twiml('<Record action="/kept"/>'), "/kept": twiml("<Say>Grazie</Say>")}
    call = carrier.place_call(CITIZEN, [Speak("Sono Maria, chiamatemi")])
    carrier.wait_idle(5)
    assert call.told == [("tone", ""), ("said", "Sono Maria, chiamatemi"), ("left", "2"), ("heard", "Grazie")]


def dial(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/whisper"] = twiml('<Gather numDigits="1" timeout="2000" action="/accept"/>', "<Hangup/>")
    gateway.says["/accept"] = twiml("<Say>Ti collego</Say>")
    gateway.says["/twilio/voice"] = twiml(
        f'<Dial action="/after" timeout="2000"><Number url="/whisper">{ANNA}</Number></Dial>'
    )
    gateway.says["/after"] = twiml("<Hangup/>")
    carrier.place_call(CITIZEN)


def test_two_who_were_put_through_hear_each_other_until_one_hangs_up(carrier: Carrier, gateway: TinyGateway) -> None:
    dial(carrier, gateway)
    until(lambda: carrier.pick_up(ANNA))
    until(lambda: carrier.press(ANNA, "1"))
    until(lambda: carrier.received_calls[0].doing == "talks")
    carrier.press(CITIZEN, Speak("Non parte"))
    carrier.press(ANNA, Speak("Arrivo"))
    carrier.hang_up(ANNA)
    carrier.wait_idle(5)
    citizen, anna = carrier.received_calls[0].told, carrier.dialled_calls[0].told
    assert citizen == [("rings", ANNA), ("joined", ANNA), ("said", "Non parte"), ("heard", "Arrivo")]
    assert anna[-3:] == [("joined", CITIZEN), ("heard", "Non parte"), ("said", "Arrivo")]
    assert [form["DialBridged"] for form in gateway.at("/after")] == ["true"]


def test_a_ringing_telephone_is_left_to_its_machine(
    carrier: Carrier, gateway: TinyGateway, desk: httpx2.Client
) -> None:
    """S029: the machine picks up at once, and presses nothing."""
    dial(carrier, gateway)
    gateway.says["/whisper"] = twiml('<Gather numDigits="1" action="/accept"/>', "<Hangup/>")
    until(lambda: desk.post(f"/phones/{quote(ANNA)}", json={"answer": "machine"}).json()["done"]["answer"])
    carrier.wait_idle(5)
    assert carrier.dialled_calls[0].told == [("machine", "")]
    assert [form["DialBridged"] for form in gateway.at("/after")] == ["false"]


def test_the_voice_can_be_faster_than_a_persons(carrier: Carrier, gateway: TinyGateway, desk: httpx2.Client) -> None:
    gateway.says["/twilio/voice"] = twiml(f"<Say>{'parola ' * 200}</Say>")
    lasted = []
    for speech in (1, 50):
        assert desk.post("/pace", json={"speech": speech}).status_code == 200
        call = carrier.place_call(CITIZEN, [Silence()])
        carrier.wait_idle(5)
        lasted.append(call.duration_s or 0)
    slow, fast = lasted
    assert slow > 90
    assert fast < 5
    assert desk.post("/pace", json={"speech": 0}).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://altrove.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "altrove.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_another_page_of_the_browser_cannot_place_calls(
    carrier: Carrier, gateway: TinyGateway, desk: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    gateway.says["/twilio/voice"] = twiml("<Hangup/>")
    given = {"Content-Type": "application/json"} | headers
    answer = desk.post("/calls", content=b'{"from": "+393401112233"}', headers=given)
    carrier.wait_idle(5)
    assert (answer.status_code, len(carrier.received_calls)) == (status, int(status == 201))


def test_the_page_itself_may(carrier: Carrier, gateway: TinyGateway, desk: httpx2.Client, rehearsal: Rehearsal) -> None:
    gateway.says["/twilio/voice"] = twiml("<Hangup/>")
    headers = {"Origin": rehearsal.base_url, "Sec-Fetch-Site": "same-origin"}
    assert desk.post("/calls", json={"from": CITIZEN}, headers=headers).status_code == 201
    carrier.wait_idle(5)


def test_a_name_that_was_made_to_point_here_reads_nothing(desk: httpx2.Client) -> None:
    assert desk.get("/state", headers={"Host": "altrove.example"}).status_code == 403
