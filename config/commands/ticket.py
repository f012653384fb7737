"""`centralino ticket …`: the desk from a shell. Each command is one unit's work of `gateway.desk`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.commands import showing
from config.commands.common import (
    LARGEST,
    AsJson,
    At,
    Config,
    Limit,
    NotFoundError,
    Number,
    Shell,
    Who,
    as_known,
    opened,
    parse_at,
)
from config.commands.whole import earliest_due, listed, print_whole, whole
from gateway.domain.errors import CentralinoError
from gateway.domain.ticket import Outcome, Priority, TicketState, TicketType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.domain.incomplete import Missing
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Transaction

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The desk from a shell: what people do to a ticket. Nothing deletes one.",
)


class WaitsFor(StrEnum):
    """Whom or what a ticket may wait for (`suspending.REASONS`)."""

    REQUESTER = "requester"
    CLIENT = "client"
    FORCE_MAJEURE = "force_majeure"


Text = Annotated[str, typer.Option("--text", metavar="T", help="The words.")]
Unskilled = Annotated[
    str, typer.Option("--reason", metavar="T", help="Why somebody without the skills that the contract asks for.")
]


# -------------------------------------------------------------------------------------------------------------- looking


@app.command("list")
def list_(
    state: Annotated[list[TicketState] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    contract: Annotated[str | None, typer.Option(metavar="ID", help="Only under this contract.")] = None,
    since: Annotated[
        datetime | None, typer.Option(metavar="T", parser=parse_at, help="Only opened at this time or later.")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="T", help="Only with this in number, subject, requester.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The tickets, newest first.

    Example: centralino ticket list --state new --state notified --since 2026-11-28
    """
    with opened(config) as shell:
        found = shell.read(
            lambda r: r.tickets(states=state or (), contract=contract, since=since, text=text, limit=limit)
        )
        unverified = shell.read(lambda r: r.unverified_by_ticket())
        if not found and contract is not None and contract not in shell.site.contracts:
            raise NotFoundError(f"there is no contract {contract!r}; there are: {', '.join(shell.site.contracts)}")
    if as_json:
        showing.document([listed(ticket) | {"unverified": unverified.get(ticket.number, 0)} for ticket in found])
        return
    showing.table(
        ("NUMBER", "STATE", "LEVEL", "PRIORITY", "CONTRACT", "CHANNEL", "OPENED", "DUE", "BECAME", "OWNER",
         "UNVERIFIED", "REQUESTER", "SUBJECT"),
        [
            (t.number, t.state, t.level, t.priority, t.contract, t.channel, showing.rome(t.opened_at),
             showing.rome(earliest_due(t)) or "-", t.became, t.owner or "-",
             unverified.get(t.number) or "-",
             t.requester.address or t.requester.number or t.requester.name or "-", t.subject)
            for t in found
        ],
    )  # fmt: skip


@app.command("show")
def show(
    number: Number,
    full: Annotated[bool, typer.Option("--full", help="Also what is folded: earlier mails, signatures.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """One ticket with everything: messages, actions, dispatches, escalations, and its history with the clauses."""
    with opened(config) as shell:
        _show(shell, number, as_json=as_json, full=full)


def _show(shell: Shell, number: int, *, as_json: bool, full: bool = False) -> None:
    from gateway import tickets

    found = shell.read(lambda reading: whole(shell.gateway, reading, tickets.find(reading, number)))
    if as_json:
        showing.document(found)
    else:
        print_whole(found, full=full)


def _done(shell: Shell, ticket: Ticket, *, as_json: bool) -> None:
    """What a command that changed a ticket says: one line, or the whole ticket as JSON."""
    if as_json:
        _show(shell, ticket.number, as_json=True)
        return
    print(f"{ticket.number} {ticket.state}")


def _acted(
    config: Path | None, who: str, unit: Callable[[Shell, Transaction, Person, datetime], Ticket], *, as_json: bool
) -> None:
    with opened(config) as shell:
        _done(shell, shell.act(who, lambda tx, by, at: unit(shell, tx, by, at)), as_json=as_json)


# ------------------------------------------------------------------------------------------------------------- handling


@app.command("open")
def open_(
    *,
    contract: Annotated[str, typer.Option(metavar="ID", help="The contract.")],
    sender: Annotated[
        str, typer.Option("--from", metavar="WHO", help="Mail address or telephone number of whoever asks.")
    ],
    subject: Annotated[str, typer.Option(metavar="S", help="In a few words.")],
    text: Text,
    who: Who,
    channel: Annotated[str, typer.Option(help="How it came: only the desk opens a ticket by itself.")] = "desk",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Open a ticket for a request that reached the desk by itself; prints its number.

    Example: centralino ticket open --contract c02-comune --from mario@comune.example --subject "Stampante ferma"
    --text "La stampante del protocollo non stampa" --as elena
    """
    from gateway import desk

    if channel != "desk":
        raise typer.BadParameter("only desk: whatever comes by another channel opens its ticket itself")
    _acted(
        config,
        who,
        lambda sh, tx, by, at: desk.open_ticket(sh.gateway, tx, contract, as_known(sender), subject, text, by, at),
        as_json=as_json,
    )


@app.command("take")
def take(number: Number, who: Who, reason: Unskilled = "", as_json: AsJson = False, config: Config = None) -> None:
    """Take charge. Nobody is woken for it any more, and whoever was woken is told who has it."""
    from gateway import assigning

    _acted(
        config,
        who,
        lambda sh, tx, by, at: assigning.take(sh.gateway, tx, number, by, at, reason=reason),
        as_json=as_json,
    )


@app.command("assign")
def assign(
    *,
    number: Number,
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="Who gets it: an id of people.toml.")],
    who: Who,
    reason: Unskilled = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Give it to somebody with the skills that the contract asks for; they are told by mail (C3.4)."""
    from gateway import assigning

    _acted(
        config,
        who,
        lambda sh, tx, by, at: assigning.assign(sh.gateway, tx, number, to, by, at, reason=reason),
        as_json=as_json,
    )


@app.command("classify")
def classify(
    number: Number,
    who: Who,
    kind: Annotated[TicketType | None, typer.Option("--type", help="What kind of request it is (C1.1).")] = None,
    priority: Annotated[Priority | None, typer.Option(help="urgent: outside hours it is chased from now on.")] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="T", help="Why what was taken for a complaint is none (C8.3).")
    ] = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Set type and priority. Of a complaint only the role that the contract names may say that it is none, and why."""
    from gateway import desk

    if kind is None and priority is None:
        raise typer.BadParameter("give --type, --priority, or both")
    _acted(
        config,
        who,
        lambda sh, tx, by, at: desk.classify(sh.gateway, tx, number, kind, priority, by, at, reason=reason),
        as_json=as_json,
    )


@app.command("action")
def action(
    number: Number,
    text: Annotated[str, typer.Option("--text", metavar="T", help="What was done.")],
    outcome: Annotated[str, typer.Option("--outcome", metavar="O", help="What came of it.")],
    who: Who,
    at: At = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Record one thing that was done, and what came of it. It goes to the vendor when the ticket is escalated.

    Example: centralino ticket action 123 --text "Riavviato lo spooler" --outcome "Nessun effetto" --at 2026-11-24T10:05
    """
    from gateway import desk, tickets

    def unit(_shell: Shell, tx: Transaction, by: Person, now: datetime) -> Ticket:
        desk.action(tx, number, text, outcome, by, now, at or now)
        return tickets.find(tx, number)

    _acted(config, who, unit, as_json=as_json)


@app.command("identify")
def identify(
    number: Number,
    who: Who,
    facts: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A fact; may be repeated.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="GROUP", help="The group of the contract that the requester belongs to.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Set facts of the diagnostic sheet: what the vendor must know. `ticket escalate` lists what is missing.

    --group says who asks, when nobody knew it: the contract decides again, and the request is served.

    Keys: system, description, steps, error, analysis, expected_obtained.expected and the like; a wrong key is answered
    with the nearest right one.

    Example: centralino ticket identify 123 --set system="Protocollo" --set error="ORA-01017" --as elena
    """
    from gateway import desk, identifying

    if not facts and group is None:
        raise typer.BadParameter("say what is known: --set KEY=VALUE, or --group GROUP")
    pairs = [_pair(fact) for fact in facts or ()]

    def unit(shell: Shell, tx: Transaction, by: Person, at: datetime) -> Ticket:
        if group is None:
            return desk.identify(tx, number, pairs, by, at)
        if pairs:
            desk.identify(tx, number, pairs, by, at)
        return identifying.by_desk(shell.gateway, tx, number, group, by, at)

    _acted(config, who, unit, as_json=as_json)


def _pair(fact: str) -> tuple[str, str]:
    key, equals, value = fact.partition("=")
    if not equals or not key.strip():
        raise typer.BadParameter(f"--set takes KEY=VALUE, not {fact!r}")
    return key.strip(), value


@app.command("workaround")
def workaround(
    number: Number,
    who: Who,
    text: Annotated[str | None, typer.Option(metavar="T", help="How to go on meanwhile.")] = None,
    none: Annotated[str | None, typer.Option("--none", metavar="REASON", help="Why there is no safe way.")] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say how the requester can go on meanwhile (--text), or why there is no way (--none)."""
    from gateway import desk

    if (text is None) == (none is None):
        raise typer.BadParameter("give either --text or --none")
    _acted(config, who, lambda _, tx, by, at: desk.workaround(tx, number, text, none, by, at), as_json=as_json)


@app.command("reply")
def reply(number: Number, text: Text, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Write to the requester by mail, in the ticket's thread."""
    from gateway import desk

    _acted(config, who, lambda sh, tx, by, at: desk.reply(sh.gateway, tx, number, text, by, at), as_json=as_json)


@app.command("note")
def note(number: Number, text: Text, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Keep an internal note: it leaves to nobody."""
    from gateway import desk

    _acted(config, who, lambda _, tx, by, at: desk.note(tx, number, text, by, at), as_json=as_json)


@app.command("wait")
def wait(
    number: Number,
    reason: Annotated[
        WaitsFor, typer.Option("--for", help="Whom or what it waits for; the contract says what is allowed.")
    ],
    text: Annotated[
        str, typer.Option("--text", metavar="T", help="What is asked for, which goes to them; the evidence otherwise.")
    ],
    who: Who,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Let a ticket wait: its terms stand still until the answer, or until `ticket resume`. Never for the vendor.

    Example: centralino ticket wait 123 --for requester --text "la versione del programma" --as elena
    """
    from gateway import suspending

    _acted(
        config,
        who,
        lambda sh, tx, by, at: suspending.wait(sh.gateway, tx, number, reason.value, text, by, at),
        as_json=as_json,
    )


@app.command("resume")
def resume(number: Number, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """A ticket waits no longer: its terms run on. An answer of whoever was asked does this by itself."""
    from gateway import suspending

    _acted(config, who, lambda sh, tx, by, at: suspending.resume(sh.gateway, tx, number, by, at), as_json=as_json)


@app.command("solve")
def solve(
    number: Number,
    text: Annotated[str, typer.Option("--text", metavar="T", help="The solution, as the requester reads it.")],
    who: Who,
    outcome: Annotated[Outcome, typer.Option(help="How it was concluded (C1.3).")] = Outcome.SOLVED,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Conclude with an outcome and tell the requester; an answer to that reopens the ticket."""
    from gateway import desk

    _acted(
        config, who, lambda sh, tx, by, at: desk.solve(sh.gateway, tx, number, text, outcome, by, at), as_json=as_json
    )


@app.command("close")
def close(number: Number, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Close what was solved. Nothing is closed without an outcome, and nothing is ever deleted (S004)."""
    from gateway import desk

    _acted(config, who, lambda _, tx, by, at: desk.close(tx, number, by, at), as_json=as_json)


@app.command("reopen")
def reopen(number: Number, text: Text, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Open a concluded ticket again, with the reason."""
    from gateway import desk

    _acted(config, who, lambda _, tx, by, at: desk.reopen(tx, number, text, by, at), as_json=as_json)


@app.command("link")
def link(
    number: Number,
    other: Annotated[int, typer.Argument(metavar="M", min=1, max=LARGEST, help="The other ticket.")],
    who: Who,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say that two tickets belong together; both show it."""
    from gateway import desk

    _acted(config, who, lambda _, tx, by, at: desk.link(tx, number, other, by, at), as_json=as_json)


@app.command("merge")
def merge(
    number: Number,
    into: Annotated[int, typer.Option("--into", metavar="M", min=1, max=LARGEST, help="The ticket that goes on.")],
    who: Who,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Two tickets about one thing: N is solved as a duplicate of M; both keep their number and history."""
    from gateway import desk

    _acted(config, who, lambda sh, tx, by, at: desk.merge(sh.gateway, tx, number, into, by, at), as_json=as_json)


# ----------------------------------------------------------------------------------------------------------- escalating


@app.command("escalate")
def escalate(
    number: Number,
    who: Who,
    to: Annotated[
        str | None, typer.Option(metavar="VENDOR", help="The contract's vendor, by name or address; no other is taken.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Print the very bytes that would leave, and send nothing.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Forward to the vendor's mailbox with the complete diagnostic summary. What is missing is listed (exit 1).

    The bytes of --preview are the bytes that leave, as long as nobody changes the ticket in between.

    Example: centralino ticket escalate 123 --as elena --preview > what-would-leave.eml
    """
    from gateway import escalating, tickets

    if preview:
        with opened(config) as shell, _told_how(number):
            raw = shell.act(who, lambda tx, _by, at: escalating.preview(shell.gateway, tx, number, to, at)).raw
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return

    def unit(shell: Shell, tx: Transaction, by: Person, at: datetime) -> Ticket:
        escalating.escalate(shell.gateway, tx, number, to, by, at)
        return tickets.find(tx, number)

    with _told_how(number):
        _acted(config, who, unit, as_json=as_json)


class SummaryError(CentralinoError):
    """The summary is not complete: what is missing, and with which command it is given."""


@contextmanager
def _told_how(number: int) -> Iterator[None]:
    """Say beside everything that is missing how to give it."""
    from gateway.domain.incomplete import missing_lines
    from gateway.escalating import MissingFieldsError

    try:
        yield
    except MissingFieldsError as error:
        told = [f"- {line}  ({_how(gap)})" for gap, line in zip(error.gaps, missing_lines(error.gaps), strict=True)]
        head = f"ticket {number} cannot be escalated, its diagnostic summary is not complete:"
        raise SummaryError("\n".join((head, *told))) from error


def _how(gap: Missing) -> str:
    if gap.field == "actions":
        return "ticket action N --text T --outcome O"
    if gap.field == "workaround":
        return "ticket workaround N --text T | --none REASON"
    return f"ticket identify N --set {gap.field}{'.' if gap.part else ''}{gap.part}=…"
