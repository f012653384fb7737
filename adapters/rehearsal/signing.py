"""How the stand-in carrier signs what it posts, with code of its own.

The gateway checks signatures with the carrier's library. If the stand-in signed with that library too, a mistake in it
would cancel out, so nothing is shared here. Tested with the vectors printed in the libraries' own tests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

SIGNATURE_HEADER = "X-Twilio-Signature"


def signature(auth_token: str, url: str, params: Iterable[tuple[str, str]] = ()) -> str:
    """The value of `X-Twilio-Signature` for a form posted to `url`, or for a GET whose parameters stand in `url`.

    HMAC-SHA1 in base64 over the URL followed by every name and value without a separator, sorted by name and then by
    value; equal pairs count once. The URL is taken as it is, port and letter case included.

    Source: twilio.com/docs/usage/security, "Validating requests"; the vectors form-01 to form-14.
    """
    signed = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def signed_body_url(url: str, body: bytes) -> str:
    """The URL that vouches for a JSON `body`: `url` with `bodySHA256` added; it is this URL that is signed and called.

    Source: twilio.com/docs/usage/security; the vectors body-00 and body-01.
    """
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}bodySHA256={hashlib.sha256(body).hexdigest()}"
