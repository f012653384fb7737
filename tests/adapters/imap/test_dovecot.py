"""Mail comes in from a real server, whole, once, in order, and untouched there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest

from adapters.imap.book import Page
from adapters.imap.counting import Counting
from adapters.mail.imap_address import ImapAddress, ImapError
from adapters.mail.imap_session import Folder, ImapSession
from adapters.store import SqlStore
from gateway.domain.errors import StoreError
from gateway.domain.intake import Channel
from tests.adapters.imap.reading import Reading, until
from tests.peers.dovecot import PASSWORD, Dovecot

Reader = Callable[..., Reading]
MAILS = [b"Subject: %d\r\n\r\nline\r\n.dot\r\n\xff\0\r\n" % n for n in range(5)]
MAILS = [mail.replace(b"\0", b"") for mail in MAILS]  # IMAP itself forbids NUL


class FullDisk:
    """The store as it is when no mail can be committed any more."""

    def __init__(self, store: SqlStore) -> None:
        self.read, self.write = store.read, store.write

    def submit(self, unit: object) -> Future[None]:
        answer: Future[None] = Future()
        answer.set_exception(StoreError("the disk is full"))
        return answer


def test_mails_come_whole_and_oldest_first(dovecot: Dovecot, read: Reader) -> None:
    dovecot.deliver(*MAILS)
    reading = read(dovecot.plain, user=dovecot.user)
    reading.rounds()
    assert reading.bodies() == MAILS


def test_an_arrival_says_where_and_when_the_mail_was_received(dovecot: Dovecot, read: Reader) -> None:
    """X2: INTERNALDATE."""
    dovecot.deliver(MAILS[0], date='"01-Nov-2026 09:30:00 +0100"')
    reading = read(dovecot.plain, user=dovecot.user, channel=Channel.PEC, contract="c02-comune")
    reading.rounds()
    (intake,) = reading.intakes()
    assert (intake.channel, intake.door, intake.contract) == (Channel.PEC, "imap", "c02-comune")
    assert intake.received_at == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    assert {key: intake.facts[key] for key in ("mailbox", "uid", "user")} == {
        "mailbox": "assistenza",
        "uid": "1",
        "user": dovecot.user,
    }


def test_a_mail_that_somebody_has_read_already_is_taken_all_the_same(dovecot: Dovecot, read: Reader) -> None:
    dovecot.deliver(MAILS[0])
    with dovecot.client() as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", "\\Seen")
    reading = read(dovecot.plain, user=dovecot.user)
    reading.rounds()
    assert len(reading.intakes()) == 1


def test_a_mail_marked_as_deleted_is_not_taken(dovecot: Dovecot, read: Reader) -> None:
    dovecot.deliver(*MAILS[:2])
    with dovecot.client() as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", "\\Deleted")
    reading = read(dovecot.plain, user=dovecot.user)
    reading.rounds()
    assert reading.bodies() == [MAILS[1]]


def test_reading_leaves_the_mailbox_as_it_was(dovecot: Dovecot, read: Reader) -> None:
    dovecot.deliver(*MAILS)
    read(dovecot.plain, user=dovecot.user).rounds()
    flags = dovecot.flags()
    assert len(flags) == len(MAILS)
    assert not any(b"Seen" in line or b"Deleted" in line for line in flags)


def test_a_mail_is_marked_as_seen_after_the_commit_when_that_is_asked_for(dovecot: Dovecot, read: Reader) -> None:
    dovecot.deliver(*MAILS)
    read(dovecot.plain, user=dovecot.user, mark_seen=True).rounds()
    assert [b"\\Seen" in line for line in dovecot.flags()] == [True] * len(MAILS)


def test_a_mail_that_is_not_committed_is_not_marked(dovecot: Dovecot, read: Reader, store: SqlStore) -> None:
    """P5."""
    dovecot.deliver(MAILS[0])
    reading = read(dovecot.plain, user=dovecot.user, mark_seen=True, store=FullDisk(store))
    assert until(lambda: reading.heard.withheld_uids == [1])
    assert not any(b"Seen" in line for line in dovecot.flags())


def test_a_restart_goes_on_where_it_stopped(dovecot: Dovecot, read: Reader) -> None:
    dovecot.deliver(*MAILS[:2])
    first = read(dovecot.plain, user=dovecot.user)
    first.rounds()
    first.mailbox.stop()
    dovecot.deliver(*MAILS[2:])
    second = read(dovecot.plain, user=dovecot.user)
    second.rounds()
    assert second.heard.accepted_uids == [3, 4, 5]
    assert second.heard.repeats == []
    assert second.bodies() == MAILS


def test_a_new_uidvalidity_means_a_full_rescan(dovecot: Dovecot, read: Reader) -> None:
    """C-10, C-11."""
    dovecot.deliver(*MAILS[:3])
    first = read(dovecot.plain, user=dovecot.user)
    first.rounds()
    first.mailbox.stop()
    dovecot.number_anew()
    second = read(dovecot.plain, user=dovecot.user)
    second.rounds()
    assert len(second.heard.rescans) == 1
    assert second.heard.accepted_uids == [1, 2, 3]


def test_the_server_tells_of_a_new_mail_without_being_asked(dovecot: Dovecot, read: Reader) -> None:
    reading = read(dovecot.plain, user=dovecot.user, idle=True, poll_every=timedelta(minutes=10))
    assert until(lambda: reading.mailbox.state.connected)
    dovecot.deliver(MAILS[0])
    assert until(lambda: len(reading.intakes()) == 1)


def test_a_mail_that_comes_between_the_look_and_idle_is_read_at_once(
    dovecot: Dovecot, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 3501 §7: the server tells of it in the answer to whatever is asked then, and in IDLE no more."""
    account, between = Counting.account, iter([MAILS[0]])

    def slow(self: Counting, session: ImapSession, folder: Folder, page: Page) -> None:
        account(self, session, folder, page)
        for mail in between:
            dovecot.deliver(mail)
            session.noop()

    monkeypatch.setattr(Counting, "account", slow)
    long = timedelta(minutes=10)
    reading = read(dovecot.plain, user=dovecot.user, idle=True, poll_every=long, idle_for=long)
    assert until(lambda: len(reading.intakes()) == 1)


def test_it_looks_by_itself_when_the_server_does_not_tell(dovecot: Dovecot, read: Reader) -> None:
    """C-15."""
    reading = read(dovecot.plain, user=dovecot.user, idle=False)
    reading.rounds()
    dovecot.deliver(MAILS[0])
    assert until(lambda: len(reading.intakes()) == 1)


def test_a_mail_larger_than_a_batch_comes_in_pieces_and_whole(dovecot: Dovecot, read: Reader) -> None:
    big = b"Subject: big\r\n\r\n" + b"".join(b"line %d\r\n" % n for n in range(5_000))
    dovecot.deliver(MAILS[0], big, MAILS[1])
    reading = read(dovecot.plain, user=dovecot.user, batch_bytes=10_000)
    reading.rounds()
    assert reading.bodies() == [MAILS[0], big, MAILS[1]]


def test_of_a_mail_over_the_limit_the_beginning_is_kept_and_it_says_so(dovecot: Dovecot, read: Reader) -> None:
    big = b"Subject: big\r\n\r\n" + b"".join(b"line %d\r\n" % n for n in range(5_000))
    dovecot.deliver(big)
    reading = read(dovecot.plain, user=dovecot.user, batch_bytes=10_000, max_message_bytes=25_000)
    reading.rounds()
    (intake,) = reading.intakes()
    assert intake.raw == big[:25_000]
    assert (intake.facts["truncated"], intake.facts["size"]) == ("yes", str(len(big)))


def test_stopping_is_prompt_in_the_middle_of_waiting(dovecot: Dovecot, read: Reader) -> None:
    reading = read(dovecot.plain, user=dovecot.user, idle=True, poll_every=timedelta(minutes=10))
    assert until(lambda: reading.mailbox.state.connected)
    assert reading.mailbox.stop(2)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_checked_certificate_opens_the_mailbox(dovecot: Dovecot, read: Reader, tls: str) -> None:
    dovecot.deliver(MAILS[0])
    port = dovecot.tls if tls == "implicit" else dovecot.plain
    address = ImapAddress("localhost", port, dovecot.user, PASSWORD, tls, dovecot.authority)  # type: ignore[arg-type]  # a parameter
    reading = read(0, address=address, idle=True)
    assert until(lambda: len(reading.intakes()) == 1)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_an_unknown_authority_is_refused(dovecot: Dovecot, tls: str) -> None:
    """B-007."""
    port = dovecot.tls if tls == "implicit" else dovecot.plain
    with pytest.raises(ImapError, match="certificate verify failed"):
        ImapSession.connect(ImapAddress("localhost", port, dovecot.user, PASSWORD, tls))  # type: ignore[arg-type]  # a parameter


def test_a_wrong_password_is_told_and_tried_again(dovecot: Dovecot, read: Reader) -> None:
    address = ImapAddress("127.0.0.1", dovecot.plain, dovecot.user, "another-one", "none")
    reading = read(0, address=address, alarm_after=1)
    assert until(lambda: bool(reading.heard.alarms), 20)
    assert "user or password is wrong" in reading.heard.alarms[0][1]
    assert "another-one" not in reading.heard.alarms[0][1]
