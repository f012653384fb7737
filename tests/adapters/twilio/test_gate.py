"""No webhook has an effect without the carrier's signature on our own address (PROMISES P14, F16, B-071 to B-075)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from starlette.routing import Route

from adapters.rehearsal.signing import signature
from adapters.twilio import Webhooks, routes
from adapters.twilio.gate import KNOWN, MAX_BODY_BYTES, is_strange
from gateway.domain.dispatch import DispatchState
from tests.adapters.twilio.house import (
    A_KEY,
    CALL_SID,
    MESSAGE_SID,
    PUBLIC_URL,
    SID,
    TOKEN,
    House,
    call_form,
    status_form,
    text_form,
)
from tests.flow.station import BRUNO, CITIZEN, SMS_NUMBER

if TYPE_CHECKING:
    from gateway.ports import Gateway

Form = list[tuple[str, str]]


def routed() -> list[Route]:
    """What the router really has: a new path cannot be forgotten here."""
    texts = SimpleNamespace(fill=lambda *_: SimpleNamespace(body=""))
    rules = SimpleNamespace(
        contracts={"c": SimpleNamespace(language="it")}, default_contract="c", texts=lambda _: texts
    )
    nobody = cast("Gateway", SimpleNamespace(rules=rules))
    return routes(Webhooks(nobody, TOKEN, SID, PUBLIC_URL, "https://api.twilio.com", "v", "it-IT", 1))


PATHS = [route.path.replace("{key}", A_KEY).replace("{step}", "menu") for route in routed()]


def form_of(path: str) -> Form:
    """A form that the path takes."""
    if path == "/twilio/sms":
        return text_form()
    if path == "/twilio/recording":
        return call_form(RecordingSid="RE" + "0" * 32)
    return status_form() if path.startswith("/twilio/status") else call_form()


def effects(house: House) -> tuple[int, int, int, int]:
    """Everything that a webhook could have changed; that it was refused is written down and no effect of it (X11)."""
    house.written()
    station = house.station
    events = [kind for kind in station.happened() if kind != "webhook_refused"]
    events += [kind for ticket in station.tickets() for kind in station.happened(ticket)]
    lines = station.store.read(lambda reading: reading.calls())
    return len(station.intakes()), len(station.sent()), len(lines), len(events)


def forgeries(path: str, form: Form, own_url: str) -> dict[str, str | None]:
    """Signatures that are not the carrier's for our address."""
    right = signature(TOKEN, PUBLIC_URL + path, form)
    return {
        "missing": None,
        "empty": "",
        "wrong": right[:-2] + ("A=" if right[-2] != "A" else "B="),
        "not base64 at all": "~" * 28,
        "the token of another account": signature("another-token", PUBLIC_URL + path, form),
        "an empty token": signature("", PUBLIC_URL + path, form),
        "the address that was connected to": signature(TOKEN, own_url + path, form),
        "plain http": signature(TOKEN, PUBLIC_URL.replace("https", "http") + path, form),
        "a slash more": signature(TOKEN, f"{PUBLIC_URL}{path}/", form),
        "another port": signature(TOKEN, f"{PUBLIC_URL}:8443{path}", form),
        "another form": signature(TOKEN, PUBLIC_URL + path, form[1:]),
    }


@pytest.mark.parametrize("forgery", list(forgeries("", [("a", "b")], "")))
@pytest.mark.parametrize("path", PATHS)
def test_a_forged_request_is_refused_in_the_same_words_and_has_no_effect(
    quiet_house: House, path: str, forgery: str
) -> None:
    before = effects(quiet_house)
    form = form_of(path)
    signed = forgeries(path, form, quiet_house.url)[forgery]
    headers = {} if signed is None else {"X-Twilio-Signature": signed}
    answer = quiet_house.post(path, form, signed=None, headers=headers)
    assert (answer.status_code, answer.text) == (403, "refused")
    assert effects(quiet_house) == before


@pytest.mark.parametrize("path", PATHS)
def test_the_carriers_own_request_is_taken(house: House, path: str) -> None:
    """Without this the test above would prove nothing."""
    assert house.post(path, form_of(path)).is_success


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_done_by_opening_a_link(quiet_house: House, path: str) -> None:
    assert quiet_house.client.get(path).status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_another_account_is_refused_even_with_our_token(quiet_house: House, path: str) -> None:
    form = [(name, "AC" + "f" * 32 if name == "AccountSid" else value) for name, value in form_of(path)]
    assert quiet_house.post(path, form).status_code == 403


def test_the_host_that_a_request_names_is_not_asked(house: House) -> None:
    """B-074: behind a proxy the carrier's requests pass, whatever the proxy says."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    assert house.post("/twilio/sms", text_form(), headers=headers).is_success


def test_a_signature_for_the_forwarded_host_is_worth_nothing(quiet_house: House) -> None:
    """B-074."""
    signed = signature(TOKEN, "https://evil.example/twilio/sms", text_form())
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    assert quiet_house.post("/twilio/sms", text_form(), signed=signed, headers=headers).status_code == 403


def test_another_query_is_another_address(house: House) -> None:
    """B-074: the turn in the query of a step cannot be exchanged."""
    house.post("/twilio/voice", call_form())
    signed = signature(TOKEN, f"{PUBLIC_URL}/twilio/voice/menu?n=1", call_form(Digits="1"))
    answer = house.post("/twilio/voice/menu?n=2", call_form(Digits="1"), signed=signed)
    assert answer.status_code == 403


# ------------------------------------------------------------------------------------------------------------ cutting


def cut_otherwise(genuine: Form, forged: Form) -> str:
    """The signature of a genuine form, after making sure that it is the forged one's too (F16)."""
    captured = signature(TOKEN, f"{PUBLIC_URL}/twilio/sms", genuine)
    assert captured == signature(TOKEN, f"{PUBLIC_URL}/twilio/sms", forged)
    return captured


def test_a_name_that_swallowed_a_value_is_refused(quiet_house: House) -> None:
    """B-073: `BodyabFrom=c` has the signature of `Body=ab, From=c`."""
    genuine = text_form(Body="ab")
    forged = [(n, v) for n, v in genuine if n not in ("Body", "From")] + [("BodyabFrom", CITIZEN)]
    answer = quiet_house.post("/twilio/sms", forged, signed=cut_otherwise(genuine, forged))
    assert answer.status_code == 400
    assert quiet_house.station.intakes() == []


def test_a_value_that_swallowed_a_name_is_refused(quiet_house: House) -> None:
    """B-073: all names are known, and the sender is gone."""
    genuine = text_form(Body="ab")
    forged = [(n, v) for n, v in genuine if n not in ("Body", "From")] + [("Body", f"abFrom{CITIZEN}")]
    answer = quiet_house.post("/twilio/sms", forged, signed=cut_otherwise(genuine, forged))
    assert answer.status_code == 400
    assert quiet_house.station.intakes() == []


def test_a_name_cut_shorter_does_not_become_a_second_value(quiet_house: House) -> None:
    """B-073: `FromCity=Roma` has the signature of a second `From=CityRoma`."""
    genuine = text_form(FromCity="Roma")
    forged = [("From", "CityRoma"), *((n, v) for n, v in genuine if n != "FromCity")]
    answer = quiet_house.post("/twilio/sms", forged, signed=cut_otherwise(genuine, forged))
    assert answer.status_code == 400
    assert quiet_house.station.intakes() == []


def test_an_id_cannot_be_lengthened_to_look_new(quiet_house: House) -> None:
    """B-073: the repeat key is the message's id; one that swallowed its neighbour would be a second message."""
    genuine = text_form()
    forged = [(n, v) for n, v in genuine if n not in ("MessageSid", "NumMedia")]
    forged.append(("MessageSid", f"{MESSAGE_SID}NumMedia0"))
    answer = quiet_house.post("/twilio/sms", forged, signed=cut_otherwise(genuine, forged))
    assert answer.status_code == 400
    assert quiet_house.station.intakes() == []


@pytest.mark.parametrize("known", sorted(KNOWN))
def test_no_known_name_may_be_continued(known: str) -> None:
    continued = f"{known}Abc"
    assert is_strange(continued) or continued in KNOWN


@pytest.mark.parametrize("name", ["", "Bo dy", "../x", "Übergabe", "constructor", "__class__", "A" * 60, "MediaUrl999"])
def test_a_name_that_the_carrier_would_not_use_is_strange(name: str) -> None:
    assert is_strange(name)


def test_a_parameter_that_the_carrier_adds_one_day_does_not_stop_the_calls(house: House) -> None:
    assert house.post("/twilio/voice", call_form(RiskScore="0.2")).is_success
    assert len(house.station.intakes()) == 1


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/twilio/voice", call_form(Body="ciao")),
        ("/twilio/voice", call_form(MessageSid=MESSAGE_SID)),
        ("/twilio/sms", text_form(Digits="1")),
        (f"/twilio/status/{A_KEY}", status_form(CallSid=CALL_SID)),
        (f"/twilio/call-status/{A_KEY}", call_form(MessageStatus="delivered")),
        (f"/twilio/leg/{A_KEY}/key", call_form(Digits="1", Body="1")),
    ],
)
def test_a_parameter_of_another_webhook_is_refused(quiet_house: House, path: str, form: Form) -> None:
    """B-073: each webhook has its own names."""
    before = effects(quiet_house)
    assert quiet_house.post(path, form).status_code == 400
    assert effects(quiet_house) == before


def test_refusals_are_counted_each_and_written_down_at_a_bounded_rate(house: House) -> None:
    """X11: nobody fills the register by knocking."""
    for _ in range(50):
        house.post("/twilio/voice", call_form(), signed=None)
    house.written()
    assert house.webhooks.refused.total == 50
    (entry,) = [entry for entry in house.station.events() if entry.type == "webhook_refused"]
    assert (entry.data["reason"], entry.data["refused"], entry.clause) == ("signature missing or wrong", "1", "X11")
    house.station.clock.pass_(minutes=2)
    house.post("/twilio/sms", text_form(), signed="x")
    house.written()
    assert [entry.data["refused"] for entry in house.station.events() if entry.type == "webhook_refused"] == ["1", "50"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/twilio/voice", [pair for pair in call_form() if pair[0] != "CallSid"]),
        ("/twilio/voice", call_form(CallSid="")),
        ("/twilio/voice", call_form(CallSid="CA1")),
        ("/twilio/sms", [pair for pair in text_form() if pair[0] != "MessageSid"]),
        (f"/twilio/status/{A_KEY}", status_form(MessageSid="")),
    ],
)
def test_what_has_no_id_is_refused_rather_than_taken_for_a_repeat(quiet_house: House, path: str, form: Form) -> None:
    """Two such contacts would have one repeat key, and the second would be lost."""
    assert quiet_house.post(path, form).status_code == 400


# -------------------------------------------------------------------------------------------------------------- bodies


def test_a_body_larger_than_any_webhook_is_refused(quiet_house: House) -> None:
    """B-098."""
    assert quiet_house.post("/twilio/sms", text_form(Body="x" * MAX_BODY_BYTES)).status_code == 413


def test_a_thousand_parameters_are_refused(quiet_house: House) -> None:
    """B-098."""
    many = [(f"Name{'x' * (n % 30)}", "") for n in range(1_500)]
    assert quiet_house.post("/twilio/sms", many).status_code == 400


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_only_forms_are_taken(quiet_house: House, kind: str) -> None:
    """B-098: the signature is right for a form without parameters."""
    signed = signature(TOKEN, f"{PUBLIC_URL}/twilio/sms")
    answer = quiet_house.post("/twilio/sms", text_form(), signed=signed, headers={"Content-Type": kind})
    assert answer.status_code == 403


# ------------------------------------------------------------------------------------------------------------- repeats


def test_a_replayed_text_is_one_intake(house: House) -> None:
    """B-077: the signature has no time in it; the message's id is what repeats are known by."""
    answers = [house.post("/twilio/sms", text_form()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(house.station.intakes()) == 1


def test_a_replayed_call_hears_the_same_and_is_one_ticket(house: House) -> None:
    """B-077."""
    first, again = house.post("/twilio/voice", call_form()), house.post("/twilio/voice", call_form())
    assert first.text == again.text
    assert len(house.station.intakes()) == 1


def test_a_status_of_what_we_never_sent_is_passed_over(house: House) -> None:
    """B-075."""
    house.urgent_mail()
    before = [(d.id, d.state) for d in house.station.sent()]
    assert house.post(f"/twilio/status/{A_KEY}", status_form()).status_code == 204
    assert [(d.id, d.state) for d in house.station.sent()] == before


@pytest.mark.parametrize("key", ["x", A_KEY.upper(), "..", "%00", f"{A_KEY}{A_KEY}", "' or 1=1 --"])
def test_a_key_that_is_none_is_nobodys(house: House, key: str) -> None:
    path = f"/twilio/status/{key}".replace(" ", "%20").replace("'", "%27")
    assert house.post(path, status_form()).status_code in (204, 404)


def test_a_citizens_call_that_ended_is_concluded_once(house: House) -> None:
    """C2.3: every call leaves a line."""
    house.post("/twilio/voice", call_form())
    ended = call_form(CallStatus="completed", CallDuration="12")
    assert house.post("/twilio/status", ended).status_code == 204
    (line,) = house.station.store.read(lambda reading: reading.calls())
    assert (line.outcome, line.facts["duration_s"]) == ("abandoned", "12")
    after = effects(house)
    assert house.post("/twilio/status", ended).status_code == 204
    assert effects(house) == after


@pytest.mark.parametrize("form", [call_form(CallStatus="completed"), status_form(), [("AccountSid", SID)]])
def test_the_end_of_what_we_never_heard_of_changes_nothing(house: House, form: Form) -> None:
    """B-075."""
    before = effects(house)
    assert house.post("/twilio/status", form).status_code == 204
    assert effects(house) == before


def test_a_delivered_status_confirms_only_its_own_dispatch(house: House) -> None:
    """B-075."""
    house.station.mail("URGENTE: uno")
    house.station.mail("URGENTE: due")
    first, second = house.station.page_texts(BRUNO)
    house.post(f"/twilio/status/{first.key}", status_form())
    states = [d.state for d in house.station.page_texts(BRUNO)]
    assert states == [DispatchState.CONFIRMED, DispatchState.DUE]
    assert second.to == BRUNO


def test_the_bytes_are_kept_as_they_came(house: House) -> None:
    house.post("/twilio/sms", text_form(Body="è così: 100% + & ="))
    (intake,) = house.station.intakes()
    kept = house.station.store.read(lambda reading: reading.intake(intake.id, raw=True))
    assert kept is not None
    assert b"Body=%C3%A8+cos%C3%AC%3A+100%25+%2B+%26+%3D" in kept.raw
    assert kept.facts["body"] == "è così: 100% + & ="
    assert (kept.sender, kept.recipients, kept.facts["sid"]) == (CITIZEN, (SMS_NUMBER,), MESSAGE_SID)
    assert CALL_SID not in kept.facts.values()


def test_a_signature_that_is_no_text_is_refused(quiet_house: House) -> None:
    """F16: never a 500."""
    headers = {b"X-Twilio-Signature": b"\xe9\xff" * 14, b"Content-Type": b"application/x-www-form-urlencoded"}
    assert quiet_house.client.post("/twilio/sms", content=b"a=b", headers=headers).status_code == 403
