"""The SMTP door: mail in. `SmtpListener` shares the daemon's event loop and answers 250 only after the commit."""

from __future__ import annotations

from adapters.smtp.door import NoHooks, SmtpHooks
from adapters.smtp.listener import SmtpListener
from adapters.smtp.settings import LOOPBACK, Networks, SmtpSettings
from adapters.smtp.submitters import Submitters, is_kept_form, kept_form
from adapters.smtp.tls import CertificateFiles, certificate_ends_at

__all__ = [
    "LOOPBACK",
    "CertificateFiles",
    "Networks",
    "NoHooks",
    "SmtpHooks",
    "SmtpListener",
    "SmtpSettings",
    "Submitters",
    "certificate_ends_at",
    "is_kept_form",
    "kept_form",
]
