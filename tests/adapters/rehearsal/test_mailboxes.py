from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from adapters.rehearsal.mailboxes import Mailboxes

NOW = datetime(2026, 11, 24, 9, 30, 15, tzinfo=UTC)
ANNA, BRUNO = "anna@example.org", "bruno"
PASSWORD = 'se"cr\\et {3}'
ENTER = b'a LOGIN anna@example.org "se\\"cr\\\\et {3}"'
HEAD = b"From: a@example.org\r\nSubject: Prova\r\n\tlunga\r\nTo: b@example.org\r\n\r\n"
BODY = b"riga uno\r\n)\x00\xe8\nsenza fine"
RAW = HEAD + BODY


@pytest.fixture
def mailboxes() -> Iterator[Mailboxes]:
    with Mailboxes({ANNA: PASSWORD, BRUNO: "perché no"}, lambda: NOW) as running:
        yield running


def login(mailboxes: Mailboxes, folder: str = "INBOX", *, readonly: bool = False) -> IMAPClient:
    """A client that is logged in and closes itself at the end of a `with`."""
    client = IMAPClient("127.0.0.1", mailboxes.port, ssl=False, timeout=5)
    client.normalise_times = False
    client.login(ANNA, PASSWORD)
    client.select_folder(folder, readonly=readonly)
    return client


@pytest.fixture
def anna(mailboxes: Mailboxes) -> Iterator[IMAPClient]:
    client = login(mailboxes)
    yield client
    client.shutdown()


def status(mailboxes: Mailboxes) -> dict[bytes, int]:
    with login(mailboxes) as client:
        found: dict[bytes, int] = client.folder_status("INBOX")
    return found


def talk(mailboxes: Mailboxes, *lines: bytes) -> bytes:
    """Send lines as they are, each ended by CRLF, and then LOGOUT; all that comes back."""
    with socket.create_connection(("127.0.0.1", mailboxes.port), timeout=5) as sock, sock.makefile("rb") as answers:
        sock.sendall(b"".join(line + b"\r\n" for line in [*lines, b"z LOGOUT"]))
        return answers.read()


# --------------------------------------------------------------------------------------------------------------- entry


def test_the_right_password_enters_whatever_characters_are_in_it(anna: IMAPClient) -> None:
    assert anna.noop()[0] == b"done"


@pytest.mark.parametrize(("user", "password"), [(ANNA, "wrong"), (BRUNO, PASSWORD), ("nobody", PASSWORD), (ANNA, "")])
def test_a_wrong_password_or_user_does_not_enter(mailboxes: Mailboxes, user: str, password: str) -> None:
    with (
        IMAPClient("127.0.0.1", mailboxes.port, ssl=False, timeout=5) as client,
        pytest.raises(LoginError, match="AUTHENTICATIONFAILED"),
    ):
        client.login(user, password)


def test_a_password_beyond_ascii_enters_by_sasl_plain(mailboxes: Mailboxes) -> None:
    with IMAPClient("127.0.0.1", mailboxes.port, ssl=False, timeout=5) as client:
        client.plain_login(BRUNO, "perché no")
        assert client.select_folder("INBOX")[b"EXISTS"] == 0


def test_a_password_as_a_literal_enters(mailboxes: Mailboxes) -> None:
    said = talk(mailboxes, b"a login {%d+}" % len(ANNA), ANNA.encode() + b' "se\\"cr\\\\et {3}"')
    assert b"a OK" in said


def test_nothing_is_told_before_the_login(mailboxes: Mailboxes) -> None:
    mailboxes.deliver(ANNA, RAW)
    assert b"a BAD" in talk(mailboxes, b"a SELECT INBOX")


def test_two_users_see_only_their_own_mail(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    mailboxes.deliver(BRUNO, RAW)
    assert (anna.search(), len(mailboxes.messages(BRUNO)), mailboxes.messages(ANNA)) == ([], 1, [])


# ------------------------------------------------------------------------------------------------------------- delivery


def test_a_mail_is_told_within_a_second_to_whoever_idles(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    anna.idle()
    mailboxes.deliver(ANNA, RAW)
    assert anna.idle_check(timeout=1) == [(1, b"EXISTS")]
    anna.idle_done()


def test_each_mail_of_a_row_is_told_in_the_same_idle(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    anna.idle()
    told = []
    for _ in range(3):
        mailboxes.deliver(ANNA, RAW)
        told += anna.idle_check(timeout=1)
    assert told == [(1, b"EXISTS"), (2, b"EXISTS"), (3, b"EXISTS")]


def test_a_mail_that_came_before_idle_began_is_told_when_it_begins(mailboxes: Mailboxes) -> None:
    """Read from the socket itself: imapclient does not look at what came in one piece with the go-ahead."""
    with socket.create_connection(("127.0.0.1", mailboxes.port), timeout=5) as sock, sock.makefile("rb") as answers:
        sock.sendall(ENTER + b"\r\nb SELECT INBOX\r\n")
        while not answers.readline().startswith(b"b OK"):
            pass
        mailboxes.deliver(ANNA, RAW)
        sock.sendall(b"c IDLE\r\n")
        assert [answers.readline(), answers.readline()] == [b"+ idling\r\n", b"* 1 EXISTS\r\n"]


def test_idling_says_nothing_about_the_mail_of_others(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    anna.idle()
    mailboxes.deliver(BRUNO, RAW)
    assert anna.idle_check(timeout=0.2) == []


@pytest.mark.parametrize(
    "raw", [RAW, b"", b"x", b"Subject: no empty line\r\n", b"Subject: a\n\nb\n", b"\r\n\r\n", bytes(range(256)) * 9000]
)
def test_fetch_gives_the_exact_bytes_and_their_number(mailboxes: Mailboxes, anna: IMAPClient, raw: bytes) -> None:
    uid = mailboxes.deliver(ANNA, raw)
    found = anna.fetch([uid], ["BODY.PEEK[]", "RFC822.SIZE"])[uid]
    assert (found[b"BODY[]"], found[b"RFC822.SIZE"]) == (raw, len(raw))


def test_a_part_is_cut_at_the_end_of_the_mail(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    uid = mailboxes.deliver(ANNA, RAW)
    pieces = [anna.fetch([uid], [f"BODY.PEEK[]<{at}.40>"])[uid][f"BODY[]<{at}>".encode()] for at in (0, 40, 80, 120)]
    assert pieces == [RAW[:40], RAW[40:80], RAW[80:], b""]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("HEADER", HEAD),
        ("TEXT", BODY),
        ("HEADER.FIELDS (SUBJECT)", b"Subject: Prova\r\n\tlunga\r\n\r\n"),
        ("HEADER.FIELDS.NOT (FROM TO)", b"Subject: Prova\r\n\tlunga\r\n\r\n"),
    ],
)
def test_a_section_is_told_as_it_stands(mailboxes: Mailboxes, anna: IMAPClient, section: str, expected: bytes) -> None:
    uid = mailboxes.deliver(ANNA, RAW)
    found = anna.fetch([uid], [f"BODY.PEEK[{section}]"])[uid]
    assert expected in found.values()


def test_the_internaldate_is_the_one_given(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    at = datetime(2026, 2, 3, 23, 30, 1, tzinfo=timezone(timedelta(hours=-2)))
    uid = mailboxes.deliver(ANNA, RAW, at)
    assert anna.fetch([uid], ["INTERNALDATE"])[uid][b"INTERNALDATE"] == at


def test_the_internaldate_is_the_clocks_when_none_is_given(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    uid = mailboxes.deliver(ANNA, RAW)
    assert anna.fetch([uid], ["INTERNALDATE"])[uid][b"INTERNALDATE"] == NOW


def test_a_time_without_zone_is_refused(mailboxes: Mailboxes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        mailboxes.deliver(ANNA, RAW, datetime(2026, 2, 3))  # noqa: DTZ001 - the rule is about these


def test_mail_for_nobody_is_refused(mailboxes: Mailboxes) -> None:
    with pytest.raises(KeyError):
        mailboxes.deliver("nobody", RAW)


def test_two_hundred_mails_from_four_threads_are_all_there_in_the_order_told(
    mailboxes: Mailboxes, anna: IMAPClient
) -> None:
    def fifty(letter: str) -> None:
        for number in range(50):
            mailboxes.deliver(ANNA, f"Subject: {letter}{number}\r\n\r\n".encode())

    threads = [threading.Thread(target=fifty, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    uids = anna.search(["UID", "1:*", "UNDELETED"])
    bodies = anna.fetch(uids, ["BODY.PEEK[]"])
    assert uids == list(range(1, 201))
    assert [bodies[uid][b"BODY[]"] for uid in uids] == [kept.raw for kept in mailboxes.messages(ANNA)]
    assert [kept.raw for kept in mailboxes.messages(ANNA) if b": c" in kept.raw] == [
        f"Subject: c{number}\r\n\r\n".encode() for number in range(50)
    ]


# ------------------------------------------------------------------------------------------------------ flags, folders


def test_a_flag_stored_by_the_client_is_seen(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    first, second = mailboxes.deliver(ANNA, RAW), mailboxes.deliver(ANNA, RAW)
    anna.add_flags([second], [b"\\Seen"], silent=True)
    assert [(one.uid, one.flags) for one in mailboxes.messages(ANNA)] == [
        (first, frozenset()),
        (second, frozenset({"\\Seen"})),
    ]


def test_flags_are_added_removed_and_replaced(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    uid = mailboxes.deliver(ANNA, RAW)
    answers = [
        anna.add_flags([uid], [b"\\SEEN", b"Mio"])[uid],
        anna.remove_flags([uid], [b"\\seen"])[uid],
        anna.set_flags([uid], [b"\\Flagged"])[uid],
    ]
    assert [set(flags) for flags in answers] == [{b"\\Seen", b"Mio"}, {b"Mio"}, {b"\\Flagged"}]


def test_a_flag_set_by_one_client_is_told_to_the_other(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    uid = mailboxes.deliver(ANNA, RAW)
    anna.noop()
    with login(mailboxes) as other:
        other.add_flags([uid], [b"\\Deleted"])
    assert anna.noop()[1] == [(1, b"FETCH", (b"UID", uid, b"FLAGS", (b"\\Deleted",)))]


def test_peeking_leaves_a_mail_unread_and_reading_does_not(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    peeked, read = mailboxes.deliver(ANNA, RAW), mailboxes.deliver(ANNA, RAW)
    anna.fetch([peeked], ["BODY.PEEK[]"])
    anna.fetch([read], ["BODY[]"])
    assert anna.search(["UNSEEN"]) == [peeked]


def test_an_examined_folder_is_not_changed(mailboxes: Mailboxes) -> None:
    uid = mailboxes.deliver(ANNA, RAW)
    with login(mailboxes, readonly=True) as client:
        client.fetch([uid], ["BODY[]"])
        with pytest.raises(IMAPClientError, match="READ-ONLY"):
            client.add_flags([uid], [b"\\Seen"])
    assert mailboxes.messages(ANNA)[0].flags == set()


def test_mail_goes_to_a_folder_of_its_own(mailboxes: Mailboxes) -> None:
    mailboxes.deliver(ANNA, RAW, folder="Ricevute/PEC")
    with login(mailboxes, "Ricevute/PEC") as client:
        assert (client.search(), client.folder_status("inbox")[b"MESSAGES"]) == ([1], 0)


def test_folders_are_listed_with_wildcards(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    mailboxes.deliver(ANNA, RAW, folder="Ricevute/PEC")
    assert [[name for *_, name in anna.list_folders("", pattern)] for pattern in ("*", "%", "Ric*")] == [
        ["INBOX", "Ricevute/PEC"],
        ["INBOX"],
        ["Ricevute/PEC"],
    ]


def test_a_folder_that_is_not_there_is_not_opened(anna: IMAPClient) -> None:
    with pytest.raises(IMAPClientError, match="NONEXISTENT"):
        anna.select_folder("Altro")


def test_the_status_counts(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    uid, _ = mailboxes.deliver(ANNA, RAW), mailboxes.deliver(ANNA, RAW)
    anna.add_flags([uid], [b"\\Seen"])
    assert anna.folder_status("INBOX", ["MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY"]) == {
        b"MESSAGES": 2, b"UNSEEN": 1, b"UIDNEXT": 3, b"UIDVALIDITY": mailboxes.uidvalidity,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (["ALL"], [1, 2, 3]),
        (["UID", "2:*"], [2, 3]),
        (["UID", "9:*"], [3]),  # RFC 3501 §6.4.8: the star is the last one, also backwards
        (["UID", "1,3"], [1, 3]),
        (["2:3"], [2, 3]),
        (["SEEN"], [2]),
        (["NOT", "SEEN"], [1, 3]),
        (["OR", "UID", "1", "SEEN"], [1, 2]),
        (["NOT", ["UID", "1", "SEEN"]], [1, 2, 3]),
        (["SINCE", "21-Nov-2026"], [2, 3]),
        (["BEFORE", "21-Nov-2026"], [1]),
        (["ON", "21-Nov-2026"], [2]),
        (["SUBJECT", "NUMERO 2"], [2]),
        (["HEADER", "X-Prova", ""], [1, 2, 3]),
        (["LARGER", "1000"], [3]),
        (["TEXT", "zzz"], [3]),
    ],
)
def test_a_search_finds(mailboxes: Mailboxes, anna: IMAPClient, keys: list[object], found: list[int]) -> None:
    for number, body in enumerate(("", "", "z" * 2000), start=1):
        raw = f"Subject: numero {number}\r\n\r\n{body}".encode()
        mailboxes.deliver(ANNA, raw, datetime(2026, 11, 19 + number, 12, tzinfo=UTC))
    anna.add_flags([2], [b"\\Seen"])
    assert anna.search(keys) == found


# --------------------------------------------------------------------------------------------------- starts and ends


def test_every_start_has_another_uidvalidity_and_keeps_port_and_mail(mailboxes: Mailboxes) -> None:
    mailboxes.deliver(ANNA, RAW)
    port, before = mailboxes.port, status(mailboxes)[b"UIDVALIDITY"]
    mailboxes.stop()
    mailboxes.start()
    after = status(mailboxes)
    assert 0 < before < after[b"UIDVALIDITY"] < 2**32
    assert (mailboxes.port, after[b"MESSAGES"]) == (port, 1)


def test_two_processes_do_not_start_with_the_same_uidvalidity() -> None:
    with Mailboxes({}, lambda: NOW) as first:
        time.sleep(0.15)
    with Mailboxes({}, lambda: NOW) as second:
        assert first.uidvalidity < second.uidvalidity


def test_stopping_says_bye_to_whoever_idles(mailboxes: Mailboxes, anna: IMAPClient) -> None:
    anna.idle()
    mailboxes.stop()
    assert anna.idle_check(timeout=1)[0][0] == b"BYE"


def test_mail_delivered_while_stopped_is_there_after_the_start(mailboxes: Mailboxes) -> None:
    mailboxes.stop()
    mailboxes.deliver(ANNA, RAW)
    mailboxes.start()
    assert status(mailboxes)[b"MESSAGES"] == 1


def test_cleared_mailboxes_are_empty_and_new(mailboxes: Mailboxes) -> None:
    mailboxes.deliver(ANNA, RAW)
    before = mailboxes.uidvalidity
    mailboxes.clear()
    said = status(mailboxes)
    assert (said[b"MESSAGES"], said[b"UIDVALIDITY"] > before) == (0, True)


def test_a_taken_port_is_said_at_the_start(mailboxes: Mailboxes) -> None:
    with pytest.raises(OSError, match="in use"):
        Mailboxes({}, lambda: NOW, port=mailboxes.port).start()


@pytest.mark.parametrize(
    "command",
    [
        b"", b"x", b"x FETCH", b"x NOOP (", b"x NOOP )", b'x LOGIN "a', b"x UID", b"x UID NOOP",
        b"x UID FETCH 0x BODY[]", b"x FETCH 1 (BODY)", b"x SEARCH SINCE 31-Feb-2026", b"x SEARCH FOO",
        b"x SEARCH " + b"NOT " * 5000,
        b"x STORE 1 FOO ()", b"x STATUS INBOX (FOO)", b"x FETCH 1 BODY[1.2]", b"x \xff\xfe", b"x FETCH (1) UID",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_answered_with_bad_and_the_client_may_go_on(
    mailboxes: Mailboxes, command: bytes
) -> None:
    mailboxes.deliver(ANNA, RAW)
    said = talk(mailboxes, ENTER, b"b SELECT INBOX", command, b"c NOOP")
    assert (b" BAD " in said, b"c OK" in said) == (True, True)
