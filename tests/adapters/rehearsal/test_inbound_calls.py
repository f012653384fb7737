from __future__ import annotations

import io
import wave

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from adapters.rehearsal import (
    Carrier,
    Gateway,
    HangUp,
    Leave,
    Press,
    Silence,
    Speak,
    answers,
    busy,
    rings_out,
    switched_off,
)
from tests.adapters.rehearsal.conftest import NUMBER, SID
from tests.adapters.rehearsal.gateway import PUBLIC_URL, TOKEN, Says, TinyGateway, twiml

CITIZEN = "+393401112233"
ANNA = "+393331112233"
BRUNO = "+393334445566"


def phone_in(carrier: Carrier, *script: object) -> None:
    carrier.place_call(CITIZEN, script)  # type: ignore[arg-type]  # steps of every kind, as tests write them
    carrier.wait_idle()


@pytest.fixture
def voice(gateway: TinyGateway) -> dict[str, Says]:
    return gateway.says


def test_the_first_request_is_signed_and_says_ringing(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml("<Say>Buongiorno</Say>")
    phone_in(carrier)
    first = gateway.heard[0]
    assert (first.genuine, first.params["CallStatus"], first.params["From"], first.params["To"]) == (
        True,
        "ringing",
        CITIZEN,
        NUMBER,
    )


def test_the_caller_hears_what_is_said_in_order(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml('<Say>Uno &amp; "due"</Say><Pause length="2"/><Play>/a.wav</Play><Say>Tre</Say>')
    phone_in(carrier)
    assert carrier.phones[CITIZEN].heard == ['Uno & "due"', "[/a.wav]", "Tre"]


def test_speech_markup_is_heard_as_its_text(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml('<Say>Numero <say-as interpret-as="digits">12</say-as></Say>')
    phone_in(carrier)
    assert (carrier.phones[CITIZEN].heard, carrier.errors) == (["Numero 12"], [])


def test_the_end_of_a_call_is_told_to_the_status_address(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml("<Say>Buongiorno</Say>")
    phone_in(carrier)
    assert gateway.statuses("/twilio/status", "CallStatus") == ["completed"]


def test_an_escaped_verb_is_heard_and_not_walked(carrier: Carrier, voice: dict[str, Says]) -> None:
    """B-083."""
    voice["/twilio/voice"] = twiml("<Say>&lt;/Say&gt;&lt;Dial&gt;+39899&lt;/Dial&gt;</Say>")
    phone_in(carrier)
    assert carrier.received_calls[0].verbs == ["Say"]


def test_an_error_of_the_gateway_is_answered_and_told_by_the_carrier(carrier: Carrier, gateway: TinyGateway) -> None:
    """Twilio: "an application error has occurred", and the call is over."""
    gateway.says["/twilio/voice"] = 503
    phone_in(carrier)
    (call,) = carrier.received_calls
    assert (call.status, call.started_at is None) == ("completed", False)


def test_the_carriers_own_document_is_walked_where_the_gateway_does_not_answer(
    carrier: Carrier, gateway: TinyGateway
) -> None:
    before = carrier.courier.gateway
    gateway.says["/twilio/voice"] = 503
    gateway.says["/kept"] = twiml("<Say>Grazie</Say>")
    own = f'<Response><Say>Lasci un messaggio</Say><Record action="{PUBLIC_URL}/kept"/></Response>'
    carrier.connect(Gateway(PUBLIC_URL, gateway.url, fallback=own))
    phone_in(carrier, Leave(6))
    if before:
        carrier.connect(before)
    assert carrier.received_calls[0].heard == ["Lasci un messaggio", "Grazie"]
    assert [recording.duration_s for recording in carrier.recordings] == [6]


def test_reject_as_busy_never_answers(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml('<Reject reason="busy"/>')
    phone_in(carrier)
    call = carrier.received_calls[0]
    assert (call.status, call.started_at) == ("busy", None)


def test_hangup_ends_the_call_before_the_rest(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml("<Hangup/><Say>mai</Say>")
    phone_in(carrier)
    assert carrier.phones[CITIZEN].heard == []


def test_redirect_goes_to_another_document(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml("<Redirect>other?x=1</Redirect>")
    voice["/twilio/other"] = twiml("<Say>Altro</Say>")
    phone_in(carrier)
    assert carrier.phones[CITIZEN].heard == ["Altro"]


def test_a_redirect_without_end_is_an_error(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml("<Redirect>/twilio/voice</Redirect>")
    phone_in(carrier)
    assert [trouble.code for trouble in carrier.errors] == [11750]


def test_a_get_is_signed_with_its_parameters_in_the_address(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml('<Redirect method="GET">/next?a=1</Redirect>')
    gateway.says["/next"] = twiml("<Say>Ecco</Say>")
    phone_in(carrier)
    got = next(heard for heard in gateway.heard if heard.path == "/next")
    assert (got.method, got.genuine, got.params["a"], got.params["CallStatus"]) == ("GET", True, "1", "ringing")


def test_an_unknown_verb_is_an_error_that_names_it(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml("<Say>Buongiorno</Say><Shout>ehi</Shout>")
    phone_in(carrier)
    assert ["Shout" in trouble.detail for trouble in carrier.errors] == [True]


def test_an_unknown_attribute_is_an_error_that_names_it(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml('<Say lang="it">Buongiorno</Say>')
    phone_in(carrier)
    assert ["'lang'" in trouble.detail for trouble in carrier.errors] == [True]


@pytest.mark.parametrize("body", ["no xml at all", "<Response><Say>open", "<Other/>"])
def test_what_is_no_twiml_is_an_error(carrier: Carrier, voice: dict[str, Says], body: str) -> None:
    voice["/twilio/voice"] = body
    phone_in(carrier)
    assert [trouble.code for trouble in carrier.errors] == [12100]


def test_twiml_under_another_content_type_is_an_error(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml("<Say>Buongiorno</Say>")
    gateway.content_type = "text/plain"
    phone_in(carrier)
    assert [trouble.code for trouble in carrier.errors] == [12300]


# -------------------------------------------------------------------------------------------------------------- Gather


def gathered(gateway: TinyGateway) -> list[dict[str, str]]:
    names = ("Digits", "SpeechResult")
    return [{n: form[n] for n in names if n in form} for form in gateway.at("/key")]


@pytest.mark.parametrize(
    ("attributes", "step", "given"),
    [
        ('numDigits="1"', Press("1"), [{"Digits": "1"}]),
        ('finishOnKey="#"', Press("482913#"), [{"Digits": "482913"}]),
        ('numDigits="6"', Press("12"), [{"Digits": "12"}]),
        ('finishOnKey=""', Press("12#4"), [{"Digits": "12#4"}]),
        ('input="dtmf speech"', Speak("il protocollo è fermo"), [{"SpeechResult": "il protocollo è fermo"}]),
        ('input="dtmf"', Speak("nessuno mi sente"), []),
        ('input="speech"', Press("1"), []),
        ("", Press("#"), []),
        ("", Silence(), []),
        ('actionOnEmptyResult="true"', Silence(), [{"Digits": ""}]),
    ],
)
def test_a_gather_gets_what_its_attributes_let_through(
    carrier: Carrier, gateway: TinyGateway, attributes: str, step: object, given: list[dict[str, str]]
) -> None:
    gateway.says["/twilio/voice"] = twiml(
        f'<Gather action="/key" {attributes}><Say>Premi</Say></Gather><Say>Altro</Say>'
    )
    gateway.says["/key"] = twiml("<Hangup/>")
    phone_in(carrier, step)
    assert gathered(gateway) == given


def test_without_input_the_verb_after_the_gather_follows(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml("<Gather><Say>Premi</Say></Gather><Say>Altro</Say>")
    phone_in(carrier)
    assert carrier.phones[CITIZEN].heard == ["Premi", "Altro"]


def test_keys_typed_ahead_answer_the_next_gather(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml('<Gather numDigits="1" action="/second"/>')
    gateway.says["/second"] = twiml('<Gather numDigits="1" action="/key"/>')
    gateway.says["/key"] = twiml("<Hangup/>")
    phone_in(carrier, "12")
    assert gathered(gateway) == [{"Digits": "2"}]


def test_a_gather_without_action_asks_the_same_document_again(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = lambda form: twiml("<Hangup/>" if "Digits" in form else '<Gather numDigits="1"/>')
    phone_in(carrier, "7")
    assert [form.get("Digits") for form in gateway.at("/twilio/voice")] == [None, "7"]


@pytest.mark.parametrize(
    ("hang_up", "heard"),
    [(HangUp(after_verbs=1), ["Uno"]), (HangUp(after_verbs=2), ["Uno", "Due"]), (HangUp(), ["Uno"])],
)
def test_a_caller_hangs_up_after_so_many_verbs(
    carrier: Carrier, voice: dict[str, Says], hang_up: HangUp, heard: list[str]
) -> None:
    voice["/twilio/voice"] = twiml("<Say>Uno</Say><Say>Due</Say><Say>Tre</Say>")
    phone_in(carrier, hang_up)
    assert carrier.phones[CITIZEN].heard == heard


def test_a_caller_hangs_up_after_so_many_seconds(carrier: Carrier, voice: dict[str, Says]) -> None:
    voice["/twilio/voice"] = twiml('<Pause length="5"/><Say>Uno</Say><Pause length="50"/><Say>Due</Say>')
    phone_in(carrier, HangUp(after_s=20))
    assert carrier.phones[CITIZEN].heard == ["Uno"]


def test_a_script_may_be_written_as_json_objects(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml('<Gather input="speech" action="/key"/>')
    gateway.says["/key"] = twiml("<Hangup/>")
    phone_in(carrier, {"speak": "aiuto"})
    assert gathered(gateway) == [{"SpeechResult": "aiuto"}]


@pytest.mark.parametrize("item", ["ciao", {"shout": "x"}, {"press": "uno"}])
def test_a_step_that_is_none_is_refused_before_the_call(carrier: Carrier, item: object) -> None:
    with pytest.raises(ValueError, match=r"step|keys"):
        carrier.place_call(CITIZEN, [item])  # type: ignore[list-item]  # the wrong ones, on purpose


# -------------------------------------------------------------------------------------------------------------- Record

RECORD = twiml('<Record action="/left" recordingStatusCallback="/recorded" maxLength="60"/><Say>Niente</Say>')


@pytest.fixture
def answering(gateway: TinyGateway) -> TinyGateway:
    gateway.says["/twilio/voice"] = RECORD
    gateway.says["/left"] = twiml("<Say>Salvato</Say>")
    return gateway


def test_a_message_is_announced_to_the_action(carrier: Carrier, answering: TinyGateway) -> None:
    phone_in(carrier, Leave(8))
    recording = carrier.recordings[0]
    told = answering.at("/left")[0]
    assert (told["RecordingSid"], told["RecordingDuration"], told["Digits"], told["RecordingUrl"]) == (
        recording.sid,
        "8",
        "#",
        carrier.media_url(recording),
    )


def test_a_message_is_announced_to_its_status_callback(carrier: Carrier, answering: TinyGateway) -> None:
    phone_in(carrier, Leave(8))
    assert [(told["RecordingSid"], told["RecordingStatus"]) for told in answering.at("/recorded")] == [
        (carrier.recordings[0].sid, "completed")
    ]


def test_a_caller_who_hangs_up_after_the_message_still_has_left_it(carrier: Carrier, answering: TinyGateway) -> None:
    phone_in(carrier, Leave(8, key=""))
    assert [(told["Digits"], told["CallStatus"]) for told in answering.at("/left")] == [("hangup", "completed")]
    assert carrier.phones[CITIZEN].heard == []


def test_a_message_is_cut_at_its_greatest_length(carrier: Carrier, answering: TinyGateway) -> None:
    phone_in(carrier, Leave(90))
    assert carrier.recordings[0].duration_s == 60


def test_a_message_waits_for_the_tone(carrier: Carrier, answering: TinyGateway) -> None:
    """A notice that may be refused by key comes before it (X12): who wants to leave a message says nothing there."""
    answering.says["/twilio/voice"] = twiml("<Gather><Say>Avviso</Say></Gather><Redirect>/tone</Redirect>")
    answering.says["/tone"] = RECORD
    phone_in(carrier, Leave(8))
    assert carrier.recordings[0].duration_s == 8


def test_silence_is_not_recorded_and_the_next_verb_follows(carrier: Carrier, answering: TinyGateway) -> None:
    phone_in(carrier, Silence())
    assert (carrier.recordings, carrier.phones[CITIZEN].heard) == ([], ["Niente"])


def test_the_media_of_a_recording_is_sound_of_its_length(
    carrier: Carrier, answering: TinyGateway, client: Client
) -> None:
    phone_in(carrier, Leave(3))
    recording = client.recordings.list()[0]
    answer = httpx2.get(f"{recording.media_url}.wav", auth=(SID, TOKEN), timeout=5)
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert sound.getnframes() / sound.getframerate() == 3


def test_the_media_of_a_recording_is_there_as_mp3(carrier: Carrier, answering: TinyGateway) -> None:
    phone_in(carrier, Leave(3))
    answer = httpx2.get(f"{carrier.media_url(carrier.recordings[0])}.mp3", auth=(SID, TOKEN), timeout=5)
    assert (answer.headers["content-type"], answer.content[:2]) == ("audio/mpeg", b"\xff\xfb")


def test_the_media_of_a_recording_needs_the_accounts_token(carrier: Carrier, answering: TinyGateway) -> None:
    phone_in(carrier, Leave(3))
    assert httpx2.get(carrier.media_url(carrier.recordings[0]), timeout=5).status_code == 401


def test_recordings_are_listed_by_call(carrier: Carrier, answering: TinyGateway, client: Client) -> None:
    phone_in(carrier, Leave(3))
    phone_in(carrier, Leave(4))
    second = carrier.received_calls[1].sid
    assert [recording.duration for recording in client.calls(second).recordings.list()] == ["4"]
    assert [recording.duration for recording in client.recordings.list(call_sid=second)] == ["4"]


def test_a_deleted_recording_is_gone(carrier: Carrier, answering: TinyGateway, client: Client) -> None:
    phone_in(carrier, Leave(3))
    sid = carrier.recordings[0].sid
    client.recordings(sid).delete()
    with pytest.raises(TwilioRestException) as missing:
        client.recordings(sid).fetch()
    assert missing.value.status == 404


# ---------------------------------------------------------------------------------------------------------------- Dial


def dialled(carrier: Carrier, gateway: TinyGateway, dial: str, *script: object) -> list[tuple[str, str]]:
    gateway.says["/twilio/voice"] = twiml(dial)
    gateway.says["/after"] = twiml("<Say>Dopo</Say>")
    phone_in(carrier, *script)
    return [(form["DialCallStatus"], form["DialBridged"]) for form in gateway.at("/after")]


WHISPER = f'<Dial action="/after" timeout="20"><Number url="/whisper">{ANNA}</Number></Dial>'


@pytest.fixture
def whisper(gateway: TinyGateway) -> TinyGateway:
    gateway.says["/whisper"] = twiml('<Gather numDigits="1" action="/accept"><Say>Premi 1</Say></Gather>', "<Hangup/>")
    gateway.says["/accept"] = twiml("<Say>Ti collego</Say>")
    return gateway


def test_a_dialled_person_who_answers_is_bridged(carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers()
    assert dialled(carrier, gateway, f'<Dial action="/after">{ANNA}</Dial>') == [("completed", "true")]


def test_a_dialled_person_accepts_in_the_whisper(carrier: Carrier, whisper: TinyGateway) -> None:
    carrier.phones[ANNA] = answers("1")
    assert dialled(carrier, whisper, WHISPER) == [("completed", "true")]
    assert carrier.phones[ANNA].heard == ["Premi 1", "Ti collego"]


def test_a_dialled_machine_that_presses_nothing_is_not_bridged(carrier: Carrier, whisper: TinyGateway) -> None:
    """B-082: `completed` alone does not say that anybody was connected."""
    carrier.phones[ANNA] = answers()
    assert dialled(carrier, whisper, WHISPER) == [("completed", "false")]


@pytest.mark.parametrize(
    ("behaviour", "status"), [(rings_out(), "no-answer"), (busy(), "busy"), (switched_off("failed"), "failed")]
)
def test_a_dialled_telephone_that_nobody_answers_says_why(
    carrier: Carrier, whisper: TinyGateway, behaviour: object, status: str
) -> None:
    carrier.phones[ANNA].behaviour = behaviour  # type: ignore[assignment]  # parametrized values come untyped
    assert dialled(carrier, whisper, WHISPER) == [(status, "false")]


def test_of_two_dialled_numbers_the_first_that_answers_is_bridged(carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers(after_s=30)
    carrier.phones[BRUNO] = answers(after_s=3)
    both = f'<Dial action="/after" timeout="40"><Number>{ANNA}</Number><Number>{BRUNO}</Number></Dial>'
    assert dialled(carrier, gateway, both) == [("completed", "true")]
    assert {call.to: call.status for call in carrier.dialled_calls} == {ANNA: "canceled", BRUNO: "completed"}


RECORDED = '<Dial record="record-from-answer-dual" recordingStatusCallback="/kept">' + ANNA + "</Dial>"


@pytest.mark.parametrize("script", [(), (HangUp(after_s=20),)])
def test_a_conversation_is_recorded_whoever_hangs_up(carrier: Carrier, gateway: TinyGateway, script: object) -> None:
    gateway.says["/kept"] = 204
    carrier.phones[ANNA] = answers().but(talks_s=30)
    dialled(carrier, gateway, RECORDED, *script)  # type: ignore[misc]  # each is a step
    (recording,) = carrier.recordings
    (told,) = gateway.at("/kept")
    assert (recording.source, recording.call_sid) == ("DialVerb", carrier.received_calls[0].sid)
    assert 10 < recording.duration_s <= 60
    assert (told["RecordingSid"], told["RecordingChannels"]) == (recording.sid, "2")


def test_what_nobody_answered_is_not_recorded(carrier: Carrier, gateway: TinyGateway) -> None:
    dialled(carrier, gateway, RECORDED)
    assert carrier.recordings == []


def test_without_an_action_the_verb_after_the_dial_follows(carrier: Carrier, gateway: TinyGateway) -> None:
    dialled(carrier, gateway, f'<Dial timeout="2">{ANNA}</Dial><Say>Nessuno</Say>')
    assert carrier.phones[CITIZEN].heard == ["Nessuno"]


def test_a_caller_who_hangs_up_takes_the_ringing_leg_along(carrier: Carrier, whisper: TinyGateway) -> None:
    assert dialled(carrier, whisper, WHISPER, HangUp(after_s=5)) == []
    assert [call.status for call in carrier.dialled_calls] == ["canceled"]


def test_a_leg_reports_its_own_events(carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers()
    noun = f'<Number statusCallback="/leg" statusCallbackEvent="ringing answered completed">{ANNA}</Number>'
    dialled(carrier, gateway, f'<Dial action="/after">{noun}</Dial>')
    assert gateway.statuses("/leg", "CallStatus") == ["ringing", "in-progress", "completed"]


def test_a_leg_names_the_call_it_belongs_to(carrier: Carrier, gateway: TinyGateway) -> None:
    carrier.phones[ANNA] = answers()
    dialled(carrier, gateway, f'<Dial action="/after">{ANNA}</Dial>')
    assert [call.parent_sid for call in carrier.dialled_calls] == [carrier.received_calls[0].sid]


def test_the_retry_policy_stands_in_the_fragment_of_the_address(carrier: Carrier, gateway: TinyGateway) -> None:
    gateway.says["/twilio/voice"] = twiml(f"<Redirect>{PUBLIC_URL}/bad#rc=2&amp;rp=5xx</Redirect>")
    gateway.says["/bad"] = 503
    phone_in(carrier)
    assert [heard.genuine for heard in gateway.heard if heard.path == "/bad"] == [True] * 3
