"""The carrier's books on the wire: what was missed, recordings, and a carrier that is not what it should be."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.rehearsal import Gateway as Doors
from adapters.rehearsal import HangUp, Leave, Silence
from adapters.rehearsal.faults import Fault, Kind
from adapters.twilio import Api, TwilioArchive
from gateway.collecting import Collector, numbers_of
from gateway.domain.errors import ArchiveError
from gateway.domain.intake import Channel
from gateway.domain.telephony import CallOutcome, RecordingState
from gateway.domain.ticket import Mark
from tests.adapters.twilio.house import PUBLIC_URL, SID, TOKEN, House
from tests.flow.station import CITIZEN, DESK_NUMBER, SMS_NUMBER

MOST = 200_000
RE = "RE" + "0123456789abcdef" * 2
NOWHERE = "http://127.0.0.1:1"


def archive_at(url: str, *, timeout_s: float = 5.0) -> TwilioArchive:
    api = Api(SID, TOKEN, url, timeout_s)
    return TwilioArchive(api, account_sid=SID, auth_token=TOKEN, api_url=url, most_bytes=MOST, timeout_s=timeout_s)


@pytest.fixture
def collector(house: House) -> Collector:
    """It has looked once; the carrier lives by the same clock."""
    house.carrier.records.now = house.station.clock.now
    collector = Collector(house.station.gw, archive_at(house.rehearsal.base_url), house.station.store.blobs)
    collector.look_back()
    return collector


def away(house: House, fallback: str = "") -> None:
    """Whatever the carrier wants of us, nobody is there."""
    house.rehearsal.connect(Doors(PUBLIC_URL, connect_url=NOWHERE, fallback=fallback))


def back(house: House, collector: Collector, **after: float) -> None:
    """We are there again, and look."""
    house.rehearsal.connect(Doors(PUBLIC_URL, connect_url=house.url))
    house.station.clock.pass_(**(after or {"minutes": 20}))
    collector.look_back()


def test_our_numbers_are_those_of_the_contracts_and_the_one_we_send_from(house: House) -> None:
    assert {DESK_NUMBER, SMS_NUMBER} <= set(numbers_of(house.station.gw.rules))


def test_a_call_and_a_text_while_we_were_away_are_taken_in(house: House, collector: Collector) -> None:
    """C2.3: nothing is lost, and each has its true time."""
    away(house)
    house.station.clock.pass_(minutes=3)
    came = house.station.clock.now()
    house.carrier.place_call(CITIZEN, (), DESK_NUMBER)
    house.carrier.send_sms("+393331234599", "Non riesco a entrare", SMS_NUMBER)
    house.carrier.wait_idle()
    back(house, collector)
    received = {ticket.channel: ticket.received_at for ticket in house.station.tickets()}
    second = timedelta(seconds=1)
    assert all(abs(received[each] - came) < second for each in (Channel.PHONE, Channel.SMS))
    (line,) = house.station.store.read(lambda reading: reading.calls())
    assert (line.outcome, line.caller) == (CallOutcome.CARRIER_ERROR, CITIZEN)
    for _ in range(3):
        back(house, collector)
    assert (len(house.station.tickets()), len(house.station.intakes())) == (2, 2)


FALLBACK = (
    "<Response><Say>Lasci un messaggio dopo il segnale.</Say>"
    '<Record maxLength="120" playBeep="true" action="https://assistenza.example/twilio/fallback"/></Response>'
)


def test_the_carriers_own_document_takes_a_message_which_is_found_and_fetched(
    house: House, collector: Collector
) -> None:
    """C2.3: static TwiML, and nobody here."""
    away(house, FALLBACK)
    house.carrier.place_call(CITIZEN, (Leave(12),), DESK_NUMBER)
    house.carrier.wait_idle()
    assert len(house.carrier.recordings) == 1
    back(house, collector)
    (message,) = [m for m in house.station.messages(house.station.ticket()) if "12 secondi" in m.text]
    assert house.carrier.recordings[0].sid in message.text
    collector.fetch()
    (kept,) = house.station.store.read(lambda reading: reading.recordings())
    assert (kept.state, kept.type) == (RecordingState.ONLY_HERE, "audio/wav")
    assert house.station.store.blobs.read(kept.sha256 or "")[:4] == b"RIFF"
    assert house.carrier.recordings == []


def test_the_message_of_the_carriers_own_document_comes_at_once_when_we_are_there(
    house: House, collector: Collector
) -> None:
    """Only the first request failed: the action of the document reaches us."""
    house.rehearsal.connect(Doors(PUBLIC_URL, connect_url=house.url, voice_path="/nowhere", fallback=FALLBACK))
    made = house.carrier.place_call(CITIZEN, (Leave(12),), DESK_NUMBER)
    house.carrier.wait_idle()
    assert "Il Suo messaggio è stato registrato" in " ".join(made.heard)
    assert Mark.CALL_BACK not in house.station.ticket().marks
    back(house, collector)
    assert len(house.station.intakes()) == 1


def test_we_die_in_the_middle_of_a_call_and_its_end_and_message_are_found(house: House, collector: Collector) -> None:
    """Killed between the carrier's request and our write."""
    away(house, FALLBACK)
    house.rehearsal.connect(Doors(PUBLIC_URL, connect_url=house.url, status_path="", fallback=FALLBACK))
    house.carrier.place_call(CITIZEN, ("2", Silence(), HangUp(after_s=1)), DESK_NUMBER)
    house.carrier.wait_idle()
    (line,) = house.station.store.read(lambda reading: reading.calls())
    assert line.ended_at is None
    back(house, collector)
    (line,) = house.station.store.read(lambda reading: reading.calls())
    assert line.ended_at is not None


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.STATUS, method="GET", status=429, retry_after_s=30),
        Fault(Kind.STATUS, method="GET", status=503),
        Fault(Kind.STATUS, method="GET", status=401),
        Fault(Kind.GARBAGE, method="GET"),
        Fault(Kind.CUT, method="GET"),
    ],
    ids=["429", "503", "401", "garbage", "cut"],
)
def test_books_that_are_closed_are_opened_later(house: House, collector: Collector, fault: Fault) -> None:
    away(house)
    house.carrier.place_call(CITIZEN, (), DESK_NUMBER)
    house.carrier.wait_idle()
    house.carrier.faults.add(fault)
    back(house, collector)
    assert house.station.tickets() == []
    house.carrier.faults.clear()
    back(house, collector, minutes=2)
    assert house.station.ticket().channel == Channel.PHONE


def test_a_recording_is_deleted_there_once_and_a_second_time_is_no_fault(house: House) -> None:
    house.carrier.place_call(CITIZEN, ("2", Silence(), Leave(5)), DESK_NUMBER)
    house.carrier.wait_idle()
    (recording,) = house.carrier.recordings
    archive = archive_at(house.rehearsal.base_url)
    assert archive.sound(recording.sid)[8:12] == b"WAVE"
    archive.forget(recording.sid)
    archive.forget(recording.sid)
    assert house.carrier.recordings == []
    with pytest.raises(ArchiveError) as gone:
        archive.sound(recording.sid)
    assert gone.value.gone


# ------------------------------------------------------------------------------------------- a carrier that is strange

Answer = Callable[[BaseHTTPRequestHandler], None]


class Strange:
    """A carrier that answers whatever it is told to; `asked` are the paths and what authorised them."""

    def __init__(self) -> None:
        self.answer: Answer = lambda handler: handler.send_error(500)
        self.asked: list[tuple[str, bool]] = []
        strange = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                strange.asked.append((self.path, "Authorization" in self.headers))
                strange.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def strange() -> Iterator[Strange]:
    carrier = Strange()
    yield carrier
    carrier.close()


def body(raw: bytes, *, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


@pytest.mark.parametrize(
    "location",
    [
        "{other}/steal",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//evil.example/x",
        "{here}.evil.example/x",
        "{here}@evil.example/x",
        "",
    ],
)
def test_a_redirect_that_leads_elsewhere_is_not_followed(strange: Strange, location: str) -> None:
    """B-084: with our credentials least of all."""
    other = Strange()
    strange.answer = body(b"", status=302, Location=location.format(other=other.url, here=strange.url))
    with pytest.raises(ArchiveError, match="elsewhere"):
        archive_at(strange.url).sound(RE)
    assert (len(strange.asked), other.asked) == (1, [])
    other.close()


def test_a_redirect_at_the_carrier_itself_is_followed_and_not_for_ever(strange: Strange) -> None:
    strange.answer = body(b"", status=307, Location="/elsewhere/here.wav")
    with pytest.raises(ArchiveError, match="from address to address"):
        archive_at(strange.url).sound(RE)
    assert len(strange.asked) == 4
    strange.answer = lambda handler: (
        body(b"RIFF")(handler) if "here" in handler.path else body(b"", status=307, Location="/here.wav")(handler)
    )
    assert archive_at(strange.url).sound(RE) == b"RIFF"


@pytest.mark.parametrize("size", [MOST + 1, 50 * MOST])
def test_one_byte_more_than_allowed_ends_it(strange: Strange, size: int) -> None:
    """B-085."""
    strange.answer = body(b"\x00" * size)
    with pytest.raises(ArchiveError, match="larger"):
        archive_at(strange.url).sound(RE)


def test_a_bomb_is_not_unpacked(strange: Strange) -> None:
    """B-085: a hundred megabytes in a hundred kilobytes."""
    strange.answer = body(gzip.compress(b"\x00" * 100_000_000), Content_Encoding="gzip")
    with pytest.raises(ArchiveError, match="encoded"):
        archive_at(strange.url).sound(RE)


def test_an_answer_that_never_comes_is_given_up(strange: Strange) -> None:
    hold = threading.Event()
    strange.answer = lambda _handler: hold.wait(10)  # type: ignore[assignment]  # the answer is not used
    with pytest.raises(ArchiveError, match="no answer"):
        archive_at(strange.url, timeout_s=0.3).sound(RE)
    hold.set()


@pytest.mark.parametrize("sid", ["", "RE", RE + "/../../Accounts", RE.upper(), "CA" + RE[2:], RE + "\n", "../x"])
def test_what_is_no_id_of_a_recording_is_never_asked_for(strange: Strange, sid: str) -> None:
    """B-084."""
    for ask in (archive_at(strange.url).sound, archive_at(strange.url).forget):
        with pytest.raises(ArchiveError, match="no id"):
            ask(sid)
    assert strange.asked == []


def test_lines_of_the_books_that_are_not_as_they_should_be_are_left_out(strange: Strange) -> None:
    row = '{{"sid": "{sid}", "direction": "inbound", "from": "{caller}", "to": "x", "status": "completed", {time}}}'
    date = '"start_time": "Tue, 24 Nov 2026 09:00:00 +0000", "end_time": null, "duration": null'
    rows = [
        row.format(sid="CA" + "1" * 32, caller="+266696687", time=date),
        row.format(sid="no sid", caller=CITIZEN, time=date),
        row.format(sid="CA" + "2" * 32, caller=CITIZEN, time='"start_time": "yesterday"'),
    ]
    page = '{"calls": [' + ", ".join(rows) + '], "next_page_uri": null, "page_size": 500}'
    strange.answer = body(page.encode(), Content_Type="application/json")
    (found,) = archive_at(strange.url).calls(DESK_NUMBER, datetime(2026, 11, 24, tzinfo=UTC))
    assert (found.caller, found.ended_at, found.seconds) == ("", None, 0)
