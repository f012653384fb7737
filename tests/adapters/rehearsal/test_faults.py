from __future__ import annotations

import threading
import time

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from adapters.rehearsal import Account, Carrier, Rehearsal, answers, faults
from tests.adapters.rehearsal.conftest import NUMBER, SID, sdk
from tests.adapters.rehearsal.gateway import PUBLIC_URL, TOKEN, TinyGateway, twiml

ANNA = "+393331112233"
BRUNO = "+393334445566"
STATUS = f"{PUBLIC_URL}/twilio/status"


def send(client: Client, to: str = ANNA) -> None:
    client.messages.create(to=to, from_=NUMBER, body="Codice 482913", status_callback=STATUS)


def inbox(carrier: Carrier, number: str = ANNA) -> int:
    carrier.wait_idle()
    return len(carrier.phones[number].inbox)


def test_429_says_when_to_come_back_and_does_nothing(rehearsal: Rehearsal, carrier: Carrier) -> None:
    carrier.faults.add(faults.too_many(retry_after_s=7))
    client = sdk(rehearsal)
    with pytest.raises(TwilioRestException) as refused:
        send(client)
    headers = client.http_client._test_only_last_response.headers  # noqa: SLF001 - the library's own window on it
    assert (refused.value.status, refused.value.code, headers["Retry-After"]) == (429, 20429, "7")
    assert inbox(carrier) == 0


@pytest.mark.parametrize("http_status", [500, 503])
def test_a_server_error_is_answered_and_nothing_done(client: Client, carrier: Carrier, http_status: int) -> None:
    carrier.faults.add(faults.status(http_status))
    with pytest.raises(TwilioRestException) as refused:
        send(client)
    assert (refused.value.status, inbox(carrier)) == (http_status, 0)


def test_a_server_error_may_hide_that_it_was_done(client: Client, carrier: Carrier) -> None:
    carrier.faults.add(faults.status(500, acts=True))
    with pytest.raises(TwilioRestException):
        send(client)
    assert inbox(carrier) == 1


def test_a_fault_is_over_after_its_number_of_requests(client: Client, carrier: Carrier) -> None:
    carrier.faults.add(faults.status(503, times=2))
    for _ in range(2):
        with pytest.raises(TwilioRestException):
            send(client)
    send(client)
    assert inbox(carrier) == 1


def test_cleared_faults_do_nothing(client: Client, carrier: Carrier) -> None:
    carrier.faults.add(faults.status(503, times=None))
    carrier.faults.clear()
    send(client)
    assert inbox(carrier) == 1


def test_a_fault_for_a_number_spares_the_others(client: Client, carrier: Carrier) -> None:
    fault = faults.status(503, times=None)
    fault.number = ANNA
    carrier.faults.add(fault)
    send(client, BRUNO)
    assert inbox(carrier, BRUNO) == 1


def test_a_fault_for_a_path_spares_the_others(client: Client, carrier: Carrier) -> None:
    fault = faults.status(503)
    fault.path = "/Calls"
    carrier.faults.add(fault)
    send(client)
    assert inbox(carrier) == 1


def test_a_late_answer_is_late_and_done(client: Client, carrier: Carrier) -> None:
    carrier.faults.add(faults.late(0.3))
    began = time.monotonic()
    send(client)
    assert time.monotonic() - began >= 0.3
    assert inbox(carrier) == 1


def test_whoever_does_not_wait_for_a_late_answer_has_sent_all_the_same(rehearsal: Rehearsal, carrier: Carrier) -> None:
    carrier.faults.add(faults.late(2))
    with pytest.raises(requests.exceptions.ReadTimeout):
        send(sdk(rehearsal, timeout=0.3))
    assert inbox(carrier) == 1


@pytest.mark.parametrize(("acts", "arrived"), [(False, 0), (True, 1)])
def test_an_answer_that_never_comes_ends_when_the_client_gives_up(
    rehearsal: Rehearsal,
    carrier: Carrier,
    *,
    acts: bool,
    arrived: int,
) -> None:
    carrier.faults.add(faults.never(acts=acts))
    with pytest.raises(requests.exceptions.ReadTimeout):
        send(sdk(rehearsal, timeout=0.3))
    assert inbox(carrier) == arrived


def test_an_answer_that_never_comes_is_cut_when_the_stand_in_stops() -> None:
    with Rehearsal(Account(SID, TOKEN, NUMBER)) as rehearsal:
        rehearsal.carrier.faults.add(faults.never())
        stopping = threading.Timer(0.2, rehearsal.stop)
        stopping.start()
        with pytest.raises(requests.exceptions.ConnectionError):
            send(sdk(rehearsal))
        stopping.join()


def test_begun_anew_nothing_is_left(rehearsal: Rehearsal, carrier: Carrier, client: Client) -> None:
    send(client)
    carrier.faults.add(faults.never())
    rehearsal.reset()
    assert (carrier.messages, carrier.phones.all(), carrier.faults.pending, carrier.idle) == ([], [], [], True)


def test_garbage_is_no_json_and_was_done(client: Client, carrier: Carrier) -> None:
    carrier.faults.add(faults.garbage())
    with pytest.raises(ValueError, match="Expecting value"):
        send(client)
    assert inbox(carrier) == 1


@pytest.mark.parametrize(("acts", "arrived"), [(True, 1), (False, 0)])
def test_a_cut_connection_leaves_the_client_not_knowing(
    client: Client,
    carrier: Carrier,
    *,
    acts: bool,
    arrived: int,
) -> None:
    carrier.faults.add(faults.cut(acts=acts))
    with pytest.raises(requests.exceptions.ConnectionError):
        send(client)
    assert inbox(carrier) == arrived


def test_a_silent_carrier_accepts_and_does_nothing(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.faults.add(faults.silent())
    send(client)
    assert (inbox(carrier), gateway.heard, carrier.messages[0].status) == (0, [], "queued")


def test_a_silent_carrier_never_rings(client: Client, carrier: Carrier) -> None:
    carrier.phones[ANNA] = answers("1")
    carrier.faults.add(faults.silent())
    client.calls.create(to=ANNA, from_=NUMBER, url=f"{PUBLIC_URL}/page")
    carrier.wait_idle()
    assert (carrier.phones[ANNA].calls, carrier.calls[0].status) == ([], "queued")


def test_a_number_may_be_undeliverable_with_a_code(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.faults.add(faults.undelivered(ANNA, 30005))
    send(client)
    send(client, BRUNO)
    carrier.wait_idle()
    assert sorted((m.to, m.status, m.error_code) for m in carrier.messages) == [
        (ANNA, "undelivered", 30005),
        (BRUNO, "delivered", None),
    ]


def test_a_failed_text_was_never_sent(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.faults.add(faults.failed(ANNA, 30008))
    send(client)
    carrier.wait_idle()
    assert gateway.statuses() == ["queued", "failed"]


def test_callbacks_may_come_twice(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.faults.add(faults.callbacks("duplicated"))
    send(client)
    carrier.wait_idle()
    assert gateway.statuses() == ["queued", "queued", "sent", "sent", "delivered", "delivered"]


def test_callbacks_may_come_last_first(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.faults.add(faults.callbacks("reversed"))
    send(client)
    carrier.wait_idle()
    assert gateway.statuses() == ["delivered", "sent", "queued"]


def test_callbacks_of_calls_may_come_last_first(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.faults.add(faults.callbacks("reversed"))
    client.calls.create(
        to=ANNA, from_=NUMBER, twiml=twiml("<Hangup/>"), status_callback=STATUS,
        status_callback_event=["initiated", "completed"], timeout=5,
    )  # fmt: skip
    carrier.wait_idle()
    assert gateway.statuses(field_name="CallStatus") == ["no-answer", "initiated"]


def test_callbacks_may_come_before_the_answer(client: Client, carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.faults.add(faults.callbacks("early"))
    send(client)
    assert gateway.statuses() == ["queued", "sent", "delivered"]


def test_an_ordinary_callback_comes_after_the_answer(rehearsal: Rehearsal, gateway: TinyGateway) -> None:
    order: list[str] = []

    def note(form: dict[str, str]) -> str:
        order.append(form["MessageStatus"])
        return ""

    gateway.says["/twilio/status"] = note
    client = sdk(rehearsal)
    client.http_client.request_hooks = {"response": lambda *_args, **_more: order.append("answer")}
    send(client)
    rehearsal.carrier.wait_idle()
    assert order == ["answer", "queued", "sent", "delivered"]
