"""The whole way with a real server and a real token endpoint: a mail becomes a request, the token dies, it is told.

Stories of the mail issue: on the wire with Dovecot, OAuth2 against a local identity provider; FIELD pain 12.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from adapters.store import SqlStore
from config.fetching import Fetching
from config.mailboxes import Mailbox, OAuth
from gateway import flow
from gateway.domain.intake import Channel
from tests.adapters.imap.reading import until
from tests.flow.station import INTAKE, MARIA, Station
from tests.peers.dovecot import Dovecot
from tests.peers.identity import CLIENT, SECRET, IdentityProvider

MAIL = (
    f"From: {MARIA}\r\nTo: {INTAKE}\r\nMessage-ID: <story@comune.example>\r\n"
    "Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nSubject: Il protocollo non parte\r\n\r\nNon parte.\r\n"
).encode()


def test_a_mail_becomes_a_request_goes_to_the_done_folder_and_a_dead_token_is_told_by_sms(
    dovecot: Dovecot, provider: IdentityProvider, store: SqlStore, tmp_path: Path
) -> None:
    provider.user = dovecot.user
    dovecot.create("Fatto")
    dovecot.deliver(MAIL)
    folder = tmp_path / "site"
    folder.mkdir()
    station = Station(store, folder)
    asking = {"provider": "other", "token_url": provider.token_url, "client_id": CLIENT}
    secrets = {"client_secret": SecretStr(SECRET), "refresh_token": SecretStr(provider.log_in())}
    oauth = OAuth.model_validate({"name": "own", **asking, **secrets})
    address = {"host": "127.0.0.1", "port": dovecot.plain, "user": dovecot.user, "tls": "none"}
    soon = {"unread_after": "1s", "poll_every": "1s"}
    box = Mailbox.model_validate({"name": "comune", **address, "oauth": "own", "move_to": "Fatto", **soon})
    settings = station.site.settings.model_copy(update={"mailbox": (box,), "oauth": (oauth,)})
    fetching = Fetching(settings, station.gw)
    fetching.start()
    try:
        assert until(lambda: dovecot.count("Fatto") == 1)
        flow.file_next(station.gw)
        (ticket,) = station.tickets()
        assert (ticket.subject, ticket.contract) == ("Il protocollo non parte", "c02-comune")
        fetching.look()
        assert station.outages() == []

        provider.access_tokens.clear()
        provider.refresh_tokens.clear()
        fetching.tokens["own"].refused(fetching.tokens["own"].token())
        fetching.mailboxes[0]._cut()  # noqa: SLF001 - the line breaks, and the next log-in needs a token
        assert until(lambda: "refresh_token" in (fetching.mailboxes[0].state.last_error or ""))
        assert until(lambda: fetching.mailboxes[0].unread_s > 1)
        fetching.look()
        (outage,) = station.outages()
        assert "store a new refresh_token" in outage.cause
        told = {each.channel for each in station.alarms()} | {
            each.channel for each in station.sent(channel=Channel.SMS)
        }
        assert {Channel.MAIL, Channel.SMS} <= told
    finally:
        fetching.stop()
