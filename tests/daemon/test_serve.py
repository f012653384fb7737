"""The daemon as a process: start, reload, stop, and commands beside it."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.store import open_store, verify
from adapters.store.reading import SqlReading
from config.compose import shipped
from gateway.ports import Reading
from tests.daemon.house import House, mail_bytes
from tests.flow.station import INTAKE, MARIA
from tests.store.conftest import postgres

__all__ = ["postgres"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "site")
    yield house
    house.stop()


def test_a_mail_becomes_a_ticket_and_sigterm_ends_politely(house: House) -> None:
    house.start()
    house.mail("Protocollo bloccato")
    house.wait(house.tickets)
    assert house.stop() == 0


def test_a_second_daemon_is_refused_and_names_the_first(house: House) -> None:
    """C-41."""
    house.start()
    second = house.run("serve", who="")
    assert second.returncode == 1
    assert house.process
    assert str(house.process.pid) in second.stderr.decode()


def test_a_reload_that_is_refused_keeps_the_old_rules_and_says_so(house: House) -> None:
    """P21, X18: the patron switch is missing."""
    house.start()
    contract = house.folder / "contracts" / "c02-comune.toml"
    good = contract.read_text()
    contract.write_text("\n".join(line for line in good.splitlines() if not line.startswith("patron")))
    house.send(signal.SIGHUP)
    told = house.wait(lambda: (r := house.get("/readyz")[1]).get("reload", {}).get("at") and r)
    assert told["reload"]["ok"] is False
    assert "C2.6" in told["reload"]["text"]
    house.mail("Ancora in servizio")
    assert house.run("ticket", "list", who="").returncode == 78
    contract.write_text(good)
    house.wait(house.tickets)
    assert house.run("check", "--running", who="").returncode != 0


def test_a_reload_takes_a_right_change(house: House) -> None:
    """P21. Texts of its own that lack one since an upgrade are no error: the shipped one stands in."""
    house.start()
    shutil.copytree(shipped() / "texts", house.folder / "texts")
    (house.folder / "texts" / "it" / "escalation.toml").unlink()
    before = house.get("/readyz")[1]["configuration"]
    people = house.folder / "people.toml"
    people.write_text(people.read_text().replace("Elena Melis", "Elena Meloni"))
    house.send(signal.SIGHUP)
    told = house.wait(lambda: (r := house.get("/readyz")[1]).get("configuration") != before and r)
    assert told["reload"]["ok"] is True


def test_a_demos_configuration_is_not_served(house: House) -> None:
    """DESIGN: `serve` refuses such a configuration."""
    house.path.write_text(house.path.read_text() + '[demo]\nclock_offset_file = "clock-offset"\n')
    refused = house.run("serve", who="")
    assert refused.returncode == 78
    assert b"demo" in refused.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("gateway.toml", "[smtp]", "[smtp]\nlissten = 1", ["smtp.lissten", "listen"]),
        ("contracts/c02-comune.toml", "patron = true", "", ["patron", "C2.6"]),
        ("people.toml", "+393330000002", "12", ["mobile"]),
        (
            "gateway.toml",
            'key = {file = "signing.key"}',
            'key = "in clear, and long enough to be one"',
            ["signing.key"],
        ),
        ("gateway.toml", 'file = "signing.key"', 'file = "nowhere.key"', ["signing.key", "nowhere.key"]),
        ("gateway.toml", "[smtp]", '[pec]\ntrust_list = "nowhere"\n[smtp]', ["pec.trust_list", "nowhere", "X4"]),
        (
            "gateway.toml",
            "[smtp]",
            '[smtp]\ntls_certificate = "signing.key"\ntls_key = "nowhere.key"',
            ["smtp.tls_certificate", "nowhere.key", "write PEM"],
        ),
    ],
    ids=[
        "unknown-key",
        "no-patron",
        "no-number",
        "secret-in-clear",
        "secret-unreadable",
        "no-trust-list",
        "no-certificate",
    ],
)
def test_a_wrong_configuration_exits_78_and_says_what_and_how(
    house: House, file: str, old: str, new: str, words: list[str]
) -> None:
    path = house.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    refused = house.run("check", who="")
    said = refused.stderr.decode()
    assert refused.returncode == 78, said
    assert path.name in said
    assert all(word in said for word in words), said


def test_a_door_that_somebody_else_has_is_told_in_one_line(house: House) -> None:
    """X18: nothing had begun yet, and its ending spoke over what was wrong."""
    with socket.create_server(("127.0.0.1", house.smtp_port)):
        refused = house.run("serve", who="")
    said = [line for line in refused.stderr.decode().splitlines() if not line.startswith("{")]
    assert (refused.returncode, len(said)) == (1, 1), said
    assert "address already in use" in said[0]


def test_a_roster_with_a_hole_and_no_fallback_is_refused(house: House) -> None:
    """C2.8, C2.10."""
    roster = house.folder / "roster.toml"
    roster.write_text(
        '[[on_call]]\ncontract = "c02-comune"\nsupervisor = "dario"\n'
        '[[shift]]\ncontract = "c02-comune"\nname = "notte"\ncontact = "anna"\n'
        'days = ["mon", "tue", "wed", "thu", "fri"]\nfrom = 18:30:00\nto = 08:00:00\nends_next_day = true\n'
    )
    refused = house.run("check", who="")
    assert refused.returncode == 78, refused.stdout.decode() + refused.stderr.decode()
    assert b"roster.toml" in refused.stderr


def test_no_ready_state_before_it_listens_and_after_it_stops(house: House) -> None:
    """Type=notify: a stand-in for systemd's socket."""
    path = house.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(20)
        house.start(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="1000000")
        states = [listener.recv(4096).decode() for _ in range(2)]
        house.stop()
        while "STOPPING=1" not in states[-1]:
            states.append(listener.recv(4096).decode())
    assert states[0].startswith("READY=1")
    assert "WATCHDOG=1" in states[1]


@pytest.mark.timeout(400)
@pytest.mark.slow
@pytest.mark.parametrize(("where", "mails"), [("sqlite", 2000), ("postgres", 500)])
def test_mails_that_come_while_four_shells_work_lose_and_fork_nothing(
    where: str, mails: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Issue 2, item 2: no fork of a chain, no lost write, no 5xx."""
    url = "sqlite:///centralino.db" if where == "sqlite" else request.getfixturevalue("postgres").database()
    house = House(tmp_path / "site", database=url)
    house.start()
    try:
        house.mail("Prima richiesta")
        number = house.wait(house.tickets)[0]["number"]
        shells = [_shell(house, number, count) for count in range(4)]
        answers = _send(house, mails=mails, connections=8)
        acted = [json.loads(shell.communicate(timeout=120)[0]) for shell in shells]
        house.wait(lambda: house.filed() == mails + 1, within_s=120)
    finally:
        house.stop()
    assert answers == {"250"}
    store = open_store(house.database, house.folder / "blobs", threaded=False)
    assert store.read(_fault) is None
    actions = store.read(lambda reading: reading.actions(int(number)))
    assert len(actions) == sum(acted)
    assert sum(acted) >= 9
    escalated = store.read(lambda reading: [e for e in reading.entries(str(number)) if e.type == "escalated"])
    assert len(escalated) == 1
    store.close()


def _fault(reading: Reading) -> object:
    assert isinstance(reading, SqlReading)
    return verify(reading)


# One process for each shell and all its commands: starting an interpreter for each is not what is tested.
SHELL = """
import json, sys
from typer.testing import CliRunner
from config.main import app
command, number, count = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def run(*words):
    result = CliRunner().invoke(app, [*words, *command[3:]])
    if result.exit_code:
        print(words[:2], result.exit_code, result.stderr, file=sys.stderr)
    return result.exit_code
run("ticket", "take", number)
done = 0
for turn in range(3):
    text = f"Prova {count} numero {turn} eseguita"
    done += run("ticket", "action", number, "--text", text, "--outcome", "negativa") == 0
if count == 0:
    facts = json.loads(sys.argv[4])
    run("ticket", "identify", number, *[w for key, value in facts.items() for w in ("--set", f"{key}={value}")])
    run("ticket", "workaround", number, "--text", "Allegare dopo i file grandi")
    run("ticket", "escalate", number)
print(json.dumps(done))
"""


def _shell(house: House, number: str, count: int) -> subprocess.Popen[bytes]:
    from config.demo.play import SHEET

    command = json.dumps(house.command())
    return subprocess.Popen(
        [sys.executable, "-c", SHELL, command, str(number), str(count), json.dumps(SHEET)], stdout=subprocess.PIPE
    )


def _send(house: House, *, mails: int, connections: int) -> set[str]:
    """The first words of every answer to a final dot."""
    answers: set[str] = set()

    def one(first: int) -> None:
        import smtplib

        with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=60) as client:
            client.ehlo()
            for number in range(first, mails, connections):
                client.mail(MARIA)
                client.rcpt(INTAKE)
                code, _ = client.data(mail_bytes(f"Richiesta {number}", MARIA, number))
                answers.add(str(code))

    threads = [threading.Thread(target=one, args=(first,)) for first in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
