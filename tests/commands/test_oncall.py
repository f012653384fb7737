"""`centralino oncall …`: who is on call, and what changes it, from a shell."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from gateway.domain.hours import ROME, instant
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from tests.commands.conftest import Desk

C2 = ("--contract", "c02-comune")


def ahead(hours: float) -> str:
    """A wall time in Rome so many hours from now on."""
    return (datetime.now(UTC) + timedelta(hours=hours)).astimezone(ROME).strftime("%Y-%m-%dT%H:%M")


def next_night() -> tuple[str, str]:
    """A night of a later weekend, with a day before and after it."""
    day = datetime.now(ROME).date() + timedelta(days=8)
    saturday = day + timedelta(days=(5 - day.weekday()) % 7)
    return f"{saturday}T20:00", f"{saturday + timedelta(days=1)}T08:00"


def on_duty(desk: Desk, at: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.done("oncall", "who", *C2, "--at", at, "--json").json
    return found


def other_than(contact: str) -> str:
    return next(person for person in ("anna", "bruno", "carla") if person != contact)


def test_an_override_is_in_force_for_every_command(desk: Desk) -> None:
    """C2.8: who, chain, shifts, simulate, check and export tell the same roster."""
    start, end = next_night()
    said = desk.done("oncall", "override", *C2, "--from", start, "--to", end, "--contact", "dario", "--reason", "ferie")
    assert said.text.startswith("override 1 in_force: dario from ")
    found = on_duty(desk, start)
    assert (found["contact"]["id"], found["by"], found["change"], found["shift"]) == (
        "dario",
        "override",
        1,
        "override 1",
    )
    assert on_duty(desk, end)["contact"]["id"] != "dario"
    chain = desk.done("oncall", "chain", *C2, "--at", start, "--json").json
    assert chain[0] == {"role": "contact", **found["contact"]}
    rows = desk.done("oncall", "shifts", *C2, "--days", 30, "--json").json
    (row,) = [row for row in rows if row["kind"] == "override"]
    assert (row["start"][:16], row["end"][:16], row["contact"]) == (start, end, "dario")
    told = desk.done("simulate", *C2, "--channel", "mail", "--at", start, "--json").json
    assert told["chain"][0]["contact"] == "dario"
    assert desk.done("check", "--json").json["coverage"] == {"c02-comune": True}


@pytest.mark.parametrize("day", ["2027-03-26", "2026-10-23"])
def test_days_ahead_are_days_of_rome_when_the_clocks_change(desk: Desk, day: str) -> None:
    """S034: five days from a midnight end at a midnight."""
    rows = desk.done("oncall", "shifts", *C2, "--at", day, "--days", 5, "--json").json
    ends = datetime.fromisoformat(rows[-1]["end"]).astimezone(ROME)
    assert (ends.date() - datetime.fromisoformat(day).date(), ends.hour) == (timedelta(days=5), 0)


def test_what_was_recorded_is_told_and_verified(desk: Desk) -> None:
    """X14."""
    start, end = next_night()
    desk.done("oncall", "override", "--from", start, "--to", end, "--contact", "dario", "--reason", "ferie")
    (change,) = desk.done("oncall", "changes", "--json").json
    assert (change["kind"], change["state"], change["by"], change["reason"]) == (
        "override",
        "in_force",
        "elena",
        "ferie",
    )
    assert "dario" in desk.done("oncall", "changes").text
    chain = desk.done("register", "export").text
    assert "roster_overridden" in chain
    assert desk.done("register", "verify", "--json").json["fault"] is None


def test_an_override_begins_now_when_nothing_else_is_said(desk: Desk) -> None:
    desk.done("oncall", "override", "--to", ahead(24 * 9), "--contact", "dario", "--reason", "ferie")
    assert on_duty(desk, ahead(0.1))["contact"]["id"] == "dario"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("--from", "2026-01-01T18:00", "--to", "2026-01-02T08:00", "--contact", "dario"), "which has passed"),
        (("--to", "2039-01-02T08:00", "--contact", "zeno"), "is not in people.toml; there are: "),
        (("--to", "2039-01-02T08:00", "--contact", "elena"), "is on call all that time already"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_in_one_line(desk: Desk, said: tuple[str, ...], why: str) -> None:
    """X10, C2.8."""
    if "already" in why:
        desk.change("roster.toml", 'people = ["anna", "bruno", "carla"]', 'people = ["elena"]')
    answer = desk.run("oncall", "override", *said, "--reason", "x")
    assert answer.code == 1
    assert why in answer.err
    assert answer.err.count("\n") == 1
    assert desk.done("oncall", "changes", "--json").json == []


def test_a_swap_is_asked_for_and_accepted_by_the_other(desk: Desk) -> None:
    start, end = next_night()
    giver = on_duty(desk, start)["contact"]["id"]
    taker = other_than(giver)
    asked = desk.done("oncall", "swap", *C2, "--from", start, "--to", end, "--with", taker, "--as", giver)
    assert asked.text.startswith("swap 1 asked: ")
    assert on_duty(desk, start)["contact"]["id"] == giver
    refused = desk.run("oncall", "swap", "accept", 1, "--as", "dario")
    assert (refused.code, f"{taker} was asked, not dario" in refused.err) == (1, True)
    agreed = desk.done("oncall", "swap", "accept", 1, "--as", taker, "--json").json
    assert (agreed["state"], agreed["instead_of"]) == ("in_force", giver)
    assert on_duty(desk, start)["contact"]["id"] == taker
    assert desk.done("oncall", "undo", 1).text.startswith("swap 1 withdrawn: ")
    assert on_duty(desk, start)["contact"]["id"] == giver


def test_a_swap_can_be_declined(desk: Desk) -> None:
    start, end = next_night()
    giver = on_duty(desk, start)["contact"]["id"]
    taker = other_than(giver)
    desk.done("oncall", "swap", "--from", start, "--to", end, "--with", taker, "--as", giver)
    assert "declined" in desk.done("oncall", "swap", "decline", 1, "--as", taker).text


def test_a_swap_without_its_options_says_what_to_give(desk: Desk) -> None:
    answer = desk.run("oncall", "swap", "--with", "carla")
    assert answer.code == 2
    assert "give --to, --with and --as" in answer.err


def test_whoever_has_no_mail_address_is_named(desk: Desk) -> None:
    """Nobody learns by chance that the night is theirs."""
    desk.change("people.toml", 'mail = "dario.sanna@assistenza.example"\n', "")
    answer = desk.done("oncall", "override", "--to", ahead(24 * 9), "--contact", "dario", "--reason", "x")
    assert "dario has no mail address" in answer.err


def test_changes_that_have_ended_are_told_of_an_earlier_time(desk: Desk) -> None:
    """C2.8: the contact in force is resolvable for any past instant."""
    start, end = instant(datetime(2026, 1, 3).date()), instant(datetime(2026, 1, 4).date())  # noqa: DTZ001 - a day
    past = RosterChange(
        0, "c02-comune", ChangeKind.OVERRIDE, ChangeState.IN_FORCE, start, end, "dario", None, "elena", "x", start
    )
    with desk.store() as store:
        store.write(lambda tx: tx.add_roster_change(past))
    assert desk.done("oncall", "changes", "--json").json == []
    assert len(desk.done("oncall", "changes", "--at", "2026-01-03", "--json").json) == 1
    assert on_duty(desk, "2026-01-03T12:00")["contact"]["id"] == "dario"
    assert on_duty(desk, "2026-01-04T00:00")["contact"]["id"] != "dario"


def test_without_a_database_the_roster_is_the_files(desk: Desk) -> None:
    """After `init` and before the first start."""
    (desk.folder / "centralino.db").unlink()
    assert on_duty(desk, "2026-12-26T03:01")["by"] == "shift"
    assert not (desk.folder / "centralino.db").exists()


def test_a_database_that_cannot_be_asked_is_told_and_the_file_is_shown(desk: Desk) -> None:
    (desk.folder / "centralino.db").write_bytes(
        b"no database at all, and longer than a header of one hundred bytes" * 4
    )
    answer = desk.done("oncall", "who", *C2, "--at", "2026-12-26T03:01")
    assert "overrides and swaps that were recorded are not known" in answer.err


# --------------------------------------------------------------------------------------------------------------- export


def test_the_export_is_a_calendar_of_whole_watches(desk: Desk) -> None:
    """RFC 5545; a watch that has begun is told from its beginning."""
    content = desk.done("oncall", "export", *C2, "--at", "2026-12-01T12:00", "--days", 30).out
    events = list(Calendar.from_ical(content).walk("VEVENT"))
    assert events[0].decoded("DTSTART") == datetime(2026, 11, 27, 18, tzinfo=ROME)
    assert [str(event["UID"])[:9] for event in events] == [
        f"{day:%Y%m%d}T" for day in (datetime(2026, 11, 27, tzinfo=UTC) + timedelta(weeks=n) for n in range(5))
    ]
    assert all(str(event["UID"]).endswith("-c02-comune@comune.example") for event in events)
    assert b"+39" not in content


def test_two_exports_have_the_same_events(desk: Desk) -> None:
    first = desk.done("oncall", "export", "--at", "2026-12-01", "--days", 30).out
    later = desk.done("oncall", "export", "--at", "2026-12-05", "--days", 26).out
    uids = [{str(event["UID"]) for event in Calendar.from_ical(each).walk("VEVENT")} for each in (first, later)]
    assert uids[1] < uids[0]


@pytest.mark.parametrize(
    ("day", "starts", "ends", "told"),
    [
        ("2026-10-25", "2026-10-25T23:30:00", "2026-10-26T00:00:00", True),
        ("2027-03-28", "2027-03-29T00:00:00", "2027-03-29T06:00:00", False),
    ],
)
def test_the_days_of_the_export_are_days_of_rome(desk: Desk, day: str, starts: str, ends: str, *, told: bool) -> None:
    """S034: 25 October lasts 25 hours; 28 March lasts 23, and a watch from the next midnight on is not of that day."""
    with (desk.folder / "roster.toml").open("a") as file:
        file.write('\n[[shift]]\ncontract = "c02-comune"\nname = "notte"\ncontact = "dario"\nreplaces = true\n')
        file.write(f"starts = {starts}\nends = {ends}\n")
    table = desk.done("oncall", "export", *C2, "--at", day, "--days", 1, "--format", "csv").text
    names = [row["name"] for row in csv.DictReader(io.StringIO(table, newline=""))]
    assert ("Dario Sanna" in names, len(names) > 1) == (told, told)


def test_the_export_as_csv_goes_into_a_file(desk: Desk) -> None:
    out = desk.folder / "turni.csv"
    answer = desk.done("oncall", "export", "--at", "2026-12-01", "--days", 7, "--format", "csv", "--out", out)
    rows = list(csv.DictReader(io.StringIO(out.read_text(), newline="")))
    assert answer.out == b""
    assert {row["name"] for row in rows} == {"Bruno Serra", "Carla Lai"}


# --------------------------------------------------------------------------------------------------------------- report


def test_the_report_of_october_has_the_hour_that_comes_twice(desk: Desk) -> None:
    """S034, S141: 745 hours, less the hours of the desk."""
    told = desk.done("oncall", "report", *C2, "--month", "2026-10", "--format", "json").json
    working_days = 21  # 22 from Monday to Friday, one of them 30 October, San Saturnino
    assert told["total"]["total"] == (745 - 10 * working_days) * 60
    assert told["uncovered"] == 0
    text = desk.done("oncall", "report", *C2, "--month", "2026-10").text
    assert "anna" in text
    assert "HOLIDAY" in text


def test_the_report_is_a_workbook_and_a_csv(desk: Desk) -> None:
    out = desk.folder / "ottobre.xlsx"
    desk.done("oncall", "report", "--month", "2026-10", "--format", "xlsx", "--out", out)
    assert out.read_bytes().startswith(b"PK")
    rows = list(
        csv.DictReader(io.StringIO(desk.done("oncall", "report", "--month", "2026-10", "--format", "csv").text))
    )
    assert [row["person"] for row in rows] == ["anna", "bruno", "carla"]


def test_the_report_says_when_nobody_had_the_duty(desk: Desk) -> None:
    """C2.10."""
    desk.change("roster.toml", "# ends = 2031-01-03T18:00:00", "ends = 2026-10-30T18:00:00")
    answer = desk.done("oncall", "report", "--month", "2026-10")
    assert "nobody had the duty for 30:00 hours" in answer.err


def test_a_month_that_is_not_over_says_that_its_hours_are_foreseen(desk: Desk) -> None:
    ahead_of_us = (datetime.now(ROME) + timedelta(days=40)).strftime("%Y-%m")
    assert "the month is not over" in desk.done("oncall", "report", "--month", ahead_of_us, "--format", "csv").err
    assert desk.done("oncall", "report", "--month", "2026-10").err == ""


@pytest.mark.parametrize("month", ["2026-13", "october", "2026-1", "202610"])
def test_a_month_that_is_none_is_a_wrong_use(desk: Desk, month: str) -> None:
    answer = desk.run("oncall", "report", "--month", month)
    assert (answer.code, "is no month" in answer.err) == (2, True)
