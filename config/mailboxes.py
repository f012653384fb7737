"""What can be set of mailboxes that are read: `[[mailbox]]`, and `[[oauth]]` for those that take no password."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from config.fields import (
    LOOPBACK,
    BesideConfig,
    Duration,
    Port,
    Secret,
    Section,
    Tls,
    duration,
    refuse,
    tls_off_loopback,
)


def _token_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        return value.rstrip("/")
    raise refuse(
        f"{value!r} is no https address, and secrets go there",
        clause="X15",
        remedy='write "https://host/path"; "http://" is for loopback',
    )


TokenAddress = Annotated[str, AfterValidator(_token_address)]


class Mailbox(Section):
    """[[mailbox]] a mailbox that is read by IMAP. Nothing in it is ever deleted."""

    name: str
    """A name for logs and alarms, unique. Since 0.1."""
    host: str
    """The IMAP server. Since 0.1."""
    port: Port = 993
    """Its port. Since 0.1."""
    user: str
    """The user to log in as; with oauth the address of the mailbox. Since 0.1."""
    password: Secret | None = None
    """That user's password, where the provider takes one. Since 0.1."""
    oauth: str | None = None
    """The [[oauth]] that gives tokens, where the provider takes no password. Since 0.1."""
    tls: Tls = "implicit"
    """implicit, starttls, or none (only on loopback). Since 0.1."""
    folder: str = "INBOX"
    """The folder that is read. Since 0.1."""
    more_folders: tuple[str, ...] = ()
    """Further folders that are read, every poll_every. Since 0.1."""
    contract: str | None = None
    """The contract of mail whose recipients lead to none. Since 0.1."""
    kind: Literal["mail", "pec", "fax"] = "mail"
    """What arrives here: mail, certified mail, or faxes as mail. Since 0.1."""
    first_read: Literal["all", "new"] = "all"
    """At the very first look: take all that lies there, or only what comes from then on ("new"). Since 0.1."""
    since: date | None = None
    """At the very first look: leave what arrived before this day. Since 0.1."""
    mark_seen: bool = False
    """Whether a message is flagged as seen once it is on disk here. Since 0.1."""
    move_to: str | None = None
    """A folder into which a message goes once it is on disk here; it must be there. Since 0.1."""
    watch_gaps: bool = True
    """Whether a message that went before it was read is an alarm; false where rules move mail. Since 0.1."""
    poll_every: Duration = duration("60s")
    """How often to look when the server does not tell by itself. Since 0.1."""
    idle: bool = True
    """Whether to let the server tell (IMAP IDLE). Since 0.1."""
    timeout: Duration = duration("30s")
    """How long to wait for the server. Since 0.1."""
    unread_after: Duration = duration("5m")
    """When it could not be read for so long, the supervisors are told by mail and SMS. Since 0.1."""
    silent_after: Duration | None = None
    """When nothing new came in so much time of the contract's opening hours, it is told. Since 0.1."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Mailbox:
        tls_off_loopback(self.tls, self.host)
        if (self.password is None) == (self.oauth is None):
            raise refuse(
                "there is neither password nor oauth" if self.oauth is None else "there are both password and oauth",
                remedy='write password = {file = "path"}, or oauth = the name of an [[oauth]], and not both',
                key="password",
            )
        return self

    @model_validator(mode="after")
    def _folders_of_their_own(self) -> Mailbox:
        folders = [each.upper() if each.upper() == "INBOX" else each for each in (self.folder, *self.more_folders)]
        if len(set(folders)) < len(folders):
            raise refuse("a folder is named twice", remedy="name each once", key="more_folders")
        if self.move_to in {self.folder, *self.more_folders}:
            raise refuse(
                f"{self.move_to} is a folder that is read: what is moved there would come in again",
                remedy="name another folder",
                key="move_to",
            )
        return self

    @model_validator(mode="after")
    def _one_beginning(self) -> Mailbox:
        if self.since is not None and self.first_read == "new":
            raise refuse(
                'first_read = "new" leaves everything that lies there, and since only a part',
                remedy="leave one of them out",
                key="since",
            )
        return self


class OAuth(Section):
    """[[oauth]] who gives tokens for mailboxes that take no password. Renewed ones are kept beside [database] blobs."""

    name: str
    """A name, unique; [[mailbox]] oauth names it. Since 0.1."""
    provider: Literal["microsoft", "google", "other"]
    """microsoft, google, or other (with token_url). Since 0.1."""
    tenant: str | None = None
    """At Microsoft the directory id, or a domain of it. Since 0.1."""
    client_id: str
    """The application as the provider knows it. Since 0.1."""
    client_secret: Secret | None = None
    """The application's secret: its value, not its id. Since 0.1."""
    client_certificate: BesideConfig | None = None
    """At Microsoft instead of a secret: the application's certificate (PEM). Since 0.1."""
    client_key: Secret | None = None
    """The private key of that certificate (PEM, RSA). Since 0.1."""
    refresh_token: Secret | None = None
    """What the provider gave when the account logged in, where no application may read by itself. Since 0.1."""
    authority: TokenAddress = "https://login.microsoftonline.com"
    """Where Microsoft's log-in is; another one for its national clouds. Since 0.1."""
    token_url: TokenAddress | None = None
    """Where tokens are asked for; known for microsoft and google. Since 0.1."""
    scope: str | None = None
    """What the token is for; known for microsoft and google. Since 0.1."""
    ca_file: BesideConfig | None = None
    """Certificate authorities to believe instead of the system's. Since 0.1."""
    secret_expires_on: date | None = None
    """The day on which client_secret ends, as the provider's page states it; it is counted down. Since 0.1."""
    warn_before: Duration = duration("30d")
    """So long before secret, certificate or refresh token end it is told. Since 0.1."""
    timeout: Duration = duration("20s")
    """How long to wait for the provider. Since 0.1."""

    @model_validator(mode="after")
    def _is_complete(self) -> OAuth:
        lacking = self._lacking()
        if lacking is not None:
            key, remedy = lacking
            raise refuse(f"for {self.provider} there is no {key}", remedy=remedy, key=key)
        if (self.client_certificate is None) != (self.client_key is None):
            raise refuse(
                "certificate and key go together",
                remedy="write both client_certificate and client_key",
                key="client_key",
            )
        return self

    def _lacking(self) -> tuple[str, str] | None:
        """The key that the provider needs and that is not there, with the remedy."""
        proves_itself = self.client_secret is not None or self.client_certificate is not None
        if self.provider == "microsoft" and self.tenant is None:
            return "tenant", "write the directory id that Microsoft shows for the application"
        if self.provider == "microsoft" and not proves_itself and self.refresh_token is None:
            return "client_secret", "write client_secret, or client_certificate and client_key, or refresh_token"
        if self.provider == "google" and self.client_secret is None:
            return "client_secret", "write the secret of the client that Google shows"
        if self.provider != "microsoft" and self.refresh_token is None:
            return "refresh_token", "log in once with the account, and store the token that the provider gives"
        if self.provider == "other" and self.token_url is None:
            return "token_url", "write the provider's token endpoint"
        return None
