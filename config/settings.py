"""What can be set in `gateway.toml`: one frozen model a section. `config/gateway.toml` is the manual of these.

Durations are written `30s`, `10m`, `2h`, `7d`. Secrets are `{credential = "name"}` or `{file = "path"}`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from config.answers import Answers
from config.faxes import Fax, FaxShape
from config.fields import (
    BesideConfig,
    Days,
    Duration,
    Listen,
    Mail,
    Number,
    Port,
    Secret,
    Section,
    SenderId,
    Tls,
    duration,
    refuse,
    tls_off_loopback,
)
from config.mailboxes import Mailbox, OAuth
from config.senders import Authentication, Lmtp, MailProvider, Submitter, refuse_unusable
from gateway.domain.sender_ids import SenderIds

Count = Annotated[int, Field(ge=1)]


def _web_address(value: str, *, query: bool = False) -> str:
    parts = urlsplit(value)
    more = parts.fragment or (parts.query and not query)
    if parts.scheme not in {"http", "https"} or not parts.hostname or more:
        raise refuse(f"{value!r} is not a web address", remedy='write "https://host" or "https://host/path"')
    return value.rstrip("/")


def _has_password(url: str) -> bool:
    """Whether an address carries a password; one that cannot be taken apart might, and is not repeated to anybody."""
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return "@" in url


class Gateway(Section):
    """[gateway] what this installation is and who is told when something is wrong."""

    name: str = "Centralino"
    """How this installation calls itself in alarms and in the console. Since 0.1."""
    default_contract: str
    """The contract under which a contact is filed that leads to none; its ticket is marked to confirm. Since 0.1."""
    alarm_mails: tuple[Mail, ...] = ()
    """Who gets alarms that belong to no contract, or that nobody on call took. Since 0.1."""
    coverage_days: Count = 60
    """How many days ahead the roster is checked for holes and overlaps (C2.10). Since 0.1."""
    join_sms_within: Duration = duration("24h")
    """An SMS joins the sender's only open ticket when that had a contact in this time. Since 0.1."""
    mail_gives_up_after: Duration = duration("48h")
    """When a mail that nobody takes is given up, with an alarm. Since 0.1."""
    page_gives_up_after: Duration = duration("30m")
    """When an SMS or call that the carrier does not take is given up, with an alarm. Since 0.1."""
    reopens_within: Days = duration("30d")
    """How long after its conclusion a reply reopens a ticket; later it opens a linked one (X16). Since 0.1."""


class Database(Section):
    """[database] where everything is kept."""

    url: str = "sqlite:///centralino.db"
    """SQLite file (relative: beside this file) or postgresql://user@host/name, without the password. Since 0.1."""
    password: Secret | None = None
    """The password of the PostgreSQL user. Since 0.1."""
    blobs: BesideConfig = Path("blobs")
    """The folder of bodies and attachments too large for a row (relative: beside this file). Since 0.1."""

    @field_validator("url")
    @classmethod
    def _normalised(cls, value: str, info: ValidationInfo) -> str:
        scheme, _, rest = value.partition("://")
        if _has_password(value):
            raise refuse(
                "the password stands in clear in the address of the database",
                clause="X15",
                remedy='take it out of url and write password = {file = "path"}',
            )
        if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
            return f"postgresql+psycopg://{rest}"
        if scheme != "sqlite" or not rest.startswith("/"):
            raise refuse(
                "neither SQLite nor PostgreSQL",
                remedy="write sqlite:///centralino.db or postgresql://user@host/name",
            )
        folder: Path | None = (info.context or {}).get("folder")
        return f"sqlite:///{(folder or Path()) / rest.removeprefix('/')}"

    @property
    def address(self) -> str:
        """The address with the password in it, for the driver alone; never to be shown."""
        secret = self.password.get_secret_value() if self.password else ""
        if not secret:
            return self.url
        scheme, _, rest = self.url.partition("://")
        user, at, where = rest.partition("@")
        return f"{scheme}://{user}:{quote(secret, safe='')}{at}{where}" if at else self.url


class Smtp(Section):
    """[smtp] the listener for mail. It takes mail for the endpoints of the contracts and for nobody else."""

    listen: Listen = "127.0.0.1:8025"
    """host:port; port 0 picks a free one, empty means no listener. Since 0.1."""
    hostname: str = ""
    """How the listener calls itself; empty: the name of the machine. Since 0.1."""
    tls_certificate: BesideConfig | None = None
    """Certificate chain (PEM); with it STARTTLS is offered. Since 0.1."""
    tls_key: BesideConfig | None = None
    """Private key of the certificate (PEM). Since 0.1."""
    max_message_bytes: Count = 52_428_800
    """The largest message taken; larger ones are answered 552. Since 0.1."""
    max_recipients: Annotated[int, Field(ge=100)] = 100
    """Recipients of one message, at least 100 (RFC 5321 §4.5.3.1.8). Since 0.1."""
    max_connections: Count = 500
    """Connections at the same time; further ones are answered 421. Since 0.1."""
    max_connections_per_address: Count = 50
    """Connections at the same time from one address. Since 0.1."""
    max_connections_per_minute: Annotated[int, Field(ge=0)] = 600
    """New connections from one address in a minute; 0: no limit. Loopback and trusted_upstream have none. Since 0.1."""
    max_messages_per_minute: Annotated[int, Field(ge=0)] = 1_200
    """Messages from one address in a minute; further ones are answered 450 and come again. Since 0.1."""
    max_messages_per_sender: Annotated[int, Field(ge=0)] = 300
    """Messages of one envelope sender in a minute. Since 0.1."""
    max_line_bytes: Count = 1_048_576
    """How many bytes may come without an end of line before the connection is cut. Since 0.1."""
    idle_timeout: Duration = duration("5m")
    """How long a client may say nothing between two commands (RFC 5321 §4.5.3.2). Since 0.1."""
    progress_timeout: Duration = duration("3m")
    """How long an upload may stand still; a slow one that goes on is not cut. Since 0.1."""
    session_timeout: Duration = duration("1h")
    """How long one connection may last in all. Since 0.1."""
    min_rate_bytes_s: Annotated[int, Field(ge=0)] = 64
    """The slowest upload that is waited for, on average, in bytes a second. Since 0.1."""

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Smtp:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise refuse(
                "tls_certificate and tls_key belong together and one is missing",
                remedy="give both, or neither for no STARTTLS",
            )
        return self


class Http(Section):
    """[http] the web server: webhooks, health, API, console."""

    listen: Listen = "127.0.0.1:8080"
    """host:port; port 0 picks a free one, empty means no web server. Since 0.1."""
    public_url: str = "http://127.0.0.1:8080"
    """The address under which the carrier reaches us; webhooks are signed on it. Since 0.1."""
    max_body_bytes: Count = 1_048_576
    """The largest request body taken. Since 0.1."""

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return _web_address(value)


class Relay(Section):
    """[relay] the mail server by which mail leaves."""

    host: str
    """Its name. Since 0.1."""
    port: Port = 587
    """Its port. Since 0.1."""
    user: str = ""
    """The user to log in as; empty: no log-in. Since 0.1."""
    password: Secret | None = None
    """That user's password. Since 0.1."""
    tls: Tls = "starttls"
    """implicit, starttls, or none (only on loopback). Since 0.1."""
    sender: Mail = Field(alias="from")
    """The address that mail leaves from when the contract has no mail endpoint (key: from). Since 0.1."""
    timeout: Duration = duration("30s")
    """How long to wait for the server. Since 0.1."""

    @model_validator(mode="after")
    def _no_clear_text(self) -> Relay:
        tls_off_loopback(self.tls, self.host)
        return self


class Pec(Section):
    """[pec] certified mail: whose signatures count, and when a missing receipt is an alarm."""

    trust_list: BesideConfig | None = None
    """A folder with the accredited providers' certificates (PEM or DER); without it no receipt counts. Since 0.1."""
    crl_dir: BesideConfig | None = None
    """A folder with revocation lists (CRL); without a fresh one for a signer, revocation is not checked. Since 0.1."""
    acceptance_within: Duration = duration("30m")
    """Without a receipt of acceptance after so long the supervisors are told (X4). Since 0.1."""


class PecAccount(Section):
    """[[pec_account]] a certified mailbox that mail leaves from: a contract's goes by the one of its address."""

    address: Mail
    """The certified address: envelope sender and From. Since 0.1."""
    host: str
    """The provider's mail server. Since 0.1."""
    port: Port = 465
    """Its port. Since 0.1."""
    user: str = ""
    """The user to log in as; empty: the address. Since 0.1."""
    password: Secret
    """That user's password. Since 0.1."""
    tls: Tls = "implicit"
    """implicit, starttls, or none (only on loopback). Since 0.1."""
    timeout: Duration = duration("60s")
    """How long to wait for the server. Since 0.1."""

    @model_validator(mode="after")
    def _no_clear_text(self) -> PecAccount:
        tls_off_loopback(self.tls, self.host)
        return self


class Twilio(Section):
    """[twilio] the carrier for calls and SMS."""

    account_sid: str
    """The account. Since 0.1."""
    auth_token: Secret
    """Its token: it signs the webhooks and authorises our requests. Since 0.1."""
    api_url: str = "https://api.twilio.com"
    """Where its REST API is; another one for rehearsals. Since 0.1."""
    number: Number
    """The number that calls leave from, and SMS too unless the next keys say otherwise. Since 0.1."""
    sms_sender: SenderId = ""
    """What SMS leave from: another number, or a name, to which nobody replies: technicians then call. Since 0.1."""
    notice_sender: SenderId = ""
    """The same for SMS that tell requesters something and ask for nothing; empty: as sms_sender. Since 0.1."""
    timeout: Duration = duration("10s")
    """How long to wait for the API. Since 0.1."""

    @field_validator("api_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return _web_address(value)

    @property
    def sender_ids(self) -> SenderIds:
        """What calls and SMS leave from."""
        return SenderIds(self.number, self.sms_sender or self.number, self.notice_sender)


class Signing(Section):
    """[signing] the key of reply tokens and of the links in mails. `init` and `demo` make one."""

    key: Secret
    """At least 32 characters, at random. Since 0.1."""

    @model_validator(mode="after")
    def _long_enough(self) -> Signing:
        shortest = 32
        if 0 < len(self.key.get_secret_value()) < shortest:
            raise refuse(
                f"the signing key is shorter than {shortest} characters",
                clause="X15",
                remedy="make a new one: openssl rand -hex 32 > signing.key",
                key="key",
            )
        return self


class Phone(Section):
    """[phone] what callers hear, whom the gateway may call, and what it may cost."""

    voice: str = "Polly.Bianca"
    """The voice that reads the texts to callers. Since 0.1."""
    language: str = "it-IT"
    """The language of that voice and of the speech recognition. Since 0.1."""
    english_voice: str = "Polly.Amy"
    """The voice of a call that goes on in English. Since 0.1."""
    english_language: str = "en-GB"
    """The language of that voice and of its speech recognition. Since 0.1."""
    voicemail: bool = False
    """Whether a caller may leave a recorded message, after the notice (X12). Since 0.1."""
    recording: bool = False
    """Whether conversations are recorded, after the notice; needs purpose, days and legal basis. Since 0.1."""
    recording_legal_basis: str = ""
    """By what right conversations are recorded (art. 6 GDPR; art. 4 of law 300/1970 for operators). Since 0.1."""
    recording_purpose: Annotated[str, Field(pattern=r"\S")] = "gestire la richiesta"
    """What the recording is for, as the notice says it. Since 0.1."""
    english_recording_purpose: Annotated[str, Field(pattern=r"\S")] = "handling the request"
    """The same in a call that goes on in English; without it your own purpose is said as you wrote it. Since 0.1."""
    recording_days: Count = 30
    """How long a recording is kept. Since 0.1."""
    recording_max_s: Count = 180
    """The longest message, in seconds. Since 0.1."""
    recording_max_bytes: Count = 20_971_520
    """The largest recording that is fetched from the carrier. Since 0.1."""
    abandoned_after_s: Count = 10
    """A call given up before so many seconds, without a key or a word, is no request of its own (S003). Since 0.1."""
    max_calls_per_caller: Count = 20
    """Calls of one number in ten minutes; further ones get the busy tone, each with its line (P16). Since 0.1."""
    allowed_countries: tuple[Annotated[str, Field(pattern=r"^\+[1-9]\d{0,6}$")], ...] = ("+39",)
    """Calling codes of the countries that may be called and texted (X10). Since 0.1."""
    max_sms_per_hour: Count = 60
    """Ceiling of SMS in an hour; beyond it an alarm mail goes out instead. Since 0.1."""
    max_sms_per_day: Count = 300
    """Ceiling of SMS in a day. Since 0.1."""
    max_calls_per_hour: Count = 60
    """Ceiling of calls in an hour. Since 0.1."""
    max_calls_per_day: Count = 200
    """Ceiling of calls in a day. Since 0.1."""
    reserved_for_pages: Annotated[int, Field(ge=0, le=90)] = 50
    """Percent of each ceiling that only pages and alarms may use: who floods us uses up the rest (P15). Since 0.1."""
    check_every: Duration = duration("1m")
    """How often we ask whether the carrier answers and can reach us; three failures are an outage (C2.3). Since 0.1."""
    check_address: bool = True
    """Whether that looks at our own public address too; false where we cannot reach it from inside. Since 0.1."""

    @property
    def purpose_in_english(self) -> str:
        """What the recording is for, told in English where that was written: nothing else is claimed."""
        own = "recording_purpose" in self.model_fields_set and "english_recording_purpose" not in self.model_fields_set
        return self.recording_purpose if own else self.english_recording_purpose

    @model_validator(mode="after")
    def _with_a_right_to_record(self) -> Phone:
        if not self.recording:
            return self
        unstated = [key for key in ("recording_days", "recording_purpose") if key not in self.model_fields_set]
        missing = [*unstated, *(() if self.recording_legal_basis.strip() else ("recording_legal_basis",))]
        if missing:
            raise refuse(
                f"conversations would be recorded, and nobody stated {', '.join(missing)}",
                clause="X12",
                remedy="write purpose, days and legal basis as the controller decided them; for messages alone write "
                "voicemail = true and leave recording out",
                key="recording",
            )
        return self


class Heartbeat(Section):
    """[heartbeat] tells a watch outside that we live: when it hears nothing any more, somebody there is told."""

    url: str
    """The address that is asked (GET) as long as every loop makes progress and the store can write. Since 0.1."""
    every: Duration = duration("1m")
    """How often. Since 0.1."""
    timeout: Duration = duration("10s")
    """How long to wait for it. Since 0.1."""

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return _web_address(value, query=True)


class Probe(Section):
    """[probe] tries out the whole way, from a mail to an accepted page, in a test contract that wakes nobody real."""

    contract: str
    """The test contract: nothing else uses it, and nobody real is on call in it. Since 0.1."""
    number: Number
    """Its only contact's telephone: a second number of ours, or one that answers OK and the code itself. Since 0.1."""
    every: Duration = duration("1h")
    """How often. Since 0.1."""
    within: Duration = duration("5m")
    """Within what time the page must be accepted; otherwise an alarm goes out. Since 0.1."""


class Limits(Section):
    """[limits] how much of a message is read. What is beyond is kept, and the ticket says that it was not read."""

    parse_timeout: Duration = duration("20s")
    """How long the reading of one message may take. Since 0.1."""
    parse_memory_bytes: Count = 536_870_912
    """Memory of the process that reads one message. Since 0.1."""
    parse_attempts: Count = 3
    """How often a message is tried before it becomes a ticket that says it could not be read. Since 0.1."""


class Antivirus(Section):
    """[antivirus] ClamAV's daemon, which looks at every attachment. Without it attachments are shown as unscanned."""

    socket: str = ""
    """Its local socket, as in "/run/clamav/clamd.ctl"; or give host and port. Since 0.1."""
    host: str = ""
    """The machine that it listens on, when it has no local socket. Since 0.1."""
    port: Port = 3310
    """The port on that machine. Since 0.1."""
    timeout: Duration = duration("20s")
    """How long one file may take; beyond it the file is unscanned, and tried again later. Since 0.1."""
    alarm_after: Duration = duration("15m")
    """When it has not answered for so long, whoever keeps the installation is told; nothing is lost. Since 0.1."""

    @model_validator(mode="after")
    def _one_way_to_it(self) -> Antivirus:
        if bool(self.socket) == bool(self.host):
            raise refuse(
                "the scanner has two addresses" if self.socket else "the scanner has no address",
                clause="B-047",
                remedy='write socket = "/run/clamav/clamd.ctl" or host = "…", not both; for no scanner leave it out',
                key="socket",
            )
        return self


class Demo(Section):
    """[demo] written by `centralino demo` alone. `serve` refuses a configuration that has it."""

    clock_offset_file: BesideConfig = Path("clock-offset")
    """Holds the seconds by which the demo's clock is ahead of the real one. Since 0.1."""


class Settings(Section):
    """`gateway.toml` as a whole. A section that is left out has its defaults, or is a door that is not there."""

    gateway: Gateway
    database: Database = Database()
    smtp: Smtp = Smtp()
    lmtp: Lmtp | None = None
    submitter: tuple[Submitter, ...] = ()
    authentication: Authentication | None = None
    mail_provider: tuple[MailProvider, ...] = ()
    http: Http = Http()
    relay: Relay | None = None
    mailbox: tuple[Mailbox, ...] = ()
    oauth: tuple[OAuth, ...] = ()
    pec: Pec = Pec()
    pec_account: tuple[PecAccount, ...] = ()
    fax: Fax = Fax()
    fax_shape: tuple[FaxShape, ...] = ()
    twilio: Twilio | None = None
    signing: Signing | None = None
    phone: Phone = Phone()
    heartbeat: Heartbeat | None = None
    probe: Probe | None = None
    answers: Answers = Answers()
    limits: Limits = Limits()
    antivirus: Antivirus | None = None
    demo: Demo | None = None

    @model_validator(mode="after")
    def _logins_and_providers_that_work(self) -> Settings:
        refuse_unusable(
            self.submitter,
            self.mail_provider,
            mailboxes={box.name for box in self.mailbox},
            has_tls=self.smtp.tls_certificate is not None,
            is_looking=self.authentication is not None,
        )
        return self

    @field_validator("database", "smtp", "pec", "demo", mode="before")
    @classmethod
    def _defaults_know_the_folder(cls, value: object) -> object:
        # A default model was made without the folder of the file; as an empty table it is made again with it.
        return {} if isinstance(value, Section) else value
