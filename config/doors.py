"""The doors of this site, made from its settings: SMTP listener, mailboxes, carrier, web server. For the daemon."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.mail.smtp_client import Relay, send
from adapters.smtp import LOOPBACK, CertificateFiles, Networks, SmtpListener, SmtpSettings, Submitters
from adapters.twilio import Api, Ceilings, Refused, TwilioArchive, TwilioOutlet, Webhooks, routes
from adapters.web import Health, WebServer, page_routes, swap_routes
from adapters.web import routes as health_routes
from config.compose import is_our_recipient, mail_outlet_of
from gateway import alarms, journal
from gateway.collecting import Collector
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState, Sent
from gateway.domain.errors import SettingError, StoreError
from gateway.domain.intake import Channel
from gateway.worker import Round

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from config.load import Site
    from config.settings import Settings, Smtp, Twilio
    from gateway.domain.intake import Arrival, Receipt
    from gateway.domain.rules import Rules
    from gateway.ports import Folder, Gateway
    from gateway.probing import Probe


class SmtpJournal:
    """What the SMTP door tells the journal."""

    def accepted(self, receipt: Receipt, *, peer: str, size: int, took_s: float) -> None:
        """A message is on disk."""
        journal.noted(
            "smtp.accepted",
            intake=receipt.intake_id,
            repeated=receipt.repeated,
            peer=peer,
            bytes=size,
            took_ms=round(took_s * 1000, 1),
        )

    def refused(self, what: str, *, peer: str) -> None:
        """Something was turned down."""
        journal.noted("smtp.refused", answer=what, peer=peer)

    def fault(self, reference: str, error: BaseException) -> None:
        """Something failed on our side."""
        journal.warned("smtp.fault", reference=reference, error=type(error).__name__)


def smtp_of(settings: Settings, gateway: Gateway, accept: Callable[[Arrival], Future[Receipt]]) -> SmtpListener | None:
    """The SMTP door, or None where `[smtp] listen` is empty.

    Raises:
        SettingError: as `certificate_of`.
    """
    smtp = settings.smtp
    if not smtp.listen:
        return None
    host, _, port = smtp.listen.rpartition(":")
    limits = SmtpSettings(
        host=host.strip("[]"),
        port=int(port),
        hostname=smtp.hostname,
        max_message_bytes=smtp.max_message_bytes,
        max_recipients=smtp.max_recipients,
        max_connections=smtp.max_connections,
        max_connections_per_address=smtp.max_connections_per_address,
        max_connections_per_minute=smtp.max_connections_per_minute,
        max_messages_per_minute=smtp.max_messages_per_minute,
        max_messages_per_sender=smtp.max_messages_per_sender,
        trusted=trusted_by(settings),
        max_line_bytes=smtp.max_line_bytes,
        idle_timeout=smtp.idle_timeout,
        progress_timeout=smtp.progress_timeout,
        session_timeout=smtp.session_timeout,
        min_rate_bytes_s=smtp.min_rate_bytes_s,
    )
    return SmtpListener(
        limits,
        lambda address: is_our_recipient(gateway.rules, address),
        accept,
        gateway.clock,
        tls=certificate_of(smtp),
        hooks=SmtpJournal(),
        submitters=Submitters({each.user: each.password.get_secret_value() for each in settings.submitter}),
    )


def certificate_of(smtp: Smtp) -> CertificateFiles | None:
    """The certificate with which the SMTP door offers STARTTLS; None where there is none.

    Raises:
        SettingError: a file cannot be read, is no PEM, or the key belongs to another certificate.
    """
    if smtp.tls_certificate is None or smtp.tls_key is None:
        return None
    try:
        return CertificateFiles(smtp.tls_certificate, smtp.tls_key, on_fault=_certificate_fault)
    except OSError as error:  # an SSLError is one
        why = error.strerror or getattr(error, "reason", None) or type(error).__name__
        raise SettingError(
            "gateway.toml",
            "smtp.tls_certificate",
            f"{smtp.tls_certificate} and {smtp.tls_key} cannot be used: {why}",
            clause="X18",
            remedy="write PEM files of one certificate and its key, which the user of the service may read",
        ) from error


def trusted_by(settings: Settings) -> Networks:
    """Whoever brings other people's mail to the SMTP listener: this machine, and our own mail servers."""
    return (*LOOPBACK, *(settings.authentication.trusted_upstream if settings.authentication else ()))


def _certificate_fault(error: Exception) -> None:
    journal.warned("smtp.certificate_not_renewed", error=type(error).__name__)


def outlet_of(settings: Settings, gateway: Gateway) -> TwilioOutlet | None:
    """The way out for SMS and voice, or None without `[twilio]`."""
    twilio = settings.twilio
    if twilio is None:
        return None
    phone, store = settings.phone, gateway.store

    def recent(channel: Channel, since: datetime) -> int:
        return store.read(lambda reading: reading.sent_since(channel, since))

    return TwilioOutlet(
        _api_of(twilio),
        number=twilio.number,
        public_url=settings.http.public_url,
        is_known=lambda number: gateway.rules.people.by_number(number) is not None,
        countries=phone.allowed_countries,
        ceilings=Ceilings(
            per_hour={Channel.SMS: phone.max_sms_per_hour, Channel.VOICE: phone.max_calls_per_hour},
            per_day={Channel.SMS: phone.max_sms_per_day, Channel.VOICE: phone.max_calls_per_day},
            recent=recent,
            told=lambda channel, which, limit: tell_of_ceiling(gateway, channel, which, limit),
            reserve=phone.reserved_for_pages,
        ),
        clock=gateway.clock,
    )


def _api_of(twilio: Twilio) -> Api:
    token, timeout_s = twilio.auth_token.get_secret_value(), twilio.timeout.total_seconds()
    return Api(twilio.account_sid, token, twilio.api_url, timeout_s)


FETCHED_EVERY = timedelta(seconds=5)


def collecting_of(settings: Settings, gateway: Gateway, folder: Folder) -> list[Round]:
    """What is asked of the carrier's books: recordings, and what came while we were away. Nothing without `[twilio]`.

    How often they are really opened is the collector's to say.
    """
    twilio = settings.twilio
    if twilio is None:
        return []
    archive = TwilioArchive(
        _api_of(twilio),
        account_sid=twilio.account_sid,
        auth_token=twilio.auth_token.get_secret_value(),
        api_url=twilio.api_url,
        most_bytes=settings.phone.recording_max_bytes,
        timeout_s=twilio.timeout.total_seconds(),
    )
    collector = Collector(gateway, archive, folder)
    return [
        Round("recordings", FETCHED_EVERY, collector.fetch),
        Round("look-back", FETCHED_EVERY, collector.look_back),
    ]


POST_TIMEOUT_S = 20.0


def post_to(settings: Settings, port: int, probe: Probe) -> str | None:
    """A mail through our own SMTP door; why it was not taken, or None."""
    host = settings.smtp.listen.rpartition(":")[0].strip("[]")
    here = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked for, not listened on
    helo = settings.smtp.hostname or "localhost"
    door = Relay(here, port, None, None, "none", helo, POST_TIMEOUT_S)
    outcome = send(door, probe.sender, (probe.to,), probe.raw)
    return None if isinstance(outcome, Sent) else outcome.reason


def tell_of_ceiling(gateway: Gateway, channel: Channel, which: str, limit: int) -> None:
    """A ceiling is reached: the journal, the register and a mail to the supervisors say so (P15)."""
    journal.warned("ceiling.reached", channel=str(channel), per=which)
    at = gateway.clock.now()
    try:
        gateway.store.write(lambda tx: alarms.ceiling_reached(gateway, tx, channel, which, limit, at))
    except StoreError as error:
        journal.warned("ceiling.not_told", channel=str(channel), error=type(error).__name__)


def webhooks_of(settings: Settings, gateway: Gateway, refused: Refused) -> Webhooks | None:
    """What the paths of the carrier need; None without `[twilio]`."""
    twilio = settings.twilio
    if twilio is None:
        return None
    return Webhooks(
        gateway=gateway,
        auth_token=twilio.auth_token.get_secret_value(),
        account_sid=twilio.account_sid,
        public_url=settings.http.public_url,
        api_url=twilio.api_url,
        voice=settings.phone.voice,
        language=settings.phone.language,
        max_record_s=settings.phone.recording_max_s,
        english_voice=settings.phone.english_voice,
        english_language=settings.phone.english_language,
        number=twilio.number,
        refused=refused,
    )


def web_of(settings: Settings, gateway: Gateway, health: Health, refused: Refused) -> WebServer | None:
    """The web server with every folder's routes, or None where `[http] listen` is empty."""
    if not settings.http.listen:
        return None
    host, _, port = settings.http.listen.rpartition(":")
    webhooks = webhooks_of(settings, gateway, refused)
    return WebServer(
        [*health_routes(health), *page_routes(gateway), *swap_routes(gateway), *(routes(webhooks) if webhooks else ())],
        host.strip("[]"),
        int(port),
        max_body_bytes=settings.http.max_body_bytes,
    )


def tell_of_fault(site: Site, rules: Rules, fault: StoreError | None) -> None:
    """The store cannot write: tell the supervisors by mail without it, once for each fault (P8, C-17, C-22)."""
    if fault is None:
        journal.noted("store.recovered")
        return
    journal.warned("store.fault", text=str(fault)[:200])
    threading.Thread(target=_mail_fault, args=(site, rules, fault), name="fault-mail", daemon=True).start()


def _mail_fault(site: Site, rules: Rules, fault: StoreError) -> None:
    contract = rules.contracts[rules.default_contract]
    outlet, now = mail_outlet_of(site, rules), datetime.now(UTC)
    sender = contract.address_of(Channel.MAIL) or rules.mail_from
    for to in rules.alarmed(contract):
        key = secrets.token_hex(16)
        mail = Dispatch(
            id=0,
            key=key,
            kind=DispatchKind.ALARM,
            channel=Channel.MAIL,
            to=to,
            state=DispatchState.SENDING,
            due_at=now,
            expires_at=now,
            subject=f"{rules.name}: l’archivio non accetta scritture",
            text=f"Il gateway non può registrare nuove richieste e risponde ai mittenti di riprovare.\n\n{fault}\n",
            facts={
                "message_id": f"{key}@{sender.rpartition('@')[2]}",
                "from": sender,
                "envelope_from": sender,
                "auto": "auto-generated",
            },
        )
        journal.dispatch_concluded(mail, outlet.send(mail), 0.0)
