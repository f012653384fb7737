"""DKIM (RFC 6376): which domains signed these bytes? Never raises."""

from __future__ import annotations

import logging
from functools import partial

import dkim

from adapters.mail.authentication.lookups import LookupFailedError, Lookups
from gateway.domain.authentication import Finding, Method, Result

MOST_SIGNATURES = 8
"""A mail with more is a try to keep us busy."""
SHORTEST_KEY = 1024

_SILENT = logging.getLogger("centralino.dkim")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def look(lookups: Lookups, raw: bytes, until: float) -> list[Finding]:
    """What is to be said of each signature, the topmost first. `raw` has no bare CR or LF."""
    try:
        message = dkim.DKIM(raw, logger=_SILENT, minkey=SHORTEST_KEY)
        count = sum(1 for name, _ in message.headers if name.lower() == b"dkim-signature")
    except dkim.DKIMException as error:
        return [Finding(Method.DKIM, Result.PERMERROR, "", _why(error))]
    except Exception as error:  # noqa: BLE001 - other people's bytes: whatever is wrong with them, it is no pass
        return [Finding(Method.DKIM, Result.PERMERROR, "", type(error).__name__)]
    return [_one(message, number, lookups, until) for number in range(min(count, MOST_SIGNATURES))]


def _one(message: dkim.DKIM, number: int, lookups: Lookups, until: float) -> Finding:
    found = partial(Finding, Method.DKIM)
    message.signature_fields = {}
    try:
        holds = message.verify(number, dnsfunc=partial(_key, lookups, until))
    except LookupFailedError as error:
        return found(Result.TEMPERROR, _domain(message), str(error)[:200])
    except dkim.ValidationError as error:
        # An expired one, or one whose body is another, is said by the library to be not valid: it fails.
        return found(Result.FAIL, _domain(message), _why(error))
    except dkim.DKIMException as error:
        return found(Result.PERMERROR, _domain(message), _why(error))
    except Exception as error:  # noqa: BLE001 - as above
        return found(Result.PERMERROR, _domain(message), type(error).__name__)
    if not holds:
        return found(Result.FAIL, _domain(message), "signature or key does not hold")
    if b"l" in message.signature_fields:
        # RFC 6376 §8.2: behind the length that was signed anybody may have added anything.
        return found(Result.POLICY, _domain(message), "only a part of the text is signed (l=)")
    return found(Result.PASS, _domain(message))


def _key(lookups: Lookups, until: float, name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 - dkimpy's signature
    answers = lookups.ask(name.decode("ascii", "replace"), "TXT", until)
    return next((one for one in answers if isinstance(one, bytes)), None)


def _domain(message: dkim.DKIM) -> str:
    return bytes(message.signature_fields.get(b"d", b"")).decode("ascii", "replace").strip().rstrip(".").lower()


def _why(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
