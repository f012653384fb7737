"""A citizen's call and SMS (issue 2, item 4c; T-IVR)."""

from __future__ import annotations

from gateway.domain.call import Gather, Hangup, Record, Say
from gateway.domain.ticket import Mark, Priority
from tests.flow.station import BRUNO, CITIZEN, TUESDAY_MORNING, Station, spoken


def test_a_call_is_a_ticket_at_its_first_signal(station: Station) -> None:
    """C1.2: before the caller has said anything."""
    ticket, _ = station.call()
    assert (ticket.channel, ticket.requester.number) == ("phone", CITIZEN)
    assert Mark.UNKNOWN_REQUESTER in ticket.marks


def test_the_caller_hears_the_state_the_notice_and_the_number_digit_by_digit(station: Station) -> None:
    ticket, script = station.call()
    words = spoken(script)
    assert "otto" in words
    assert "lunedì" in words
    assert "informativa" in words
    assert " ".join(str(ticket.number)[:4]) in words


def test_in_hours_the_caller_is_welcomed(station: Station) -> None:
    station.clock.set(TUESDAY_MORNING)
    _, script = station.call()
    assert "Benvenuto" in spoken(script)


def test_the_same_signal_twice_is_one_ticket(station: Station) -> None:
    first, script = station.call(sid="CA1")
    again, same = station.call(sid="CA1")
    assert (first.number, script) == (again.number, same)


def test_speech_joins_the_ticket(station: Station) -> None:
    ticket, _ = station.call()
    station.step(ticket, "speech", speech="Il certificato non si scarica")
    messages = station.store.read(lambda reading: reading.messages(ticket.number))
    assert any("certificato" in message.text for message in messages)


def test_a_message_is_recorded_only_after_the_notice(station: Station) -> None:
    """X12."""
    _, script = station.call()
    record = next(place for place, verb in enumerate(script) if isinstance(verb, Record))
    notice = next(place for place, verb in enumerate(script) if isinstance(verb, Gather) and verb.step == "notice")
    assert notice < record


def test_nine_refuses_the_recording_and_is_served_all_the_same(station: Station) -> None:
    """X12, S163."""
    ticket, _ = station.call()
    script = station.step(ticket, "notice", digits="9")
    assert not any(isinstance(verb, Record) for verb in script)
    assert any(isinstance(verb, Gather) and verb.speech for verb in script)


def test_key_one_outside_hours_makes_it_urgent_and_pages(station: Station) -> None:
    """A2.6, S030."""
    ticket, _ = station.call()
    station.step(ticket, "choice", digits="1")
    assert station.ticket().priority is Priority.URGENT
    assert "URGENTE" in station.page_texts(BRUNO)[-1].text


def test_a_call_without_a_key_pages_once_as_ordinary(station: Station) -> None:
    station.call()
    station.pass_(hours=1)
    assert ["URGENTE" in d.text for d in station.page_texts()] == [False]
    assert station.page_calls() == []


def test_a_step_twice_has_one_effect(station: Station) -> None:
    ticket, _ = station.call()
    station.step(ticket, "speech", speech="Non va")
    count = len(station.events(ticket))
    station.step(ticket, "speech", speech="Non va")
    assert len(station.events(ticket)) == count


def test_the_call_ends_politely(station: Station) -> None:
    ticket, _ = station.call()
    script = station.step(ticket, "speech", speech="Non va")
    assert isinstance(script[-1], Hangup)
    assert isinstance(script[0], Say)


def test_an_sms_is_a_ticket_and_gets_its_number(station: Station) -> None:
    station.sms(CITIZEN, "Non riesco a entrare")
    ticket = station.ticket()
    answer = next(d for d in station.sent() if d.to == CITIZEN)
    assert str(ticket.number) in answer.text


def test_a_second_sms_joins_the_only_open_ticket_and_is_not_answered_again(station: Station) -> None:
    station.sms(CITIZEN, "Non riesco a entrare")
    station.sms(CITIZEN, "Ora dice errore 500")
    assert len(station.tickets()) == 1
    assert len([d for d in station.sent() if d.to == CITIZEN]) == 1


def test_an_sms_from_abroad_is_kept_and_not_answered(station: Station) -> None:
    station.sms("+88212345678", "hello")
    assert len(station.tickets()) == 1
    assert [d for d in station.sent() if d.to == "+88212345678"] == []
