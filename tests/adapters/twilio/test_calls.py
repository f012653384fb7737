"""A citizen's call and SMS through the real webhooks (issue 2, item 4c; T-IVR)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.rehearsal import Leave, Silence, Speak
from adapters.twilio.twiml import How, rendered
from gateway.domain.call import Gather, Hangup, Record, Redirect, Say
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.ticket import Priority
from tests.adapters.twilio.house import CALL_SID, SID, House, call_form, document, text_form
from tests.flow.station import BRUNO, CITIZEN, DESK_NUMBER, SMS_NUMBER


def call(house: House, *steps: object) -> str:
    """A citizen calls the help desk and does these steps; everything that was heard."""
    made = house.carrier.place_call(CITIZEN, steps, DESK_NUMBER)  # type: ignore[arg-type]  # every step is one
    house.carrier.wait_idle()
    return " ".join(made.heard)


def texts(house: House) -> str:
    """Everything that the only ticket says."""
    number = house.station.ticket().number
    return " ".join(message.text for message in house.station.store.read(lambda reading: reading.messages(number)))


def test_a_caller_hears_the_state_the_notice_and_the_number_digit_by_digit(house: House) -> None:
    heard = call(house)
    number = str(house.station.ticket().number)
    assert "chius" in heard or "lunedì" in heard
    assert "informativa" in heard
    assert " ".join(number[:4]) in heard


def test_a_caller_who_says_nothing_at_all_is_a_ticket(house: House) -> None:
    call(house)
    ticket = house.station.ticket()
    assert (ticket.channel, ticket.requester.number) == (Channel.PHONE, CITIZEN)


def test_what_a_caller_says_stands_on_the_ticket(house: House) -> None:
    call(house, Silence(), Speak("Il certificato non si scarica"))
    assert "certificato non si scarica" in texts(house)


def test_key_one_outside_hours_makes_it_urgent_and_wakes_somebody(house: House) -> None:
    """A2.6, S030."""
    call(house, "1")
    assert house.station.ticket().priority is Priority.URGENT
    assert "URGENTE" in house.station.page_texts(BRUNO)[-1].text


def test_a_message_after_the_notice_is_kept_with_its_address(house: House) -> None:
    """X12."""
    heard = call(house, Silence(), Silence(), Silence(), Leave(8))
    (recording,) = house.carrier.recordings
    assert house.carrier.media_url(recording) in texts(house)
    assert "8 secondi" in texts(house)
    assert "registr" in heard


def test_nothing_that_we_answered_was_useless_to_the_carrier(house: House) -> None:
    call(house, "1", Speak("Non va"))
    call(house, "9", Silence(), "9", Speak("Senza registrazione"))
    call(house, Silence(), Silence(), Silence(), Leave(3, key=""))
    assert house.carrier.errors == []


def test_an_sms_becomes_a_ticket_and_its_number_is_texted_back(house: House) -> None:
    house.carrier.send_sms(CITIZEN, "Non riesco a entrare nel portale", SMS_NUMBER)
    house.carrier.wait_idle()
    house.go()
    (answer,) = house.carrier.phones[CITIZEN].inbox
    assert str(house.station.ticket().number) in answer.body


def test_an_sms_delivered_twice_is_one_ticket(house: House) -> None:
    house.carrier.send_sms(CITIZEN, "Non riesco a entrare", SMS_NUMBER, times=2)
    house.carrier.wait_idle()
    assert len(house.station.tickets()) == 1


def keyed(word: str) -> str:
    """A word on the keys of a telephone."""
    keys = {"ABC": "2", "DEF": "3", "GHI": "4", "JKL": "5", "MNO": "6", "PQRS": "7", "TUV": "8", "WXYZ": "9"}
    return "+" + "".join(key for letter in word for letters, key in keys.items() if letter in letters)


@pytest.mark.parametrize(
    "sender",
    ["", "anonymous", "sip:x@example.org", "client:tom", "+39", "+3933312345678901234",
     *map(keyed, ("ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN", "UNAVAILABLE"))],
)  # fmt: skip
def test_a_withheld_number_is_nobodys(house: House, sender: str) -> None:
    """Else everybody who withholds a number would be one and the same requester."""
    assert house.post("/twilio/voice", call_form(From=sender)).is_success
    assert house.station.ticket().requester.number == ""
    assert house.station.intakes()[0].facts.get("caller", "") == sender


# ----------------------------------------------------------------------------------------------------------- recordings

RECORDING = "/2010-04-01/Accounts/" + SID + "/Recordings/RE" + "0" * 32
FOREIGN = {
    "loopback": "http://127.0.0.1:5432/",
    "another host": f"https://evil.example{RECORDING}",
    "our carrier as a user": f"https://api.twilio.com@evil.example{RECORDING}",
    "another account": "{api}" + RECORDING.replace(SID, "AC" + "f" * 32),
    "a way up": "{api}" + RECORDING + "/../../../Accounts.json",
    "an encoded way up": "{api}" + RECORDING + "%2e%2e%2fx",
    "a query": "{api}" + RECORDING + "?x=1",
    "no address": "http://[",
    "another scheme": "file:///etc/passwd",
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_recording_elsewhere_is_not_noted_as_one(house: House, case: str) -> None:
    """B-084: what is noted is fetched one day, with our credentials."""
    house.post("/twilio/voice", call_form())
    number = house.station.ticket().number
    url = FOREIGN[case].replace("{api}", house.rehearsal.base_url)
    form = call_form(RecordingUrl=url, RecordingDuration="8", RecordingSid="RE" + "0" * 32)
    assert house.post(f"/twilio/voice/message?ticket={number}", form).is_success
    assert all("recording" not in intake.facts for intake in house.station.intakes())


def test_our_own_recording_is_noted(house: House) -> None:
    house.post("/twilio/voice", call_form())
    url = house.rehearsal.base_url + RECORDING
    house.post(f"/twilio/voice/message?ticket={house.station.ticket().number}", call_form(RecordingUrl=url))
    assert house.station.intakes()[-1].facts["recording"] == url


# ---------------------------------------------------------------------------------------------------------------- steps


def test_a_step_twice_has_one_effect(house: House) -> None:
    """B-077."""
    house.post("/twilio/voice", call_form())
    number = house.station.ticket().number
    form = call_form(SpeechResult="Non va", Confidence="0.9")
    first = house.post(f"/twilio/voice/speech?ticket={number}", form)
    count = len(house.station.events(house.station.ticket()))
    again = house.post(f"/twilio/voice/speech?ticket={number}", form)
    assert first.text == again.text
    assert len(house.station.events(house.station.ticket())) == count


@pytest.mark.parametrize(
    "where", ["choice", "choice?ticket=", "choice?ticket=x", "nowhere?ticket=1", f"choice?ticket={'9' * 5000}"]
)
def test_a_step_that_leads_nowhere_ends_the_call(house: House, where: str) -> None:
    answer = house.post(f"/twilio/voice/{where}", call_form(Digits="1"))
    assert [verb.tag for verb in document(answer.content)] == ["Hangup"]
    assert house.station.intakes() == []


# ---------------------------------------------------------------------------------------------------- faults of our own


def test_a_call_that_we_fail_to_file_is_kept_and_told_so_politely(house: House) -> None:
    """P1: an apology is heard, and the worker files the call later."""
    rules = house.station.gw.rules
    house.station.gw.rules = replace(rules, contracts={})
    answer = house.post("/twilio/voice", call_form())
    house.station.gw.rules = rules
    assert (answer.status_code, [verb.tag for verb in document(answer.content)]) == (200, ["Say", "Hangup"])
    (kept,) = house.station.intakes()
    assert (kept.state, kept.facts["sid"]) == (IntakeState.RECEIVED, CALL_SID)
    house.station.file()
    assert house.station.ticket().requester.number == CITIZEN


def test_an_sms_that_we_fail_to_file_is_kept_and_filed_later(house: House) -> None:
    rules = house.station.gw.rules
    house.station.gw.rules = replace(rules, contracts={})
    answer = house.post("/twilio/sms", text_form())
    house.station.gw.rules = rules
    assert (answer.status_code, list(document(answer.content))) == (200, [])
    house.station.file()
    assert house.station.ticket().requester.number == CITIZEN


@pytest.mark.parametrize(("path", "form"), [("/twilio/voice", call_form()), ("/twilio/sms", text_form())])
def test_without_the_store_nobody_is_told_that_it_was_kept(
    house: House, path: str, form: list[tuple[str, str]]
) -> None:
    """200 only after the commit."""
    house.station.store.close()
    assert house.post(path, form).status_code == 503


# ---------------------------------------------------------------------------------------------------------------- TwiML

HOW = How({"it": ("Polly.Bianca", "it-IT"), "en": ("Polly.Amy", "en-GB")}, max_record_s=60)
HOSTILE = "</Say><Dial>+39899000000</Dial><Say>&amp;\x00\x0b\ud800\uffff]]>"


def test_what_people_wrote_is_never_a_verb() -> None:
    """B-083."""
    script = (Say(HOSTILE), Gather("key", (Say(HOSTILE),)), Record("message"), Redirect("choice"), Hangup())
    text = rendered(script, lambda step: f"/x/{step}?a=1&b=2", HOW)
    verbs = [element.tag for element in document(text).iter()]
    assert verbs == ["Response", "Say", "Gather", "Say", "Record", "Redirect", "Hangup"]


def test_a_message_is_no_longer_than_the_settings_allow() -> None:
    text = rendered((Record("m", max_s=900),), str, HOW)
    record = document(text)[0].attrib
    assert (record["maxLength"], record["playBeep"], record["finishOnKey"]) == ("60", "true", "#")
    assert "recordingStatusCallback" not in record


def test_silence_goes_on_to_the_next_verb() -> None:
    text = rendered((Gather("speech", (Say("?"),), speech=True),), str, HOW)
    gather = document(text)[0].attrib
    assert "actionOnEmptyResult" not in gather
    assert (gather["input"], gather["language"]) == ("dtmf speech", "it-IT")


def test_the_subject_of_a_mail_is_read_aloud_and_not_obeyed(house: House) -> None:
    """B-083, from the mail to the carrier."""
    house.station.mail("URGENTE </Say><Dial>+39899000000</Dial>", "</Say><Dial>+39899000000</Dial>")
    house.go()
    house.pass_(minutes=6)
    answer = house.post(f"/twilio/page/{house.first_call().key}", call_form())
    assert {verb.tag for verb in document(answer.content).iter()} == {"Response", "Gather", "Say", "Hangup"}
