"""What waits as unverified, from a shell: it is seen, read and decided about."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

from adapters.smtp import is_kept_form
from config.commands.common import opened
from config.daemon import _measured
from config.main import app
from gateway import flow, verifying
from gateway.domain.authentication import Finding, Method, Result, Standing, Verdict
from gateway.domain.intake import Arrival, Channel, RepeatKey
from tests.commands.conftest import Desk

RAW = (
    b"From: Mario <mario@comune.example>\r\nTo: assistenza@comune.example\r\nSubject: Re: stampante\r\n"
    b"Message-ID: <9@comune.example>\r\n\r\nEcco il modello: X12.\r\n"
)


@pytest.fixture
def waiting(desk: Desk) -> tuple[int, int]:
    """A ticket, and a mail that waits to join it."""
    number = desk.open()
    with opened(desk.config) as shell:
        at = shell.now - timedelta(minutes=1)
        to, key = ("assistenza@comune.example",), RepeatKey("x")
        arrival = Arrival(Channel.MAIL, "smtp", RAW, at, "mario@comune.example", to, key)
        intake = shell.store.write(lambda tx: tx.intake(tx.accept(arrival, at).intake_id, raw=True))
        ticket = shell.read(lambda reading: reading.ticket(number))
        assert intake
        assert ticket
        found = Finding(Method.DMARC, Result.FAIL, "comune.example", "p=none")
        verdict = Verdict(intake.id, at, "comune.example", Standing.UNVERIFIED, "own", (found,))
        shell.store.write(
            lambda tx: verifying.hold(shell.gateway, tx, intake, ticket, verdict, at, name="mario@comune.example")
        )
    return number, intake.id


def filed(desk: Desk) -> None:
    with opened(desk.config) as shell:
        flow.file_next(shell.gateway, large=True)  # what was tried before is the business of that loop


def test_what_waits_is_listed_and_read(desk: Desk, waiting: tuple[int, int]) -> None:
    number, intake = waiting
    (entry,) = desk.done("intake", "list", "--state", "unverified", "--json").json
    assert entry["id"] == intake
    shown = desk.done("intake", "show", intake, "--json").json
    assert shown["text"].strip() == "Ecco il modello: X12."
    assert shown["authentication"]["waits_for"] == number
    assert [one["intake"] for one in desk.show(number)["unverified"]] == [intake]
    assert "dmarc=fail (p=none)" in desk.done("intake", "show", intake).text
    assert "Unverified, waiting" in desk.done("ticket", "show", number).text
    (listed,) = desk.done("ticket", "list", "--json").json
    assert listed["unverified"] == 1


def test_what_is_accepted_joins_its_ticket(desk: Desk, waiting: tuple[int, int]) -> None:
    number, intake = waiting
    answer = desk.done("intake", "accept", intake)
    assert "no gateway is running" in answer.err
    assert desk.run("intake", "accept", intake).code == 1, "it is decided already"
    with opened(desk.config) as shell:
        assert shell.read(lambda reading: reading.verdict(intake)).by == "elena"  # type: ignore[union-attr]
    shown = desk.show(number)
    assert shown["unverified"] == []
    assert [each["unverified"] for each in desk.done("ticket", "list", "--json").json] == [0]
    accepted = [event for event in shown["events"] if event["type"] == "mail_accepted"]
    assert [event["by"] for event in accepted] == ["elena"]


def test_what_is_filed_is_a_request_of_its_own(desk: Desk, waiting: tuple[int, int]) -> None:
    number, intake = waiting
    desk.done("intake", "file", intake)
    filed(desk)
    numbers = [each["number"] for each in desk.done("ticket", "list", "--json").json]
    assert len(numbers) == 2
    assert [message["text"] for message in desk.show(number)["messages"]] == ["Non stampa"]


def test_what_nobody_decides_about_is_measured_and_warned_of(desk: Desk, waiting: tuple[int, int]) -> None:
    """P8."""
    with opened(desk.config) as shell:
        now = shell.now + timedelta(days=1)
        told = shell.read(lambda reading: _measured(reading, now))
    assert told["unverified_waiting"] == {"mails": 1.0}
    assert told["oldest_unverified_seconds"]["mail"] == pytest.approx(86_460, abs=60)
    tomorrow = desk.done("check", "--at", now.isoformat()).text
    assert "senders that nobody could verify: 1," in tomorrow
    desk.done("intake", "file", waiting[1])
    with opened(desk.config) as shell:
        assert shell.read(lambda reading: reading.waiting_unverified()) == (0, None)


def test_nobody_decides_without_a_name(desk: Desk, waiting: tuple[int, int]) -> None:
    assert desk.run("intake", "accept", waiting[1], who="nessuno").code != 0


def test_a_password_is_kept_as_scrypt_and_a_short_one_is_not() -> None:
    made = CliRunner().invoke(app, ["submitter"], input="correct horse battery\n")
    assert made.exit_code == 0
    assert is_kept_form(made.stdout.strip())
    short = CliRunner().invoke(app, ["submitter"], input="corta\n")
    assert short.exit_code == 1
    assert "shorter" in short.stderr


def test_the_time_of_a_verdict_is_an_instant(desk: Desk, waiting: tuple[int, int]) -> None:
    shown = desk.done("intake", "show", waiting[1], "--json").json
    assert datetime.fromisoformat(shown["authentication"]["at"]).tzinfo is not None
