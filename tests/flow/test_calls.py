"""A citizen's call from its first signal to its end: greeting, choices, words, number (issue 4, points 1 and 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.settings import Phone
from gateway.domain.call import Gather, Hangup, Record, Redirect, Step
from gateway.domain.contract import Contract
from gateway.domain.intake import IntakeState
from gateway.domain.provisions import Counting, Of, Term
from gateway.domain.telephony import CallOutcome, RecordingState
from gateway.domain.ticket import Mark, Priority, TicketType
from tests.flow.station import BRUNO, CITIZEN, DESK_NUMBER, TUESDAY_MORNING, Station, spoken

C02 = "c02-comune"
RECORDING = "RE" + "4" * 32


@pytest.fixture
def desk(station: Station) -> Station:
    """A Tuesday morning: the desk is open, and nobody's telephone rings there."""
    station.clock.set(TUESDAY_MORNING)
    station.change(C02, lambda contract: replace(contract, desk=None))
    return station


def digits_of(number: int) -> str:
    """How the beginning of a number is spoken."""
    return " ".join(str(number)[:4])


# --------------------------------------------------------------------------------------------------- the first signal


def test_the_first_signal_is_kept_and_on_its_line_before_anything_is_said(station: Station) -> None:
    """C1.2, X2: nothing is lost; the number is taken once the caller has heard the greeting (decision 0011)."""
    station.rings()
    (intake,) = station.intakes()
    assert (intake.state, intake.sender) == (IntakeState.RECEIVED, CITIZEN)
    line = station.phone_line()
    assert (line.caller, line.called, line.reached, line.ended_at) == (CITIZEN, DESK_NUMBER, Step.MENU, None)
    assert station.tickets() == []


def test_the_worker_leaves_a_call_alone_that_goes_on(station: Station) -> None:
    station.rings()
    station.clock.pass_(minutes=5)
    station.file()
    assert station.tickets() == []
    assert station.intakes()[0].attempts == 0


def test_a_caller_who_has_heard_the_greeting_has_a_ticket_received_when_the_call_began(station: Station) -> None:
    """C1.2, X2."""
    station.rings()
    began = station.clock.now()
    station.clock.pass_(seconds=40)
    station.does()
    ticket = station.ticket()
    assert (ticket.channel, ticket.requester.number, ticket.received_at) == ("phone", CITIZEN, began)
    assert Mark.UNKNOWN_REQUESTER in ticket.marks
    assert station.intakes()[0].state is IntakeState.FILED


def test_the_same_signal_twice_is_one_call_and_hears_the_same(station: Station) -> None:
    """S161, B-077."""
    first = station.rings(sid="CA1")
    again = station.rings(sid="CA1")
    assert first == again
    assert len(station.intakes()) == 1


def test_a_step_twice_has_one_effect_and_hears_the_same(station: Station) -> None:
    """S161."""
    ticket, _ = station.call()
    line = station.phone_line()
    first = station.does(speech="Non va il protocollo")
    count = len(station.events(ticket))
    late = station.store.read(lambda reading: reading.call_by(line.sid))
    assert late
    station.repeat(line, speech="Non va il protocollo")
    assert station.repeat(line, speech="Non va il protocollo") == first
    assert len(station.events(ticket)) == count


# --------------------------------------------------------------------------------------------------------- the greeting


def test_outside_hours_the_caller_hears_state_notice_danger_and_the_reopening(station: Station) -> None:
    """DOMAIN 10, V-02, V-06, V-17."""
    words = spoken(station.rings())
    assert words.index("Benvenuto") < words.index("informativa") < words.index("centododici") < words.index("prema uno")
    assert "lunedì" in words
    assert "otto" in words


def test_in_hours_the_caller_is_welcomed_and_chooses(desk: Station) -> None:
    """V-04."""
    words = spoken(desk.rings())
    assert "Benvenuto" in words
    assert "Per un reclamo prema tre" in words
    assert "Resti in linea" not in words


def test_where_somebody_answers_the_caller_is_told_to_hold(station: Station) -> None:
    """V-01."""
    station.clock.set(TUESDAY_MORNING)
    assert "Le risponderà un operatore" in spoken(station.rings())


def test_in_a_break_the_caller_hears_why_and_when_and_leaves_a_message(station: Station) -> None:
    """S041, C3.5: no technician is rung."""
    station.clock.set("2026-11-24T13:45:00+01:00")
    words = spoken(station.rings(to="+390700000300"))
    assert "Il servizio riapre oggi alle ore quindici" in words
    assert station.does() != ()
    assert station.phone_line().reached == Step.NOTICE
    assert station.page_texts() == []
    assert len(station.tickets()) == 1


def test_after_the_end_of_the_contract_the_end_is_announced_and_the_contact_kept(station: Station) -> None:
    """S009, C2.2."""
    station.clock.set("2031-01-07T09:00:00+01:00")
    words = spoken(station.rings())
    assert "si è concluso" in words
    station.does()
    station.hangs_up(lasted_s=30)
    assert len(station.tickets()) == 1
    assert station.sent() == [] or station.page_texts() == []


def test_five_goes_on_in_english(station: Station) -> None:
    """Second language by key."""
    assert "For English press five" in spoken(station.rings())
    words = spoken(station.does(digits="5"))
    assert "Welcome to the" in words
    assert "press one" in words
    assert station.tickets() == []
    station.does(speech="The portal is down since this morning, sorry")
    assert "will be looked at" in spoken(station.does())


def test_who_goes_on_in_english_hears_no_italian_but_names(station: Station) -> None:
    """X12: a notice that is half in another language tells nobody what the recording is for."""
    station.rings()
    told = spoken(station.does(digits="5")) + spoken(station.does(digits="2"))
    assert "processed by Comune di Cagliari" in told
    assert "recorded for handling the request" in told


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({}, "handling the request"),
        ({"recording_purpose": "formare gli operatori"}, "formare gli operatori"),
        ({"recording_purpose": "formare gli operatori", "english_recording_purpose": "training"}, "training"),
    ],
)
def test_in_english_no_purpose_is_claimed_that_nobody_stated(stated: dict[str, str], told: str) -> None:
    """X12."""
    assert Phone.model_validate(stated).purpose_in_english == told


def test_zero_says_the_menu_again(station: Station) -> None:
    station.rings()
    words = spoken(station.does(digits="0"))
    assert "prema uno" in words
    assert "informativa" not in words


# ------------------------------------------------------------------------------------------------------ no input (S172)


def test_s172_whoever_presses_nothing_hears_the_menu_once_more_and_then_comes_to_a_message(station: Station) -> None:
    """X20, S172: never cut; at night nobody is woken by silence."""
    station.rings()
    again = station.does()
    assert station.phone_line().reached == Step.MENU_AGAIN
    assert "prema uno" in spoken(again)
    words = spoken(station.does())
    assert station.phone_line().reached == Step.NOTICE
    assert "Non abbiamo ricevuto la Sua scelta" in words
    assert digits_of(station.ticket().number) in words
    assert station.page_calls() == []
    assert station.ringing() == []


def test_s172_in_hours_silence_comes_to_a_person(station: Station) -> None:
    """X20, S172, V-16."""
    station.clock.set(TUESDAY_MORNING)
    station.rings()
    station.does()
    assert "La mettiamo in contatto con un operatore" in spoken(station.does())
    assert len(station.ringing()) == 1


@pytest.mark.parametrize("key", ["8", "*", "#", "77"])
def test_a_key_that_means_nothing_is_as_silence(station: Station, key: str) -> None:
    station.rings()
    station.does(digits=key)
    assert station.phone_line().reached == Step.MENU_AGAIN


# ------------------------------------------------------------------------------------------------------- what is chosen


@pytest.mark.parametrize(
    ("digits", "speech", "kind"),
    [("3", "", TicketType.COMPLAINT), ("", "reclamo", TicketType.COMPLAINT), ("2", "", TicketType.INFORMATION),
     ("", "informazioni", TicketType.INFORMATION), ("1", "", TicketType.ASSISTANCE)],
)  # fmt: skip
def test_the_choice_gives_the_type_of_the_request(desk: Station, digits: str, speech: str, kind: TicketType) -> None:
    """V-04, C8.6: by key or by voice."""
    desk.rings()
    desk.does(digits=digits, speech=speech)
    assert desk.ticket().type is kind


def test_a_complaint_that_was_chosen_late_changes_the_type(desk: Station) -> None:
    desk.call()
    desk.does(digits="3")
    assert desk.ticket().type is TicketType.COMPLAINT


def test_whoever_asks_for_information_at_night_rings_nobody_and_waits_for_the_opening(station: Station) -> None:
    """S030, A2.6."""
    station.rings()
    station.does(digits="4")
    station.does(speech="Comune di Cagliari, Maria Rossi")
    words = spoken(station.does(speech="Vorrei sapere gli orari dello sportello"))
    station.hangs_up()
    station.pass_(hours=5)
    assert "alla riapertura" in words
    assert (station.ticket().type, station.ticket().priority) == (TicketType.INFORMATION, Priority.NORMAL)
    assert (station.page_calls(), station.ringing()) == ([], [])


def test_whoever_asked_for_information_and_then_says_it_is_urgent_has_the_technician_rung(station: Station) -> None:
    """S030."""
    station.rings()
    station.does(digits="4")
    assert "Se è urgente" in spoken(station.does(speech="Maria Rossi"))
    station.does(digits="1")
    assert station.ticket().priority is Priority.URGENT
    assert [leg.to for leg in station.ringing()] == [BRUNO]


def test_a_sentence_in_the_menu_is_the_request(desk: Station) -> None:
    desk.rings()
    desk.does(speech="Il certificato di residenza non si scarica")
    (message,) = desk.messages(desk.ticket())
    assert "certificato" in message.text
    assert desk.ticket().type is TicketType.ASSISTANCE


def test_speech_joins_the_ticket(station: Station) -> None:
    ticket, _ = station.call()
    station.does(speech="Il certificato di residenza non si scarica")
    assert any("certificato" in message.text for message in station.messages(ticket))


# ---------------------------------------------------------------------------------------------------- who calls (V-13)


def test_a_caller_whom_nobody_knows_is_asked_for_organisation_and_name(desk: Station) -> None:
    """V-13, A2.5."""
    desk.rings()
    assert "il nome del Suo ente e il Suo nome" in spoken(desk.does(digits="1"))
    desk.does(speech="Comune di Cagliari, Maria Rossi")
    ticket = desk.ticket()
    assert ticket.requester.name == "Comune di Cagliari, Maria Rossi"
    assert Mark.UNKNOWN_REQUESTER in ticket.marks
    assert any("Maria Rossi" in message.text for message in desk.messages(ticket))


def test_whoever_is_known_is_not_asked_who_it_is(desk: Station) -> None:
    desk.rings("+390700000210")
    assert "il nome del Suo ente" not in spoken(desk.does(digits="1"))


def test_who_does_not_say_who_it_is_is_served_all_the_same(desk: Station) -> None:
    """A2.5."""
    desk.rings()
    desk.does(digits="1")
    assert "motivo della chiamata" in spoken(desk.does())


# ------------------------------------------------------------------------------------------------- an earlier request


def earlier(station: Station, sender: str = CITIZEN) -> int:
    """A request of this number that is open."""
    station.rings(sender)
    station.does(speech="Il portale dei tributi non accetta la password")
    station.does()
    station.hangs_up()
    return station.tickets()[0].number


def test_a_caller_who_keys_their_own_number_goes_on_with_that_request(desk: Station) -> None:
    """DESIGN, "Which ticket"."""
    number = earlier(desk)
    desk.rings()
    desk.does(digits="6")
    words = spoken(desk.does(digits=str(number)))
    assert f"Abbiamo trovato la Sua richiesta {digits_of(number)}" in words
    assert len(desk.tickets()) == 1
    desk.does()
    desk.does(speech="Ora dice errore cinquecento")
    assert any("cinquecento" in message.text for message in desk.messages(desk.ticket()))


def test_the_number_may_be_keyed_without_its_year(desk: Station) -> None:
    number = earlier(desk)
    desk.rings()
    desk.does(digits="6")
    desk.does(digits=str(number % 1_000_000))
    assert len(desk.tickets()) == 1


def test_a_number_of_somebody_else_is_not_told_to_be_one(desk: Station) -> None:
    """B-078: a caller learns nothing of other people's requests."""
    number = earlier(desk, "+393339999999")
    desk.rings()
    desk.does(digits="6")
    words = spoken(desk.does(digits=str(number)))
    assert "Non troviamo una richiesta" in words
    assert len(desk.tickets()) == 2
    assert desk.phone_line().ticket != number


def test_a_ticket_that_silence_opened_is_folded_into_the_request_that_the_caller_names(desk: Station) -> None:
    number = earlier(desk)
    ticket, _ = desk.call()
    desk.does(digits="6")
    desk.does(digits=str(number))
    assert desk.fresh(ticket).outcome == "duplicate"
    assert desk.phone_line().ticket == number


# ---------------------------------------------------------------------------------------------- the message, the end


def test_a_message_is_recorded_only_after_the_notice(station: Station) -> None:
    """X12, V-03."""
    station.rings()
    notice = station.does(digits="2")
    assert "può essere registrata" in spoken(notice)
    assert not any(isinstance(verb, Record) for verb in notice)
    assert any(isinstance(verb, Record) for verb in station.does())


def test_a_message_joins_the_ticket_and_its_number_is_said(station: Station) -> None:
    """V-12."""
    station.rings()
    station.does(digits="2")
    station.does()
    words = spoken(station.does(recording=RECORDING, recording_s="8"))
    ticket = station.ticket()
    assert "è stato registrato con il numero" in words
    assert digits_of(ticket.number) in words
    assert any("8 secondi" in message.text for message in station.messages(ticket))
    (recording,) = station.store.read(lambda reading: reading.recordings(ticket=ticket.number))
    assert (recording.sid, recording.seconds, recording.state) == (RECORDING, 8, RecordingState.AT_CARRIER)
    assert station.phone_line().outcome is CallOutcome.MESSAGE


def test_nine_refuses_the_recording_and_is_served_all_the_same(station: Station) -> None:
    """X12, S162: the choice is on record."""
    station.rings()
    station.does(digits="2")
    script = station.does(digits="9")
    assert not any(isinstance(verb, Record) for verb in script)
    assert any(isinstance(verb, Gather) and verb.speech for verb in script)
    assert "non sarà registrata" in spoken(script)
    step = next(entry for entry in station.events(station.ticket()) if entry.data.get("digits") == "9")
    assert (step.type, step.data["deed"]) == ("call_step", "refuses_recording")


def test_without_voicemail_the_caller_says_it_in_words(station: Station) -> None:
    """X12: recording is off by default."""
    station.gw.rules = replace(station.gw.rules, voicemail=False)
    station.rings()
    script = station.does(digits="2")
    assert station.phone_line().reached == Step.WORDS
    assert "registrata per" not in spoken(script)


def test_the_call_ends_with_the_number_and_when_somebody_looks_at_it(station: Station) -> None:
    ticket, _ = station.call()
    station.does(speech="Il certificato di residenza non si scarica")
    script = station.does(speech="Maria Rossi")
    words = spoken(script)
    assert isinstance(script[-1], Hangup)
    assert digits_of(ticket.number) in words
    assert "alla riapertura, lunedì 30 novembre 2026 alle ore otto" in words
    assert "Arrivederci" in words


def test_the_due_time_of_the_contract_is_told(desk: Station) -> None:
    """FIELD 5.19: one clock for all."""

    def with_term(contract: Contract) -> Contract:
        from datetime import timedelta

        term = Term(Of.TAKEN_IN_CHARGE, Counting.SERVICE, "C2.1", within=timedelta(hours=4))
        return replace(contract, terms=(term,))

    desk.change(C02, with_term)
    desk.rings()
    desk.does(speech="Il certificato di residenza non si scarica")
    words = spoken(desk.does())
    assert "Sarà presa in carico entro oggi alle ore quattordici e dodici" in words


def test_a_repeat_after_the_end_hangs_up(station: Station) -> None:
    station.rings()
    line = station.phone_line()
    station.hangs_up(lasted_s=4)
    assert station.repeat(line, digits="1")[-1] == Hangup()


def test_silence_is_a_deed_of_its_own_wherever_the_caller_is(station: Station) -> None:
    station.rings()
    for _ in range(3):
        script = station.does()
        if isinstance(script[-1], Redirect):
            assert script[-1].step == station.phone_line().reached
