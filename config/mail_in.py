"""Mail in beside the SMTP listener: the door for our own mail server, and what looks at who sent a mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.mail.authentication import UPSTREAM, Looking, LookingSettings
from adapters.smtp import SmtpListener, SmtpSettings
from config.compose import is_our_recipient
from config.doors import SmtpJournal
from gateway import verifying
from gateway.worker import Round

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from config.settings import Settings
    from gateway.domain.intake import Arrival, Receipt
    from gateway.ports import Gateway

LOOKED_AGAIN_EVERY = timedelta(seconds=5)


def lmtp_of(settings: Settings, gateway: Gateway, accept: Callable[[Arrival], Future[Receipt]]) -> SmtpListener | None:
    """The LMTP door for our own mail server, or None without `[lmtp] listen`."""
    lmtp, smtp = settings.lmtp, settings.smtp
    if lmtp is None or not lmtp.listen:
        return None
    host, _, port = lmtp.listen.rpartition(":")
    is_socket = lmtp.listen.startswith("/")
    limits = SmtpSettings(
        host="" if is_socket else host.strip("[]"),
        port=0 if is_socket else int(port),
        path=lmtp.listen if is_socket else "",
        lmtp=True,
        hostname=smtp.hostname,
        max_message_bytes=smtp.max_message_bytes,
        max_recipients=smtp.max_recipients,
        max_connections=lmtp.max_connections,
        max_connections_per_address=lmtp.max_connections,
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
        hooks=SmtpJournal(),
    )


def authenticator_of(settings: Settings) -> Looking | None:
    """What looks at who sent a mail, or None without `[authentication]`."""
    looked = settings.authentication
    if looked is None:
        return None
    by_place: dict[str, tuple[str, ...]] = {}
    for provider in settings.mail_provider:
        for place in (*provider.mailboxes, *((UPSTREAM,) if provider.upstream else ())):
            by_place[place] = (*by_place.get(place, ()), provider.authserv_id)
    return Looking(
        LookingSettings(
            nameservers=looked.resolvers,
            timeout=looked.timeout,
            patience=looked.patience,
            trusted_upstream=looked.trusted_upstream,
            authserv_ids=by_place,
            senders={each.user: each.senders for each in settings.submitter},
        )
    )


def look_as_configured(gateway: Gateway, settings: Settings) -> None:
    """What looks at senders from now on is what these settings say; what looked before gives its threads back."""
    before, gateway.authenticator = gateway.authenticator, authenticator_of(settings)
    if isinstance(before, Looking):
        before.close()


def looking_of(gateway: Gateway) -> Round:
    """The round that repeats the looks which failed for now."""
    return Round("authenticate", LOOKED_AGAIN_EVERY, lambda: _look_again(gateway))


def _look_again(gateway: Gateway) -> None:
    while verifying.look_again(gateway):
        pass
