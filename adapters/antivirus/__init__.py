"""The virus scanner: ClamAV's daemon, spoken to over its socket (`adapters.antivirus.clamd`)."""

from __future__ import annotations

from adapters.antivirus.clamd import Clamd

__all__ = ["Clamd"]
