"""The mailboxes of this site, made from its settings: who opens them, who reads them, who is told when they fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.imap import Mailbox, MailboxSettings
from adapters.mail.imap_address import ImapAddress
from adapters.oauth import MicrosoftApplication, Refreshing, RefreshSettings, TokenSource, Vault
from adapters.oauth.microsoft import SCOPE
from gateway import journal, mailboxes
from gateway.domain.errors import CentralinoError, StoreError
from gateway.domain.hours import instant
from gateway.domain.intake import Channel
from gateway.worker import Round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from config.mailboxes import Mailbox as Configured
    from config.mailboxes import OAuth
    from config.settings import Settings
    from gateway.domain.intake import Receipt
    from gateway.ports import Gateway, Transaction

LOOKED_AT_EVERY = timedelta(seconds=15)
TOKENS_EVERY = timedelta(hours=6)
GOOGLE_TOKENS = "https://oauth2.googleapis.com/token"
MICROSOFT_SCOPE = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
"""Of a token for an account; `SCOPE` is that of an application."""


# --------------------------------------------------------------------------------------------------------------- tokens


def token_source(oauth: OAuth, settings: Settings, now: Callable[[], datetime]) -> TokenSource:
    """Who gives tokens by this `[[oauth]]`. Nothing is asked yet."""
    secret = oauth.client_secret.get_secret_value() if oauth.client_secret else ""
    if oauth.refresh_token is not None:
        asking = RefreshSettings(
            name=oauth.name,
            token_url=_token_url(oauth),
            client_id=oauth.client_id,
            client_secret=secret,
            scope=oauth.scope or (MICROSOFT_SCOPE if oauth.provider == "microsoft" else ""),
            ca_file=oauth.ca_file,
            timeout=oauth.timeout,
        )
        folder = settings.database.blobs.parent / "tokens"
        return TokenSource(Refreshing(asking, Vault(folder, oauth.name, oauth.refresh_token.get_secret_value()), now))
    return TokenSource(
        MicrosoftApplication(
            name=oauth.name,
            tenant=oauth.tenant or "",
            client_id=oauth.client_id,
            client_secret=secret,
            certificate=_text_of(oauth),
            key=oauth.client_key.get_secret_value() if oauth.client_key else "",
            scope=oauth.scope or SCOPE,
            authority=oauth.authority,
            ca_file=oauth.ca_file,
            timeout_s=oauth.timeout.total_seconds(),
        )
    )


def _token_url(oauth: OAuth) -> str:
    if oauth.token_url is not None:
        return oauth.token_url
    return GOOGLE_TOKENS if oauth.provider == "google" else f"{oauth.authority}/{oauth.tenant}/oauth2/v2.0/token"


def _text_of(oauth: OAuth) -> str:
    """The certificate; what cannot be read is no certificate, and is said when a token is asked for."""
    try:
        return oauth.client_certificate.read_text(encoding="ascii") if oauth.client_certificate else ""
    except (OSError, UnicodeDecodeError):
        return "unreadable"


def token_sources(settings: Settings, now: Callable[[], datetime]) -> dict[str, TokenSource]:
    """Who gives tokens, by name: one for all mailboxes that name it."""
    return {oauth.name: token_source(oauth, settings, now) for oauth in settings.oauth}


def ends_of(oauth: OAuth, source: TokenSource) -> datetime | None:
    """The first end of anything that tokens are got by: the secret's day, a certificate, a refresh token."""
    stated = instant(oauth.secret_expires_on) if oauth.secret_expires_on else None
    try:
        found = [at for at in (stated, source.ends_at()) if at is not None]
    except CentralinoError:
        found = [stated] if stated is not None else []
    return min(found, default=None)


# ------------------------------------------------------------------------------------------------------------ mailboxes


def address_of(box: Configured, tokens: Mapping[str, TokenSource]) -> ImapAddress:
    """Where a mailbox is and how to get in."""
    return ImapAddress(
        host=box.host,
        port=box.port,
        user=box.user,
        password=box.password.get_secret_value() if box.password else "",
        tls=box.tls,
        timeout=box.timeout,
        tokens=tokens[box.oauth] if box.oauth else None,
    )


def mailbox_settings(box: Configured, settings: Settings, tokens: Mapping[str, TokenSource]) -> MailboxSettings:
    """How a mailbox is read."""
    return MailboxSettings(
        name=box.name,
        address=address_of(box, tokens),
        folders=(box.folder, *box.more_folders),
        contract=box.contract,
        channel=Channel(box.kind),
        first_is_new=box.first_read == "new",
        since=instant(box.since) if box.since else None,
        mark_seen=box.mark_seen,
        move_to=box.move_to,
        watch_gaps=box.watch_gaps,
        idle=box.idle,
        poll_every=box.poll_every,
        max_message_bytes=settings.smtp.max_message_bytes,
    )


@dataclass(frozen=True, slots=True)
class ImapJournal:
    """What a mailbox tells: the journal, and for what somebody must look at an alarm. Never raises."""

    gateway: Gateway

    def accepted(self, mailbox: str, uid: int, receipt: Receipt, size: int) -> None:
        """A mail is on disk."""
        journal.noted(
            "imap.accepted",
            mailbox=mailbox,
            uid=uid,
            intake=receipt.intake_id,
            repeated=receipt.repeated,
            bytes=size,
        )

    def withheld(self, mailbox: str, uid: int, reason: str) -> None:
        """A mail could not be taken."""
        journal.warned("imap.withheld", mailbox=mailbox, uid=uid, reason=reason)
        self._alarm(lambda tx, at: mailboxes.withheld(self.gateway, tx, mailbox, uid, at))

    def rescanned(self, mailbox: str, uidvalidity: int) -> None:
        """Everything is read again."""
        journal.warned("imap.rescanned", mailbox=mailbox, uidvalidity=uidvalidity)

    def gone(self, mailbox: str, folder: str, uids: Sequence[int], deleted: Sequence[int]) -> None:
        """Somebody was quicker than we."""
        journal.warned("imap.gone", mailbox=mailbox, folder=folder, moved=len(uids), deleted=len(deleted))
        self._alarm(lambda tx, at: mailboxes.gone(self.gateway, tx, mailbox, folder, uids, deleted, at))

    def late(self, mailbox: str, folder: str, uids: Sequence[int]) -> None:
        """Messages that were lacking are here now."""
        journal.warned("imap.late", mailbox=mailbox, folder=folder, messages=len(uids))
        self._alarm(lambda tx, at: mailboxes.late(self.gateway, tx, mailbox, folder, uids, at))

    def not_moved(self, mailbox: str, folder: str, reason: str) -> None:
        """Messages stay where they were."""
        journal.warned("imap.not_moved", mailbox=mailbox, folder=folder, reason=reason)
        self._alarm(lambda tx, at: mailboxes.not_moved(self.gateway, tx, mailbox, folder, reason, at))

    def unreachable(self, mailbox: str, failures: int, error: str) -> None:
        """The server fails us again and again. For how long is watched from outside its thread."""
        journal.warned("imap.unreachable", mailbox=mailbox, failures=failures, error=error)

    def recovered(self, mailbox: str) -> None:
        """It works again."""
        journal.noted("imap.recovered", mailbox=mailbox)

    def _alarm(self, unit: Callable[[Transaction, datetime], object]) -> None:
        at = self.gateway.clock.now()
        try:
            self.gateway.store.write(lambda tx: unit(tx, at))
        except StoreError as error:
            journal.loop_failed("imap alarm", error)


@dataclass(slots=True)
class Fetching:
    """Every mailbox of one site, and the watch over them, which has a thread of its own: a mailbox may hang."""

    settings: Settings
    gateway: Gateway
    tokens: dict[str, TokenSource] = field(default_factory=dict)
    mailboxes: list[Mailbox] = field(default_factory=list)

    def start(self) -> None:
        """Make and start the reader of each `[[mailbox]]`."""
        self.tokens = token_sources(self.settings, self.gateway.clock.now)
        hooks = ImapJournal(self.gateway)
        self.mailboxes = [
            Mailbox(
                mailbox_settings(box, self.settings, self.tokens), self.gateway.store, self.gateway.clock, hooks=hooks
            )
            for box in self.settings.mailbox
        ]
        for mailbox in self.mailboxes:
            mailbox.start()

    def stop(self) -> None:
        """End all of them, each in the middle of whatever it waits for."""
        for mailbox in self.mailboxes:
            mailbox.stop()

    def rounds(self) -> list[Round]:
        """What is looked at again and again; nothing where there is no mailbox."""
        if not self.settings.mailbox:
            return []
        found = [Round("watch-mailboxes", LOOKED_AT_EVERY, self.look)]
        if self.settings.oauth:
            found.append(Round("watch-tokens", TOKENS_EVERY, self.count_down))
        return found

    def look(self) -> None:
        """Whether each mailbox is read, and whether something comes."""
        for box, mailbox in zip(self.settings.mailbox, self.mailboxes, strict=False):
            is_read = mailbox.unread_s < box.unread_after.total_seconds()
            why = None if is_read else mailbox.state.last_error or "it does not get on"
            mailboxes.unread(self.gateway, box.name, why, self.gateway.clock.now())
            heard_at = mailbox.heard_at() if is_read and box.silent_after else None
            if heard_at is not None and box.silent_after is not None:
                contract = mailboxes.contract_of(self.gateway.rules, box.contract, box.user)
                if mailboxes.silent(self.gateway, box.name, contract, heard_at, box.silent_after):
                    journal.warned("imap.silent", mailbox=box.name, since=heard_at.isoformat())

    def count_down(self) -> None:
        """Whether anything that tokens are got by ends soon."""
        at = self.gateway.clock.now()
        for oauth in self.settings.oauth:
            ends_at = ends_of(oauth, self.tokens[oauth.name]) if oauth.name in self.tokens else None
            if ends_at is not None and ends_at - at < oauth.warn_before:
                journal.warned("oauth.ends", oauth=oauth.name, ends_at=ends_at.isoformat())
                mailboxes.token_ends(self.gateway, oauth.name, ends_at, at)

    def measures(self, now: datetime) -> dict[str, dict[str, float]]:
        """For /metrics: since when each mailbox was not read, what it holds back, when tokens end; in seconds."""
        read = {box.state.name: box.state.last_success_at for box in self.mailboxes}
        ends = {each.name: ends_of(each, self.tokens[each.name]) for each in self.settings.oauth if self.tokens}
        return {
            "mailbox_age_seconds": {name: (now - at).total_seconds() for name, at in read.items() if at},
            "mailbox_withheld": {box.state.name: float(box.state.withheld) for box in self.mailboxes},
            "oauth_ends_seconds": {name: (at - now).total_seconds() for name, at in ends.items() if at},
        }
