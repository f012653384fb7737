from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from config.commands.common import USAGE, opened
from gateway import flow
from gateway.domain.dispatch import DispatchState
from gateway.domain.hours import ROME
from gateway.domain.intake import Arrival, Channel, IntakeState, RepeatKey
from gateway.domain.register import GENESIS
from tests.adapters.fax.making import fax_tiff

if TYPE_CHECKING:
    from gateway.ports import Transaction
    from tests.commands.conftest import Desk

ROOT = Path(__file__).parents[2]
SECRET = '[signing]\nkey = {file = "signing.key"}'
MAIL = (
    b"From: Mario Rossi <mario@ente.example>\r\nTo: assistenza@comune.example\r\nSubject: Stampante\r\n"
    b"Message-ID: <1@ente.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n\r\nNon stampa pi\xc3\xb9.\r\n"
)


# ------------------------------------------------------------------------------------------------------------- simulate


def test_simulate_gives_the_answer_that_the_design_prints(desk: Desk) -> None:
    """C2.6, C2.8."""
    said = ("--contract", "c02-comune", "--channel", "phone", "--at", "2026-04-06T10:00")
    answer = desk.done("simulate", *said, "--json").json
    expected = {
        "contract": "c02-comune", "channel": "phone", "at": "2026-04-06T10:00:00+02:00", "state": "closed",
        "reason": "holiday", "holiday": "Lunedì dell'Angelo", "next_opening": "2026-04-07T08:00:00+02:00",
        "phase": None, "entitled": True, "outcome": "accepted", "route": "on_call",
        "due": {"taken_in_charge": None, "solution": None, "on_site": None},
        "periods": {"on_site_until": None, "second_level_until": None}, "clauses": ["C2.6", "C2.8"],
    }  # fmt: skip
    assert {key: answer[key] for key in expected} == expected
    assert {"contact", "by", "after_s"} <= set(answer["chain"][0])
    assert answer["says"]


@pytest.mark.parametrize(
    ("at", "state", "reason", "route"),
    [
        ("2026-11-24T10:00", "open", None, "desk"),
        ("2026-11-24T18:00", "closed", "out_of_hours", "on_call"),
        ("2026-11-28T22:10", "closed", "weekend", "on_call"),
        ("2024-11-26T10:00", "closed", "not_started", "queue"),
        ("2031-01-02T10:00", "closed", "ended", "queue"),
    ],
)
def test_a_request_is_routed_by_its_instant(desk: Desk, at: str, state: str, reason: str | None, route: str) -> None:
    answer = desk.done("simulate", "--contract", "c02-comune", "--channel", "mail", "--at", at, "--json").json
    assert (answer["state"], answer["reason"], answer["route"]) == (state, reason, route)
    assert answer["clauses"]


def test_simulate_stores_nothing(desk: Desk) -> None:
    before = (desk.folder / "centralino.db").read_bytes()
    desk.done("simulate", "--contract", "c02-comune", "--channel", "sms", "--at", "2026-11-28T22:10")
    assert (desk.folder / "centralino.db").read_bytes() == before


def test_a_batch_answers_line_by_line_and_a_bad_line_fails_it(desk: Desk, tmp_path: Path) -> None:
    good = {"contract": "c02-comune", "channel": "mail", "at": "2026-11-24T10:00", "from": "mario@ente.example"}
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join([json.dumps(good), json.dumps({**good, "contract": "c99"}), "{", json.dumps(good)]))
    answer = desk.run("simulate", "--batch", batch)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line.get("state") for line in lines] == ["open", None, None, "open"]
    assert "c99" in lines[1]["error"]
    assert answer.code == 1


# --------------------------------------------------------------------------------------------------------------- oncall


def test_oncall_tells_the_chain_in_force_at_any_instant(desk: Desk) -> None:
    """C2.8."""
    at = ("--at", "2026-12-26T03:01", "--json")
    chain = desk.done("oncall", "chain", "--contract", "c02-comune", *at).json
    assert [each["role"] for each in chain] == ["contact", "deputy", "supervisor"]
    assert desk.done("oncall", "who", *at).json["contact"]["id"] == chain[0]["id"]


def test_oncall_shifts_fail_where_the_roster_has_a_hole(desk: Desk) -> None:
    """C2.10."""
    assert desk.done("oncall", "shifts", "--days", 30).text.count("settimane") >= 4
    desk.change("roster.toml", "# ends = 2031-01-03T18:00:00", "ends = 2026-11-13T18:00:00")
    answer = desk.run("oncall", "shifts", "--days", 30, "--json")
    assert answer.code == 1
    assert {row["kind"] for row in answer.json} == {"hole"}


def test_a_contract_without_on_call_duty_is_told(desk: Desk) -> None:
    answer = desk.run("oncall", "who", "--contract", "c04-phonzie")
    assert answer.code == 1
    assert "has no on-call duty" in answer.err


# ------------------------------------------------------------------------------------------------------------- register


def test_the_register_verifies_until_a_row_is_changed(desk: Desk) -> None:
    number = desk.open()
    desk.done("ticket", "take", number)
    desk.done("register", "seal")
    assert desk.done("register", "verify", "--json").json["fault"] is None
    with sqlite3.connect(desk.folder / "centralino.db") as database:
        database.execute("UPDATE entry SET by = 'carla' WHERE chain = ? AND seq = 2", (str(number),))
    answer = desk.run("register", "verify")
    assert answer.code == 1
    assert f"chain {number}, entry 2" in answer.err


def test_the_export_of_a_ticket_is_its_chain_and_the_seals(desk: Desk) -> None:
    one, two = desk.open("Una"), desk.open("Due")
    desk.done("ticket", "take", one)
    desk.done("register", "seal")
    lines = [json.loads(line) for line in desk.done("register", "export", one).text.splitlines()]
    entries = [line for line in lines if line["kind"] == "entry"]
    assert [entry["type"] for entry in entries] == ["received", "routed", "taken"]
    assert [entry["previous"] for entry in entries] == [GENESIS, *(entry["hash"] for entry in entries[:-1])]
    assert {entry["chain"] for entry in entries} == {str(one)}
    assert lines[-1]["kind"] == "seal"
    whole = [json.loads(line) for line in desk.done("register", "export").text.splitlines()]
    assert {line["chain"] for line in whole if line["kind"] == "entry"} == {str(one), str(two)}


# ----------------------------------------------------------------------------------------------------- intake, dispatch


def kept(desk: Desk, raw: bytes = MAIL) -> int:
    """A mail on disk that nobody has filed."""
    with desk.store() as store:
        at = datetime.now(ROME) - timedelta(minutes=1)
        arrival = Arrival(
            Channel.MAIL, "smtp", raw, at, "mario@ente.example", ("assistenza@comune.example",), RepeatKey(str(raw))
        )
        return store.write(lambda tx: tx.accept(arrival, at)).intake_id


def filed(desk: Desk) -> None:
    with opened(desk.config) as shell:
        while flow.file_next(shell.gateway) + flow.file_next(shell.gateway, large=True):
            pass


def test_an_intake_is_shown_and_its_bytes_are_those_received(desk: Desk) -> None:
    intake = kept(desk)
    filed(desk)
    (entry,) = desk.done("intake", "list", "--json").json
    assert (entry["id"], entry["state"]) == (intake, "filed")
    assert len(entry["tickets"]) == 1
    assert desk.done("intake", "show", intake, "--raw").out == MAIL
    assert desk.done("intake", "show", intake, "--json").json["deliveries"][0]["door"] == "smtp"


def test_an_intake_that_was_read_is_read_again_and_nothing_changes(desk: Desk) -> None:
    intake = kept(desk)
    filed(desk)
    (before,) = desk.done("ticket", "list", "--json").json
    messages = desk.show(before["number"])["messages"]
    for _ in range(2):
        assert desk.done("intake", "replay", intake, "--json").json["state"] == "received"
    filed(desk)
    (after,) = desk.done("ticket", "list", "--json").json
    shown = desk.show(after["number"])
    assert (after, shown["messages"]) == (before, messages)
    assert [one["data"]["changed"] for one in shown["events"] if one["type"] == "filed_again"] == ["nothing"]


def test_a_call_or_text_is_not_replayed(desk: Desk) -> None:
    with desk.store() as store:
        at = datetime.now(ROME) - timedelta(minutes=1)
        arrival = Arrival(Channel.SMS, "twilio", b"x", at, "+393331234567", ("+393330000200",), RepeatKey("twilio:SM1"))
        intake = store.write(lambda tx: tx.accept(arrival, at)).intake_id
        store.write(lambda tx: tx.settle_intake(intake, IntakeState.FILED))
    answer = desk.run("intake", "replay", intake)
    assert (answer.code, "nothing to replay" in answer.err) == (1, True)


def test_replay_asks_for_one_intake_or_for_everything(desk: Desk) -> None:
    assert desk.run("intake", "replay").code == USAGE
    assert desk.run("intake", "replay", 1, "--all-set-aside").code == USAGE
    assert desk.run("intake", "replay", 99).code == 1
    assert desk.done("intake", "replay", "--all-set-aside", "--json").json == []
    assert "nothing is set aside" in desk.done("intake", "replay", "--all-set-aside").text


def test_an_unread_intake_is_replayed_into_the_ticket_it_has(desk: Desk) -> None:
    """C-47: what could not be read becomes a ticket; read later, it completes that ticket and makes no second one."""
    intake = kept(desk)
    with desk.store() as store:
        for _ in range(4):  # more tries than [limits] parse_attempts: as if each had killed the process

            def claim(tx: Transaction) -> None:
                tx.claim_intakes(datetime.now(ROME), 1, timedelta(0))

            store.write(claim)
    filed(desk)
    (before,) = desk.done("ticket", "list", "--json").json
    assert "unreadable" in before["marks"]
    assert [one["id"] for one in desk.done("intake", "list", "--set-aside", "--json").json] == [intake]
    answer = desk.done("intake", "replay", "--all-set-aside", "--json")
    assert "waits to be filed" in answer.err
    assert [one["id"] for one in answer.json] == [intake]
    assert desk.done("intake", "list", "--set-aside", "--json").json == []
    filed(desk)
    (after,) = desk.done("ticket", "list", "--json").json
    assert after["number"] == before["number"]
    assert after["subject"] == "Stampante"
    assert "unreadable" not in after["marks"]
    shown = desk.show(after["number"])
    assert "Non stampa" in shown["messages"][-2]["text"]
    assert [each["type"] for each in shown["events"]].count("received") == 1
    assert {"intake_replayed", "filed_again"} <= {each["type"] for each in shown["events"]}


def test_a_duplicate_that_is_replayed_stays_one(desk: Desk) -> None:
    kept(desk)
    filed(desk)
    with desk.store() as store:
        at = datetime.now(ROME) - timedelta(minutes=1)
        arrival = Arrival(Channel.MAIL, "imap", MAIL, at, "", ("assistenza@comune.example",), RepeatKey("imap:1"))
        second = store.write(lambda tx: tx.accept(arrival, at)).intake_id
    filed(desk)
    desk.done("intake", "replay", second)
    filed(desk)
    assert desk.done("intake", "show", second, "--json").json["state"] == str(IntakeState.DUPLICATE)
    assert len(desk.done("ticket", "list", "--json").json) == 1


def test_a_refused_dispatch_is_tried_again_with_its_own_key(desk: Desk) -> None:
    number = desk.open()
    desk.done("ticket", "reply", number, "--text", "Ci stiamo lavorando")
    (listed,) = desk.done("dispatch", "list", "--ticket", number, "--json").json
    with desk.store() as store:
        before = store.write(lambda tx: tx.change_dispatch(listed["id"], state=DispatchState.REFUSED, reason="550"))
    assert desk.done("dispatch", "list", "--state", "refused").text.count("550") == 1
    answer = desk.done("dispatch", "retry", listed["id"])
    assert "queued; no gateway is running" in answer.err
    again = desk.done("dispatch", "show", listed["id"], "--json").json
    assert (again["state"], again["key"]) == ("due", before.key)


def test_a_dispatch_that_has_left_is_not_tried_again(desk: Desk) -> None:
    number = desk.open()
    desk.done("ticket", "reply", number, "--text", "Ci stiamo lavorando")
    with desk.store() as store:
        store.write(lambda tx: tx.change_dispatch(1, state=DispatchState.SENT))
    answer = desk.run("dispatch", "retry", 1)
    assert answer.code == 1
    assert "is sent" in answer.err


# ---------------------------------------------------------------------------------------------------------- check, init


def test_check_says_that_every_minute_is_covered(desk: Desk) -> None:
    """C2.10."""
    whole = desk.done("check", "--days", 30, "--json").json
    assert whole["coverage"] == {"c02-comune": True}
    assert (whole["days"], whole["warnings"]) == (30, [])


def test_a_hole_is_a_warning_and_with_strict_a_refusal(desk: Desk) -> None:
    desk.change("roster.toml", "# ends = 2031-01-03T18:00:00", "ends = 2026-11-13T18:00:00")
    assert "nobody is on call" in desk.done("check").text
    assert desk.run("check", "--strict").code == 78


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("gateway.toml", "[gateway]", "[gateway]\nnmae = 'x'", "unknown key"),
        ("contracts/c02-comune.toml", "patron = true", "# patron", "patron"),
        ("people.toml", 'mobile = "+393330000001"', 'mobile = "tre"', "mobile"),
        ("gateway.toml", SECRET, '[signing]\nkey = "hunter2hunter2hunter2hunter2hunter2"', "clear"),
        ("gateway.toml", SECRET, '[signing]\nkey = {file = "no.key"}', "cannot be read"),
    ],
)
def test_a_wrong_configuration_exits_78_with_file_key_clause_and_remedy(
    desk: Desk, file: str, old: str, new: str, said: str
) -> None:
    desk.change(file, old, new)
    for words in (("check",), ("ticket", "list")):
        answer = desk.run(*words)
        assert (answer.code, answer.out) == (78, b"")
        assert file in answer.err
        assert said in answer.err
        assert "(clause " in answer.err
        assert "hunter2" not in answer.err


def test_a_configuration_that_is_not_there_exits_78(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("check", "--config", tmp_path / "nowhere.toml").code == 78


def test_a_database_without_this_schema_is_told_with_the_remedy(desk: Desk) -> None:
    (desk.folder / "centralino.db").unlink()
    answer = desk.run("ticket", "list")
    assert answer.code == 1
    assert "centralino serve" in answer.err


def test_check_connect_explains_a_relay_that_does_not_listen(desk: Desk) -> None:
    with desk.config.open("a") as file:
        file.write('\n[relay]\nhost = "127.0.0.1"\nport = 1\ntls = "none"\nfrom = "a@comune.example"\n')
    answer = desk.run("check", "--connect")
    assert answer.code == 1
    assert "FAILED: relay: nobody listens at 127.0.0.1:1" in answer.text
    assert "ok: database" in answer.text


def test_check_running_says_when_no_daemon_answers(desk: Desk) -> None:
    desk.change("gateway.toml", '# listen = "127.0.0.1:8080"', 'listen = "127.0.0.1:1"')
    answer = desk.run("check", "--running")
    assert answer.code == 1
    assert "nobody listens" in answer.text


def test_init_writes_a_configuration_that_check_accepts(desk: Desk, tmp_path: Path) -> None:
    made = tmp_path / "etc" / "centralino"
    desk.done("init", made)
    assert stat.S_IMODE((made / "signing.key").stat().st_mode) == 0o600
    whole = desk.done("check", "--config", made / "gateway.toml", "--json").json
    assert len(whole["contracts"]) == 10


def test_init_writes_over_nothing(desk: Desk) -> None:
    before = desk.config.read_bytes()
    assert desk.run("init", desk.folder).code == 1
    assert desk.config.read_bytes() == before


# ------------------------------------------------------------------------------------------------------------ processes


def command(desk: Desk, *words: object) -> subprocess.Popen[bytes]:
    said = [sys.executable, "-m", "config", *map(str, words), "--config", str(desk.config)]
    return subprocess.Popen(said, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_four_processes_that_act_at_once_leave_every_chain_whole(desk: Desk) -> None:
    number = desk.open()
    act = ("ticket", "action", number, "--as", "elena", "--outcome", "Nessun effetto", "--text")
    shells = [command(desk, *act, f"Prova n. {n}") for n in range(4)]
    errors = [shell.communicate(timeout=60)[1] for shell in shells]
    assert [shell.returncode for shell in shells] == [0] * 4, errors
    assert sorted(action["text"] for action in desk.show(number)["actions"]) == [f"Prova n. {n}" for n in range(4)]
    assert desk.done("register", "verify", "--json").json["entries"] == len(["received", "routed"]) + len(shells)


def test_a_reader_that_leaves_early_is_no_traceback(desk: Desk) -> None:
    for _ in range(3):
        desk.open()
    shell = command(desk, "ticket", "list")
    assert shell.stdout is not None
    assert shell.stderr is not None
    shell.stdout.close()
    assert b"Traceback" not in shell.stderr.read()
    shell.wait(timeout=60)


# ------------------------------------------------------------------------------------------------------------------ fax


def test_the_pages_of_a_fax_are_written_as_a_pdf(desk: Desk, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "fax@example.com", "fax@comune.example", "Fax"
    mail.set_content("Un fax")
    mail.add_attachment(fax_tiff(2), maintype="image", subtype="tiff", filename="fax.tif")
    intake = kept(desk, mail.as_bytes())
    file = tmp_path / "fax.pdf"
    desk.done("intake", "show", intake, "--pdf", file)
    assert len(PdfReader(file).pages) == 2


def test_an_intake_without_a_document_has_no_pages(desk: Desk, tmp_path: Path) -> None:
    answer = desk.run("intake", "show", kept(desk), "--pdf", tmp_path / "fax.pdf")
    assert answer.code == 1
    assert not (tmp_path / "fax.pdf").exists()


def test_the_pages_of_a_fax_are_written_as_pictures(desk: Desk, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "fax@example.com", "fax@comune.example", "Fax"
    mail.set_content("Un fax")
    mail.add_attachment(fax_tiff(2), maintype="image", subtype="tiff", filename="fax.tif")
    desk.done("intake", "show", kept(desk, mail.as_bytes()), "--pages", tmp_path / "pages")
    assert sorted(file.name for file in (tmp_path / "pages").iterdir()) == ["page-001.png", "page-002.png"]


def test_an_intake_without_a_document_writes_no_picture(desk: Desk, tmp_path: Path) -> None:
    answer = desk.run("intake", "show", kept(desk), "--pages", tmp_path / "pages")
    assert (answer.code, (tmp_path / "pages").exists()) == (1, False)
