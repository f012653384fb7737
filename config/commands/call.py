"""`centralino call …`: every telephone call has a line, whatever became of it (C2.3)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import LARGEST, AsJson, Config, Limit, NotFoundError, Who, opened, parse_at
from config.commands.whole import call_entry, recording_entry
from gateway.domain.errors import CentralinoError
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.telephony import CallOutcome

if TYPE_CHECKING:
    from gateway.domain.roster import Person
    from gateway.domain.telephony import Call, Recording
    from gateway.ports import Reading, Transaction

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Telephone calls: answered, given up, refused, with a message."
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The call: its number in `call list`, or the carrier's SID.")]
MANY = 10_000


@app.command("list")
def list_(
    *,
    outcome: Annotated[list[CallOutcome] | None, typer.Option(help="Only with this outcome; may be repeated.")] = None,
    ticket: Annotated[int | None, typer.Option(metavar="N", min=1, max=LARGEST, help="Only of this ticket.")] = None,
    caller: Annotated[str | None, typer.Option(metavar="NUMBER", help="Only from this number.")] = None,
    going_on: Annotated[bool, typer.Option("--going-on", help="Only those that have not ended.")] = False,
    since: Annotated[datetime | None, typer.Option(metavar="T", parser=parse_at, help="Only begun since then.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The calls, newest first: when, from whom, how far they came and what became of them.

    Example: centralino call list --outcome abandoned --since 2026-11-24
    """
    from gateway import tickets

    with opened(config) as shell:
        number = None if ticket is None else shell.read(lambda r: tickets.find(r, ticket).number)
        most = MANY if outcome else limit
        found = shell.read(lambda r: r.calls(ticket=number, caller=caller, going_on=going_on, since=since, limit=most))
    shown = [call for call in found if not outcome or call.outcome in outcome][:limit]
    if as_json:
        showing.document([call_entry(call) for call in shown])
        return
    showing.table(
        ("ID", "OUTCOME", "BEGAN", "SECONDS", "FROM", "CONTRACT", "REACHED", "TICKET", "ANSWERED BY"),
        [
            (c.id, c.outcome or "going on", showing.rome(c.began_at), _seconds(c), c.caller or "withheld", c.contract,
             c.reached, c.ticket or "-", c.answered_by or "-")
            for c in shown
        ],
    )  # fmt: skip


def _seconds(call: Call) -> str:
    return call.facts.get("duration_s", "-")


@app.command("show")
def show(call: Id, as_json: AsJson = False, config: Config = None) -> None:
    """One call: what was done in it, whose telephones rang and how that went, its recordings.

    Example: centralino call show 12
    """

    def ask(reading: Reading) -> dict[str, Any]:
        found = _find(reading, call)
        facts = {name: value for name, value in found.facts.items() if name != "said"}
        return call_entry(found) | {
            "facts": facts,
            "steps": _steps(reading, found),
            "legs": _legs(reading, found),
            "recordings": [recording_entry(each) for each in _recordings(reading, found)],
        }

    with opened(config) as shell:
        whole = shell.read(ask)
    if as_json:
        showing.document(whole)
        return
    told = whole | {name: showing.rome(value) for name, value in whole.items() if isinstance(value, datetime)}
    told["facts"] = "  ".join(f"{name}={value}" for name, value in whole["facts"].items())
    showing.facts((name, told[name]) for name in told if name not in ("steps", "legs", "recordings"))
    _table("Steps", ("AT", "STEP", "DEED", "KEYS", "RESULT", "INTAKE"), whole["steps"],
           ("at", "step", "deed", "keys", "result", "intake"))  # fmt: skip
    _table("Telephones", ("AT", "PERSON", "NUMBER", "STATE", "RESULT"), whole["legs"],
           ("at", "person", "number", "state", "result"))  # fmt: skip
    _table("Recordings", ("SID", "STATE", "SECONDS", "BYTES", "TYPE", "TRIES", "REASON"), whole["recordings"],
           ("sid", "state", "seconds", "size", "type", "attempts", "reason"))  # fmt: skip


def _table(title: str, headings: tuple[str, ...], rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    if rows:
        print(f"\n{title}")
        showing.table(headings, [tuple(_cell(row[name]) for name in names) for row in rows])


def _cell(value: object) -> object:
    return showing.rome(value) if isinstance(value, datetime) else (value or "-")


def _find(reading: Reading, said: str) -> Call:
    found = reading.call(int(said)) if said.isdecimal() and int(said) <= LARGEST else reading.call_by(said)
    if found is None:
        raise NotFoundError(f"there is no call {said!r}; `centralino call list` shows them")
    return found


def _steps(reading: Reading, call: Call) -> list[dict[str, Any]]:
    """What the caller did, from the history of the ticket and, before there was one, of the system."""
    chains = [str(call.ticket)] if call.ticket is not None else []
    entries = [entry for chain in (*chains, SYSTEM) for entry in reading.entries(chain) if entry.type == "call_step"]
    theirs = sorted((entry for entry in entries if entry.data.get("call") == call.sid), key=lambda entry: entry.at)
    return [
        {"at": entry.at, "step": entry.data["step"], "deed": entry.data["deed"], "keys": entry.data["digits"]}
        | {"result": entry.data.get("result", ""), "intake": entry.data["intake"]}
        for entry in theirs
    ]


def _legs(reading: Reading, call: Call) -> list[dict[str, Any]]:
    from gateway import ringing

    return [
        {"at": leg.created_at, "person": leg.facts.get(ringing.PERSON, ""), "number": leg.to, "state": str(leg.state)}
        | {"result": leg.reason, "kind": str(leg.kind)}
        for leg in reversed(ringing.legs_of(reading, call))
    ]


def _recordings(reading: Reading, call: Call) -> list[Recording]:
    found = reading.recordings(ticket=call.ticket, limit=MANY) if call.ticket is not None else ()
    return [each for each in found if each.call_sid == call.sid]


class NotHereError(CentralinoError):
    """The sound does not lie here; the text says where it is."""


@app.command("sound")
def sound(
    recording: Annotated[str, typer.Argument(metavar="SID", help="The recording; `call show` names it.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", dir_okay=False, help="Where to write it.")],
    who: Who,
    config: Config = None,
) -> None:
    """Write a recording into a file. Who took it out is on record.

    Example: centralino call sound RE0123456789abcdef0123456789abcdef --out message.wav --as elena
    """

    def take(tx: Transaction, by: Person, at: datetime) -> Recording:
        found = tx.recording_by(recording)
        if found is None:
            raise NotFoundError(f"there is no recording {recording!r}")
        if found.sha256 is None:
            reason = f": {found.reason}" if found.reason else ""
            raise NotHereError(f"recording {recording} is not here ({found.state}{reason})")
        chain = str(found.ticket) if found.ticket is not None else SYSTEM
        tx.record(chain, Happening("recording_taken_out", at, by.id, "X12", {"recording": found.sid}))
        return found

    if out.exists():
        raise NotHereError(f"{out} is there already; nothing is written over")
    with opened(config) as shell:
        found = shell.act(who, take)
        raw = shell.store.blobs.read(found.sha256 or "")
    out.write_bytes(raw)
    print(f"{out}: {found.seconds} seconds, {len(raw)} bytes, {found.type}")
