"""A little traffic, so that the desk of a new demo is not empty."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from config.demo.site import INTAKE
from gateway.domain.hours import local

if TYPE_CHECKING:
    from datetime import datetime

    from config.daemon import Daemon
    from config.demo.site import Addresses
    from config.demo.stand_ins import StandIns

MAILS = (
    (
        "Maria Rossi <maria.rossi@comune.example>",
        "URGENTE: protocollo bloccato",
        "Il protocollo non si apre da stasera.",
    ),
    ("Ufficio Anagrafe <anagrafe@comune.example>", "Come si stampa il registro?", "Non trovo più la voce nel menu."),
)
CITIZEN = "+393331234567"


def mail_bytes(sender: str, subject: str, text: str, at: datetime, name: str, to: str = INTAKE) -> bytes:
    """A plain mail as a person would send it."""
    date = local(at).strftime("%a, %d %b %Y %H:%M:%S %z")
    lines = (
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: <{name}@comune.example>",
        f"Date: {date}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        text,
        "",
    )
    return "\r\n".join(lines).encode()


def by_smtp(port: int, sender: str, raw: bytes, recipient: str = INTAKE) -> None:
    """Hand a mail to the gateway's own door, as any mail server would."""
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail(sender, [recipient], raw, mail_options=["BODY=8BITMIME"])


def send(running: Daemon, outside: StandIns, where: Addresses) -> None:
    """Two mails and an SMS."""
    now = running.gateway.clock.now()
    for count, (sender, subject, text) in enumerate(MAILS):
        address = sender.partition("<")[2].rstrip(">")
        by_smtp(where.smtp_port, address, mail_bytes(sender, subject, text, now, f"sample-{count}-{now:%s}"))
    outside.rehearsal.carrier.send_sms(CITIZEN, "Buonasera, non riesco a entrare nel portale dei tributi.")
