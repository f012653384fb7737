"""Several folders, a done folder and tokens, with a real server: Dovecot, which asks an identity provider of its own.

Point 1 of the mail issue; FIELD pains 4, 5 and 12.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.mail import imap_login
from adapters.mail.imap_address import ImapAddress, ImapError, ImapLoginError
from adapters.mail.imap_session import ImapSession
from adapters.oauth import Refreshing, RefreshSettings, TokenSource, Vault
from tests.adapters.imap.reading import Reading, until
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.identity import CLIENT, SECRET, IdentityProvider

Reader = Callable[..., Reading]
MAILS = [b"Message-ID: <%d@x.example>\r\nSubject: %d\r\n\r\nline\r\n" % (n, n) for n in range(4)]


# ------------------------------------------------------------------------------------------------------------ folders


def test_every_folder_is_read_and_each_has_numbers_of_its_own(dovecot: Dovecot, read: Reader) -> None:
    dovecot.create("Sportello")
    dovecot.deliver(MAILS[0])
    dovecot.deliver(MAILS[1], folder="Sportello")
    reading = read(dovecot.plain, user=dovecot.user, folders=("INBOX", "Sportello"))
    reading.rounds()
    assert sorted(reading.bodies()) == MAILS[:2]
    assert {intake.facts["folder"] for intake in reading.intakes()} == {"INBOX", "Sportello"}
    dovecot.deliver(MAILS[2], folder="Sportello")
    assert until(lambda: len(reading.intakes()) == 3)


def test_the_server_tells_of_the_first_of_several_folders(dovecot: Dovecot, read: Reader) -> None:
    dovecot.create("Sportello")
    folders = ("INBOX", "Sportello")
    reading = read(dovecot.plain, user=dovecot.user, folders=folders, idle=True, poll_every=timedelta(minutes=10))
    assert until(lambda: reading.mailbox.state.connected)
    dovecot.deliver(MAILS[0])
    assert until(lambda: len(reading.intakes()) == 1)


def test_a_folder_that_is_not_there_is_told_and_keeps_no_other_back(dovecot: Dovecot, read: Reader) -> None:
    dovecot.deliver(MAILS[0])
    reading = read(dovecot.plain, user=dovecot.user, folders=("Sportelo", "INBOX"), alarm_after=1)
    assert until(lambda: len(reading.intakes()) == 1)
    assert until(lambda: bool(reading.heard.alarms))
    assert "the folder Sportelo cannot be opened" in reading.heard.alarms[0][1]


def test_the_folders_that_there_are_can_be_listed(dovecot: Dovecot) -> None:
    dovecot.create("Entrata &AOA-")
    with ImapSession.connect(there(dovecot)) as session:
        assert session.folders() == ["Entrata à", "INBOX"]


def there(dovecot: Dovecot, tokens: TokenSource | None = None) -> ImapAddress:
    return ImapAddress("127.0.0.1", dovecot.plain, dovecot.user, "" if tokens else PASSWORD, "none", tokens=tokens)


# ------------------------------------------------------------------------------------------------------ a done folder


def test_what_is_on_disk_goes_to_the_done_folder_and_nothing_else_does(dovecot: Dovecot, read: Reader) -> None:
    dovecot.create("Fatto")
    dovecot.deliver(*MAILS[:2])
    reading = read(dovecot.plain, user=dovecot.user, move_to="Fatto", mark_seen=True)
    assert until(lambda: dovecot.count("Fatto") == 2)
    dovecot.deliver(MAILS[2])
    assert until(lambda: dovecot.count("Fatto") == 3)
    reading.rounds()
    reading.rounds()
    assert dovecot.count() == 0
    assert reading.bodies() == MAILS[:3]
    assert reading.heard.gone_uids == []
    assert all(b"Seen" in line for line in dovecot.flags("Fatto"))


def test_what_was_taken_before_and_still_lies_there_is_moved_after_a_restart(dovecot: Dovecot, read: Reader) -> None:
    """A crash between the commit and the move; or move_to is set later."""
    dovecot.create("Fatto")
    dovecot.deliver(*MAILS[:2])
    first = read(dovecot.plain, user=dovecot.user)
    first.rounds()
    first.mailbox.stop()
    second = read(dovecot.plain, user=dovecot.user, move_to="Fatto")
    assert until(lambda: dovecot.count("Fatto") == 2)
    assert second.heard.repeats == []


def test_old_mail_that_is_not_ours_is_not_moved(dovecot: Dovecot, read: Reader) -> None:
    dovecot.create("Fatto")
    dovecot.deliver(*MAILS[:2])
    reading = read(dovecot.plain, user=dovecot.user, move_to="Fatto", first_is_new=True)
    reading.rounds()
    dovecot.deliver(MAILS[2])
    assert until(lambda: dovecot.count("Fatto") == 1)
    assert dovecot.count() == 2
    assert reading.bodies() == [MAILS[2]]


def test_people_who_read_and_move_mail_in_a_shared_mailbox_take_nothing_from_us(dovecot: Dovecot, read: Reader) -> None:
    """FIELD pain 5: flags say nothing. What went before we saw it is told."""
    dovecot.create("Archivio")
    reading = read(dovecot.plain, user=dovecot.user)
    reading.rounds()
    reading.mailbox.stop()
    dovecot.deliver(*MAILS)
    with dovecot.client() as person:
        person.select("INBOX")
        person.store("1:3", "+FLAGS", "\\Seen")
        person.uid("MOVE", "2", "Archivio")
    again = read(dovecot.plain, user=dovecot.user)
    assert until(lambda: again.heard.gone_uids == [([2], [])])
    assert again.bodies() == [MAILS[0], MAILS[2], MAILS[3]]


# -------------------------------------------------------------------------------------------------------------- tokens


def tokens_of(provider: IdentityProvider, folder: Path) -> TokenSource:
    settings = RefreshSettings("provider", provider.token_url, CLIENT, SECRET)
    vault = Vault(folder, "provider", provider.log_in())
    return TokenSource(Refreshing(settings, vault, lambda: datetime.now(UTC)))


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_opens_the_mailbox(
    dovecot: Dovecot,
    provider: IdentityProvider,
    read: Reader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mechanism: str,
) -> None:
    monkeypatch.setattr(imap_login, "MECHANISMS", (mechanism,))
    provider.user = dovecot.user
    asked = provider.introspected
    dovecot.deliver(MAILS[0])
    reading = read(0, address=there(dovecot, tokens_of(provider, tmp_path)))
    reading.rounds()
    assert reading.bodies() == [MAILS[0]]
    assert provider.introspected > asked


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_that_the_server_does_not_take_is_fetched_anew(
    dovecot: Dovecot,
    provider: IdentityProvider,
    read: Reader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mechanism: str,
) -> None:
    """One that was revoked before its time, as after a change of password."""
    monkeypatch.setattr(imap_login, "MECHANISMS", (mechanism,))
    provider.user = dovecot.user
    tokens = tokens_of(provider, tmp_path)
    revoked = tokens.token()
    provider.access_tokens.discard(revoked)
    with pytest.raises(ImapLoginError) as raised:
        ImapSession.connect(there(dovecot, tokens))
    assert "the token does not open this mailbox" in str(raised.value)
    assert revoked not in str(raised.value)
    ImapSession.connect(there(dovecot, tokens)).close()


def test_a_token_of_somebody_else_opens_nothing(dovecot: Dovecot, provider: IdentityProvider, tmp_path: Path) -> None:
    provider.user = "somebody-else"
    with pytest.raises(ImapLoginError, match="check user"):
        ImapSession.connect(there(dovecot, tokens_of(provider, tmp_path)))


def test_without_a_token_nobody_connects(
    dovecot: Dovecot, provider: IdentityProvider, read: Reader, tmp_path: Path
) -> None:
    provider.user = dovecot.user
    provider.failure = (400, {"error": "invalid_grant", "error_description": "AADSTS700082: expired"})
    try:
        reading = read(0, address=there(dovecot, tokens_of(provider, tmp_path)), alarm_after=1)
        assert until(lambda: bool(reading.heard.alarms))
        assert "store a new refresh_token" in reading.heard.alarms[0][1]
        provider.failure = None
        assert until(lambda: reading.mailbox.state.connected)
    finally:
        provider.failure = None


def test_a_server_that_takes_no_tokens_is_said_so(
    liar: Callable[..., object], provider: IdentityProvider, tmp_path: Path
) -> None:
    port = liar({}).port  # type: ignore[attr-defined]  # a LyingImap
    address = ImapAddress("127.0.0.1", port, "user", "", "none", tokens=tokens_of(provider, tmp_path))
    with pytest.raises(ImapError, match="takes no token"):
        ImapSession.connect(address)
