"""Whether a mail is from whom it says: SPF, DKIM and DMARC looked up in time, or the word of our own mail provider."""

from __future__ import annotations

from adapters.mail.authentication.looking import UPSTREAM, Looking, LookingSettings

__all__ = ["UPSTREAM", "Looking", "LookingSettings"]
