"""`centralino check --connect`: each door is tried once, with a deadline, and what is wrong is said in words.

Nothing is sent and nothing is changed: the relay is greeted and logged in to, a mailbox is opened read-only, the
carrier is asked for its last message, the database for its schema.
"""

from __future__ import annotations

import base64
import http.client
import json
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from adapters.clock import SystemClock
from adapters.fax import Tesseract
from adapters.imap import is_known
from adapters.mail.imap_address import ImapFolderError
from adapters.mail.imap_session import ImapSession
from adapters.store import daemon_alive, require_current
from adapters.store.engine import parsed, sqlite_path
from config import fetching
from config.compose import store_of
from config.fields import duration_text
from config.watches import scanner_of
from gateway.domain.errors import CentralinoError, StoreError
from gateway.domain.hours import local

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.antivirus import Clamd
    from adapters.oauth import TokenSource
    from config.faxes import Fax
    from config.mailboxes import Mailbox, OAuth
    from config.settings import PecAccount, Relay, Settings, Twilio

RUNNING_TIMEOUT_S = 5.0
FOLDERS_SHOWN = 20
OK, UNAUTHORISED, FORBIDDEN, SERVER_ERROR = 200, 401, 403, 500
FAILURES = (
    CentralinoError,
    OSError,
    smtplib.SMTPException,
    http.client.HTTPException,
    ValueError,
)
"""What a door that is not as it should be answers with."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One door, whether it answers as it should (None: it is not configured), and what it said."""

    door: str
    ok: bool | None
    said: str


def probes(settings: Settings) -> Iterator[Probe]:
    """Every door of the configuration, one after the other."""
    yield _tried("database", "the database", lambda: _database(settings))
    if relay := settings.relay:
        yield _tried("relay", f"{relay.host}:{relay.port}", lambda: _relay(relay))
    else:
        yield Probe("relay", ok=None, said="there is no [relay]: no mail can leave")
    for account in settings.pec_account:
        where = f"{account.host}:{account.port}"
        yield _tried(f"certified {account.address}", where, partial(_relay, account))
    if settings.pec_account or any(box.kind == "pec" for box in settings.mailbox):
        yield _tried("trust list", "[pec] trust_list", lambda: _trusted(settings))
    tokens = fetching.token_sources(settings, SystemClock().now)
    for oauth in settings.oauth:
        yield _tried(f"oauth {oauth.name}", oauth.provider, partial(_oauth, oauth, tokens[oauth.name]))
    for box in settings.mailbox:
        yield _tried(f"mailbox {box.name}", f"{box.host}:{box.port}", partial(_mailbox, box, settings, tokens))
    if antivirus := settings.antivirus:
        scanner = scanner_of(antivirus)
        yield _tried("virus scanner", scanner.where, lambda: _scanner(scanner))
    if settings.fax.ocr and any(box.kind == "fax" for box in settings.mailbox):
        yield _tried("fax text", settings.fax.ocr_program, lambda: _fax_text(settings.fax))
    if twilio := settings.twilio:
        yield _tried("carrier", twilio.api_url, lambda: _carrier(twilio))
    else:
        yield Probe("carrier", ok=None, said="there is no [twilio]: nobody can be called or texted")


def _fax_text(fax: Fax) -> str:
    """Whether the text of faxes can be recognised.

    Raises:
        CentralinoError: the program or its language is missing.
    """
    program = Tesseract(fax.ocr_program, fax.ocr_language)
    why = program.missing()
    if why is not None:
        raise CentralinoError(f"{why}: apt install tesseract-ocr-ita, or write ocr = false in [fax]")
    return f"{program.program} reads {program.language}"


def _scanner(scanner: Clamd) -> str:
    why = scanner.ping()
    if why is not None:
        raise CentralinoError(f"{why}; start clamav-daemon, and let the user of the service into its socket's group")
    return f"{scanner.where} answers"


def _tried(door: str, where: str, ask: Callable[[], str]) -> Probe:
    try:
        return Probe(door, ok=True, said=ask())
    except FAILURES as error:
        return Probe(door, ok=False, said=explained(error, where))


def explained(error: Exception, where: str) -> str:
    """What went wrong, in words, without secrets."""
    if isinstance(error, CentralinoError):
        return str(error)
    told = next((words for kind, words in _WORDS if isinstance(error, kind)), None)
    said = " ".join(str(getattr(error, "verify_message", None) or error).split())[:200]
    return told.format(where=where, said=said) if told else f"{where}: {type(error).__name__}: {said}"


# The first that fits: a certificate's error is one of TLS, too.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "the name in {where} is not known: check it, and the DNS of this machine"),
    (ssl.SSLCertVerificationError, "the certificate of {where} is not trusted: {said}"),
    (ssl.SSLError, "{where} speaks no TLS here ({said}): check port and tls"),
    (ConnectionRefusedError, "nobody listens at {where}"),
    (TimeoutError, "{where} does not answer in time"),
    (smtplib.SMTPAuthenticationError, "{where} refuses user or password"),
)


def _database(settings: Settings) -> str:
    address = settings.database.address
    require_current(address)
    return "its schema is the one of this version; " + (
        "a daemon is running on it" if daemon_alive(address) else "no daemon is running"
    )


def _trusted(settings: Settings) -> str:
    """Whose signatures on certified mail count.

    Raises:
        CentralinoError: nobody's, so that no receipt does anything.
    """
    from config.compose import trust_list_of

    found = trust_list_of(settings)
    if not found.certificates:
        raise CentralinoError(
            "[pec] trust_list is not set: no receipt of certified mail counts, and every envelope is to be"
            " verified; put the accredited providers' certificates into a folder and name that"
        )
    looked_up = f"{len(found.revoked)} revocation lists" if found.revoked else "revocation is not checked"
    return f"{len(found.certificates)} certificates may sign; {looked_up}"


def _relay(relay: Relay | PecAccount) -> str:
    timeout, context = relay.timeout.total_seconds(), ssl.create_default_context()
    if relay.tls == "implicit":
        client: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, timeout=timeout, context=context)
    else:
        client = smtplib.SMTP(relay.host, relay.port, timeout=timeout)
    with client:
        client.ehlo()
        if relay.tls == "starttls":
            client.starttls(context=context)
        user = relay.user or getattr(relay, "address", "")
        if user and relay.password:
            client.login(user, relay.password.get_secret_value())
        client.noop()
    return f"takes mail from us ({'logged in as ' + user if user else 'without log-in'})"


def _oauth(oauth: OAuth, source: TokenSource) -> str:
    """Whether tokens are given, and until when as far as anybody knows."""
    source.token()
    ends_at = fetching.ends_of(oauth, source)
    if ends_at is None:
        return "gives tokens; nobody has written when its secret ends (secret_expires_on)"
    return f"gives tokens; what they are got by ends on {local(ends_at).date()}"


def _mailbox(box: Mailbox, settings: Settings, tokens: Mapping[str, TokenSource]) -> str:
    """Every folder of a mailbox opened, its target looked for, and what the first look would take."""
    with ImapSession.connect(fetching.address_of(box, tokens)) as session:
        try:
            told = [_folder(session, box, settings, each) for each in (box.folder, *box.more_folders)]
        except ImapFolderError as error:
            raise CentralinoError(f"{error}; {_there(session)}") from error
        if box.move_to and box.move_to not in session.folders():
            raise CentralinoError(f"move_to: there is no folder {box.move_to}: make it; {_there(session)}")
        if box.move_to and not (session.can("MOVE") or session.can("UIDPLUS")):
            told.append("the server can neither MOVE nor UIDPLUS: messages are not moved")
        if box.idle and not session.can_idle:
            told.append(f"the server does not tell by itself: looked at every {duration_text(box.poll_every)}")
    return "; ".join(told)


def _folder(session: ImapSession, box: Mailbox, settings: Settings, name: str) -> str:
    found = session.open(name, writable=False)
    said = f"{name} has {'?' if found.exists is None else found.exists} messages"
    if found.exists and not _is_known(box, settings, name):
        return (
            f"{said}, {_TAKEN[box.first_read] if box.since is None else f'of which those since {box.since} are taken'}"
        )
    return said


_TAKEN = {
    "all": 'which all become requests at the first look (first_read = "new" leaves them)',
    "new": "which are left at the first look",
}


def _is_known(box: Mailbox, settings: Settings, folder: str) -> bool:
    """Whether a folder was looked at before, as far as the database can be asked."""
    file = sqlite_path(parsed(settings.database.address))
    if file is not None and not file.exists():
        return False
    try:
        with store_of(settings, threaded=False) as store:
            return is_known(store, box.name, folder)
    except StoreError:
        return True


def _there(session: ImapSession) -> str:
    """The folders that there are, for whoever has written another name."""
    names = session.folders()
    more = f" and {len(names) - FOLDERS_SHOWN} more" if len(names) > FOLDERS_SHOWN else ""
    return f"there are: {', '.join(names[:FOLDERS_SHOWN])}{more}"


def _carrier(twilio: Twilio) -> str:
    path = f"/2010-04-01/Accounts/{twilio.account_sid}/Messages.json?PageSize=1"
    token = base64.b64encode(f"{twilio.account_sid}:{twilio.auth_token.get_secret_value()}".encode()).decode()
    status, _ = _get(twilio.api_url + path, twilio.timeout.total_seconds(), {"Authorization": f"Basic {token}"})
    if status in {UNAUTHORISED, FORBIDDEN}:
        raise CentralinoError(f"{twilio.api_url} refuses account_sid or auth_token ({status})")
    if status >= SERVER_ERROR:
        raise CentralinoError(f"{twilio.api_url} is in trouble (HTTP {status})")
    return "knows the account" if status == OK else f"answers (HTTP {status})"


def running(settings: Settings) -> Probe:
    """What the daemon says of itself at /readyz, its last reload among it."""
    listen = settings.http.listen
    if not listen or listen.endswith(":0"):
        return Probe("running", ok=False, said="[http] listen names no fixed port: ask the daemon's own /readyz")
    return _tried("running", listen, lambda: _ready(listen))


def _ready(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    reached = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound
    status, body = _get(f"http://{reached}:{port}/readyz", RUNNING_TIMEOUT_S, {})
    said = _in_one_line(body)
    if status != OK:
        raise CentralinoError(f"not ready (HTTP {status}): {said}")
    if not json.loads(body).get("reload", {}).get("ok", True):
        raise CentralinoError(f"the last reload was refused: {said}")
    return said


def _in_one_line(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return " ".join(text.split())[:500]


def _get(url: str, timeout_s: float, headers: dict[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout_s)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(1_000_000)
    finally:
        connection.close()
