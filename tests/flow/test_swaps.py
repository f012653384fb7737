"""A swap of duty answered from the telephone: by SMS with its code, or by the link in the mail (C2.8, P9, P14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway import duty, standing_in, swaps
from gateway.domain.dispatch import Dispatch
from gateway.domain.hours import ROME
from gateway.domain.intake import Channel
from gateway.domain.roster import Directory
from gateway.domain.roster.asking import is_token_of, swap_code, swap_token
from gateway.domain.telephony import ChangeState, RosterChange
from gateway.domain.texts import SMS_LIMIT
from gateway.domain.ticket import TicketState
from gateway.swaps import Answered, Standing
from tests.flow.station import BRUNO, CARLA, Station, code_in

C2 = "c02-comune"
NIGHT = (
    datetime.fromisoformat("2026-11-29T20:00").replace(tzinfo=ROME).astimezone(UTC),
    datetime.fromisoformat("2026-11-30T08:00").replace(tzinfo=ROME).astimezone(UTC),
)
WRONG = "000000"


def ask(station: Station, contact: str = "carla") -> RosterChange:
    """Bruno asks somebody to take the night of Sunday over."""
    wanted = standing_in.Wanted(station.gw.rules.contracts[C2], *NIGHT, contact, "visita medica", ("+39",))
    bruno, at = station.gw.rules.people["bruno"], station.clock.now()
    return station.store.write(lambda tx: standing_in.ask_swap(station.gw, tx, wanted, bruno, at))


def now(station: Station, swap: RosterChange) -> RosterChange:
    found = station.store.read(lambda reading: reading.roster_change(swap.id))
    assert found
    return found


def on_call(station: Station, at: datetime = NIGHT[0]) -> str | None:
    chain = station.store.read(lambda reading: duty.chain_at(station.gw, reading, C2, at))
    return chain.contact.id if chain else None


def texts(station: Station, number: str) -> list[Dispatch]:
    return [each for each in station.to(number) if each.channel is Channel.SMS]


def kinds(station: Station, number: str) -> list[str]:
    return [each.facts["text_id"] for each in texts(station, number)]


def test_whoever_is_asked_has_an_sms_with_a_code_and_no_reason(station: Station) -> None:
    """X15: why somebody is away is told to nobody by SMS."""
    ask(station)
    (text,) = texts(station, CARLA)
    assert text.facts["text_id"] == "M-SWAP"
    assert "29/11 20:00" in text.text
    assert code_in(text.text)
    assert "visita" not in text.text
    assert len(text.text) <= SMS_LIMIT


@pytest.mark.parametrize("said", ["OK {code}", "ok{code}", " Ok: {code}.", "OK {spaced}"])
def test_ok_with_the_code_takes_the_duty_and_both_are_told(station: Station, said: str) -> None:
    swap = ask(station)
    code = code_in(texts(station, CARLA)[0].text)
    station.sms(CARLA, said.format(code=code, spaced=f"{code[:3]} {code[3:]}"))
    assert on_call(station) == "carla"
    assert now(station, swap).answered_by == "carla"
    assert kinds(station, CARLA)[-1] == "M-SWAP-YOURS"
    assert kinds(station, BRUNO) == ["M-SWAP-TAKEN"]
    (entry,) = [event for event in station.events() if event.type == "swap_accepted"]
    assert (entry.by, entry.data["medium"]) == ("carla", "sms")


def test_no_with_the_code_leaves_it_and_the_other_is_told(station: Station) -> None:
    swap = ask(station)
    station.sms(CARLA, f"NO {code_in(texts(station, CARLA)[0].text)}")
    assert (on_call(station), now(station, swap).state) == ("bruno", ChangeState.DECLINED)
    assert kinds(station, CARLA)[-1] == "M-SWAP-KEPT"
    assert kinds(station, BRUNO) == ["M-SWAP-DECLINED"]


def test_said_again_it_tells_how_things_stand_and_changes_nothing(station: Station) -> None:
    swap = ask(station)
    code = code_in(texts(station, CARLA)[0].text)
    station.sms(CARLA, f"OK {code}")
    before = now(station, swap)
    station.clock.pass_(minutes=5)
    station.sms(CARLA, f"NO {code}")
    assert now(station, swap) == before
    assert kinds(station, CARLA)[-1] == "M-SWAP-YOURS"


def test_the_code_is_of_no_use_to_anybody_else(station: Station) -> None:
    """P14."""
    swap = ask(station)
    code = code_in(texts(station, CARLA)[0].text)
    station.sms(BRUNO, f"OK {code}")
    station.sms("+393339999999", f"OK {code}")
    assert now(station, swap).state is ChangeState.ASKED


@pytest.mark.parametrize("said", ["OK", "NO", "INFO"])
def test_a_word_without_a_code_answers_no_swap_and_is_asked_again(station: Station, said: str) -> None:
    """Whoever says OK twice to something else must not have a night more."""
    swap = ask(station)
    station.sms(CARLA, said)
    assert now(station, swap).state is ChangeState.ASKED
    assert kinds(station, CARLA) == ["M-SWAP", "M-SWAP"]


def test_info_with_the_code_says_it_again(station: Station) -> None:
    swap = ask(station)
    station.sms(CARLA, f"INFO {code_in(texts(station, CARLA)[0].text)}")
    assert now(station, swap).state is ChangeState.ASKED
    assert kinds(station, CARLA) == ["M-SWAP", "M-SWAP"]


def test_three_wrong_codes_and_the_right_one_holds_no_more_that_day(station: Station) -> None:
    """P14, B-079."""
    swap = ask(station)
    code = code_in(texts(station, CARLA)[0].text)
    for _ in range(3):
        station.sms(CARLA, f"OK {WRONG}")
    station.sms(CARLA, f"OK {code}")
    assert now(station, swap).state is ChangeState.ASKED
    assert kinds(station, CARLA)[-2:] == ["M-SWAP-BLOCKED", "M-SWAP-BLOCKED"]
    assert station.happened().count("swap_codes_blocked") == 1


def test_a_day_later_the_code_holds_again(station: Station) -> None:
    swap = ask(station)
    code = code_in(texts(station, CARLA)[0].text)
    for _ in range(3):
        station.sms(CARLA, f"OK {WRONG}")
    station.clock.set(NIGHT[1].isoformat())
    station.clock.pass_(hours=-1)
    station.sms(CARLA, f"OK {code}")
    assert now(station, swap).state is ChangeState.IN_FORCE


def test_an_open_page_goes_before_a_swap(station: Station) -> None:
    """The code says what is meant; a bare OK means the page."""
    swap = ask(station)
    station.mail("URGENTE: protocollo bloccato")
    station.chase()
    station.sms(BRUNO, f"NO {code_in(station.page_texts(BRUNO)[0].text)}")
    station.chase()
    assert station.page_texts(CARLA)
    station.sms(CARLA, "OK")
    assert (station.ticket().state, station.ticket().owner) == (TicketState.TAKEN, "carla")
    assert now(station, swap).state is ChangeState.ASKED
    station.sms(CARLA, f"OK {code_in(texts(station, CARLA)[0].text)}")
    assert now(station, swap).state is ChangeState.IN_FORCE


def test_an_answer_that_has_become_impossible_is_told_and_changes_nothing(station: Station) -> None:
    """Somebody else was put on call for that night meanwhile."""
    swap = ask(station)
    dario, at = station.gw.rules.people["dario"], station.clock.now()
    wanted = standing_in.Wanted(station.gw.rules.contracts[C2], *NIGHT, "dario", "", ("+39",))
    station.store.write(lambda tx: standing_in.override(station.gw, tx, wanted, dario, at))
    station.sms(CARLA, f"OK {code_in(texts(station, CARLA)[0].text)}")
    assert (on_call(station), now(station, swap).state) == ("dario", ChangeState.ASKED)
    assert kinds(station, CARLA)[-1] == "M-SWAP-OVER"
    assert "swap_impossible" in station.happened()


def test_when_the_night_is_over_nothing_is_answered(station: Station) -> None:
    swap = ask(station)
    code = code_in(texts(station, CARLA)[0].text)
    station.clock.set(NIGHT[1].isoformat())
    station.sms(CARLA, f"OK {code}")
    assert now(station, swap).state is ChangeState.ASKED
    assert swaps.standing(swap, NIGHT[1]) is Standing.OVER


def test_whoever_gets_no_sms_is_asked_by_mail_alone(station: Station) -> None:
    """B-081."""
    station.sms(CARLA, "STOP")
    ask(station)
    assert texts(station, CARLA) == []
    assert any("/swap/" in mail.text for mail in station.sent(channel=Channel.MAIL))


# ------------------------------------------------------------------------------------------------------------- the link


def press(station: Station, token: str, *, accepts: bool = True) -> Answered:
    at = station.clock.now()
    return station.store.write(lambda tx: swaps.by_link(station.gw, tx, token, at, accepts=accepts))


def token_in(station: Station) -> str:
    (line,) = [
        line for mail in station.sent(channel=Channel.MAIL) for line in mail.text.splitlines() if "/swap/" in line
    ]
    return line.rpartition("/swap/")[2]


def test_the_link_in_the_mail_answers_once(station: Station) -> None:
    swap = ask(station)
    token = token_in(station)
    assert press(station, token).standing is Standing.YOURS
    assert on_call(station) == "carla"
    assert press(station, token, accepts=False).standing is Standing.YOURS
    assert now(station, swap).state is ChangeState.IN_FORCE


def test_a_link_that_was_made_by_nobody_answers_nothing(station: Station) -> None:
    """P14: another swap's number, another signature, or something else altogether."""
    swap = ask(station)
    token = token_in(station)
    for forged in (token[:-1] + ("0" if token[-1] != "0" else "1"), f"9{token}", "1-" + "0" * 32, "", "x" * 5000):
        assert press(station, forged).standing is Standing.GONE
    assert now(station, swap).state is ChangeState.ASKED


def test_a_swap_that_was_taken_back_is_told_to_be(station: Station) -> None:
    swap = ask(station)
    bruno, at = station.gw.rules.people["bruno"], station.clock.now()
    station.store.write(lambda tx: standing_in.undo(station.gw, tx, swap.id, bruno, at))
    assert press(station, token_in(station)).standing is Standing.OVER


def test_code_and_link_are_of_one_swap_one_person_and_one_key(station: Station) -> None:
    swap, key = ask(station), b"a key of this test"
    others = [
        replace(swap, id=swap.id + 1),
        replace(swap, contact="anna"),
        replace(swap, asked_at=swap.asked_at + timedelta(1)),
    ]
    token = swap_token(key, swap)
    assert is_token_of(key, token, swap)
    assert not any(is_token_of(key, token, other) for other in others)
    assert not is_token_of(b"another", token, swap)
    assert len({swap_code(key, each) for each in (swap, *others)}) > 1


def test_a_person_who_left_the_directory_answers_nothing(station: Station) -> None:
    swap = ask(station)
    token = token_in(station)
    left = Directory([each for each in station.gw.rules.people.values() if each.id != "carla"])
    station.gw.rules = replace(station.gw.rules, people=left)
    assert press(station, token).standing is Standing.GONE
    assert now(station, swap).state is ChangeState.ASKED
