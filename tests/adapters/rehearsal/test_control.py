from __future__ import annotations

import smtplib
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from adapters.rehearsal import Account, Carrier, Ports, Rehearsal
from tests.adapters.rehearsal.conftest import NUMBER, SID
from tests.adapters.rehearsal.gateway import PUBLIC_URL, TOKEN, TinyGateway, twiml

ANNA = "+393331112233"


@pytest.fixture
def desk(rehearsal: Rehearsal) -> httpx2.Client:
    return httpx2.Client(base_url=f"{rehearsal.base_url}/rehearsal", timeout=5, trust_env=False)


def set_phone(desk: httpx2.Client, **wish: Any) -> Any:  # noqa: ANN401 - JSON
    return desk.post(f"/phones/{quote(ANNA)}", json=wish).json()


def send(client: Client) -> None:
    client.messages.create(to=ANNA, from_=NUMBER, body="Codice 482913")


def test_the_state_of_an_idle_rehearsal_is_empty(desk: httpx2.Client) -> None:
    assert desk.get("/state").json() == {
        "account_sid": SID, "number": NUMBER, "numbers": [NUMBER], "idle": True, "messages": [], "calls": [],
        "recordings": [], "errors": [], "faults": [], "mail_faults": [], "mail": 0,
    }  # fmt: skip


def test_the_state_shows_texts(desk: httpx2.Client, client: Client, carrier: Carrier) -> None:
    send(client)
    carrier.wait_idle()
    assert [(m["to"], m["status"]) for m in desk.get("/state").json()["messages"]] == [(ANNA, "delivered")]


def test_a_telephone_shows_its_inbox(desk: httpx2.Client, client: Client, carrier: Carrier) -> None:
    send(client)
    carrier.wait_idle()
    assert [text["body"] for text in desk.get(f"/phones/{quote(ANNA)}").json()["inbox"]] == ["Codice 482913"]


def test_a_behaviour_is_set_by_name(desk: httpx2.Client, client: Client, carrier: Carrier) -> None:
    set_phone(desk, behaviour="off")
    send(client)
    carrier.wait_idle()
    assert carrier.messages[0].status == "undelivered"


def test_an_automatic_reply_is_set(desk: httpx2.Client, client: Client, carrier: Carrier) -> None:
    set_phone(desk, reply="OK {code}")
    send(client)
    carrier.wait_idle()
    assert [message.body for message in carrier.received_messages] == ["OK 482913"]


def test_a_telephone_answers_and_presses_by_script(
    desk: httpx2.Client, client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    gateway.says["/page"] = twiml('<Gather numDigits="1" action="/key"/>')
    gateway.says["/key"] = twiml("<Hangup/>")
    set_phone(desk, behaviour="answers", script=["1"])
    client.calls.create(to=ANNA, from_=NUMBER, url=f"{PUBLIC_URL}/page")
    carrier.wait_idle()
    assert [form["Digits"] for form in gateway.at("/key")] == ["1"]


def test_a_telephone_texts_at_once(desk: httpx2.Client, carrier: Carrier, gateway: TinyGateway) -> None:
    set_phone(desk, send="OK 482913")
    carrier.wait_idle()
    assert [(sms["From"], sms["Body"]) for sms in gateway.at("/twilio/sms")] == [(ANNA, "OK 482913")]


def test_pressing_where_no_call_is_says_so(desk: httpx2.Client) -> None:
    assert set_phone(desk, press="1")["done"] == {"press": False}


def test_an_unknown_behaviour_is_refused_with_the_known_ones(desk: httpx2.Client) -> None:
    assert "voicemail" in set_phone(desk, behaviour="asleep")["error"]


def test_a_call_is_placed(desk: httpx2.Client, carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml("<Say>Buongiorno</Say>")
    placed = desk.post("/calls", json={"from": ANNA, "script": [{"hang_up": True, "after_verbs": 3}]})
    carrier.wait_idle()
    assert (placed.status_code, carrier.phones[ANNA].heard) == (201, ["Buongiorno"])


def test_a_text_is_sent_to_us(desk: httpx2.Client, carrier: Carrier, gateway: TinyGateway) -> None:
    desk.post("/messages", json={"from": ANNA, "body": "ciao"})
    carrier.wait_idle()
    assert [sms["Body"] for sms in gateway.at("/twilio/sms")] == ["ciao"]


def test_a_fault_of_the_carrier_is_ordered(desk: httpx2.Client, client: Client) -> None:
    desk.post("/faults", json={"kind": "status", "status": 503})
    with pytest.raises(TwilioRestException) as refused:
        send(client)
    assert refused.value.status == 503


def test_a_fault_of_the_sink_is_ordered(desk: httpx2.Client, rehearsal: Rehearsal) -> None:
    desk.post("/faults", json={"mail": "data", "reply": "451 4.3.0 later"})
    with pytest.raises(smtplib.SMTPDataError), smtplib.SMTP("127.0.0.1", rehearsal.smtp_port, timeout=5) as smtp:
        smtp.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\ny\r\n")


def test_faults_are_listed_and_cleared(desk: httpx2.Client) -> None:
    desk.post("/faults", json={"kind": "never"})
    desk.post("/faults", json={"mail": "data", "cut": True})
    listed = desk.get("/faults").json()
    assert (len(listed["carrier"]), len(listed["mail"])) == (1, 1)
    assert desk.delete("/faults").json() == {"carrier": [], "mail": []}


@pytest.mark.parametrize("body", [{"kind": "unheard-of"}, {"kind": "status", "stat": 1}, [], {"mail": "never"}])
def test_a_fault_that_is_none_is_refused(desk: httpx2.Client, body: object) -> None:
    assert desk.post("/faults", json=body).status_code == 400


def test_a_post_that_is_no_json_is_refused(desk: httpx2.Client) -> None:
    answer = desk.post("/messages", content=b'{"from": "+39333", "body": "x"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_mails_are_listed_and_fetched_raw(desk: httpx2.Client, rehearsal: Rehearsal) -> None:
    raw = b"Subject: Prova\r\n\r\n<script>\r\n"
    with smtplib.SMTP("127.0.0.1", rehearsal.smtp_port, timeout=5) as smtp:
        smtp.sendmail("a@example.org", ["b@example.org"], raw)
    listed = desk.get("/mail").json()
    fetched = desk.get("/mail/0")
    assert [(mail["n"], mail["to"], mail["subject"]) for mail in listed] == [(0, ["b@example.org"], "Prova")]
    assert (fetched.content, fetched.headers["content-type"]) == (raw, "text/plain; charset=utf-8")


def test_a_mail_that_is_not_there_is_404(desk: httpx2.Client) -> None:
    assert desk.get("/mail/0").status_code == 404


def test_a_taken_port_is_refused_at_the_start(rehearsal: Rehearsal) -> None:
    taken = int(rehearsal.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Rehearsal(Account(SID, TOKEN, NUMBER), ports=Ports(http=taken)).start()


def test_a_carrier_that_was_not_started_says_so() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        Rehearsal(Account(SID, TOKEN, NUMBER)).carrier.send_sms(ANNA, "ciao")


def test_a_scale_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="seconds_scale"):
        Rehearsal(Account(SID, TOKEN, NUMBER), seconds_scale=0)


def test_the_gateway_may_be_given_after_the_start(gateway: TinyGateway) -> None:
    from adapters.rehearsal import Gateway

    with Rehearsal(Account(SID, TOKEN, NUMBER), seconds_scale=0.002) as rehearsal:
        rehearsal.connect(Gateway(PUBLIC_URL, gateway.url))
        rehearsal.carrier.send_sms(ANNA, "ciao")
        rehearsal.carrier.wait_idle()
    assert len(gateway.at("/twilio/sms")) == 1
