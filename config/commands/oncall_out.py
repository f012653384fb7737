"""`centralino oncall export|report`: the watches ahead as a calendar or a table, and the hours of a month."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from config.commands import showing
from config.commands.common import At, Config, opened, remark, site_of
from config.commands.rosters import ContractId, contract_meant, now_of, roster_since

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from config.commands.common import Shell
    from config.load import Site
    from gateway.domain.contract import Contract
    from gateway.domain.duty_report import DutyReport
    from gateway.domain.ticket import Action, Page
    from gateway.ports import Reading

Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", dir_okay=False, help="Write there instead of standard output.")
]


def export(
    *,
    contract: ContractId = None,
    at: At = None,
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How many days from then on.")] = 90,
    form: Annotated[Literal["ics", "csv"], typer.Option("--format", help="A calendar (RFC 5545) or a table.")] = "ics",
    out: Out = None,
    config: Config = None,
) -> None:
    """Every watch of the coming days with its deputy, overrides and swaps resolved.

    Each watch keeps its UID from one export to the next; there are names in it and no telephone numbers.

    Example: centralino oncall export --days 180 --out reperibilita.ics
    """
    from adapters.reports import agenda, watches_csv
    from gateway.domain.hours import days_later
    from gateway.domain.roster.watches import AHEAD, LOOK_BACK, watches

    site = site_of(config)
    start, longest = at or now_of(site), AHEAD[-1]
    meant, end = contract_meant(site, contract, start), days_later(start, days)
    roster = roster_since(site, start - longest)
    # Watches are told whole, so that a long one keeps its beginning from one export to the next.
    around = watches(meant, roster, start - longest, end + LOOK_BACK)
    found = [watch for watch in around if watch.end > start and watch.start < end]
    if form == "csv":
        _write(watches_csv(found), out)
    else:
        _write(agenda(meant, found, domain=_domain(site, meant), made_at=now_of(site)), out)


def _domain(site: Site, contract: Contract) -> str:
    """A domain of ours, so that the UIDs are nobody else's."""
    from gateway.domain.intake import Channel

    address = contract.address_of(Channel.MAIL) or site.default_contract.address_of(Channel.MAIL) or ""
    return address.rpartition("@")[2] or "centralino.invalid"


def _write(content: bytes, out: Path | None) -> None:
    if out is not None:
        out.write_bytes(content)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _month(text: str) -> tuple[date, date]:
    from gateway.domain.duty_report import month_days

    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no month; write 2026-11")
    return month_days(int(found[1]), int(found[2]))


def report(
    *,
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month, in Rome.")],
    contract: ContractId = None,
    form: Annotated[
        Literal["table", "csv", "xlsx", "json"], typer.Option("--format", help="How it is told.")
    ] = "table",
    out: Out = None,
    config: Config = None,
) -> None:
    """The hours on call of a month by person and band (ordinary, night from 22 to 6, holiday), pages and answers.

    Hours are those outside the hours of the desk, in elapsed time: the night of October has one more, that of March one
    less. Overrides and swaps are resolved. Time in which nobody had the duty is told apart.

    Example: centralino oncall report --month 2026-10 --format xlsx --out ottobre.xlsx
    """
    from adapters.reports import duty_csv, duty_document, duty_xlsx, is_going_on

    days = _month(month)
    with opened(config) as shell:
        made = _report(shell, contract, days)
        now = shell.now
    if is_going_on(made, now):
        remark("centralino: the month is not over: the hours from now on are those that the roster foresees")
    if form == "json":
        showing.document(duty_document(made))
    elif form == "table":
        _table(made)
    else:
        _write(duty_csv(made) if form == "csv" else duty_xlsx(made, made_at=now), out)


def _report(shell: Shell, contract: str | None, days: tuple[date, date]) -> DutyReport:
    from gateway.domain.duty_report import duty_report
    from gateway.domain.hours import instant
    from gateway.domain.roster.watches import LOOK_BACK

    start = instant(days[0])
    meant = contract_meant(shell.site, contract, start)
    recorded = shell.read(lambda reading: reading.roster_changes(contract=meant.id, ending_after=start - LOOK_BACK))
    pages, actions = shell.read(lambda reading: _pages(reading, meant, start))
    return duty_report(meant, shell.site.roster.with_changes(recorded), days, pages=pages, actions=actions)


def _pages(reading: Reading, contract: Contract, start: datetime) -> tuple[Sequence[Page], dict[int, list[Action]]]:
    """The pages of a contract since an instant, and what was done for their tickets. Drill and probe are no work."""
    from gateway.domain.ticket import Mark

    pages = [page for page in reading.pages(since=start) if page.contract == contract.id]
    tickets = {number: reading.ticket(number) for number in {page.ticket for page in pages}}
    real = {number for number, ticket in tickets.items() if ticket and Mark.SYNTHETIC not in ticket.marks}
    return [page for page in pages if page.ticket in real], {number: reading.actions(number) for number in real}


def _table(made: DutyReport) -> None:
    from adapters.reports.duty import hours_text

    print(f"{made.contract.id}, {made.first} to {made.last}: hours outside the hours of the desk")
    showing.table(
        ("PERSON", "HOURS", "ORDINARY", "NIGHT", "HOLIDAY", "STANDING IN", "DEPUTY", "PAGES", "ACCEPTED", "ANSWER",
         "WORKED"),
        [
            (line.person, *(hours_text(each) for each in (line.hours.total, line.hours.ordinary, line.hours.night,
             line.hours.holiday, line.standing_in, line.as_deputy)), line.pages, line.accepted,
             hours_text(line.median_answer) or "-", hours_text(line.worked))
            for line in made.lines
        ],
    )  # fmt: skip
    if made.uncovered:
        remark(f"centralino: nobody had the duty for {hours_text(made.uncovered)} hours of the month")
