"""Recordings are fetched once and deleted at the carrier; what came while we were away is taken in (C2.3, X12)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.collecting import CURSOR, LONGEST_WAIT, OVERLAP, Collector
from gateway.domain.call import Step
from gateway.domain.errors import ArchiveError
from gateway.domain.held import audio_type
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.telephony import CallOutcome, Recording, RecordingState
from gateway.domain.ticket import Mark, TicketState
from tests.flow.books import WAVE, Books
from tests.flow.station import BRUNO, CITIZEN, Station, code_in

MINUTE = timedelta(minutes=1)
NOT_NOW = ArchiveError("the carrier answered 503")


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def collector(station: Station, books: Books) -> Collector:
    """On a Saturday night; it has looked once already, as at every start."""
    collector = Collector(station.gw, books, station.store.blobs)
    collector.look_back()
    return collector


def left_message(station: Station, books: Books) -> Recording:
    """A caller who left a message, and what is known of it."""
    station.rings()
    station.does(digits="2")
    station.does()
    held = books.recording(station.sid, station.clock.now())
    station.does(recording=held.sid, recording_s=str(held.seconds))
    station.hangs_up()
    return the_recording(station)


def the_recording(station: Station) -> Recording:
    (only,) = station.store.read(lambda reading: reading.recordings())
    return only


def away(station: Station, **duration: float) -> None:
    """Time in which nobody told us anything, and then long enough for the books to be written."""
    station.clock.pass_(**duration)


# ----------------------------------------------------------------------------------------------------------- recordings


def test_a_recording_is_fetched_kept_and_deleted_at_the_carrier(
    station: Station, books: Books, collector: Collector
) -> None:
    recording = left_message(station, books)
    collector.fetch()
    kept = the_recording(station)
    assert (kept.state, kept.size, kept.type) == (RecordingState.ONLY_HERE, len(WAVE), "audio/wav")
    assert station.store.blobs.read(kept.sha256 or "") == WAVE
    assert books.deleted == [recording.sid]
    assert [name for name in station.happened(station.ticket()) if name.startswith("recording")] == [
        "recording_kept",
        "recording_left_carrier",
    ]


def test_it_is_fetched_once(station: Station, books: Books, collector: Collector) -> None:
    recording = left_message(station, books)
    for _ in range(3):
        collector.fetch()
        station.clock.pass_(hours=1)
    assert (books.fetched, books.deleted) == ([recording.sid], [recording.sid])


def test_nothing_is_deleted_there_before_it_lies_here(station: Station, books: Books, tmp_path: Path) -> None:
    """A full disk, or a folder that is gone."""

    class Full:
        def keep(self, sha256: str, raw: bytes) -> None:
            raise OSError(28, f"no space for {len(raw)} bytes of {sha256} in {tmp_path}")

    left_message(station, books)
    Collector(station.gw, books, Full()).fetch()
    assert books.deleted == []
    assert the_recording(station).state is RecordingState.AT_CARRIER


def test_a_process_that_was_killed_in_between_goes_on_where_it_was(
    station: Station, books: Books, collector: Collector
) -> None:
    recording = left_message(station, books)
    station.store.write(
        lambda tx: tx.change_recording(recording.id, state=RecordingState.KEPT, sha256="0" * 64, size=1)
    )
    collector.fetch()
    assert (books.fetched, books.deleted) == ([], [recording.sid])
    assert the_recording(station).state is RecordingState.ONLY_HERE


def test_one_that_cannot_be_fetched_says_so_on_its_ticket_and_is_tried_again(
    station: Station, books: Books, collector: Collector
) -> None:
    left_message(station, books)
    books.fault = NOT_NOW
    for _ in range(5):
        collector.fetch()
        station.clock.pass_(minutes=5)
    waiting = the_recording(station)
    assert (waiting.state, waiting.reason) == (RecordingState.AT_CARRIER, "the carrier answered 503")
    assert station.happened(station.ticket()).count("recording_not_fetched") == 1
    books.fault = None
    station.clock.pass_(hours=6)
    collector.fetch()
    assert (the_recording(station).state, the_recording(station).reason) == (RecordingState.ONLY_HERE, None)


def test_each_failure_waits_longer_and_no_longer_than_a_quarter_of_a_day(
    station: Station, books: Books, collector: Collector
) -> None:
    left_message(station, books)
    books.fault = NOT_NOW
    for _ in range(24 * 60):
        collector.fetch()
        station.clock.pass_(minutes=1)
    assert 8 <= the_recording(station).attempts <= 14
    assert timedelta(hours=6) >= LONGEST_WAIT


def test_the_carrier_says_when_it_wants_to_be_asked_again(station: Station, books: Books, collector: Collector) -> None:
    """429 with Retry-After."""
    left_message(station, books)
    books.fault = ArchiveError("the carrier answered 429", wait_s=600)
    collector.fetch()
    books.fault = None
    station.clock.pass_(minutes=9)
    collector.fetch()
    assert books.fetched == []
    station.clock.pass_(minutes=2)
    collector.fetch()
    assert len(books.fetched) == 1


def test_what_the_carrier_has_no_more_is_lost_and_said_to_be(
    station: Station, books: Books, collector: Collector
) -> None:
    left_message(station, books)
    books.fault = ArchiveError("the carrier answered 404", gone=True)
    collector.fetch()
    assert the_recording(station).state is RecordingState.ERASED
    assert "recording_lost" in station.happened(station.ticket())


@pytest.mark.parametrize("raw", [b"", b"<html>upstream", b"RIFF\x00\x00\x00\x00AVI ", b"MZ\x90\x00", b"\x00" * 64])
def test_what_is_no_sound_is_not_kept_and_stays_at_the_carrier(
    station: Station, books: Books, collector: Collector, raw: bytes
) -> None:
    """B-085: by its bytes, whatever anybody says of it."""
    recording = left_message(station, books)
    books.sounds[recording.sid] = raw
    collector.fetch()
    assert (the_recording(station).state, books.deleted) == (RecordingState.AT_CARRIER, [])
    assert "no sound" in (the_recording(station).reason or "")


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(WAVE, "audio/wav"), (b"ID3\x04\x00", "audio/mpeg"), (b"\xff\xfb\x90\x00", "audio/mpeg"), (b"\xff", None)],
)
def test_a_sound_is_known_by_its_first_bytes(raw: bytes, kind: str | None) -> None:
    assert audio_type(raw) == kind


def test_one_that_was_erased_meanwhile_stays_erased(station: Station, books: Books, collector: Collector) -> None:
    recording = left_message(station, books)
    read = books.sound

    def slow(sid: str) -> bytes:
        station.store.write(lambda tx: tx.change_recording(recording.id, state=RecordingState.ERASED))
        return read(sid)

    collector.archive = type("Slow", (), {"sound": staticmethod(slow), "forget": staticmethod(books.forget)})()
    collector.fetch()
    assert the_recording(station).state is RecordingState.ERASED


# ----------------------------------------------------------------------------------------------------- what was missed


def test_at_the_first_start_nothing_that_was_before_is_ours(station: Station, books: Books) -> None:
    """The number may have been somebody else's desk until today."""
    books.call(station.clock.now() - 30 * MINUTE, station.clock.now() - 29 * MINUTE)
    Collector(station.gw, books, station.store.blobs).look_back()
    assert (station.tickets(), books.asked) == ([], [])
    assert station.store.read(lambda reading: reading.cursor(CURSOR)) is not None


def test_a_call_that_never_reached_us_is_a_request_with_its_true_time(
    station: Station, books: Books, collector: Collector
) -> None:
    """The gateway was away for an hour."""
    began = station.clock.now() + 10 * MINUTE
    books.call(began, began + MINUTE)
    away(station, hours=1)
    collector.look_back()
    ticket = station.ticket()
    (line,) = station.store.read(lambda reading: reading.calls())
    assert (ticket.received_at, line.began_at, line.ended_at) == (began, began, began + MINUTE)
    assert Mark.CALL_BACK in ticket.marks
    assert line.outcome is CallOutcome.CARRIER_ERROR
    assert "found_at_carrier" in station.happened()


def test_looking_again_finds_nothing_new(station: Station, books: Books, collector: Collector) -> None:
    began = station.clock.now() + 10 * MINUTE
    held = books.call(began, began + MINUTE)
    books.text(began, "Non riesco a entrare")
    books.recording(held.sid, began)
    for _ in range(4):
        away(station, minutes=20)
        collector.look_back()
    assert len(station.intakes()) == 2
    deliveries = station.store.read(lambda reading: [reading.deliveries(each.id) for each in reading.intakes()])
    assert [len(each) for each in deliveries] == [1, 1]


def test_whoever_called_again_and_again_is_called_back_once(
    station: Station, books: Books, collector: Collector
) -> None:
    for minute in (10, 12, 15):
        began = station.clock.now() + minute * MINUTE
        books.call(began, began + MINUTE / 2)
    other = station.clock.now() + 11 * MINUTE
    books.call(other, other + MINUTE, caller="+393331234599")
    away(station, hours=1)
    collector.look_back()
    assert len(station.tickets()) == 2
    assert len(station.store.read(lambda reading: reading.calls())) == 4
    assert {intake.state for intake in station.intakes()} == {IntakeState.FILED}


def test_a_message_that_the_carriers_own_document_took_stands_on_its_ticket(
    station: Station, books: Books, collector: Collector
) -> None:
    began = station.clock.now() + 10 * MINUTE
    held = books.call(began, began + MINUTE)
    recording = books.recording(held.sid, began + MINUTE / 2, seconds=22)
    away(station, hours=1)
    collector.look_back()
    assert f"22 secondi (registrazione {recording.sid})" in station.messages(station.ticket())[-1].text
    (line,) = station.store.read(lambda reading: reading.calls())
    assert line.outcome is CallOutcome.MESSAGE
    collector.fetch()
    assert the_recording(station).state is RecordingState.ONLY_HERE


def test_a_call_whose_end_nobody_told_ends_when_it_ended(station: Station, books: Books, collector: Collector) -> None:
    station.rings()
    station.does(speech="Il portale dei tributi non accetta la password")
    began = station.clock.now()
    books.call(began, began + 2 * MINUTE, sid=station.sid)
    away(station, minutes=20)
    collector.look_back()
    assert (station.phone_line().ended_at, station.phone_line().facts["duration_s"]) == (began + 2 * MINUTE, "120")
    assert "found_at_carrier" not in station.happened()


def test_a_message_whose_webhook_was_lost_is_found(station: Station, books: Books, collector: Collector) -> None:
    """We were killed between the carrier's request and our write."""
    station.rings()
    station.does(digits="2")
    station.does()
    assert station.phone_line().reached == Step.MESSAGE
    books.recording(station.sid, station.clock.now(), seconds=31)
    line = station.hangs_up()
    assert line.outcome is CallOutcome.EMPTY_MESSAGE
    away(station, minutes=20)
    collector.look_back()
    assert "31 secondi" in station.messages(station.ticket())[-1].text
    assert station.phone_line().outcome is CallOutcome.MESSAGE


def test_a_recorded_conversation_whose_webhook_was_lost_is_found_unless_it_was_refused(
    station: Station, books: Books, collector: Collector
) -> None:
    """X12, S162."""
    station.rings()
    station.does(digits="1")
    books.recording(station.sid, station.clock.now(), conversation=True)
    station.hangs_up()
    station.rings()
    refused = station.sid
    station.store.write(lambda tx: tx.change_call(station.phone_line().id, facts={"no_recording": "yes", "turn": "1"}))
    books.recording(refused, station.clock.now(), conversation=True)
    station.hangs_up()
    away(station, minutes=20)
    collector.look_back()
    assert the_recording(station).call_sid != refused


def test_a_recording_of_somebody_elses_call_is_none_of_ours(
    station: Station, books: Books, collector: Collector
) -> None:
    """The account may have other numbers."""
    books.recording("CA" + "e" * 32, station.clock.now())
    away(station, minutes=20)
    collector.look_back()
    assert station.store.read(lambda reading: reading.recordings()) == []


def test_a_text_that_never_reached_us_becomes_a_ticket(station: Station, books: Books, collector: Collector) -> None:
    sent = station.clock.now() + MINUTE
    books.text(sent, "Il portale dei tributi è fermo")
    away(station, minutes=20)
    collector.look_back()
    ticket = station.ticket()
    assert (ticket.channel, ticket.received_at, ticket.requester.number) == (Channel.SMS, sent, CITIZEN)


def test_a_technicians_ok_that_never_reached_us_takes_effect(station: Station, books: Books) -> None:
    collector = Collector(station.gw, books, station.store.blobs)
    collector.look_back()
    station.mail("URGENTE: protocollo bloccato")
    station.chase()
    books.text(station.clock.now(), f"OK {code_in(station.page_texts(BRUNO)[0].text)}", sender=BRUNO)
    away(station, minutes=4)
    collector.look_back()
    assert station.ticket().owner is None
    away(station, minutes=12)
    collector.look_back()
    assert (station.ticket().owner, station.ticket().state) == ("bruno", TicketState.TAKEN)


def test_a_call_missed_at_night_is_told_to_whoever_is_on_duty(station: Station, books: Books) -> None:
    """Whoever rang could not say that it was urgent: they are not taken for one who rang off."""
    collector = Collector(station.gw, books, station.store.blobs)
    collector.look_back()
    began = station.clock.now() + MINUTE
    books.call(began, began + MINUTE / 3)
    away(station, minutes=20)
    collector.look_back()
    assert station.page_texts(BRUNO)


def test_what_is_too_young_is_left_to_its_webhook_and_looked_at_again_soon(
    station: Station, books: Books, collector: Collector
) -> None:
    away(station, minutes=16)
    books.call(station.clock.now() - MINUTE / 2, station.clock.now() - MINUTE / 6)
    collector.look_back()
    assert station.tickets() == []
    away(station, minutes=2)
    collector.look_back()
    assert len(station.tickets()) == 1


def test_a_call_that_goes_on_is_not_taken_in(station: Station, books: Books, collector: Collector) -> None:
    books.call(station.clock.now() + MINUTE, None, status="in-progress")
    away(station, hours=1)
    collector.look_back()
    assert station.tickets() == []


def test_it_looks_every_quarter_of_an_hour_and_an_hour_back(
    station: Station, books: Books, collector: Collector
) -> None:
    for _ in range(60):
        collector.look_back()
        station.clock.pass_(minutes=1)
    instants = sorted(set(books.asked))
    assert len(instants) in (3, 4)
    first = station.clock.now() - timedelta(minutes=60)
    assert instants[0] == first - OVERLAP


def test_while_the_carrier_does_not_answer_nothing_is_left_behind(
    station: Station, books: Books, collector: Collector
) -> None:
    began = station.clock.now() + 10 * MINUTE
    books.call(began, began + MINUTE)
    books.fault = NOT_NOW
    for _ in range(4):
        away(station, hours=1)
        collector.look_back()
    assert station.tickets() == []
    books.fault = None
    away(station, minutes=2)
    collector.look_back()
    assert station.ticket().received_at == began


def test_one_that_cannot_be_taken_in_keeps_none_of_the_others_back(
    station: Station, books: Books, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway import missed

    began = station.clock.now() + 10 * MINUTE
    bad = books.text(began, "questo")
    books.text(began + MINUTE, "Non riesco a entrare", sender="+393331234599")
    real = missed.take_text

    def take_text(gw: object, tx: object, held: object, at: object) -> None:
        if held == bad:
            raise ValueError("no")
        real(gw, tx, held, at)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(missed, "take_text", take_text)
    away(station, hours=1)
    collector.look_back()
    assert station.ticket().requester.number == "+393331234599"
