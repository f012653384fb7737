"""At each round what the server has is compared with what was recorded: nothing is lacking, or somebody is told.

C-10 to C-12, FIELD pains 4 to 8: counts that do not match, mail that people move and delete in a shared mailbox, and
whether old mail is read at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from adapters.imap import counting
from adapters.imap.book import Page
from adapters.imap.hooks import NoHooks
from adapters.mail.imap_session import Folder
from tests.adapters.imap.reading import Reading, until
from tests.peers.lying_imap import Lie, LyingImap

Reader = Callable[..., Reading]
Liar = Callable[..., LyingImap]

MAILS = {uid: b"Subject: %d\r\n\r\ntext\r\n" % uid for uid in (1, 2, 3)}
STATED = datetime(2026, 11, 24, 9, tzinfo=UTC)
"""When every mail of the scripted server was received."""


# ------------------------------------------------------------------------------------------------------ gone and late


def test_a_mail_that_was_moved_away_before_we_saw_it_is_told_once(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    reading = read(server.port)
    reading.rounds()
    server.uidnext = 6  # 4 and 5 came and went
    assert until(lambda: reading.heard.gone_uids == [([4, 5], [])])
    server.mails[6], server.uidnext = b"six\r\n", 7
    reading.rounds()
    reading.rounds()
    assert reading.heard.gone_uids == [([4, 5], [])]
    assert reading.bodies()[-1] == b"six\r\n"


def test_a_mail_that_was_moved_away_is_not_told_again_after_a_restart(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    first = read(server.port)
    first.rounds()
    server.uidnext = 5
    assert until(lambda: first.heard.gone_uids == [([4], [])])
    first.mailbox.stop()
    second = read(server.port)
    second.rounds()
    second.rounds()
    assert second.heard.gone_uids == []


def test_a_mail_that_was_moved_away_while_we_were_down_is_told(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    first = read(server.port)
    first.rounds()
    first.mailbox.stop()
    server.mails[5], server.uidnext = b"five\r\n", 6
    second = read(server.port)
    assert until(lambda: second.heard.gone_uids == [([4], [])])
    assert second.bodies()[-1] == b"five\r\n"


def test_a_mail_that_somebody_marked_as_deleted_before_we_saw_it_is_told_as_such(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    reading = read(server.port)
    reading.rounds()
    server.deleted = {4}
    server.mails[4] = b"four\r\n"
    assert until(lambda: reading.heard.gone_uids == [([], [4])])
    assert len(reading.intakes()) == 3


def test_what_was_deleted_before_our_first_sight_is_nobodys_business(read: Reader, liar: Liar) -> None:
    server = liar({3: MAILS[3], 9: b"nine\r\n"})
    reading = read(server.port)
    reading.rounds()
    reading.rounds()
    assert reading.heard.gone_uids == []


def test_a_mail_that_we_took_and_somebody_deleted_later_is_nobodys_business(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    reading = read(server.port)
    reading.rounds()
    server.uidnext = 4
    server.mails.clear()
    reading.rounds()
    reading.rounds()
    assert reading.heard.gone_uids == []


def test_a_mail_that_is_only_withheld_is_not_told_as_gone(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    reading = read(server.port)
    reading.rounds()
    server.lies["BODY"] = lambda tag, _: tag + b" OK nothing\r\n"
    server.mails[4] = b"four\r\n"
    assert until(lambda: reading.heard.withheld_uids == [4])
    reading.rounds()
    assert reading.heard.gone_uids == []


def test_gaps_are_not_told_where_they_are_not_watched(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    reading = read(server.port, watch_gaps=False)
    reading.rounds()
    server.uidnext = 5
    server.mails[5] = b"five\r\n"
    reading.rounds()
    reading.mailbox.stop()
    watching = read(server.port)
    watching.rounds()
    watching.rounds()
    assert reading.heard.gone_uids == watching.heard.gone_uids == []


def test_a_server_that_skips_numbers_by_the_thousand_is_not_counted_by_them(read: Reader, liar: Liar) -> None:
    """C-12: and one that states an absurd next number is asked a few questions, not eighty thousand."""
    server = liar(MAILS)
    reading = read(server.port)
    reading.rounds()
    server.uidnext = 4_294_967_295
    server.mails[4_000_000_000] = b"far\r\n"
    assert until(lambda: len(reading.intakes()) == 4)
    reading.rounds()
    assert reading.heard.gone_uids == []
    assert len(server.commands(b"SEARCH")) < 200


def test_a_mail_that_shows_up_below_the_last_one_is_taken_and_told(read: Reader, liar: Liar) -> None:
    """A server that shows messages out of order. The later one is long on disk, and the cursor behind it."""
    server = liar({1: MAILS[1], 3: MAILS[3]})
    reading = read(server.port)
    reading.rounds()
    server.mails[2] = MAILS[2]
    assert until(lambda: reading.heard.late_uids == [2])
    assert sorted(reading.bodies()) == sorted(MAILS.values())
    reading.rounds()
    assert reading.heard.late_uids == [2]
    assert reading.cursor() == (7, 3)
    assert reading.heard.repeats == []


def test_a_restart_finds_what_is_on_the_server_and_not_here(read: Reader, liar: Liar) -> None:
    server = liar({3: MAILS[3]})
    first = read(server.port)
    first.rounds()
    first.mailbox.stop()
    server.mails |= {1: MAILS[1], 2: MAILS[2]}
    second = read(server.port)
    assert until(lambda: second.heard.late_uids == [1, 2])
    assert len(second.intakes()) == 3


def test_a_server_restored_from_a_backup_gives_numbers_again_and_no_mail_is_taken_for_an_old_one(
    read: Reader, liar: Liar
) -> None:
    """C-11, C-12: the same UIDVALIDITY, an earlier UIDNEXT."""
    server = liar(MAILS)
    reading = read(server.port)
    reading.rounds()
    del server.mails[2], server.mails[3]
    server.uidnext = 2
    assert until(lambda: reading.heard.rescans == [7])
    server.mails[2], server.uidnext = b"another two\r\n", 3
    assert until(lambda: reading.bodies()[-1] == b"another two\r\n")
    reading.rounds()
    assert reading.heard.rescans == [7]


def test_one_odd_next_number_is_no_backup(read: Reader, liar: Liar) -> None:
    """C-12: UIDNEXT backwards while the messages are there is a lie."""
    server = liar(MAILS)
    reading = read(server.port)
    reading.rounds()
    server.uidnext = 1
    reading.rounds()
    reading.rounds()
    assert reading.heard.rescans == []
    assert reading.heard.repeats == []


# ---------------------------------------------------------------------------------------------------- the first sight


def test_everything_in_a_folder_is_taken_at_first_sight_unless_told_otherwise(read: Reader, liar: Liar) -> None:
    reading = read(liar(MAILS).port)
    reading.rounds()
    assert len(reading.intakes()) == 3


def test_what_lies_there_at_first_sight_is_left_alone_when_only_new_mail_is_wanted(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    first = read(server.port, first_is_new=True)
    first.rounds()
    first.mailbox.stop()
    server.mails[4] = b"four\r\n"  # while we are down
    second = read(server.port, first_is_new=True)
    second.rounds()
    second.rounds()
    assert second.bodies() == [b"four\r\n"]
    assert (second.heard.late_uids, second.heard.gone_uids) == ([], [])


def test_the_first_sight_of_a_very_large_folder_asks_for_its_last_number_alone(read: Reader, liar: Liar) -> None:
    """The library takes no answer above 1 MB, which the numbers of 150,000 messages are."""
    server = liar(MAILS)
    read(server.port, first_is_new=True).rounds()
    assert next(line.split(b" ", 1)[1] for line in server.commands(b"SEARCH")) == b"UID SEARCH UID *"
    assert not any(b"UID 1:*" in line for line in server.commands(b"SEARCH"))


def test_an_empty_folder_at_first_sight_loses_nothing_of_what_comes(read: Reader, liar: Liar) -> None:
    server = liar({})
    reading = read(server.port, first_is_new=True)
    reading.rounds()
    server.mails[1] = MAILS[1]
    assert until(lambda: reading.bodies() == [MAILS[1]])


def test_old_mail_that_was_left_is_still_left_after_the_folder_is_numbered_anew(read: Reader, liar: Liar) -> None:
    """C-10: by the time of arrival, since the numbers say nothing any more."""
    server = liar(MAILS)
    reading = read(server.port, first_is_new=True)
    reading.rounds()
    server.uidvalidity = 8
    server.lies["SIZE"] = stating(server, {3: datetime.now(UTC) + timedelta(hours=1)})
    assert until(lambda: reading.bodies() == [MAILS[3]])
    reading.rounds()
    assert len(reading.intakes()) == 1


def stating(server: LyingImap, received: dict[int, datetime]) -> Lie:
    """Tell when these messages were received."""

    def lie(tag: bytes, rest: bytes) -> bytes:
        said = b""
        for uid in map(int, rest.split()[0].split(b",")):
            stamp = received.get(uid, STATED).strftime("%d-%b-%Y %H:%M:%S +0000").encode()
            said += b'* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE "%s")\r\n' % (
                uid,
                uid,
                len(server.mails[uid]),
                stamp,
            )
        return said + tag + b" OK done\r\n"

    return lie


def test_what_arrived_before_a_day_is_left_at_first_sight_and_later_mail_never_is(read: Reader, liar: Liar) -> None:
    """A message that a person moves into the folder has an old time of arrival, and is taken all the same."""
    server = liar(MAILS)
    server.lies["SIZE"] = stating(server, {1: STATED - timedelta(days=30), 4: STATED - timedelta(days=400)})
    reading = read(server.port, since=STATED - timedelta(days=1))
    reading.rounds()
    assert reading.bodies() == [MAILS[2], MAILS[3]]
    server.mails[4] = b"moved in\r\n"
    assert until(lambda: reading.bodies()[-1] == b"moved in\r\n")
    assert (reading.heard.late_uids, reading.heard.gone_uids) == ([], [])


# --------------------------------------------------------------------------------------------------- the done folder


def test_without_move_only_these_messages_are_expunged(read: Reader, liar: Liar) -> None:
    """RFC 4315: a plain EXPUNGE would take what others have marked."""
    server = liar(MAILS, capability=b"IMAP4rev1 UIDPLUS", greeting=b"* OK ready\r\n")
    reading = read(server.port, move_to="done")
    assert until(lambda: server.mails == {})
    reading.rounds()
    assert len(reading.intakes()) == 3
    assert server.commands(b"UID EXPUNGE")
    assert server.commands(b"UID EXPUNGE") == server.commands(b"EXPUNGE")
    assert server.commands(b"UID COPY")
    assert reading.heard.gone_uids == []


def test_a_server_that_can_neither_move_nor_expunge_some_keeps_its_messages(read: Reader, liar: Liar) -> None:
    server = liar(MAILS)
    reading = read(server.port, move_to="done")
    reading.rounds()
    reading.rounds()
    assert len(server.mails) == 3
    assert len(reading.intakes()) == 3
    assert len(reading.heard.unmoved) == 1
    assert "neither MOVE nor UIDPLUS" in reading.heard.unmoved[0]


@pytest.mark.parametrize("capability", [b"IMAP4rev1 MOVE", b"IMAP4rev1 UIDPLUS"])
def test_a_done_folder_that_is_not_there_is_told_once_and_mail_goes_on(
    read: Reader, liar: Liar, capability: bytes
) -> None:
    no = lambda tag, _: tag + b" NO [TRYCREATE] no such folder\r\n"  # noqa: E731 - a lie is one line
    server = liar(MAILS, {"UID MOVE": no, "UID COPY": no}, capability=capability, greeting=b"* OK ready\r\n")
    reading = read(server.port, move_to="done")
    reading.rounds()
    server.mails[4] = b"four\r\n"
    assert until(lambda: len(reading.intakes()) == 4)
    assert len(reading.heard.unmoved) == 1
    assert server.connections == 1
    assert len(server.mails) == 4


class Many:
    """A folder of many messages, all of them on record: as much of a session and of a book as comparing needs."""

    def __init__(self, count: int) -> None:
        self.uids = range(1, count + 1)

    def uids_between(self, low: int, high: int | None, *, deleted: bool = False) -> list[int]:
        return [uid for uid in self.uids if low <= uid <= (high or uid)]

    def recorded(self, page: Page, uids: Iterable[int]) -> set[int]:
        return set(uids)


def test_a_large_folder_is_compared_each_day_as_fast_as_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """P16: a mailbox of years. The second comparison of a whole folder took time by the square of its messages."""
    monkeypatch.setattr(counting, "WHOLE_EVERY", timedelta(0))
    many = Many(30_000)
    page = Page(1, len(many.uids), 1, 1, len(many.uids), 0, None)
    compared = counting.Counting(cast("Any", None), "INBOX", cast("Any", many), NoHooks())
    compared.late(cast("Any", many), Folder(1, None, 30_000), page)
    began = time.monotonic()
    assert compared.late(cast("Any", many), Folder(1, None, 30_000), page) == ([], [])
    assert len(compared.settled) == 30_000
    assert time.monotonic() - began < 1.0
