"""C2: a named contact with a number at all times outside the hours, exactly their complement, and never silence."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.compose import rules_of
from config.main import app
from gateway.domain.dispatch import DispatchState
from gateway.domain.hours import local
from gateway.domain.roster import coverage
from gateway.domain.rules import Rules
from gateway.domain.ticket import Mark, Priority, TicketState
from tests.config.variant import Variant
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, MARIA, Station, code_in, spoken
from tests.scenarios.stage import C02, at, instant, mails_to, wall, would

ROTATION = """[[rotation]] # C2.8: a week each, handed over on Friday at 18.00
contract = "c02-comune"
name = "settimane"
people = ["anna", "bruno", "carla"]
starts = 2024-12-27T18:00:00 # a Friday; anna has the first week
every_days = 7
deputy = "next" # who has the following week; or a person's id
"""
WEEK = """[[shift]]
contract = "c02-comune"
name = "notte"
contact = "anna"
days = ["mon", "tue", "wed", "thu", "fri"]
from = {evening}
to = 08:00:00
ends_next_day = true

[[shift]]
contract = "c02-comune"
name = "fine settimana"
contact = "bruno"
days = ["sat", "sun"]
from = 08:00:00
to = 08:00:00
ends_next_day = true

[[shift]]
contract = "c02-comune"
name = "festivi"
contact = "bruno"
days = ["holiday"]
from = 08:00:00
to = {evening}
"""
WEEKEND_NIGHT = """[[shift]]
contract = "c02-comune"
name = "notte del sabato"
contact = "anna"
days = ["sat"]
from = 20:00:00
to = 08:00:00
ends_next_day = true

[[shift]]
contract = "c02-comune"
name = "tutto il resto"
contact = "bruno"
days = ["sat"]
from = 08:00:00
to = 20:00:00

[[shift]]
contract = "c02-comune"
name = "dalla domenica"
contact = "bruno"
days = ["sun", "mon", "tue", "wed", "thu", "fri"]
from = 08:00:00
to = 08:00:00
ends_next_day = true
"""


def with_roster(variant: Variant, shifts: str) -> Path:
    """The variant with these shifts in place of the weekly rotation; gives its gateway.toml."""
    roster = variant.folder / "roster.toml"
    text = roster.read_text()
    assert ROTATION in text
    roster.write_text(text.replace(ROTATION, shifts))
    return variant.folder / "gateway.toml"


def test_s027_an_urgent_call_goes_to_the_contact_then_the_deputy_then_the_supervisor(station: Station) -> None:
    """C2.8, S027: announced and put through to whoever accepts; each attempt is an event with its result."""
    at(station, "2026-11-28 22:10")
    ticket, script = station.call()
    assert "prema uno" in spoken(script)
    assert "in contatto con il tecnico reperibile" in spoken(station.step(ticket, "choice", digits="1"))
    for number in (BRUNO, CARLA):
        (ringing,) = station.ringing()
        assert ringing.to == number
        station.step(ticket, "on_call", dialled="no-answer")
    (ringing,) = station.ringing()
    assert ringing.to == DARIO
    assert "Chiamata di reperibilità" in spoken(station.picks_up(ringing))
    assert "La collego" in spoken(station.picks_up(ringing, "1"))
    results = [(e.data["person"], e.data["result"]) for e in station.events(ticket) if e.type == "leg_ended"]
    assert results == [("bruno", "no-answer"), ("carla", "no-answer")]
    assert (station.phone_line().answered_by, station.fresh(ticket).owner) == ("dario", "dario")


def test_s028_an_urgent_sms_and_mail_on_a_sunday_wake_the_contact_and_name_the_on_call_number(
    station: Station,
) -> None:
    """C2.8, S028."""
    at(station, "2026-11-29 07:15")
    station.sms(CITIZEN, "URGENTE: il protocollo è fermo")
    station.mail("URGENTE: protocollo bloccato", "Non si salva.")
    by_mail, by_sms = station.tickets()
    pages = station.page_texts(BRUNO)
    assert [str(ticket.number) in page.text for ticket, page in zip((by_sms, by_mail), pages, strict=True)] == [
        True,
        True,
    ]
    assert all(page.text.count("URGENTE") == 1 and len(page.text) <= 160 for page in pages)
    (answer,) = mails_to(station, MARIA)
    assert "+390700000200" in answer.text
    assert "referente tecnico reperibile" in answer.text


def test_s029_a_voicemail_box_that_answers_has_accepted_nothing(station: Station) -> None:
    """C2.8, S029: without the key the chain goes on."""
    at(station, "2026-11-28 22:05")
    station.mail("URGENTE: protocollo bloccato")
    at(station, "2026-11-28 22:11")
    station.chase()
    (call,) = station.page_calls(BRUNO)
    station.call_status(call, "completed", "machine_start")
    station.chase()
    assert station.ticket().state is TicketState.NOTIFIED
    assert station.page_calls(BRUNO)[0].state is DispatchState.REFUSED
    assert station.page_calls(CARLA)


def test_s030_a_caller_who_does_not_call_it_urgent_has_nobody_rung_and_one_who_does_has(station: Station) -> None:
    """C2.8, A2.6, S030: "informazioni" of the menu is registered and answered at the next opening."""
    at(station, "2026-11-29 10:00")
    ticket, script = station.call()
    assert "Per informazioni prema quattro" in spoken(script)
    station.step(ticket, "menu", digits="4")
    station.step(ticket, "who", speech="Comune di Cagliari, Maria Rossi")
    said = station.step(ticket, "words", speech="Vorrei informazioni sugli orari")
    assert "domani, lunedì 30 novembre, alle ore otto" in spoken(said)
    station.pass_(hours=5)
    assert (station.page_calls(), station.ringing()) == ([], [])
    assert (station.ticket().state, station.ticket().priority) == (TicketState.NOTIFIED, Priority.NORMAL)
    assert wall(would(station.gw.rules, C02, "2026-11-29 10:00")["next_opening"]) == "Mon 2026-11-30 08:00"
    later, _ = station.call()
    station.step(later, "menu", digits="4")
    station.step(later, "who", digits="1")
    assert [leg.to for leg in station.ringing()] == [BRUNO]


def test_s032_the_reply_at_night_carries_the_on_call_number_and_says_what_it_is_for(station: Station) -> None:
    """C2.9, S032."""
    at(station, "2026-12-05 20:00")
    station.mail()
    (answer,) = mails_to(station, MARIA)
    assert "Se il problema è urgente e blocca la Sua attività, può chiamare subito" in answer.text
    assert "+390700000200" in answer.text
    assert "lunedì 7 dicembre 2026" in answer.text


def test_s033_a_night_shift_from_half_past_six_leaves_half_an_hour_uncovered_each_working_day(
    variant: Variant,
) -> None:
    """C2.10, S033."""
    path = with_roster(variant, WEEK.format(evening="18:30:00"))
    site = variant.site(today=date(2026, 11, 24))
    gaps = coverage(site.contracts[C02], site.roster, instant("2026-11-24 00:00"), 30)
    holes = [(f"{gap.start:%Y-%m-%d}", f"{gap.start:%H:%M}-{gap.end:%H:%M}") for gap in gaps]
    days = [date(2026, 11, 24) + timedelta(days=count) for count in range(30)]
    immaculate = date(2026, 12, 8)
    assert holes == [(str(day), "18:00-18:30") for day in days if day.weekday() < 5 and day != immaculate]
    strict = CliRunner().invoke(app, ["check", "--strict", "--config", str(path)])
    assert strict.exit_code == 78
    assert "nobody is on call" in strict.stdout


def test_s033_the_same_rota_from_six_on_has_no_hole(variant: Variant) -> None:
    """C2.10, S033."""
    with_roster(variant, WEEK.format(evening="18:00:00"))
    site = variant.site(today=date(2026, 11, 24))
    assert coverage(site.contracts[C02], site.roster, instant("2026-11-24 00:00"), 30) == ()


@pytest.mark.parametrize(
    ("evening", "hours", "calls"),
    [
        ("2026-10-24 20:00", 13, ["2026-10-25T00:30+00:00", "2026-10-25T01:30+00:00"]),
        ("2027-03-27 20:00", 11, ["2027-03-28T00:30+00:00", "2027-03-28T01:30+00:00"]),
    ],
)
def test_s034_the_night_shift_is_as_long_as_the_clocks_make_it_and_has_no_hole(
    variant: Variant, evening: str, hours: int, calls: list[str]
) -> None:
    """C2.10, S034: 02:30 comes twice in October, and the contact of the shift is reached both times."""
    with_roster(variant, WEEKEND_NIGHT)
    site = variant.site(today=date(2026, 10, 20))
    begins = instant(evening)
    (night,) = site.roster.on_duty(C02, begins)
    # Instants: the difference of two wall times would be twelve hours in every night.
    assert night.end.astimezone(UTC) - night.start.astimezone(UTC) == timedelta(hours=hours)
    assert local(night.end).strftime("%a %H:%M") == "Sun 08:00"
    assert coverage(site.contracts[C02], site.roster, begins, 2) == ()
    rules = rules_of(site)
    for call in calls:
        assert would(rules, C02, call)["chain"][0]["contact"] == "anna"


def test_s035_the_spring_night_of_2027_is_easter_and_the_desk_opens_on_tuesday(rules: Rules) -> None:
    """C2.10, S035: 29 March 2027 is Easter Monday."""
    found = would(rules, C02, "2027-03-28T01:30+00:00", urgent=True)
    assert wall(found["at"]) == "Sun 2027-03-28 03:30"
    assert (found["state"], found["route"], found["chain"][0]["by"]) == ("closed", "on_call", "voice")
    assert wall(found["next_opening"]) == "Tue 2027-03-30 08:00"


def test_s035_the_contact_is_told_in_the_spring_night_as_on_every_other(station: Station) -> None:
    """C2.8, S035: through the door, with the shipped rota."""
    station.clock.set("2027-03-28T01:30:00+00:00")
    ticket, _ = station.call()
    station.step(ticket, "menu", speech="Il certificato di residenza non si scarica")
    station.hangs_up()
    (text,) = station.page_texts()
    assert "03:30" in text.text


def test_s036_when_nobody_accepts_the_chain_is_called_again_after_ten_minutes(station: Station) -> None:
    """C2.11, S036. The monthly count comes with the reports."""
    at(station, "2026-11-29 03:00")
    ticket, script = station.call()
    assert "lasciare un messaggio" in spoken(script)
    station.step(ticket, "choice", digits="1")
    said = [spoken(station.step(ticket, "on_call", dialled="no-answer")) for _ in range(3)]
    assert "il tecnico reperibile non risponde" in said[-1]
    assert f"{str(ticket.number)[0]} {str(ticket.number)[1]}" in said[-1]
    station.hangs_up()
    found = station.ticket()
    assert (found.priority, Mark.ON_CALL_NOT_REACHED in found.marks) == (Priority.URGENT, True)
    exhausted = next(event for event in station.events(found) if event.type == "nobody_took")
    nobody_answers(station, minutes=12)
    again = next(event for event in station.events(found) if event.type == "paged" and event.data["round"] == "2")
    assert again.at - exhausted.at == timedelta(minutes=10)
    assert station.alarms()
    assert code_in(station.page_texts(BRUNO)[-1].text)


def nobody_answers(station: Station, minutes: int) -> None:
    """Time passes; whoever is rung does not answer."""
    for _ in range(minutes):
        station.pass_(minutes=1)
        for call in station.open_calls():
            station.call_status(call, "no-answer")
        station.chase()
