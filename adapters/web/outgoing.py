"""Requests that we make ourselves: the heartbeat to a watch outside, and a look at our own public address.

Each is one GET with a time-out, follows no redirect, and reads no more than a little of the answer.
"""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2

OK = range(200, 300)
HTTPS_PORT = 443


def get(url: str, timeout_s: float) -> str | None:
    """Ask an address; why it did not answer well, or None when it did."""
    try:
        with (
            httpx2.Client(timeout=timeout_s, follow_redirects=False) as client,
            client.stream("GET", url, headers={"User-Agent": "centralino"}) as answer,
        ):
            return None if answer.status_code in OK else f"answered {answer.status_code}"
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return f"{type(error).__name__}: {str(error)[:120]}"


def certificate_ends(url: str, timeout_s: float) -> datetime | None:
    """Until when the certificate of an https address is valid, as a client sees it; None when it shows none."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or HTTPS_PORT), timeout_s) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as line,
        ):
            return _ends(line.getpeercert() or {})
    except (OSError, ValueError):
        return None


def _ends(certificate: object) -> datetime | None:
    stated = certificate.get("notAfter") if isinstance(certificate, dict) else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(stated), UTC) if isinstance(stated, str) else None
