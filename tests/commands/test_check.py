"""`centralino check`: what the coming days bring under every contract, as warnings with clause and remedy."""

from __future__ import annotations

import shutil
import tomllib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config.load import calendars
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from gateway.domain.text_ids import PLACEHOLDERS
from gateway.domain.visits import Visit, VisitState
from tests.commands.conftest import SHIPPED, Desk

TODAY = "2026-11-24"
C02, C03 = "c02-comune", "c03-sardegnait"
ACCEPTANCE = '\n[[act]]\nkind = "final_acceptance"\non = 2026-09-15\nreference = "verbale n. 7"\n'
DUTY = '[[on_call]]\ncontract = "c02-comune"\nfallback = "dario"\nsupervisor = "dario"\n'
LATE = (("mon tue wed thu", "18:30", "08:00", 1), ("fri", "18:30", "08:00", 3), ("holiday", "08:00", "18:30", 0))
"""S033: the night shift starts at 18:30; a weekend is one shift, a holiday has one of its own."""
NIGHTS = (
    ("mon tue wed thu", "18:00", "08:00", 1),
    ("fri", "18:00", "20:00", 1),
    ("sat", "20:00", "08:00", 1),
    ("sun", "08:00", "08:00", 1),
)
"""S034: the night shift of Saturday goes from 20:00 to Sunday 08:00 by the wall clock."""


def rota(desk: Desk, shifts: tuple[tuple[str, str, str, int], ...], contact: str = "anna") -> None:
    """A roster of weekly shifts in place of the shipped one."""
    text = DUTY
    for days, start, end, later in shifts:
        named = ", ".join(f'"{day}"' for day in days.split())
        text += f'\n[[shift]]\ncontract = "c02-comune"\nname = "{days}"\ncontact = "{contact}"\ndays = [{named}]\n'
        text += f"from = {start}:00\nto = {end}:00\ndays_later = {later}\n"
    (desk.folder / "roster.toml").write_text(text)


def checked(desk: Desk, *words: object, at: str = TODAY) -> Any:  # noqa: ANN401 - the document of `check`
    return desk.done("check", "--at", at, "--json", *words).json


def of(document: Any, contract: str) -> Any:  # noqa: ANN401 - as above
    return next(each for each in document["standing"] if each["id"] == contract)


def warned(desk: Desk, *words: object, at: str = TODAY) -> list[tuple[str, str]]:
    return [(each["key"], each["clause"]) for each in checked(desk, *words, at=at)["warnings"]]


# ------------------------------------------------------------------------------------------------------- the clean run


def test_the_ten_shipped_contracts_are_checked_without_a_warning(desk: Desk) -> None:
    """Issue 3: `check` passes with all ten; also the strict one."""
    document = checked(desk, "--strict")
    assert (document["warnings"], document["days"], len(document["standing"])) == ([], 60, 10)
    assert [each["id"] for each in document["standing"]] == document["contracts"]
    assert [each["horizon"]["coverage"] for each in document["standing"]] == [None, True, *[None] * 8]


def test_the_table_has_a_row_for_each_contract_and_its_columns_are_aligned(desk: Desk) -> None:
    lines = desk.done("check", "--at", TODAY).text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("CONTRACT"))
    header, rows = lines[start], lines[start + 1 : start + 11]
    assert [row.split()[0] for row in rows] == checked(desk)["contracts"]
    until = header.index("UNTIL")
    assert {row[until : until + 10] for row in rows} == {"2030-12-31"}
    c03 = next(row for row in rows if row.startswith(C03))
    assert c03[header.index("PHASE") :].split()[0] == "A"
    assert c03[header.index("QUOTAS") :].startswith("A 0 of 30, B 0 of 10")
    assert "on_site 6 months from final_acceptance" in c03


def test_what_lies_ahead_is_told_of_every_contract(desk: Desk) -> None:
    """C2.4, C2.6: two weeks with Immacolata, ten hours on each of the nine other weekdays."""
    ahead = of(checked(desk, "--days", 14, at="2026-11-30"), C02)["horizon"]
    assert (ahead["from"], ahead["until"]) == ("2026-11-30", "2026-12-13")
    assert ahead["minutes"] == {"in_force": 20_160, "staffed": 5_400, "uncovered": 0, "covered_twice": 0}
    assert ahead["holidays"] == [
        {"on": "2026-12-08", "name": "Immacolata Concezione", "rule": "national", "closes": True}
    ]


# ----------------------------------------------------------------------------------------------------------- coverage


def test_a_night_shift_that_starts_late_leaves_half_an_hour_on_each_working_day(desk: Desk) -> None:
    """S033, C2.10: 18:00 to 18:30; Immacolata (8 December) is no working day."""
    rota(desk, LATE)
    days = [date(2026, 11, 24) + timedelta(days=count) for count in range(30)]
    working = [day for day in days if day.weekday() < 5 and day != date(2026, 12, 8)]
    document = checked(desk, "--days", 30)
    found = document["warnings"]
    assert [each["start"] for each in found] == [f"{day}T18:00:00+01:00" for day in working]
    assert {(each["minutes"], each["gap"], *each["who"], each["clause"]) for each in found} == {
        (30, "hole", "dario", "C2.10")
    }
    assert document["coverage"] == {C02: False}
    assert of(document, C02)["horizon"]["minutes"]["uncovered"] == 30 * len(working)
    assert len(of(document, C02)["horizon"]["gaps"]) == len(working)


def test_the_late_night_shift_is_told_to_people_and_refused_in_strict_mode(desk: Desk) -> None:
    """S033."""
    rota(desk, LATE)
    told = desk.done("check", "--at", TODAY, "--days", 1).text
    assert "30 min uncovered" in told
    assert "nobody is on call from 2026-11-24 18:00 to 2026-11-24 18:30 (30 minutes) (clause C2.10); cover it" in told
    refused = desk.run("check", "--at", TODAY, "--days", 1, "--strict")
    assert (refused.code, "--strict refuses them" in refused.err) == (78, True)


@pytest.mark.parametrize(("at", "hours"), [("2026-10-24", 49), ("2027-03-27", 47)])
def test_the_nights_of_summer_time_have_no_uncovered_minute(desk: Desk, at: str, hours: int) -> None:
    """S034: Saturday and Sunday last 49 hours in October and 47 in March."""
    rota(desk, NIGHTS)
    document = checked(desk, "--days", 2, at=at)
    ahead = of(document, C02)["horizon"]
    assert (document["warnings"], ahead["clock_changes"]) == ([], [ahead["until"]])
    assert ahead["minutes"]["in_force"] == hours * 60
    assert (ahead["minutes"]["uncovered"], ahead["minutes"]["covered_twice"]) == (0, 0)


@pytest.mark.parametrize(("at", "hours"), [("2026-10-25", 25), ("2027-03-28", 23)])
def test_a_day_without_anybody_is_told_to_its_midnight(desk: Desk, at: str, hours: int) -> None:
    """S034: the last hour of 25 October was not looked at, and of 29 March one that nobody asked about was."""
    rota(desk, (("tue", "18:00", "08:00", 1),))
    (hole,) = checked(desk, "--days", 1, at=at)["warnings"]
    assert (hole["start"][:16], hole["end"][11:16], hole["minutes"]) == (f"{at}T00:00", "00:00", hours * 60)


def test_a_night_shift_that_ends_at_the_skipped_hour_leaves_a_hole_of_elapsed_minutes(desk: Desk) -> None:
    """X1, S034: from 01:00 to 04:00 on 28 March 2027 there are two hours."""
    early = (*NIGHTS[:2], ("sat", "20:00", "01:00", 1), ("sun", "04:00", "08:00", 1))
    rota(desk, early)
    (hole,) = checked(desk, "--days", 2, at="2027-03-27")["warnings"]
    assert (hole["start"], hole["end"]) == ("2027-03-28T01:00:00+01:00", "2027-03-28T04:00:00+02:00")
    assert hole["minutes"] == 120


def test_two_who_are_on_duty_at_once_are_named_with_the_minutes(desk: Desk) -> None:
    """C2.10: no gap and no overlap."""
    extra = '[[shift]]\ncontract = "c02-comune"\nname = "neve"\ncontact = "dario"\n'
    with (desk.folder / "roster.toml").open("a") as file:
        file.write(f"\n{extra}starts = 2026-11-28T22:00:00\nends = 2026-11-29T06:00:00\n")
    document = checked(desk)
    (twice,) = document["warnings"]
    assert (twice["gap"], twice["minutes"], twice["who"]) == ("overlap", 480, ["bruno", "dario"])
    assert of(document, C02)["horizon"]["minutes"]["covered_twice"] == 480
    assert "480 min covered twice" in desk.done("check", "--at", TODAY).text


def test_somebody_who_took_a_duty_over_by_a_command_covers_it(desk: Desk) -> None:
    """C2.10: the change is in the store, not in the file."""
    rota(desk, LATE)
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    covers = RosterChange(
        0, C02, ChangeKind.OVERRIDE, ChangeState.IN_FORCE, datetime(2026, 11, 24, 17, tzinfo=UTC),
        datetime(2026, 11, 24, 17, 30, tzinfo=UTC), "bruno", None, "dario", "fino alle 18.30", at,
    )  # fmt: skip
    with desk.store() as store:
        store.write(lambda tx: tx.add_roster_change(covers))
    starts = [each["start"] for each in checked(desk, "--days", 2)["warnings"]]
    assert starts == ["2026-11-25T18:00:00+01:00"]


# ------------------------------------------------------------------------------------------- quotas, periods, holidays


def with_visits(desk: Desk, done: int, reserved: int) -> None:
    ticket, at = desk.open(contract=C03), datetime(2026, 11, 20, 9, tzinfo=UTC)
    states = [VisitState.DONE] * done + [VisitState.RESERVED] * reserved + [VisitState.CANCELLED, VisitState.ASKED]
    with desk.store() as store:
        visits = [Visit(0, ticket, C03, "A", "cagliari", state, "accepted", at, None) for state in states]
        store.write(lambda tx: [tx.add_visit(visit) for visit in visits])


def test_a_quota_at_24_of_30_is_a_warning(desk: Desk) -> None:
    """C3.10: what is reserved counts, what was cancelled or waits for the client does not."""
    with_visits(desk, 20, 3)
    assert warned(desk) == []
    with_visits(desk, 0, 1)
    document = checked(desk)
    (warning,) = document["warnings"]
    assert (warning["key"], warning["clause"], warning["contract"]) == ("quota[1].count", "C3.10", C03)
    assert "24 of 30 visits [interventi] of phase A are used: 20 made, 4 reserved" in warning["wrong"]
    quota, other = of(document, C03)["quotas"]
    assert (quota["used"], quota["reserved"], quota["left"], other["used"]) == (20, 4, 6, 0)
    assert "A 24 of 30, B 0 of 10" in desk.done("check", "--at", TODAY).text


def test_before_the_first_start_there_is_no_database_and_the_check_makes_none(desk: Desk) -> None:
    database = desk.folder / "centralino.db"
    database.unlink()
    answer = desk.done("check", "--at", TODAY, "--json", "--strict")
    assert (answer.err, [each["used"] for each in of(answer.json, C03)["quotas"]]) == ("", [None, None])
    assert "A ? of 30, B ? of 10" in desk.done("check", "--at", TODAY).text
    assert not database.exists()


def test_a_database_that_cannot_answer_is_told_and_does_not_fail_the_check(desk: Desk) -> None:
    (desk.folder / "centralino.db").write_bytes(b"")
    answer = desk.done("check", "--at", TODAY, "--json")
    assert "what was recorded (visits, changes of the roster) is not known: the database has schema none" in answer.err
    assert of(answer.json, C03)["quotas"][0]["used"] is None


def test_the_check_changes_nothing_in_the_database(desk: Desk) -> None:
    with_visits(desk, 24, 0)
    with desk.store() as store:
        before = store.read(lambda reading: (reading.counts(), reading.chain_heads()))
    desk.done("check", "--at", TODAY)
    with desk.store() as store:
        assert store.read(lambda reading: (reading.counts(), reading.chain_heads())) == before


def test_a_period_about_to_end_is_a_warning_with_clause_and_remedy(desk: Desk) -> None:
    """C3.19: six months after the acceptance of 15 September 2026."""
    with (desk.folder / "contracts" / f"{C03}.toml").open("a") as file:
        file.write(ACCEPTANCE)
    assert warned(desk, at="2027-01-13") == []
    told = desk.done("check", "--at", "2027-01-14").text
    assert (
        "warning: contracts/c03-sardegnait.toml: [period[1].lasts] the period of on_site after final_acceptance" in told
    )
    assert "ends on 2027-03-15, in 60 days (clause C3.19); agree with the client" in told
    assert "on_site until 2027-03-15, second_level until 2027-09-15" in told
    assert desk.run("check", "--at", "2027-01-14", "--strict").code == 78
    assert "ended on 2027-03-15" in desk.done("check", "--at", "2027-03-16").text


def test_the_version_in_force_is_the_one_that_is_checked(desk: Desk) -> None:
    """C9.2: an amendment that lengthens the period takes the warning away from its day on."""
    longer = '[[amendment.period]]\nof = "on_site"\nphase = "B"\nafter = "final_acceptance"\nlasts = "2 years"\n'
    with (desk.folder / "contracts" / f"{C03}.toml").open("a") as file:
        file.write(f'{ACCEPTANCE}\n[[amendment]]\nfrom = 2027-02-01\nreference = "atto n. 2"\n{longer}')
    assert warned(desk, at="2027-01-31") == [("period[1].lasts", "C3.19")]
    assert "1, 2 from 2027-02-01" in desk.done("check", "--at", "2027-01-31").text
    assert warned(desk, at="2027-02-01") == []
    assert of(checked(desk, at="2027-02-01"), C03)["version"] == 2


def test_a_holiday_that_nobody_decided_is_a_warning_for_each_contract_that_closes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X18: it counts as a holiday until the client has decided."""
    monkeypatch.setattr(calendars, "KNOWN", calendars.KNOWN - {"Santo Stefano"})
    document = checked(desk)
    assert [each["contract"] for each in document["warnings"]] == document["contracts"]
    assert {each["key"] for each in document["warnings"]} == {"holidays"}
    assert "Santo Stefano on 2026-12-26 is a new national holiday" in document["warnings"][0]["wrong"]


def test_an_act_that_is_only_planned_is_a_warning(desk: Desk) -> None:
    """C3.1: a plan opens no phase."""
    with (desk.folder / "contracts" / f"{C03}.toml").open("a") as file:
        file.write(ACCEPTANCE)
    assert warned(desk, at="2026-09-14") == [("act", "C3.1")]


def test_a_contract_that_is_over_has_no_open_hour_and_is_told(desk: Desk) -> None:
    """C2.2."""
    document = checked(desk, at="2031-03-01")
    assert {each["horizon"]["minutes"]["staffed"] for each in document["standing"]} == {0}
    assert sum("ended on 2030-12-31" in each["wrong"] for each in document["warnings"]) == 10


# ------------------------------------------------------------------------------------------------- texts of the site


def test_texts_that_the_sites_folder_lacks_are_a_note_and_no_warning(desk: Desk) -> None:
    """P21: an upgrade that brings a text neither stops a site nor alarms it; --strict passes too."""
    shutil.copytree(SHIPPED / "texts", desk.folder / "texts")
    assert "note:" not in desk.done("check", "--at", TODAY).text
    (desk.folder / "texts" / "en" / "escalation.toml").unlink()
    (desk.folder / "texts" / "it" / "fax.toml").write_text("")
    document = checked(desk, "--strict")
    lacking = {"en": ids_of("en", "escalation"), "it": ids_of("it", "fax")}
    assert (document["shipped_texts"], document["warnings"]) == (lacking, [])
    count = len(lacking["en"]) + len(lacking["it"])
    named = f"{count} (en: {', '.join(lacking['en'])}; it: {', '.join(lacking['it'])})"
    note = desk.done("check", "--at", TODAY, "--strict").text.splitlines()[-1]
    assert note == f"note: texts that this site's folder lacks, taken from the shipped ones: {named}"


def test_a_note_on_very_many_texts_stays_one_line_that_can_be_read(desk: Desk) -> None:
    for language in ("it", "en"):
        (desk.folder / "texts" / language).mkdir(parents=True)
    note = desk.done("check", "--at", TODAY).text.splitlines()[-1]
    more = len(PLACEHOLDERS) - 12
    assert f": {2 * len(PLACEHOLDERS)} (en: " in note
    assert note.count(f" and {more} more") == 2
    assert len(note) < 400


def ids_of(language: str, file: str) -> list[str]:
    return sorted(tomllib.loads((SHIPPED / "texts" / language / f"{file}.toml").read_text(encoding="utf-8")))


# ------------------------------------------------------------------------------------------- what a contract provides


def test_the_office_that_a_clause_names_is_told_with_its_number(desk: Desk) -> None:
    """C5.7: a person dials the switchboard of the local police; the gateway never does."""
    office = {
        "name": "Comando di Polizia locale",
        "mail": "polizialocale@comune-ecopiazzole.example",
        "phone": "+390700000595",
    }
    c05 = of(checked(desk), "c05-ecopiazzole")
    assert c05["offices"] == {"local_police": office}
    assert [(each["id"], each["inside"], each["office"]) for each in c05["matters"]] == [
        ("local_police", False, office)
    ]
    assert "local_police  +390700000595" in desk.done("contract", "show", "c05-ecopiazzole").text


def test_how_long_experts_and_offices_have_is_told_with_the_matter(desk: Desk) -> None:
    """C10.11, C10.12."""
    matters = {each["id"]: each["answer_within"] for each in of(checked(desk), "c10-camera-commercio")["matters"]}
    assert (matters["commercio"], matters["tributi"]) == ("5 giorni lavorativi", "10 giorni lavorativi")
    assert matters["consulenza_legale"] is None


def test_whose_charge_a_phase_is_and_what_its_quota_counts_are_told(desk: Desk) -> None:
    """C3.25, A3.8."""
    c03 = of(checked(desk), C03)
    assert [each["at_vendor_charge"] for each in c03["phases"]] == [False, True]
    assert c03["on_site"] == {
        "cancelled_visit_takes_quota": False,
        "failed_visit_takes_quota": True,
        "clause": "C3.20",
    }
    assert [each["proof"][:8] for each in c03["communications"]] == ["ricevuta"]


def test_who_leads_a_working_group_and_who_downgrades_a_complaint_are_told(desk: Desk) -> None:
    """C6.3, C8.3."""
    document = checked(desk)
    (group,) = of(document, "c06-consip")["working_groups"]
    assert (group["lead"], group["leads"]) == (
        "Giulia Fadda",
        [{"member": "giulia", "from": "2025-01-01", "until": None}],
    )
    assert of(document, "c08-rti")["complaints"]["downgraded_by"] == "responsabile del servizio"
