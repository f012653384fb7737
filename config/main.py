"""`centralino`: the root of all commands. `main` is what the console script and `python -m config` run."""

from __future__ import annotations

import sys

import typer

from config.commands import (
    call,
    check,
    contract,
    demo,
    dispatch,
    drill,
    init,
    intake,
    oncall,
    phone,
    register,
    serve,
    simulate,
    ticket,
    unverified,
    visit,
)
from config.commands.common import Root
from config.logs import configure

app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Centralino: calls, SMS, mail, certified mail and faxes become tickets, and somebody answers.

    Every command takes --config FILE (default: $CENTRALINO_CONFIG, then ./config/gateway.toml, then
    /etc/centralino/gateway.toml). Results go to standard output, logs and remarks to standard error.

    Exit codes: 0 done, 1 could not (one line says why), 2 usage, 78 configuration refused.
    """,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("simulate")(simulate.simulate)
app.command("drill")(drill.drill)
app.command("submitter")(unverified.submitter)
intake.app.command("accept")(unverified.accept)
intake.app.command("file")(unverified.file)
app.add_typer(ticket.app, name="ticket")
app.add_typer(intake.app, name="intake")
app.add_typer(dispatch.app, name="dispatch")
app.add_typer(oncall.app, name="oncall")
app.add_typer(call.app, name="call")
app.add_typer(phone.app, name="phone")
app.add_typer(visit.app, name="visit")
app.add_typer(contract.app, name="contract")
app.add_typer(register.app, name="register")


def main() -> None:
    """Run the command that the arguments name."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    configure()
    app(prog_name="centralino")
