"""A citizen's call and SMS through the real webhooks, before the stand-in carrier (T-IVR)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.rehearsal import (
    HangUp,
    Leave,
    Press,
    Silence,
    Speak,
    answers,
    busy,
    rings_out,
    switched_off,
    voicemail,
)
from adapters.twilio.twiml import How, rendered
from gateway.domain.call import Gather, Hangup, Leg, Record, Redirect, Reject, Ring, Say
from gateway.domain.contract import Contract
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.telephony import Call, CallOutcome
from gateway.domain.ticket import Mark, Priority
from tests.adapters.twilio.house import A_KEY, CALL_SID, SID, House, call_form, document, text_form
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, DESK_NUMBER, SMS_NUMBER, TUESDAY_MORNING

ELENA, FABIO = "+390700000201", "+390700000202"


def call(house: House, *steps: object) -> str:
    """A citizen calls the help desk and does these steps; everything that was heard."""
    made = house.carrier.place_call(CITIZEN, steps, DESK_NUMBER)  # type: ignore[arg-type]  # every step is one
    house.carrier.wait_idle()
    return " ".join(made.heard)


def texts(house: House) -> str:
    """Everything that the only ticket says."""
    return " ".join(message.text for message in house.station.messages(house.station.ticket()))


def line(house: House) -> Call:
    """The line of the last call."""
    return house.station.store.read(lambda reading: reading.calls())[0]


def test_a_caller_hears_the_state_the_notice_and_the_number_digit_by_digit(house: House) -> None:
    heard = call(house, Silence(), Silence())
    number = str(house.station.ticket().number)
    assert "prema uno" in heard
    assert "informativa" in heard
    assert " ".join(number[:4]) in heard


def test_a_caller_who_says_nothing_at_all_is_a_ticket_to_be_called_back(house: House) -> None:
    call(house)
    ticket = house.station.ticket()
    assert (ticket.channel, ticket.requester.number) == (Channel.PHONE, CITIZEN)
    assert Mark.CALL_BACK in ticket.marks
    assert line(house).outcome is CallOutcome.EMPTY_MESSAGE


def test_a_caller_who_hangs_up_after_four_seconds_leaves_a_line_and_no_ticket(house: House) -> None:
    """S003, on the wire: the carrier tells the end."""
    call(house, HangUp(after_s=4))
    assert house.station.tickets() == []
    assert (line(house).outcome, line(house).facts["duration_s"]) == (CallOutcome.ABANDONED, "4")


def test_what_a_caller_says_stands_on_the_ticket(house: House) -> None:
    call(house, Silence(), Speak("Il certificato di residenza non si scarica"))
    assert "certificato di residenza" in texts(house)


def test_a_message_after_the_notice_is_kept_by_its_id(house: House) -> None:
    """X12."""
    heard = call(house, "2", Silence(), Leave(8))
    (recording,) = house.carrier.recordings
    assert recording.sid in texts(house)
    assert "8 secondi" in texts(house)
    assert "può essere registrata" in heard
    assert line(house).outcome is CallOutcome.MESSAGE


def test_a_message_that_is_ended_by_hanging_up_is_a_message(house: House) -> None:
    """The end and the recording come in whatever order."""
    call(house, "2", Silence(), Leave(8, key=""))
    assert "8 secondi" in texts(house)
    assert line(house).outcome is CallOutcome.MESSAGE


def test_nothing_that_we_answered_was_useless_to_the_carrier(house: House) -> None:
    call(house, "1")
    call(house, "9", Silence(), "9", Speak("Senza registrazione, per favore, grazie mille"))
    call(house, Silence(), Silence(), Silence(), Leave(3, key=""))
    call(house, "5", "6", "123#", "0", "2", "9", Speak("no recording"))
    house.station.clock.set(TUESDAY_MORNING)
    call(house, "1", Silence(), "1")
    assert house.carrier.errors == []


# ----------------------------------------------------------------------------------------------- the desk, on the wire


@pytest.fixture
def morning(house: House) -> House:
    """Good Friday, ten o'clock: no public holiday in Italy, so the desk is open (C2.6)."""
    house.station.clock.set("2026-04-03T10:00:00+02:00")
    return house


def test_on_good_friday_at_ten_the_desk_answers(morning: House) -> None:
    """C2.4, C2.6, S012."""
    morning.carrier.phones[ELENA] = answers("1").but(talks_s=120)
    heard = call(morning, "1")
    assert "Arrivederci" in heard
    assert line(morning).outcome is CallOutcome.ANSWERED
    assert line(morning).answered_by == "elena"
    assert morning.station.ticket().owner == "elena"
    assert "Per rispondere prema uno" in " ".join(morning.carrier.phones[ELENA].heard)
    assert [leg.caller for leg in morning.carrier.dialled_calls] == [SMS_NUMBER]


def test_the_voicemail_of_one_operator_hands_the_caller_to_the_next(morning: House) -> None:
    """S029."""
    morning.carrier.phones[ELENA] = voicemail(after_s=8)
    morning.carrier.phones[FABIO] = answers("1")
    call(morning, "1")
    assert line(morning).answered_by == "fabio"
    assert [d.state for d in morning.station.sent(kind=DispatchKind.CALL)] == [
        DispatchState.REFUSED,
        DispatchState.CONFIRMED,
    ]


def test_a_caller_for_whom_nobody_picks_up_asks_to_be_called_back(morning: House) -> None:
    heard = call(morning, "1", Press("1", after_hearing="premere uno per essere richiamato"))
    assert "Sarà richiamato" in heard
    assert Mark.CALL_BACK in morning.station.ticket().marks
    assert line(morning).outcome is CallOutcome.CALL_BACK


def desk_with(house: House, **changes: object) -> None:
    """The desk of the contract, otherwise than it is written."""

    def changed(contract: Contract) -> Contract:
        assert contract.desk
        return replace(contract, desk=replace(contract.desk, **changes))  # type: ignore[arg-type]  # by name

    house.station.change("c02-comune", changed)


def test_a_caller_who_waits_to_the_end_may_leave_a_message(morning: House) -> None:
    desk_with(morning, max_wait=timedelta(0))
    heard = call(morning, "1", *([Silence()] * 9))
    assert "Gli operatori sono ancora occupati" in heard
    assert len({leg.to for leg in morning.carrier.dialled_calls}) == 2


def test_together_the_first_who_presses_one_has_the_caller_and_the_other_telephone_stops(morning: House) -> None:
    desk_with(morning, together=True, ring_s=600)
    morning.carrier.phones[FABIO] = answers("1", after_s=6)
    call(morning, "1")
    assert line(morning).answered_by == "fabio"
    statuses = {leg.to: leg.status for leg in morning.carrier.dialled_calls}
    assert statuses == {ELENA: "canceled", FABIO: "completed"}


def test_a_conversation_is_recorded_where_the_site_has_a_right_to_it_and_the_caller_did_not_refuse(
    morning: House,
) -> None:
    """X12, S162."""
    morning.station.gw.rules = replace(morning.station.gw.rules, record_calls=True)
    morning.carrier.phones[ELENA] = answers("1").but(talks_s=40)
    assert "prema nove" in call(morning, "1")
    (kept,) = morning.station.store.read(lambda reading: reading.recordings())
    assert (kept.sid, kept.call_sid) == (morning.carrier.recordings[0].sid, line(morning).sid)
    call(morning, "9", "1")
    assert len(morning.carrier.recordings) == 1


# ------------------------------------------------------------------------------------------ the chain, on the wire


def test_key_one_outside_hours_puts_the_caller_through_to_the_technician(house: House) -> None:
    """A2.6, S027."""
    house.carrier.phones[BRUNO] = answers("1").but(talks_s=90)
    heard = call(house, "1")
    assert "in contatto con il tecnico reperibile" in heard
    assert house.station.ticket().priority is Priority.URGENT
    assert (line(house).outcome, line(house).answered_by) == (CallOutcome.ANSWERED, "bruno")
    assert "URGENTE" in house.station.page_texts(BRUNO)[-1].text


def test_the_technicians_voicemail_accepts_nothing_and_the_deputy_talks_to_the_caller(house: House) -> None:
    """S029, B-082."""
    house.carrier.phones[BRUNO] = voicemail(after_s=10)
    house.carrier.phones[CARLA] = answers("1")
    call(house, "1")
    assert line(house).answered_by == "carla"
    assert house.station.ticket().owner == "carla"


def test_when_nobody_of_the_chain_accepts_the_caller_leaves_a_message_and_the_chain_is_rung_again(
    house: House,
) -> None:
    """C2.11, S036."""
    house.carrier.phones[BRUNO] = switched_off("failed")
    house.carrier.phones[CARLA] = busy()
    heard = call(house, "1", Silence(), Leave(7))
    assert "il tecnico reperibile non risponde" in heard
    assert "7 secondi" in texts(house)
    assert Mark.ON_CALL_NOT_REACHED in house.station.ticket().marks
    before = len(house.carrier.calls)
    house.go()
    house.pass_(minutes=11)
    house.pass_(minutes=6)
    assert len(house.carrier.calls) > before


def test_a_caller_who_hangs_up_while_the_chain_rings_has_the_technician_called_all_the_same(house: House) -> None:
    house.carrier.phones[BRUNO] = rings_out()
    call(house, "1", HangUp(after_s=12))
    house.carrier.phones[BRUNO] = answers("1")
    house.go()
    assert house.station.ticket().owner == "bruno"
    assert [made.to for made in house.carrier.calls] == [BRUNO]


def test_the_fate_of_every_leg_is_on_record(house: House) -> None:
    """S027: each attempt is an event with its result."""
    house.carrier.phones[BRUNO] = busy()
    house.carrier.phones[CARLA] = rings_out()
    house.carrier.phones[DARIO] = answers("1")
    call(house, "1")
    entries = [entry for entry in house.station.events(house.station.ticket()) if entry.type == "leg_ended"]
    assert [(entry.data["person"], entry.data["result"]) for entry in entries] == [
        ("bruno", "busy"),
        ("carla", "no-answer"),
    ]


def test_a_leg_that_is_told_twice_and_too_late_changes_nothing(house: House) -> None:
    """B-075, B-077."""
    house.carrier.phones[BRUNO] = answers("1")
    call(house, "1")
    (leg,) = [d for d in house.station.sent(channel=Channel.VOICE) if "live" in d.facts]
    for status in ("ringing", "no-answer", "completed", "no-answer"):
        path = f"/twilio/leg-status/{leg.key}"
        assert house.post(path, call_form(CallSid="CA" + "9" * 32, CallStatus=status)).status_code == 204
    assert house.station.sent(channel=Channel.VOICE)[0].state is DispatchState.CONFIRMED
    assert house.station.ticket().owner == "bruno"


def test_a_leg_of_nobody_is_ended(house: House) -> None:
    for path in (f"/twilio/leg/{A_KEY}", f"/twilio/leg/{A_KEY}/key"):
        answer = house.post(path, call_form(Digits="1"))
        assert [verb.tag for verb in document(answer.content)] == ["Hangup"]


# ---------------------------------------------------------------------------------------------------------------- SMS


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
    house.post("/twilio/voice/menu?n=1", call_form(From=sender))
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


def at_the_tone(house: House) -> str:
    """A caller who may speak after the tone; the address that the recording is told at."""
    house.post("/twilio/voice", call_form())
    house.post("/twilio/voice/menu?n=1", call_form(Digits="2"))
    house.post("/twilio/voice/notice?n=2", call_form())
    return "/twilio/voice/message?n=3"


@pytest.mark.parametrize("case", FOREIGN)
def test_a_recording_elsewhere_is_not_noted_as_one(house: House, case: str) -> None:
    """B-084: what is noted is fetched, with our credentials."""
    where = at_the_tone(house)
    url = FOREIGN[case].replace("{api}", house.rehearsal.base_url)
    form = call_form(RecordingUrl=url, RecordingDuration="8", RecordingSid="RE" + "0" * 32)
    assert house.post(where, form).is_success
    assert house.station.store.read(lambda reading: reading.recordings()) == []
    assert all("recording" not in intake.facts for intake in house.station.intakes())


@pytest.mark.parametrize("ending", ["", ".wav", ".mp3"])
def test_our_own_recording_is_noted_by_its_id(house: House, ending: str) -> None:
    where = at_the_tone(house)
    url = house.rehearsal.base_url + RECORDING + ending
    house.post(where, call_form(RecordingUrl=url, RecordingDuration="8", Digits="hangup"))
    (kept,) = house.station.store.read(lambda reading: reading.recordings())
    assert (kept.sid, kept.seconds) == ("RE" + "0" * 32, 8)


# ---------------------------------------------------------------------------------------------------------------- steps


def test_a_step_twice_has_one_effect(house: House) -> None:
    """B-077."""
    house.post("/twilio/voice", call_form())
    form = call_form(SpeechResult="Il protocollo non si apre da stamattina", Confidence="0.9")
    first = house.post("/twilio/voice/menu?n=1", form)
    count = len(house.station.events(house.station.ticket()))
    again = house.post("/twilio/voice/menu?n=1", form)
    assert first.text == again.text
    assert len(house.station.events(house.station.ticket())) == count
    assert len(house.station.intakes()) == 2


def test_an_old_step_replayed_hears_what_was_said_last_and_changes_nothing(house: House) -> None:
    """B-077: whoever has a signed request of earlier cannot go back."""
    house.post("/twilio/voice", call_form())
    house.post("/twilio/voice/menu?n=1", call_form(Digits="2"))
    last = house.post("/twilio/voice/notice?n=2", call_form())
    again = house.post("/twilio/voice/menu?n=1", call_form(Digits="1"))
    assert again.text == last.text
    assert house.station.ticket().priority is Priority.NORMAL


@pytest.mark.parametrize("where", ["menu", "menu?n=", "menu?n=x", "nowhere?n=1", f"menu?n={'9' * 5000}", "menu?n=-1"])
def test_a_step_that_leads_nowhere_ends_the_call(house: House, where: str) -> None:
    answer = house.post(f"/twilio/voice/{where}", call_form(Digits="1"))
    assert [verb.tag for verb in document(answer.content)] == ["Hangup"]
    assert house.station.intakes() == []


def test_a_step_of_a_call_whose_beginning_we_never_heard_begins_it(house: House) -> None:
    """Our first answer was lost, and the carrier's own document led here."""
    assert house.post("/twilio/voice/menu?n=1", call_form(Digits="1")).is_success
    assert line(house).reached == "menu"


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
    assert (line(house).facts["why"], line(house).ended_at is None) == ("fault", False)


def test_what_was_said_while_we_failed_joins_the_call(house: House) -> None:
    """P1."""
    house.post("/twilio/voice", call_form())
    house.post("/twilio/voice/menu?n=1", call_form())
    rules = house.station.gw.rules
    house.station.gw.rules = replace(rules, catalogues={})
    spoken = call_form(SpeechResult="Il protocollo non si apre da stamattina")
    assert house.post("/twilio/voice/menu_again?n=2", spoken).is_success
    house.station.gw.rules = rules
    house.station.file()
    assert "protocollo" in texts(house)


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
    ring = Ring("desk", (Leg(BRUNO, A_KEY),), 20)
    script = (Say(HOSTILE), Gather("key", (Say(HOSTILE),)), Record("message"), ring, Redirect("menu"), Hangup())
    text = rendered(script, lambda step: f"/x/{step}?a=1&b=2", HOW)
    verbs = [element.tag for element in document(text).iter()]
    assert verbs == ["Response", "Say", "Gather", "Say", "Record", "Dial", "Number", "Redirect", "Hangup"]


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


def test_a_telephone_rings_with_our_own_number_and_its_whisper() -> None:
    """X19: never the caller's number; S029: nobody is put through before the key."""
    ring = Ring("on_call", (Leg(BRUNO, A_KEY),), 25)
    text = rendered((ring,), lambda step: f"/twilio/voice/{step}?n=3", replace(HOW, caller_id=SMS_NUMBER))
    (dial,) = document(text)
    (number,) = dial
    assert (dial.attrib["callerId"], dial.attrib["answerOnBridge"], dial.attrib["timeout"]) == (
        SMS_NUMBER,
        "true",
        "25",
    )
    assert dial.attrib["action"] == "/twilio/voice/on_call?n=3"
    assert (number.text, number.attrib["url"]) == (BRUNO, f"/twilio/leg/{A_KEY}")
    assert "record" not in dial.attrib


def test_a_recorded_conversation_is_told_to_us() -> None:
    (dial,) = document(rendered((Ring("desk", (Leg(BRUNO, A_KEY),), 25, recorded=True),), str, HOW))
    assert dial.attrib["record"] == "record-from-answer-dual"
    assert dial.attrib["recordingStatusCallback"] == "/twilio/recording"


def test_each_language_has_its_own_voice() -> None:
    script = (Say("Good morning"), Say("Per l’italiano prema uno", "it"))
    english, italian = document(rendered(script, str, HOW, "en"))
    assert (english.attrib["voice"], english.attrib["language"]) == ("Polly.Amy", "en-GB")
    assert (italian.attrib["voice"], italian.attrib["language"]) == ("Polly.Bianca", "it-IT")


def test_whoever_calls_too_often_hears_the_busy_tone() -> None:
    (reject,) = document(rendered((Reject(),), str, HOW))
    assert (reject.tag, reject.attrib["reason"]) == ("Reject", "busy")


def test_speech_is_ended_by_a_pause_that_the_carrier_accepts() -> None:
    """Twilio, warning 13335: "auto" is refused with the default model."""
    gather = document(rendered((Gather("menu", (), speech=True, hints=("reclamo", "operatore")),), str, HOW))[0].attrib
    assert gather["speechTimeout"].isdecimal()
    assert gather["hints"] == "reclamo,operatore"
