"""`centralino call …` and `centralino phone fallback` (C2.3, X12)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from config.compose import gateway_of
from config.load import load
from gateway import calls, hangups
from gateway.deeds import Signal
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.telephony import RecordingState
from tests.clock import TestClock
from tests.commands.conftest import Desk

if TYPE_CHECKING:
    from gateway.domain.telephony import Call
    from gateway.ports import Gateway

CITIZEN = "+393331234567"
SID, RE = "CA" + "1" * 32, "RE" + "2" * 32
SOUND = b"RIFF\x00\x00\x00\x00WAVEfmt "
VOICEMAIL = ("# voicemail = false", "voicemail = true")
PUBLIC = ('# public_url = "http://127.0.0.1:8080"', 'public_url = "https://assistenza.example"')
NIGHT = "2026-11-28T22:10:00+01:00"


def signal(gw: Gateway, sid: str, step: str = "") -> Arrival:
    at = gw.clock.now()
    facts = {"sid": sid} | ({"step": step} if step else {})
    key = f"twilio:{sid}:{step or 'begin'}"
    return Arrival(Channel.PHONE, "twilio", b"", at, CITIZEN, ("+390700000200",), RepeatKey(key), facts)


def goes_on(gw: Gateway, sid: str, **done: str) -> None:
    line = line_of(gw, sid)
    told = Signal(sid, line.reached, int(line.facts["turn"]), digits=done.get("digits", ""),
                  recording=done.get("recording", ""), recording_s=int(done.get("seconds", "0")))  # fmt: skip
    arrival = signal(gw, sid, f"{told.step}:{told.turn}")
    gw.store.write(lambda tx: calls.call_goes_on(gw, tx, told, arrival, gw.clock.now()))


def line_of(gw: Gateway, sid: str) -> Call:
    line = gw.store.read(lambda reading: reading.call_by(sid))
    assert line
    return line


@pytest.fixture
def called(desk: Desk) -> Desk:
    """Two calls on a Saturday night: one that left a message, which lies here, and one that was given up."""
    desk.change("gateway.toml", *VOICEMAIL)
    with desk.store() as store:
        gw, reader = gateway_of(load(desk.config), store)
        gw.clock = TestClock(NIGHT)
        store.write(lambda tx: calls.call_begins(gw, tx, signal(gw, SID), gw.clock.now()))
        goes_on(gw, SID, digits="2")
        goes_on(gw, SID)
        goes_on(gw, SID, recording=RE, seconds="8")
        store.write(lambda tx: hangups.over(gw, tx, line_of(gw, SID), gw.clock.now(), lasted_s=48))
        other = "CA" + "3" * 32
        store.write(lambda tx: calls.call_begins(gw, tx, signal(gw, other), gw.clock.now()))
        store.write(lambda tx: hangups.over(gw, tx, line_of(gw, other), gw.clock.now(), lasted_s=3))
        reader.close()
    return desk


@pytest.fixture
def fetched(called: Desk) -> Desk:
    sha256 = hashlib.sha256(SOUND).hexdigest()
    with called.store() as store:
        store.blobs.keep(sha256, SOUND)
        values = {"sha256": sha256, "size": len(SOUND), "type": "audio/wav", "state": RecordingState.ONLY_HERE}

        def keep(tx: object) -> None:
            found = tx.recording_by(RE)  # type: ignore[attr-defined]  # a transaction
            tx.change_recording(found.id, **values)  # type: ignore[attr-defined]  # as above

        store.write(keep)
    return called


def test_the_calls_are_listed_with_what_became_of_them(called: Desk) -> None:
    newest, oldest = called.done("call", "list", "--json").json
    assert (newest["outcome"], newest["seconds"], newest["reached"]) == ("abandoned", 3, "menu")
    assert (oldest["outcome"], oldest["caller"], oldest["ticket"]) == ("message", CITIZEN, 2026000001)
    assert "abandoned" in called.done("call", "list").text


@pytest.mark.parametrize(
    ("said", "count"),
    [
        (("--outcome", "abandoned"), 1),
        (("--outcome", "abandoned", "--outcome", "message"), 2),
        (("--ticket", 1), 2),
        (("--caller", "+390000000"), 0),
        (("--going-on",), 0),
        (("--since", "2026-11-29"), 0),
        (("--limit", 1), 1),
    ],
)
def test_only_some_are_asked_for(called: Desk, said: tuple[object, ...], count: int) -> None:
    """The second call was joined to the open ticket of its number."""
    assert len(called.done("call", "list", "--json", *said).json) == count


@pytest.mark.parametrize("which", [1, SID])
def test_one_call_shows_its_steps_and_its_recording(called: Desk, which: object) -> None:
    shown = called.done("call", "show", which, "--json").json
    assert shown["steps"][0]["deed"] == "leave_message"
    assert [(each["sid"], each["state"], each["seconds"]) for each in shown["recordings"]] == [(RE, "at_carrier", 8)]
    assert "said" not in shown["facts"]
    ticket = called.show(1)
    assert ([each["sid"] for each in ticket["recordings"]], len(ticket["calls"])) == ([RE], 2)
    assert "Recordings" in called.done("ticket", "show", 1).text
    text = called.done("call", "show", which).text
    assert ("Recordings" in text, "Telephones" in text) == (True, False)


@pytest.mark.parametrize("words", [("show", 99), ("show", "CAx"), ("sound", "REx", "--out", "x.wav")])
def test_what_is_not_there_is_named(called: Desk, words: tuple[object, ...]) -> None:
    refused = called.run("call", *words)
    assert (refused.code, "there is no" in refused.err) == (1, True)


def test_a_recording_is_taken_out_and_that_is_on_record(fetched: Desk, tmp_path: Path) -> None:
    """X12: who heard it can be told."""
    out = tmp_path / "message.wav"
    fetched.done("call", "sound", RE, "--out", out)
    assert out.read_bytes() == SOUND
    (event,) = [each for each in fetched.show(1)["events"] if each["type"] == "recording_taken_out"]
    assert (event["by"], event["data"]["recording"]) == ("elena", RE)
    again = fetched.run("call", "sound", RE, "--out", out)
    assert (again.code, "nothing is written over" in again.err) == (1, True)


def test_a_recording_that_is_still_at_the_carrier_says_so(called: Desk, tmp_path: Path) -> None:
    refused = called.run("call", "sound", RE, "--out", tmp_path / "x.wav")
    assert (refused.code, "at_carrier" in refused.err) == (1, True)
    assert not (tmp_path / "x.wav").exists()


# -------------------------------------------------------------------------------------------------------- the fallback


@pytest.fixture
def public(desk: Desk) -> Desk:
    desk.change("gateway.toml", *PUBLIC)
    return desk


def verbs(document: bytes) -> list[str]:
    return [verb.tag for verb in ET.fromstring(document)]  # noqa: S314 - our own


def test_the_carriers_own_document_apologises_and_takes_no_message_where_that_is_off(public: Desk) -> None:
    """X12: recording is off by default."""
    answer = public.done("phone", "fallback", "--contract", "c02-comune")
    assert verbs(answer.out) == ["Say", "Say", "Say", "Say", "Say", "Hangup"]
    assert "La richiameremo" in answer.text
    assert "TwiML Bin" in answer.err
    assert "https://assistenza.example/twilio/status" in answer.err


def test_with_voicemail_it_takes_a_message_after_the_notice(public: Desk, tmp_path: Path) -> None:
    public.change("gateway.toml", *VOICEMAIL)
    out = tmp_path / "fallback.xml"
    public.done("phone", "fallback", "--contract", "c02-comune", "--out", out)
    raw = out.read_bytes()
    assert verbs(raw)[-4:] == ["Say", "Record", "Say", "Hangup"]
    assert b"https://assistenza.example/twilio/fallback" in raw
    assert raw.index(b"I Suoi dati") < raw.index(b"<Record")
    again = public.run("phone", "fallback", "--contract", "c02-comune", "--out", out)
    assert (again.code, "nothing is written over" in again.err) == (1, True)


def test_a_contract_that_is_not_there_is_named(public: Desk) -> None:
    refused = public.run("phone", "fallback", "--contract", "c99")
    assert (refused.code, "there is no contract" in refused.err) == (1, True)
