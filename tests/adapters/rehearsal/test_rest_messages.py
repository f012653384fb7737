from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from adapters.rehearsal import Account, Carrier, Gateway, Rehearsal, opted_out, replies, switched_off
from tests.adapters.rehearsal.conftest import NUMBER, SID, sdk
from tests.adapters.rehearsal.gateway import PUBLIC_URL, TOKEN, TinyGateway, twiml

ANNA = "+393331112233"
STATUS = f"{PUBLIC_URL}/twilio/status?attempt=a1%20b"


def send(client: Client, body: str = "Codice 482913", to: str = ANNA) -> str:
    return str(client.messages.create(to=to, from_=NUMBER, body=body, status_callback=STATUS).sid)


def refusal(client: Client, **fields: str) -> int:
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(**({"to": ANNA, "from_": NUMBER, "body": "x"} | fields))
    return int(refused.value.code)


def test_a_text_is_queued_at_first(client: Client) -> None:
    assert client.messages.create(to=ANNA, from_=NUMBER, body="ciao").status == "queued"


def test_a_text_arrives_at_its_telephone(client: Client, carrier: Carrier) -> None:
    send(client, "Codice 482913 è tuo")
    carrier.wait_idle()
    assert [(text.sender, text.body, text.code) for text in carrier.phones[ANNA].inbox] == [
        (NUMBER, "Codice 482913 è tuo", "482913")
    ]


def test_a_text_that_arrived_is_fetched_as_delivered(client: Client, carrier: Carrier) -> None:
    sid = send(client)
    carrier.wait_idle()
    assert client.messages(sid).fetch().status == "delivered"


def test_status_callbacks_come_queued_sent_delivered(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    send(client)
    carrier.wait_idle()
    assert gateway.statuses() == ["queued", "sent", "delivered"]


def test_status_callbacks_are_signed_over_the_public_url_with_its_query(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    send(client)
    carrier.wait_idle()
    assert [(heard.genuine, heard.query) for heard in gateway.heard] == [(True, "attempt=a1%20b")] * 3


def test_a_status_callback_names_message_parties_and_account(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    sid = send(client)
    carrier.wait_idle()
    assert gateway.heard[-1].params == {
        "AccountSid": SID,
        "ApiVersion": "2010-04-01",
        "From": NUMBER,
        "MessageSid": sid,
        "MessageStatus": "delivered",
        "SmsSid": sid,
        "SmsStatus": "delivered",
        "To": ANNA,
    }


def test_a_switched_off_telephone_leaves_its_text_undelivered_with_30003(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = switched_off()
    send(client)
    carrier.wait_idle()
    assert (gateway.heard[-1].params["MessageStatus"], gateway.heard[-1].params["ErrorCode"]) == (
        "undelivered",
        "30003",
    )


def test_a_switched_off_telephone_has_no_text(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = switched_off()
    send(client)
    carrier.wait_idle()
    assert carrier.phones[ANNA].inbox == []


def test_a_telephone_replies_with_the_code_of_the_text(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = replies("OK {code}")
    send(client)
    carrier.wait_idle()
    assert [(sms["From"], sms["To"], sms["Body"]) for sms in gateway.at("/twilio/sms")] == [(ANNA, NUMBER, "OK 482913")]


def test_a_reply_that_needs_a_code_is_not_sent_to_a_text_without_one(
    client: Client, carrier: Carrier, gateway: TinyGateway
) -> None:
    carrier.phones[ANNA] = replies("OK {code}")
    send(client, "senza codice, 12345678")
    carrier.wait_idle()
    assert gateway.at("/twilio/sms") == []


@pytest.mark.parametrize("name", ["ComuneTest", "Comune-Rm", "A&B+C_1 x"])
def test_no_telephone_replies_to_a_name(client: Client, carrier: Carrier, gateway: TinyGateway, name: str) -> None:
    """M-02: the text lies there, and a reply would reach nobody."""
    carrier.phones[ANNA] = replies("OK {code}")
    client.messages.create(to=ANNA, from_=name, body="Codice 482913")
    carrier.wait_idle()
    (text,) = carrier.phones[ANNA].inbox
    assert (text.sender, text.code, text.answerable) == (name, "482913", False)
    assert gateway.at("/twilio/sms") == []


def test_what_a_person_sends_goes_to_our_number_whatever_lies_on_the_telephone(
    client: Client, carrier: Carrier, rehearsal: Rehearsal
) -> None:
    """`send` of the page and of `control`."""
    client.messages.create(to=ANNA, from_="ComuneTest", body="Codice 482913")
    carrier.wait_idle()
    httpx2.post(f"{rehearsal.base_url}/rehearsal/phones/{ANNA}", json={"send": "OK 482913"}, trust_env=False)
    carrier.wait_idle()
    assert [(message.sender, message.to) for message in carrier.received_messages] == [(ANNA, NUMBER)]


def test_a_reply_may_be_a_function_of_the_text(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = replies(lambda text: text.upper())
    send(client, "no 123456")
    carrier.wait_idle()
    assert [message.body for message in carrier.received_messages] == ["NO 123456"]


def test_a_number_that_opted_out_is_refused_with_21610(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = opted_out()
    assert refusal(client) == 21610


def test_stop_refuses_the_number_until_start(client: Client, carrier: Carrier) -> None:
    carrier.send_sms(ANNA, " stop ")
    assert refusal(client) == 21610
    carrier.send_sms(ANNA, "START")
    assert client.messages.create(to=ANNA, from_=NUMBER, body="x").status == "queued"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "3331112233"}, 21211),
        ({"to": "+390706061"}, 21614),
        ({"from_": "+390709999999"}, 21606),
        ({"from_": "ComuneDiRoma"}, 21606),  # 12 characters
        ({"from_": "Comune!"}, 21606),
        ({"body": "x" * 1601}, 21617),
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
    ],
)
def test_what_the_carrier_would_refuse_is_refused_with_its_code(
    client: Client, fields: dict[str, str], code: int
) -> None:
    assert refusal(client, **fields) == code


def test_a_wrong_token_is_401_in_the_carriers_shape(rehearsal: Rehearsal) -> None:
    url = f"{rehearsal.base_url}/2010-04-01/Accounts/{SID}/Messages.json"
    answer = httpx2.get(url, auth=(SID, "another"), timeout=5)
    assert (answer.status_code, answer.json()) == (
        401,
        {
            "code": 20003,
            "message": "Authenticate",
            "more_info": "https://www.twilio.com/docs/errors/20003",
            "status": 401,
        },
    )


def test_the_sdk_reads_a_wrong_token_as_20003(rehearsal: Rehearsal) -> None:
    assert refusal(sdk(rehearsal, token="another")) == 20003


def test_an_unknown_message_is_20404(client: Client) -> None:
    with pytest.raises(TwilioRestException) as missing:
        client.messages("SM" + "0" * 32).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_dates_are_read_by_the_sdk_as_instants_in_utc(gateway: TinyGateway) -> None:
    at = datetime(2026, 12, 26, 2, 1, tzinfo=UTC)
    account = Account(SID, TOKEN, NUMBER)
    with Rehearsal(account, gateway=Gateway(PUBLIC_URL, gateway.url), clock=lambda: at, seconds_scale=0.002) as dated:
        client = sdk(dated)
        sid = send(client)
        dated.carrier.wait_idle()
        fetched = client.messages(sid).fetch()
    assert (fetched.date_created, fetched.date_sent) == (at, at)


def test_a_list_spans_its_pages_newest_first(client: Client, carrier: Carrier) -> None:
    for n in range(5):
        send(client, f"n {n}")
    carrier.wait_idle()
    assert [message.body for message in client.messages.list(page_size=2)] == ["n 4", "n 3", "n 2", "n 1", "n 0"]


def test_a_list_is_filtered_by_recipient(client: Client, carrier: Carrier) -> None:
    send(client, "a")
    send(client, "b", "+393339998877")
    carrier.wait_idle()
    assert [message.body for message in client.messages.list(to="+393339998877")] == ["b"]


def test_a_list_is_filtered_by_the_date_sent(client: Client, carrier: Carrier) -> None:
    send(client)
    carrier.wait_idle()
    hour = timedelta(hours=1)
    after = client.messages.list(date_sent_after=datetime.now(UTC) - hour)
    later = client.messages.list(date_sent_after=datetime.now(UTC) + hour)
    assert (len(after), len(later)) == (1, 0)


def test_a_deleted_text_is_gone(client: Client, carrier: Carrier) -> None:
    sid = send(client)
    carrier.wait_idle()
    client.messages(sid).delete()
    assert client.messages.list() == []


def test_an_emptied_text_keeps_its_record(client: Client, carrier: Carrier) -> None:
    sid = send(client)
    carrier.wait_idle()
    client.messages(sid).update(body="")
    assert client.messages(sid).fetch().body == ""


def test_a_telephones_text_reaches_the_gateway_signed(carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.send_sms(ANNA, "È caduta la linea & «aiuto»")
    carrier.wait_idle()
    assert [(heard.genuine, heard.params["Body"]) for heard in gateway.heard] == [(True, "È caduta la linea & «aiuto»")]


def test_a_text_told_twice_has_one_id(carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.send_sms(ANNA, "ciao", times=2)
    carrier.wait_idle()
    assert len({sms["MessageSid"] for sms in gateway.at("/twilio/sms")}) == 1
    assert len(gateway.at("/twilio/sms")) == 2


def test_a_message_verb_in_the_answer_comes_back_to_the_telephone(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/sms"] = twiml("<Message>Ricevuto</Message>")
    carrier.send_sms(ANNA, "ciao")
    carrier.wait_idle()
    assert [text.body for text in carrier.phones[ANNA].inbox] == ["Ricevuto"]


def test_an_answer_that_is_no_twiml_is_an_error(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/sms"] = "<Response><Say>no voice here</Say></Response>"
    carrier.send_sms(ANNA, "ciao")
    carrier.wait_idle()
    assert [trouble.code for trouble in carrier.errors] == [12200]


def test_an_address_that_is_not_the_gateways_is_never_called(client: Client, carrier: Carrier) -> None:
    client.messages.create(to=ANNA, from_=NUMBER, body="x", status_callback="https://elsewhere.example/x")
    carrier.wait_idle()
    assert {trouble.code for trouble in carrier.errors} == {11100}


def test_a_host_that_only_begins_like_the_gateways_is_never_called(client: Client, carrier: Carrier) -> None:
    client.messages.create(to=ANNA, from_=NUMBER, body="x", status_callback=f"{PUBLIC_URL}.evil.example/x")
    carrier.wait_idle()
    assert {trouble.code for trouble in carrier.errors} == {11100}


def test_a_json_body_is_signed_by_its_hash(carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.post_json(f"{PUBLIC_URL}/events", b'{"a": 1}')
    assert [heard.genuine for heard in gateway.heard] == [True]
