"""A server that lies, is silent or hangs up may delay mail but never lose it (F15, F17, F18, C-09, C-12)."""

from __future__ import annotations

import resource
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.mail.imap_address import ImapAddress, ImapError
from adapters.mail.imap_session import ImapSession
from tests.adapters.imap.reading import Reading, until
from tests.peers.lying_imap import HANG_UP, SILENCE, Lie, LyingImap, fetched, literal

Reader = Callable[..., Reading]
Liar = Callable[..., LyingImap]

MAILS = {uid: b"Subject: %d\r\n\r\ntext\r\n" % uid for uid in (1, 2, 3)}


def about_two(server: LyingImap, name: str, says: Callable[[LyingImap], bytes]) -> Lie:
    """Tell the truth about every message but the second."""

    def lie(tag: bytes, rest: bytes) -> bytes:
        asked = rest.split()[0].split(b",")
        true = b"".join(server.item(int(uid), name, rest) for uid in asked if uid != b"2")
        return true + (says(server) if b"2" in asked else b"") + b"%s OK done\r\n" % tag

    return lie


def twice(server: LyingImap) -> bytes:
    return fetched(2, b"BODY[] " + literal(b"another")) + server.item(2, "BODY")


ABOUT_BODIES = {
    "missing": lambda _: b"",
    "nil": lambda _: fetched(2, b"BODY[] NIL"),
    "twice": twice,
    "under another UID": lambda server: b"* 2 FETCH (UID 9 BODY[] %s)\r\n" % literal(server.mails[2]),
    "without a UID": lambda server: b"* 2 FETCH (BODY[] %s)\r\n" % literal(server.mails[2]),
    "a number": lambda _: fetched(2, b"BODY[] 12"),
}


@pytest.mark.parametrize("how", ABOUT_BODIES)
def test_the_cursor_never_moves_over_a_mail_that_did_not_come_as_it_should(read: Reader, liar: Liar, how: str) -> None:
    """F17: and the later ones are taken all the same."""
    server = liar(MAILS)
    server.lies["BODY"] = about_two(server, "BODY", ABOUT_BODIES[how])
    reading = read(server.port)
    assert until(lambda: reading.heard.withheld_uids == [2])
    assert until(lambda: reading.mailbox.state.withheld == 1)
    assert reading.bodies() == [MAILS[1], MAILS[3]]
    assert reading.cursor() == (7, 1)


def test_a_withheld_mail_is_taken_once_the_server_delivers_it(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    server.lies["BODY"] = about_two(server, "BODY", ABOUT_BODIES["missing"])
    reading = read(server.port)
    assert until(lambda: reading.heard.withheld_uids == [2])
    del server.lies["BODY"]
    assert until(lambda: reading.cursor() == (7, 3))
    assert reading.bodies() == [MAILS[1], MAILS[3], MAILS[2]]
    assert reading.mailbox.state.withheld == 0 or until(lambda: reading.mailbox.state.withheld == 0)


def test_a_withheld_mail_that_is_gone_holds_nothing_back(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    server.lies["BODY"] = about_two(server, "BODY", ABOUT_BODIES["missing"])
    reading = read(server.port)
    assert until(lambda: reading.heard.withheld_uids == [2])
    del server.mails[2]
    assert until(lambda: reading.cursor() == (7, 3))


def test_later_mails_are_known_again_after_a_restart_behind_a_withheld_one(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    server.lies["BODY"] = about_two(server, "BODY", ABOUT_BODIES["missing"])
    first = read(server.port)
    assert until(lambda: first.heard.withheld_uids == [2])
    first.mailbox.stop()
    second = read(server.port)
    assert until(lambda: second.heard.repeats == [3])
    assert second.bodies() == [MAILS[1], MAILS[3]]


def test_a_mail_whose_size_the_server_does_not_tell_is_withheld(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    server.lies["SIZE"] = about_two(server, "SIZE", lambda _: b"")
    reading = read(server.port)
    assert until(lambda: reading.heard.withheld_uids == [2])
    assert reading.cursor() == (7, 1)


def test_an_unreadable_internaldate_keeps_no_mail_out(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    server.lies["SIZE"] = about_two(server, "SIZE", lambda _: fetched(2, b'RFC822.SIZE 24 INTERNALDATE "yesterday"'))
    reading = read(server.port)
    assert until(lambda: len(reading.intakes()) == 3)
    assert [intake.facts.get("internaldate") for intake in reading.intakes()] == [None, "unreadable", None]


def test_a_size_that_is_far_too_small_loses_nothing(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    server.lies["SIZE"] = about_two(server, "SIZE", lambda _: fetched(2, b"RFC822.SIZE 1"))
    reading = read(server.port)
    assert until(lambda: reading.bodies() == list(MAILS.values()))


def test_a_uidnext_that_goes_backwards_hides_no_mail(read: Reader, liar: Liar) -> None:
    """C-12."""
    said = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 1] ok\r\n"
    server = liar(MAILS, {"EXAMINE": lambda tag, _: said + tag + b" OK done\r\n"})
    reading = read(server.port)
    assert until(lambda: reading.bodies() == list(MAILS.values()))


def test_a_gap_of_a_million_uids_is_crossed(read: Reader, liar: Liar) -> None:
    server = liar({1: b"a\r\n", 1_000_000: b"b\r\n"})
    reading = read(server.port)
    assert until(lambda: reading.bodies() == [b"a\r\n", b"b\r\n"])


def test_a_server_that_cannot_search_is_read_by_its_flags(read: Reader, liar: Liar) -> None:
    server = liar(MAILS, {"UID SEARCH": lambda tag, _: tag + b" BAD unknown\r\n"})
    reading = read(server.port)
    assert until(lambda: reading.bodies() == list(MAILS.values()))


FAILS: dict[str, tuple[str, Lie]] = {
    "an enormous literal": ("BODY", lambda _, __: b"* 1 FETCH (UID 1 BODY[] {100000000000}\r\n"),
    "five thousand brackets": ("SIZE", lambda tag, _: b"* 1 FETCH " + b"(" * 5_000 + b"\r\n" + tag + b" OK\r\n"),
    "no UIDVALIDITY": ("EXAMINE", lambda tag, _: b"* 3 EXISTS\r\n" + tag + b" OK done\r\n"),
    "a UIDVALIDITY that is no number": ("EXAMINE", lambda tag, _: b"* OK [UIDVALIDITY x] a\r\n" + tag + b" OK\r\n"),
    "letters for UIDs": ("UID SEARCH", lambda tag, _: b"* SEARCH one two\r\n" + tag + b" OK done\r\n"),
    "NO to a FETCH": ("BODY", lambda tag, _: tag + b" NO not now\r\n"),
    "BYE": ("UID SEARCH", lambda _, __: b"* BYE maintenance\r\n" + HANG_UP),
    "hanging up": ("BODY", lambda _, __: HANG_UP),
    "silence": ("BODY", lambda _, __: SILENCE),
    "silence at login": ("LOGIN", lambda _, __: SILENCE),
    "an untagged flood": ("UID SEARCH", lambda _, __: b"* OK still here and talking\r\n" * 1_000_000),
    "a line without an end": ("UID SEARCH", lambda _, __: b"* SEARCH " + b"1" * 2_000_000),
}


@pytest.mark.parametrize("how", FAILS)
def test_a_server_that_fails_us_is_told_of_and_tried_again_until_it_works(read: Reader, liar: Liar, how: str) -> None:
    """C-09, C-12, F15: alarm after three, no mail passed over, little memory."""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    server = liar(MAILS, dict([FAILS[how]]))
    reading = read(server.port, timeout_s=0.5)
    assert until(lambda: bool(reading.heard.alarms), 30)
    assert reading.heard.alarms[0][0] == 3
    assert reading.cursor() is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 128 * 1024
    server.lies.clear()
    assert until(lambda: reading.bodies() == list(MAILS.values()))
    assert until(lambda: reading.heard.recoveries == 1)


def test_a_server_that_says_bye_during_idle_is_left_and_found_again(read: Reader, liar: Liar) -> None:
    """imapclient answers BYE once, and from then on nothing, at once, for ever."""
    server = liar(MAILS)
    reading = read(server.port, idle=True, poll_every=timedelta(minutes=10))
    assert until(lambda: bool(server.commands(b"IDLE")))
    server.mails[4] = b"four\r\n"
    server.say(b"* BYE going down\r\n")
    assert until(lambda: len(reading.intakes()) == 4)
    assert server.connections == 2


def test_a_connection_that_dies_during_idle_without_a_word_is_noticed(read: Reader, liar: Liar) -> None:
    server = liar(MAILS, {"IDLE": lambda _, __: b"+ idling\r\n"})
    reading = read(server.port, idle=True, poll_every=timedelta(seconds=0.3), timeout_s=0.5)
    server._idle_tag = b"nobody"  # noqa: SLF001 - DONE is answered under a tag that nobody waits for
    assert until(lambda: server.connections >= 3)
    assert reading.bodies() == list(MAILS.values())


def test_a_server_that_never_stops_telling_is_not_followed_at_full_speed(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)

    def eager(tag: bytes, _: bytes) -> bytes:
        server._idle_tag = tag  # noqa: SLF001 - as the truth does
        return b"+ idling\r\n* OK news\r\n"

    server.lies["IDLE"] = eager
    reading = read(server.port, idle=True, poll_every=timedelta(minutes=10))
    assert until(lambda: len(server.commands(b"IDLE")) >= 3)
    assert reading.bodies() == list(MAILS.values())


# ------------------------------------------------------------------------------------------------------ no clear text


def address(server: LyingImap) -> ImapAddress:
    return ImapAddress("localhost", server.port, "user", "secret", "starttls", timeout=timedelta(seconds=2))


def refusal(server: LyingImap) -> str:
    with pytest.raises(ImapError) as raised:
        ImapSession.connect(address(server))
    assert not any(b"secret" in line for line in server.heard)
    return str(raised.value)


def test_a_server_without_starttls_gets_no_password(liar: Liar) -> None:
    """B-006."""
    assert "STARTTLS" in refusal(liar({}))


def test_a_server_that_refuses_starttls_gets_no_password(liar: Liar) -> None:
    """B-006."""
    said = "IMAP4rev1 STARTTLS"
    refusal(liar({}, {"STARTTLS": lambda tag, _: tag + b" NO not today\r\n"}, capability=said.encode()))


def test_a_server_that_greets_with_preauth_gets_no_password(liar: Liar) -> None:
    """B-005."""
    assert "PREAUTH" in refusal(liar({}, greeting=b"* PREAUTH welcome\r\n"))


def test_a_server_that_slips_something_in_behind_starttls_gets_no_password(liar: Liar) -> None:
    """B-005, CVE-2021-38371."""

    def inject(tag: bytes, _: bytes) -> bytes:
        return tag + b" OK begin TLS\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"

    assert "clear" in refusal(liar({}, {"STARTTLS": inject}, capability=b"IMAP4rev1 STARTTLS"))


def test_without_tls_no_password_leaves_this_machine() -> None:
    with pytest.raises(ImapError, match="in clear"):
        ImapSession.connect(ImapAddress("imap.example", 143, "user", "secret", "none"))


@pytest.mark.parametrize("field", ["user", "password"])
def test_control_characters_are_put_into_no_command(liar: Liar, field: str) -> None:
    """F18."""
    server = liar({})
    values = {"user": "user", "password": "secret"} | {field: 'x"\r\nZ9 DELETE INBOX'}
    with pytest.raises(ImapError, match="control characters"):
        ImapSession.connect(ImapAddress("127.0.0.1", server.port, values["user"], values["password"], "none"))
    assert server.heard == []


def test_a_folder_name_with_control_characters_is_refused(liar: Liar) -> None:
    """F18."""
    server = liar({})
    with (
        ImapSession.connect(ImapAddress("127.0.0.1", server.port, "user", "secret", "none")) as session,
        pytest.raises(ImapError, match="control characters"),
    ):
        session.open("INBOX\r\nZ9 DELETE INBOX", writable=False)


def test_a_password_is_in_no_text_about_an_address() -> None:
    assert "secret" not in repr(ImapAddress("imap.example", 993, "user", "secret"))
