"""[lmtp], [[submitter]], [authentication] and [[mail_provider]]: who brings mail, and how a sender is verified."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from config.fields import LOOPBACK, Duration, Secret, Section, duration, refuse

Network = IPv4Network | IPv6Network
_KEPT = re.compile(r"scrypt:\d{1,7}:\d{1,2}:\d{1,2}:[0-9a-f]{16,128}:[0-9a-f]{64}", re.ASCII)
_SENDER = re.compile(r"[^@\s<>]*@[a-z0-9.-]+", re.IGNORECASE)
_PLACE = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^:\s/]+):\d{1,5}")
HIGHEST_PORT = 65_535


def _server(value: str) -> str:
    host, colon, port = value.rpartition(":")
    address = host if colon and (host.startswith("[") or ":" not in host) else value
    try:
        ip_address(address.strip("[]"))
        known = address == value or 0 < int(port) <= HIGHEST_PORT
    except ValueError:
        known = False
    if not known:
        raise refuse(f"{value!r} is not the address of a name server", remedy='write "192.0.2.53" or "127.0.0.1:5353"')
    return value


class Lmtp(Section):
    """[lmtp] a second listener, for our own mail server in front: one answer for each recipient."""

    listen: str = ""
    """host:port on loopback, or the path of a Unix socket; empty means no listener. Since 0.1."""
    max_connections: Annotated[int, Field(ge=1)] = 100
    """Connections at the same time. Since 0.1."""

    @field_validator("listen")
    @classmethod
    def _only_for_us(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not value or value.startswith("/"):
            return value
        if not _PLACE.fullmatch(value) or int(port) > HIGHEST_PORT:
            raise refuse(
                f"{value!r} is neither host:port nor the path of a socket",
                remedy='write "127.0.0.1:8024" or "/run/centralino/lmtp.sock"',
            )
        if host.strip("[]") not in LOOPBACK:
            raise refuse(
                f"whoever reaches {value} would be taken for our own mail server",
                clause="B-023",
                remedy='listen on loopback, "127.0.0.1:8024", or on a Unix socket',
            )
        return value


class Submitter(Section):
    """[[submitter]] somebody who may log in at the SMTP listener: a printer, a monitoring system."""

    user: Annotated[str, Field(pattern=r"^[^\s\x00-\x1f]{1,128}$")]
    """The name to log in with. Since 0.1."""
    password: Secret
    """What "centralino submitter" makes of the password: it is never kept in clear. Since 0.1."""
    senders: tuple[str, ...]
    """Whom it may send as: "stampante@comune.example", or "@comune.example" for all of a domain. Since 0.1."""

    @field_validator("senders")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _SENDER.fullmatch(one):
                raise refuse(f"{one!r} is no address", remedy='write "name@domain", or "@domain" for all of it')
        return tuple(one.casefold() for one in value)

    @model_validator(mode="after")
    def _not_in_clear(self) -> Submitter:
        kept = self.password.get_secret_value()
        if kept and not _KEPT.fullmatch(kept):
            raise refuse(
                f"the file of {self.user}'s password holds no scrypt line",
                clause="X15",
                remedy="make one with: centralino submitter > FILE",
                key="password",
            )
        return self


class Authentication(Section):
    """[authentication] whether senders are verified: then only verified mail changes a ticket, the rest waits."""

    resolvers: tuple[Annotated[str, AfterValidator(_server)], ...] = ()
    """Name servers to ask, address or address:port; empty: those of the system. Since 0.1."""
    timeout: Duration = duration("3s")
    """How long one mail may be looked at; what is not known then is looked at again later. Since 0.1."""
    patience: Duration = duration("1s")
    """How long filing waits for that at the most (P4). Since 0.1."""
    trusted_upstream: tuple[Network, ...] = ()
    """Networks of our own mail servers: their word counts, and limits for senders do not bind them. Since 0.1."""


class MailProvider(Section):
    """[[mail_provider]] whose Authentication-Results count, and of what mail."""

    authserv_id: Annotated[str, Field(pattern=r"^[^\s;]{1,255}$")]
    """The name at the beginning of that field; "none" for a provider that leaves it out. Since 0.1."""
    mailboxes: tuple[str, ...] = ()
    """The names of the mailboxes that are with this provider. Since 0.1."""
    upstream: bool = False
    """Whether it is what trusted_upstream and LMTP bring. Since 0.1."""


def refuse_unusable(
    submitters: Sequence[Submitter],
    providers: Sequence[MailProvider],
    *,
    mailboxes: Collection[str],
    has_tls: bool,
    is_looking: bool,
) -> None:
    """What makes no sense together.

    Raises:
        PydanticCustomError: two submitters of one name, a log-in without TLS, a provider of a mailbox that there is not
            or whose word nobody asks for.
    """
    users = [each.user for each in submitters]
    if len(set(users)) != len(users):
        raise refuse("two submitters have the same user", remedy="give each its own", key="submitter")
    if users and not has_tls:
        raise refuse(
            "nobody could log in: a password is only taken inside TLS, and [smtp] has no certificate",
            clause="B-008",
            remedy="give [smtp] tls_certificate and tls_key",
            key="submitter",
        )
    for provider in providers:
        if not is_looking:
            raise refuse(
                f"nobody would ask for the word of {provider.authserv_id}",
                clause="B-053",
                remedy="write [authentication]; without it no sender is verified",
                key="mail_provider",
            )
        for name in provider.mailboxes:
            if name not in mailboxes:
                raise refuse(
                    f"there is no [[mailbox]] {name!r}",
                    clause="B-053",
                    remedy=f"name one of: {', '.join(sorted(mailboxes)) or 'none is configured'}",
                    key="mail_provider",
                )
