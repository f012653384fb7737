"""`centralino intake …`: what came in, exactly as it came, and what became of it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import LARGEST, AsJson, Config, Limit, NotFoundError, Who, opened, remark
from config.commands.verdicts import in_words, verdict_entry
from config.commands.whole import receipt_entry
from gateway.domain.intake import IntakeState
from gateway.domain.ledger import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from config.commands.common import Shell
    from gateway.domain.intake import Intake
    from gateway.domain.ledger import SeenReceipt
    from gateway.domain.roster import Person
    from gateway.ports import Reading, Transaction

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What came in, and what was set aside.")

Id = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="The intake.")]


@app.command("list")
def list_(
    state: Annotated[IntakeState | None, typer.Option(help="Only in this state.")] = None,
    ticket: Annotated[int | None, typer.Option(metavar="N", min=1, max=LARGEST, help="Only of this ticket.")] = None,
    aside: Annotated[bool, typer.Option("--set-aside", help="Only what nobody could read.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What came in, newest first; what has no ticket says by which rule.

    Example: centralino intake list --state duplicate
    """
    from gateway import tickets
    from gateway.replaying import UNREAD

    def ask(reading: Reading) -> list[dict[str, Any]]:
        number = None if ticket is None else tickets.find(reading, ticket).number
        wanted = UNREAD if aside else None
        found = reading.intakes(state=state, reason=wanted, ticket=number, limit=limit)
        return [_entry(reading, each) for each in found]

    with opened(config) as shell:
        found = shell.read(ask)
    if as_json:
        showing.document(found)
        return
    showing.table(
        ("ID", "STATE", "CHANNEL", "DOOR", "RECEIVED", "BYTES", "TICKETS", "SENDER", "REASON"),
        [
            (e["id"], e["state"], e["channel"], e["door"], showing.rome(e["received_at"]), e["size"],
             " ".join(map(str, e["tickets"])) or "-", e["sender"], e["reason"])
            for e in found
        ],
    )  # fmt: skip


def _entry(reading: Reading, intake: Intake) -> dict[str, Any]:
    return {
        "id": intake.id,
        "channel": str(intake.channel),
        "door": intake.door,
        "state": str(intake.state),
        "reason": intake.reason,
        "sender": intake.sender,
        "recipients": list(intake.recipients),
        "received_at": intake.received_at,
        "accepted_at": intake.accepted_at,
        "size": intake.size,
        "sha256": intake.sha256,
        "attempts": intake.attempts,
        "contract": intake.contract,
        "tickets": reading.tickets_of(intake.id),
    }


@app.command("show")
def show(
    intake: Id,
    raw: Annotated[bool, typer.Option("--raw", help="The very bytes as received, and nothing else.")] = False,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write the pages of a fax there as PDF.")
    ] = None,
    pages: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Write each page of a fax there as a picture (PNG)."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write the HTML of a mail there, made harmless to open."),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """One intake: from where, when, every delivery, what became of it.

    Example: centralino intake show 12 --raw > as-received.eml
    """
    if pdf is not None:
        _write_pdf(intake, pdf, config)
    if pages is not None:
        _write_pages(intake, pages, config)
    if html is not None:
        _write_html(intake, html, config)
    if pdf is not None or pages is not None or html is not None:
        return

    def ask(reading: Reading) -> tuple[Intake, dict[str, Any]]:
        found = reading.intake(intake, raw=raw)
        if found is None:
            raise NotFoundError(f"there is no intake {intake}")
        deliveries = [{"door": door, "at": at} for door, at in reading.deliveries(intake)]
        beside = {"facts": found.facts, "deliveries": deliveries, "authentication": verdict_entry(reading, intake)}
        seen = [receipt_entry(each) | {"report": each.report} for each in reading.receipts(intake=intake, limit=1)]
        return found, _entry(reading, found) | beside | {"receipt": next(iter(seen), None)}

    with opened(config) as shell:
        found, whole = shell.read(ask)
        if found.state is IntakeState.UNVERIFIED and not raw:
            whole |= _says(shell, intake)
    if raw:
        sys.stdout.buffer.write(found.raw)
        sys.stdout.buffer.flush()
    elif as_json:
        showing.document(whole)
    else:
        _for_people(whole)


def _says(shell: Shell, intake_id: int) -> dict[str, str]:
    """What a mail says that is in no ticket yet, so that somebody can decide about it."""
    kept = shell.read(lambda reading: reading.intake(intake_id, raw=True))
    said = shell.reader.mail(kept) if kept is not None else None
    return {"subject": said.subject, "text": said.new_text or said.text} if said else {}


def _for_people(whole: dict[str, Any]) -> None:
    told = whole | {
        "received_at": showing.rome(whole["received_at"]),
        "accepted_at": showing.rome(whole["accepted_at"]),
        "recipients": " ".join(whole["recipients"]),
        "tickets": " ".join(map(str, whole["tickets"])),
        "facts": "  ".join(f"{key}={value}" for key, value in whole["facts"].items()),
        "deliveries": ", ".join(f"{each['door']} {showing.rome(each['at'])}" for each in whole["deliveries"]),
        "authentication": in_words(whole["authentication"]),
        "receipt": _receipt_for_people(whole["receipt"]),
    }
    showing.facts(told.items())


def _receipt_for_people(seen: dict[str, Any] | None) -> str:
    """What a receipt of certified mail is, what became of it, and why not more."""
    if seen is None:
        return ""
    why = "; ".join((*seen["reasons"], f"revocation {seen['report'].get('revocation') or 'not checked'}"))
    return f"{seen['kind']} {seen['verdict']} {seen['message_id'] or '-'} {seen['recipient'] or '-'} ({why})"


@app.command("receipts")
def receipts(
    verdict: Annotated[
        Verdict | None, typer.Option(help="Only with this verdict: orphan is about no message of ours.")
    ] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Receipts of certified mail, newest first: of which message, what became of each, and why.

    Example: centralino intake receipts --verdict orphan
    """
    verdicts = (verdict,) if verdict else ()

    def ask(reading: Reading) -> list[SeenReceipt]:
        return reading.receipts(verdicts=verdicts, newest_first=True, limit=limit)

    with opened(config) as shell:
        found = [receipt_entry(each) for each in shell.read(ask)]
    if as_json:
        showing.document(found)
        return
    showing.table(
        ("INTAKE", "VERDICT", "KIND", "SEEN", "RECIPIENT", "MESSAGE", "TICKET", "REASONS"),
        [
            (e["intake"], e["verdict"], e["kind"], showing.rome(e["seen_at"]), e["recipient"], e["message_id"],
             e["ticket"], "; ".join(e["reasons"]))
            for e in found
        ],
    )  # fmt: skip


def _write_pdf(intake: int, file: Path, config: Path | None) -> None:
    from config.compose import fax_as_pdf

    with opened(config) as shell:
        if shell.read(lambda r: r.intake(intake)) is None:
            raise NotFoundError(f"there is no intake {intake}")
        made = fax_as_pdf(shell.reader, shell.store, intake)
    if made is None:
        raise NotFoundError(f"intake {intake} has no document that can be shown; see --raw")
    file.write_bytes(made)
    remark(f"{file}: {len(made)} bytes")


def _write_pages(intake: int, folder: Path, config: Path | None) -> None:
    from config.compose import fax_as_pictures

    with opened(config) as shell:
        if shell.read(lambda r: r.intake(intake)) is None:
            raise NotFoundError(f"there is no intake {intake}")
        written = 0
        for page in fax_as_pictures(shell.reader, shell.store, intake):
            if page.png is None:
                remark(f"page {page.number}: {page.defect}")
                continue
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"page-{page.number:03}.png"
            file.write_bytes(page.png)
            remark(f"{file}: {len(page.png)} bytes")
            written += 1
    if not written:
        raise NotFoundError(f"intake {intake} has no page that can be shown; see --raw")


def _write_html(intake: int, file: Path, config: Path | None) -> None:
    """Without scripts, forms and remote pictures: a page that fetches nothing."""
    from adapters.mail.safe_html import as_page

    def ask(reading: Reading) -> tuple[Intake | None, list[str]]:
        mine = (m for number in reading.tickets_of(intake) for m in reading.messages(number) if m.intake == intake)
        return reading.intake(intake), [message.html for message in mine if message.html]

    with opened(config) as shell:
        found, documents = shell.read(ask)
    if found is None:
        raise NotFoundError(f"there is no intake {intake}")
    if not documents:
        raise NotFoundError(f"intake {intake} has no HTML; ticket show has its text, --raw its bytes")
    page = as_page(f"{found.sender} ({intake})", documents[0])
    file.write_text(page, encoding="utf-8")
    remark(f"{file}: {len(page)} characters")


@app.command("replay")
def replay(
    who: Who,
    intake: Annotated[int | None, typer.Argument(metavar="[ID]", min=1, max=LARGEST, help="The intake.")] = None,
    every: Annotated[
        bool, typer.Option("--all-set-aside", help="Everything whose ticket only says: open the original by hand.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Read once more, with the reader as it is now, what was set aside. A ticket that it has stays its own.

    Nothing is doubled by asking again: what is read as before leaves the ticket as it is, and the ticket's history says
    what changed. The gateway does it at once when it runs, else as soon as it does.

    Example: centralino intake replay --all-set-aside
    """
    from adapters.store import daemon_alive
    from gateway import replaying

    if (intake is None) is not every:
        raise typer.BadParameter("name one intake, or --all-set-aside")
    with opened(config) as shell:
        found = (
            [intake]
            if intake is not None
            else [one.id for one in shell.read(partial(replaying.set_aside, limit=LARGEST))]
        )
        changed = [shell.act(who, partial(_replayed, each)) for each in found]
        whole = shell.read(lambda reading: [_entry(reading, each) for each in changed])
        if changed and not daemon_alive(shell.site.settings.database.address):
            remark("waits to be filed; no gateway is running")
    if as_json:
        showing.document(whole if every else whole[0])
        return
    for each in changed:
        print(f"intake {each.id} {each.state}")
    if not changed:
        print("nothing is set aside")


def _replayed(intake: int, tx: Transaction, by: Person, at: datetime) -> Intake:
    from gateway import replaying

    return replaying.replay(tx, intake, by, at)
