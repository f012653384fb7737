from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes

import pytest

from tests.commands.conftest import Desk

SHEET = {
    "impact": "tutto l'ufficio protocollo",
    "system": "Protocollo informatico 4.2",
    "description": "Dalle 9 il protocollo non registra più documenti in arrivo",
    "expected": "il documento riceve un numero",
    "obtained": "compare una pagina di errore",
    "error": "ORA-12541: TNS no listener, richiesta 7f3a",
    "analysis": "Il servizio risponde, la base dati del protocollo no",
}


def completed(desk: Desk) -> int:
    """A ticket whose summary lacks nothing."""
    number = desk.open()
    facts = [word for key, value in SHEET.items() for word in ("--set", f"{key}={value}")]
    desk.done("ticket", "identify", number, *facts)
    desk.done("ticket", "action", number, "--text", "Riavviato il client", "--outcome", "Nessun effetto")
    desk.done("ticket", "workaround", number, "--text", "Registrare sul protocollo di emergenza")
    return number


def test_a_ticket_opened_at_the_desk_has_a_number_of_its_year_and_is_listed(desk: Desk) -> None:
    number = desk.open()
    assert re.fullmatch(r"20\d\d000001", str(number))
    assert [each["number"] for each in desk.done("ticket", "list", "--json").json] == [number]


@pytest.mark.parametrize("written", ["+39 333 000 0001", "333.0000001", " 0039 333/0000001 "])
def test_a_number_told_at_the_desk_is_its_person_however_it_is_written(desk: Desk, written: str) -> None:
    """C3.2: who asks is looked up in people.toml, where numbers stand in E.164."""
    said = ("--contract", "c02-comune", "--subject", "Stampante", "--text", "Non stampa", "--from", written)
    asked = desk.done("ticket", "open", *said, "--json").json["requester"]
    assert (asked["number"], asked["person"]) == ("+393330000001", "anna")


def test_the_list_is_newest_first_and_can_be_narrowed(desk: Desk) -> None:
    first, second = desk.open("Una"), desk.open("Due")
    desk.done("ticket", "take", first)
    assert [each["number"] for each in desk.done("ticket", "list", "--json").json] == [second, first]
    assert [each["number"] for each in desk.done("ticket", "list", "--state", "taken", "--json").json] == [first]
    assert [each["number"] for each in desk.done("ticket", "list", "--text", "due", "--json").json] == [second]
    assert desk.done("ticket", "list", "--since", "2999-01-01", "--json").json == []


def test_a_piped_list_is_whole_and_without_colour_codes(desk: Desk) -> None:
    subject = "Una richiesta dal titolo assai lungo " * 4
    number = desk.open(subject)
    listed = desk.done("ticket", "list").text
    assert "\x1b" not in listed
    assert subject.strip() in listed.splitlines()[1]
    assert listed.splitlines()[1].startswith(str(number))


def test_control_characters_of_a_sender_do_not_reach_the_terminal(desk: Desk) -> None:
    desk.open("Titolo \x1b[31mrosso\u202e")
    listed = desk.done("ticket", "list").text
    assert "\x1b" not in listed
    assert "\u202e" not in listed


def test_a_number_without_its_year_is_understood(desk: Desk) -> None:
    number = desk.open()
    assert desk.show(1)["number"] == number


def test_an_unknown_number_exits_1_with_one_line(desk: Desk) -> None:
    answer = desk.run("ticket", "show", 77)
    assert (answer.code, answer.out) == (1, b"")
    assert answer.err.strip().splitlines() == ["centralino: there is no ticket 77"]


def test_show_as_json_has_every_key_that_is_promised(desk: Desk) -> None:
    number = completed(desk)
    desk.done("ticket", "escalate", number)
    shown = desk.show(number)
    promised = "number contract channel type state level priority subject requester opened_at received_at due messages"
    assert set(f"{promised} actions dispatches escalations events".split()) <= set(shown)
    assert {"name", "address", "number"} <= set(shown["requester"])
    assert {"direction", "channel", "from", "to", "at", "text", "attachments"} <= set(shown["messages"][0])
    assert {"at", "by", "text", "outcome"} <= set(shown["actions"][0])
    assert {"id", "channel", "to", "state", "attempts", "reference"} <= set(shown["dispatches"][0])
    assert {"at", "to", "state", "vendor_reference", "missing"} <= set(shown["escalations"][0])
    assert {"at", "type", "by", "clause"} <= set(shown["events"][0])
    assert datetime.fromisoformat(shown["opened_at"]).utcoffset() is not None


def test_the_history_of_a_ticket_names_its_personal_values_and_who_was_logged_in(desk: Desk) -> None:
    number = desk.open()
    event = desk.show(number)["events"][0]
    assert event["by"] == "elena"
    assert event["data"]["sender"] == "mario@comune.example"
    assert event["data"]["system_user"]


def test_show_for_people_has_the_messages_and_the_clauses(desk: Desk) -> None:
    number = completed(desk)
    desk.done("ticket", "escalate", number)
    text = desk.done("ticket", "show", number).text
    assert "Non stampa" in text
    assert "Riavviato il client" in text
    assert "C2.1" in text


def test_who_acts_must_be_a_person_of_the_directory(desk: Desk) -> None:
    number = desk.open()
    answer = desk.run("ticket", "take", number, "--as", "nessuno")
    assert answer.code == 1
    assert "'nessuno' is not in people.toml" in answer.err
    assert desk.show(number)["state"] == "new"


def test_without_who_a_change_is_a_wrong_usage(desk: Desk) -> None:
    number = desk.open()
    assert desk.run("ticket", "take", number, who=None).code == 2


def test_the_acts_of_the_desk_lead_through_the_states(desk: Desk) -> None:
    number = desk.open()
    steps = [
        (("take", number), "taken"),
        (("classify", number, "--type", "information", "--priority", "urgent"), "taken"),
        (("note", number, "--text", "Da richiamare"), "taken"),
        (("workaround", number, "--text", "Usare l'altra stampante"), "workaround"),
        (("reply", number, "--text", "Ci stiamo lavorando"), "workaround"),
        (("solve", number, "--text", "Sostituito il toner"), "solved"),
        (("close", number), "closed"),
        (("reopen", number, "--text", "Di nuovo ferma"), "taken"),
    ]
    for words, state in steps:
        desk.done("ticket", *words)
        assert desk.show(number)["state"] == state, words
    shown = desk.show(number)
    assert shown["type"] == "information"
    assert [dispatch["kind"] for dispatch in shown["dispatches"]] == ["reply", "reply"]


def test_an_act_that_the_state_does_not_allow_exits_1_and_changes_nothing(desk: Desk) -> None:
    number = desk.open()
    answer = desk.run("ticket", "close", number)
    assert answer.code == 1
    assert "a ticket that is new cannot do close" in answer.err
    assert desk.show(number)["state"] == "new"


def test_a_ticket_cannot_be_deleted(desk: Desk) -> None:
    """S004."""
    number = desk.open()
    assert desk.run("ticket", "delete", number).code == 2


def test_two_tickets_can_be_linked_and_merged(desk: Desk) -> None:
    one, two = desk.open("Una"), desk.open("Due")
    desk.done("ticket", "link", one, two)
    desk.done("ticket", "merge", one, "--into", two)
    assert desk.show(one)["outcome"] == "duplicate"
    assert {"number": two, "kind": "related"} in desk.show(one)["links"]
    assert {"number": one, "kind": "related"} in desk.show(two)["links"]


def test_a_time_without_offset_is_the_wall_time_of_rome(desk: Desk) -> None:
    number = desk.open()
    done = ("--text", "Controllato il cavo", "--outcome", "A posto", "--at", "2026-07-01T10:00")
    desk.done("ticket", "action", number, *done)
    assert desk.show(number)["actions"][0]["at"] == "2026-07-01T10:00:00+02:00"


def test_an_action_in_the_future_is_refused(desk: Desk) -> None:
    number = desk.open()
    answer = desk.run("ticket", "action", number, "--text", "x", "--outcome", "y", "--at", "2999-01-01T10:00")
    assert answer.code == 1
    assert "future" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "list", "--since", "ieri"),
        ("ticket", "show", "stampante"),
        ("ticket", "show", "9" * 30),
        ("ticket", "classify", 1),
        ("ticket", "classify", 1, "--type", "guasto"),
        ("ticket", "identify", 1, "--set", "system"),
        ("ticket", "identify", 1),
        ("ticket", "workaround", 1),
        ("ticket", "workaround", 1, "--text", "a", "--none", "b"),
        ("ticket", "visit", 1),
        ("complaint", "list"),
    ],
)
def test_a_wrong_usage_exits_2(desk: Desk, words: tuple[object, ...]) -> None:
    assert desk.run(*words).code == 2


def test_a_queued_message_is_told_when_no_gateway_is_running(desk: Desk) -> None:
    number = desk.open()
    answer = desk.done("ticket", "reply", number, "--text", "Ci stiamo lavorando")
    assert "queued; no gateway is running" in answer.err
    assert "queued" not in desk.done("ticket", "note", number, "--text", "Solo per noi").err


# ----------------------------------------------------------------------------------------------------------- escalation


def test_an_escalation_without_its_summary_lists_what_is_missing_and_sends_nothing(desk: Desk) -> None:
    """C2.1, S008."""
    number = desk.open()
    answer = desk.run("ticket", "escalate", number)
    assert answer.code == 1
    assert len([line for line in answer.err.splitlines() if line.startswith("- ")]) >= len(SHEET)
    assert "--set system.system=" in answer.err
    assert desk.show(number)["dispatches"] == []


def test_the_preview_is_byte_for_byte_what_leaves(desk: Desk) -> None:
    number = completed(desk)
    preview = desk.done("ticket", "escalate", number, "--preview").out
    desk.done("ticket", "escalate", number)
    with desk.store() as store:
        (dispatch,) = store.read(lambda reading: reading.dispatches(ticket=number))
    assert dispatch.raw == preview


def test_an_escalation_goes_to_the_contract_s_mailbox_with_both_attachments(desk: Desk) -> None:
    number = completed(desk)
    preview = desk.done("ticket", "escalate", number, "--preview").out
    names = {part.get_filename() for part in message_from_bytes(preview).walk()} - {None}
    assert names == {f"scheda_{number}.json", f"storia_{number}.csv"}
    assert "queued; no gateway is running" in desk.done("ticket", "escalate", number).err
    shown = desk.show(number)
    assert (shown["state"], shown["level"]) == ("escalated", 2)
    assert [(each["to"], each["state"], each["missing"]) for each in shown["escalations"]] == [
        ("secondo-livello@assistenza.example", "due", [])
    ]


def test_a_preview_says_nothing_but_the_bytes_and_changes_no_state(desk: Desk) -> None:
    number = completed(desk)
    answer = desk.done("ticket", "escalate", number, "--preview")
    assert answer.err == ""
    assert desk.show(number)["dispatches"] == []


def test_another_vendor_is_refused(desk: Desk) -> None:
    """C4.9."""
    number = completed(desk)
    answer = desk.run("ticket", "escalate", number, "--to", "altri@altrove.example")
    assert answer.code == 1
    assert "is not the vendor of c02-comune" in answer.err
