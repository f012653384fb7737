"""CSV, workbooks and calendars: text stays text, and other people's programs read them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from defusedxml import ElementTree
from icalendar import Calendar, Event

from adapters.reports import Sheet, agenda, duty_csv, duty_document, duty_xlsx, table_csv, watches_csv, workbook
from gateway.domain.duty_report import DutyReport, duty_report, month_days
from gateway.domain.roster import Rotation, watches
from tests.domain.rosters import C2, change, roster, wall
from tests.domain.shipped import rome

NOW = datetime(2026, 11, 28, 21, 10, tzinfo=UTC)
WEEKS = Rotation(C2.id, "settimane", ("anna", "bruno", "carla"), wall("2026-11-27 18:00"))
SWAP = change("2026-11-28 20:00", "2026-11-29 08:00", "carla", instead_of="anna", number=12)
HOSTILE = ['=HYPERLINK("http://x")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1"]


# ------------------------------------------------------------------------------------------------------------------ CSV


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    """B-046."""
    (_, (cell,)) = list(csv.reader(io.StringIO(table_csv(("a",), [(text,)]).decode(), newline="")))
    assert cell == f"'{text}"


def test_a_csv_keeps_numbers_emptiness_and_accents() -> None:
    made = table_csv(("a", "b", "c"), [(-3, None, "è, «sì»\0")])
    assert made.decode() == 'a,b,c\r\n-3,,"è, «sì»"\r\n'


# ----------------------------------------------------------------------------------------------------------------- XLSX

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(content: bytes, sheet: int = 1) -> dict[str, str]:
    """The cells of a sheet by their place, read from the format itself."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        shared = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        strings = ["".join(t.text or "" for t in each.iter(f"{MAIN}t")) for each in shared.iter(f"{MAIN}si")]
        page = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
        assert not list(page.iter(f"{MAIN}f")), "a formula"
        assert not list(page.iter(f"{MAIN}hyperlink")), "a link"
    found = {}
    for cell in page.iter(f"{MAIN}c"):
        value = cell.find(f"{MAIN}v")
        if value is not None:
            text = value.text or ""
            found[cell.get("r", "")] = strings[int(text)] if cell.get("t") == "s" else text
    return found


def test_no_cell_of_a_workbook_is_a_formula_or_a_link() -> None:
    """F19, B-046."""
    texts = [*HOSTILE, "https://example.test", "00123", "a\0b\x0bc"]
    made = workbook([Sheet("Foglio", ("testo",), tuple((text,) for text in texts))], made_at=NOW)
    found = list(cells(made).values())
    assert found[1:5] == HOSTILE[:4]
    assert found[-3:] == ["https://example.test", "00123", "a b c"]


def test_durations_and_instants_are_numbers_that_a_spreadsheet_adds_up() -> None:
    """An instant is Rome's wall clock; 1 is a day."""
    rows = ((timedelta(hours=36), rome("2026-11-28 22:10"), None, 3),)
    found = cells(workbook([Sheet("Foglio", ("a", "b", "c", "d"), rows)], made_at=NOW))
    assert (found["A2"], found["D2"], "C2" in found) == ("1.5", "3", False)
    assert float(found["B2"]) == pytest.approx(46354 + (22 * 60 + 10) / 1440)


def test_the_same_workbook_has_the_same_bytes() -> None:
    sheet = Sheet("Foglio", ("a",), (("b",),), ("sopra",), ("totale",))
    assert workbook([sheet], made_at=NOW) == workbook([sheet], made_at=NOW)


# ---------------------------------------------------------------------------------------------------------- duty report


def report() -> DutyReport:
    return duty_report(C2, roster(WEEKS).with_changes([SWAP]), month_days(2026, 12))


def test_the_workbook_says_in_italian_what_the_csv_says_by_name() -> None:
    made = report()
    sheet = cells(duty_xlsx(made, made_at=NOW))
    assert sheet["A1"] == "Reperibilità: Help desk del Comune, dal 01/12/2026 al 31/12/2026"
    assert (sheet["A5"], sheet["C5"], sheet["A6"]) == ("Id", "Ore di reperibilità", "anna")
    rows = list(csv.DictReader(io.StringIO(duty_csv(made).decode(), newline="")))
    assert [row["person"] for row in rows] == ["anna", "bruno", "carla"]
    for number, row in enumerate(rows):
        whole, minutes = row["hours"].split(":")
        assert float(sheet[f"C{6 + number}"]) * 24 == pytest.approx(int(whole) + int(minutes) / 60)
    assert sheet["A9"] == "Totale"
    assert float(sheet["C9"]) == pytest.approx(sum(float(sheet[f"C{row}"]) for row in (6, 7, 8)))


def test_a_workbook_of_a_month_that_is_not_over_says_so() -> None:
    """Nobody is paid for hours that only the roster foresees."""
    made = report()
    assert "dopo il 28/11/2026 22:10 le ore sono quelle previste" in cells(duty_xlsx(made, made_at=NOW))["A2"]
    last_minute, after = rome("2026-12-31 23:59"), rome("2027-01-01 00:00")
    assert "previste" in cells(duty_xlsx(made, made_at=last_minute))["A2"]
    assert "previste" not in cells(duty_xlsx(made, made_at=after))["A2"]


def test_the_document_counts_in_minutes_and_adds_up() -> None:
    told = duty_document(report())
    assert told["total"]["total"] == sum(person["hours"] for person in told["people"])
    assert sum(watch["minutes"] for watch in told["watches"]) == told["total"]["total"]
    assert told["uncovered"] == 0


def test_a_line_of_a_watch_says_where_it_comes_from() -> None:
    found = watches(C2, roster(WEEKS).with_changes([SWAP]), rome("2026-11-27 18:00"), rome("2026-11-30 08:00"))
    rows = list(csv.DictReader(io.StringIO(watches_csv(found).decode(), newline="")))
    assert [(row["contact"], row["by"], row["origin"]) for row in rows] == [
        ("anna", "shift", "settimane"),
        ("carla", "swap", "swap 12"),
        ("anna", "shift", "settimane"),
    ]
    assert rows[1]["from"] == "2026-11-28T20:00+01:00"


# ------------------------------------------------------------------------------------------------------------- calendar


def made(*, with_swap: bool = True, days: int = 200) -> bytes:
    turned = roster(WEEKS).with_changes([SWAP] if with_swap else [])
    found = watches(C2, turned, rome("2026-11-27 18:00"), rome("2026-11-27 18:00") + timedelta(days=days))
    return agenda(C2, found, domain="comune.example", made_at=NOW)


def events(content: bytes) -> list[Event]:
    calendar = Calendar.from_ical(content)
    assert calendar.errors == []
    found = list(calendar.walk("VEVENT"))
    assert all(event.errors == [] for event in found)
    return found  # type: ignore[return-value]  # walk("VEVENT") gives events


def test_there_is_an_event_for_each_watch_with_its_time_zone() -> None:
    """RFC 5545: local times with a zone that the calendar itself brings along."""
    first, second, *_ = events(made())
    assert first.start == rome("2026-11-27 18:00")
    assert second.start == rome("2026-11-28 20:00")
    assert b"DTSTART;TZID=Europe/Rome:20261127T180000" in made()
    (zone,) = Calendar.from_ical(made()).walk("VTIMEZONE")
    assert zone["TZID"] == "Europe/Rome"
    assert {str(part.name) for part in zone.subcomponents} == {"STANDARD", "DAYLIGHT"}


def test_what_rfc_5545_asks_of_a_calendar_holds() -> None:
    """§3.1: lines of at most 75 octets that end with CRLF; §3.6: what a calendar and an event must have."""
    content = made()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    calendar = Calendar.from_ical(content)
    assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
    assert calendar["PRODID"]
    for event in events(content):
        assert all(event.get(name) is not None for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"))
        assert event.end > event.start


def test_a_watch_keeps_its_uid_and_no_two_have_the_same() -> None:
    """A calendar that is imported again changes its events and doubles none."""
    uids = [str(event["UID"]) for event in events(made())]
    assert uids[0] == "20261127T170000Z-c02-comune@comune.example"
    assert len(set(uids)) == len(uids)
    again = [str(event["UID"]) for event in events(made(days=100))]
    assert again == uids[: len(again)]
    unswapped = {str(event["UID"]) for event in events(made(with_swap=False))}
    assert set(uids) - unswapped == {
        "20261128T190000Z-c02-comune@comune.example",
        "20261129T070000Z-c02-comune@comune.example",
    }


def test_the_event_names_the_deputy_and_no_number() -> None:
    """A calendar is passed on: names stand in it, telephones do not."""
    _, swapped, *_ = events(made())
    told = str(swapped["DESCRIPTION"])
    assert str(swapped["SUMMARY"]) == "Reperibilità Help desk del Comune: Carla"
    assert "scambio n. 12; sostituto Bruno; responsabile Dario" in told
    assert "dalle ore 8.00 alle ore 18.00" in told
    assert not re.search(rb"\+?39\d{6,}", made())


def test_in_the_nights_of_the_clocks_the_watch_ends_on_the_wall_clock() -> None:
    """S034."""
    spans = [(event.decoded("DTSTART"), event.decoded("DTEND")) for event in events(made())]
    ((start, end),) = [(start, end) for start, end in spans if start <= rome("2027-03-28 03:30") < end]
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(days=7, hours=-11)
    assert f"{end:%a %H:%M}" == "Fri 08:00"


def test_an_english_contract_has_an_english_calendar() -> None:
    from dataclasses import replace

    found = watches(C2, roster(WEEKS), rome("2026-11-27 18:00"), rome("2026-12-04 18:00"))
    (event,) = events(agenda(replace(C2, language="en"), found, domain="x.example", made_at=NOW))
    assert str(event["SUMMARY"]).startswith("On call Help desk")
