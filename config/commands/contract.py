"""`centralino contract …`: where a contract stands, the letter with its contact details, and a closing day."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import AsJson, At, Config, NotFoundError, Shell, Who, opened, remark
from config.commands.standing import standing
from config.commands.standing_shown import print_standing
from gateway.domain.hours import local

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contract_acts import Details
    from gateway.domain.contract import Contract
    from gateway.domain.roster import Person
    from gateway.ports import Transaction

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Where a contract stands. What it says is written in its file and takes effect with a reload.",
)

ContractId = Annotated[str, typer.Argument(metavar="ID", help="The contract.")]
NOTICE_DAYS = 5
RELOAD = "then `centralino check`, and reload: `systemctl reload centralino`, or SIGHUP to `centralino serve`"


def _contract(shell: Shell, wanted: str, at: datetime) -> Contract:
    if wanted not in shell.site.contracts:
        raise NotFoundError(f"there is no contract {wanted!r}; there are: {', '.join(shell.site.contracts)}")
    return shell.gateway.rules.in_force(wanted, at)


def _standing(shell: Shell, wanted: str, at: datetime) -> dict[str, Any]:
    from gateway.deciding import uses_of

    found = _contract(shell, wanted, at)
    versions = shell.site.versions[found.id]
    return shell.read(lambda reading: standing(found, versions, at, uses_of(reading, found)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write 2026-08-14") from None


def _hour(text: str) -> time:
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time of day; write 13:00") from None


@app.command("list")
def list_(as_json: AsJson = False, config: Config = None) -> None:
    """Every contract with its clause, version, phase and validity."""
    with opened(config) as shell:
        found = [_standing(shell, each, shell.now) for each in shell.site.contracts]
    if as_json:
        showing.document(found)
        return
    showing.table(
        ("ID", "CLAUSE", "VERSION", "PHASE", "STATE", "UNTIL", "NAME"),
        [
            (
                c["id"],
                c["clause"],
                c["version"],
                c["phase"] or "-",
                c["reason"] or c["state"],
                c["valid_until"],
                c["name"],
            )
            for c in found
        ],
    )


@app.command("show")
def show(contract: ContractId, at: At = None, as_json: AsJson = False, config: Config = None) -> None:
    """Where a contract stands at a time: version, phase, acts, quotas used, periods, terms, who is entitled.

    Example: centralino contract show c03-sardegnait --at 2026-11-24T10:00
    """
    with opened(config) as shell:
        instant = at or shell.now
        found = _standing(shell, contract, instant)
    if as_json:
        showing.document(found)
    else:
        print_standing(found)


# -------------------------------------------------------------------------------------------------------------- letter


@app.command("letter")
def letter(
    contract: ContractId,
    send: Annotated[bool, typer.Option("--send", help="Send it to the client's responsible; needs --as.")] = False,
    valid_from: Annotated[
        date | None,
        typer.Option(
            "--valid-from", metavar="DAY", parser=_day, help="From when the details are valid.", show_default=False
        ),
    ] = None,
    notice: Annotated[
        int, typer.Option("--notice", min=0, metavar="DAYS", help="Notice given of later changes.")
    ] = NOTICE_DAYS,
    who: Annotated[
        str | None,
        typer.Option("--as", metavar="WHO", envvar="CENTRALINO_OPERATOR", help="Who sends it.", show_default=False),
    ] = None,
    config: Config = None,
) -> None:
    """The letter that communicates telephone, mail and fax to the client (C3.8), and the lines to record it with.

    It counts when its delivery is proved: the receipt goes into `proof`.

    Example: centralino contract letter c03-sardegnait --send --as elena
    """
    from gateway import contract_acts

    if send and not who:
        raise typer.BadParameter("--send needs --as WHO")
    with opened(config) as shell:
        found = _contract(shell, contract, shell.now)
        begins = contract_acts.begins_on(found)
        today = local(shell.now).date()
        day = valid_from or (begins if today < begins else today + timedelta(days=notice))
        details = contract_acts.details_of(found, day)
        text = contract_acts.letter(shell.gateway, found, details, notice, shell.now)
        print(f"{text.subject}\n\n{text.body.rstrip()}\n")

        def unit(tx: Transaction, by: Person, at: datetime) -> str:
            return contract_acts.send_letter(shell.gateway, tx, found, details, text, by, at).to

        if send:
            remark(f"sent to {shell.act(str(who), unit)}")
    print(_communication(details, today))


def _communication(details: Details, today: date) -> str:
    """What to add to the contract's file once the delivery is proved."""
    told = (("phone", details.phone), ("mail", details.mail), ("fax", details.fax))
    lines = [
        "# to add to the contract's file with the receipt of the delivery:",
        "[[communication]]",
        f"on = {today.isoformat()}",
        f"valid_from = {details.valid_from.isoformat()}",
        'proof = ""',
        *(f'{name} = "{value}"' for name, value in told if value),
    ]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------------------- closing


@app.command("close")
def close(
    contract: ContractId,
    on: Annotated[date, typer.Option("--on", metavar="DAY", parser=_day, help="The day.")],
    reason: Annotated[str, typer.Option("--reason", metavar="R", help="Why; the name of the closing day.")],
    who: Who,
    at: Annotated[
        time | None,
        typer.Option(
            "--at", metavar="HH:MM", parser=_hour, help="Close from then on, not the whole day.", show_default=False
        ),
    ] = None,
    config: Config = None,
) -> None:
    """A closing day: the lines to add to the contract, or the refusal where no closing days are allowed (C2.7).

    Example: centralino contract close c05-ecopiazzole --on 2026-08-14 --reason "ferie" --as elena
    """
    from gateway import contract_acts
    from gateway.tickets import DeskError

    with opened(config) as shell:
        found = _contract(shell, contract, shell.now)
        why = contract_acts.refusal_of_closing(found, on)
        if why is not None:
            shell.act(who, lambda tx, by, now: contract_acts.refuse_closing(tx, found, on, reason, why, by, now))
            raise DeskError(why)
        shell.person(who)
    print(f"# to add to contracts/{found.id}.toml, {RELOAD}\n{contract_acts.closing_lines(on, at, reason)}")
