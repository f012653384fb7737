"""DKIM (RFC 6376): which domains signed these bytes? Never raises."""

from __future__ import annotations

import logging
import re
import time
from functools import cached_property, partial

import dkim
from dkim.util import parse_tag_value

from adapters.mail.authentication.lookups import LookupFailedError, Lookups
from adapters.mail.headers import split
from gateway.domain.authentication import Finding, Method, Result

MOST_SIGNATURES = 8
"""A mail with more is a try to keep us busy."""
SHORTEST_KEY = 1024
LONGEST_FIELD = 16_384
_GAP = re.compile(rb"\s{256}")
"""No signature has so much space in it, and dkimpy takes time by the square of it to find that b= is none."""
_SPACE = re.compile(rb"[\t ]+")

_SILENT = logging.getLogger("centralino.dkim")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class _Body:
    """The body of a message, as it is and as `relaxed` would leave it in the middle of a line (RFC 6376 §3.4.4).

    dkimpy looks for spaces at the end of a line by an expression that takes time by the square of a run of them, and
    holds the interpreter meanwhile: 100 KB of spaces stopped everything for half a minute. Squeezed there are none.
    """

    def __init__(self, body: bytes) -> None:
        self.as_it_is = body

    @cached_property
    def squeezed(self) -> bytes:
        return _SPACE.sub(b" ", self.as_it_is)

    def for_signature(self, field: bytes) -> bytes:
        """What the library may be given for this signature: the same to it, and read in linear time."""
        relaxed = parse_tag_value(field).get(b"c", b"").endswith(b"/relaxed")
        return self.squeezed if relaxed else self.as_it_is


def look(lookups: Lookups, raw: bytes, until: float) -> list[Finding]:
    """What is to be said of each signature, the topmost first. `raw` has no bare CR or LF.

    Nothing more is begun at the instant `until` of `time.monotonic`.
    """
    block, rest = split(raw)
    try:
        message = dkim.DKIM(block + b"\r\n\r\n", logger=_SILENT, minkey=SHORTEST_KEY)
        fields = [value for name, value in message.headers if name.lower() == b"dkim-signature"]
    except dkim.DKIMException as error:
        return [Finding(Method.DKIM, Result.PERMERROR, "", _why(error))]
    except Exception as error:  # noqa: BLE001 - other people's bytes: whatever is wrong with them, it is no pass
        return [Finding(Method.DKIM, Result.PERMERROR, "", type(error).__name__)]
    body, asked = _Body(rest), fields[:MOST_SIGNATURES]
    return [_bounded(message, number, body, field, lookups, until) for number, field in enumerate(asked)]


def _bounded(message: dkim.DKIM, number: int, body: _Body, field: bytes, lookups: Lookups, until: float) -> Finding:
    """What is to be said of a signature, if looking takes no longer than it may."""
    if len(field) > LONGEST_FIELD or _GAP.search(field):
        return Finding(Method.DKIM, Result.PERMERROR, "", "no signature is like this")
    if time.monotonic() >= until:
        return Finding(Method.DKIM, Result.TEMPERROR, "", "no time left")
    return _one(message, number, body, field, lookups, until)


def _one(message: dkim.DKIM, number: int, body: _Body, field: bytes, lookups: Lookups, until: float) -> Finding:
    found = partial(Finding, Method.DKIM)
    message.signature_fields = {}
    try:
        message.body = body.for_signature(field)
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
