"""Whether a mail was sent by a machine, so that no machine may answer it (RFC 3834 §2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.mail.headers import Headers, addresses


@dataclass(frozen=True, slots=True)
class OwnMail:
    """What is ours: every address we receive at or send from, in lower case, and the token we put in X-Loop."""

    addresses: frozenset[str]
    loop_token: str


_ROBOTS = re.compile(
    r"^(?:mailer[-_.]?daemon|postmaster|mail(?:er)?[-_.]?system|mail[-_.]delivery[-_.]?(?:sub)?system|bounces?|bounce[-+].*"
    r"|no[-_.]?reply.*|do[-_.]?not[-_.]?reply.*|non[-_.]?rispondere.*|noreply[-_.+].*|posta-certificata|autoresponder"
    r"|auto[-_.]?reply|owner-.*|.*-(?:request|owner|bounces))$",
    re.IGNORECASE,
)
_OUT_OF_OFFICE = re.compile(
    r"^(?:(?:re|r|aw|antw|fwd?)\s?:\s?){0,5}(?:\[?auto(?:matic)?[-\s]?(?:reply|response|matische antwort)\b"
    r"|out of (?:the )?office"
    r"|automatic reply|risposta automatica|fuori (?:sede|ufficio)|assen(?:te|za) (?:dall'ufficio|per ferie)"
    r"|abwesenheit(?:snotiz|sassistent|snachricht)?|ich bin (?:nicht im büro|im urlaub)|automatische antwort"
    r"|r[ée]ponse automatique|absence du bureau|absent(?:e)? du bureau|message d'absence"
    r"|auto(?:-|\s)?reply|autoresponder|on (?:vacation|holiday)|in ferie)\b",
    re.IGNORECASE,
)
_LIST_FIELDS = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "list-owner", "list-archive")
_ANSWER_MARKS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-vacation", "auto-reply",
    "x-failed-recipients",
)  # fmt: skip


def why_automatic(headers: Headers, envelope_from: str | None, own: OwnMail) -> str | None:
    """Why the mail must not be answered by a machine, or None when a person seems to have written it.

    `envelope_from` is None when the door does not know it; "" and "<>" are the null sender.
    """
    return (
        _by_loop(headers, own)
        or _by_field(headers)
        or _by_envelope(headers, envelope_from, own)
        or _by_sender(headers, own)
        or _by_shape(headers)
    )


def _by_loop(headers: Headers, own: OwnMail) -> str | None:
    if own.loop_token and any(own.loop_token in value for value in headers.all("x-loop")):
        return "X-Loop is ours"
    for value in headers.all("x-loop"):
        if value.strip(" <>").lower() in own.addresses:
            return "X-Loop is ours"
    return None


def _by_field(headers: Headers) -> str | None:
    for value in headers.all("auto-submitted"):
        word = value.split(";")[0].split("(")[0].strip().lower()
        if word and word != "no":
            return f"Auto-Submitted: {word[:40]}"
    for name in ("precedence", "x-precedence"):
        word = (headers.first(name) or "").strip().lower()
        if word in ("bulk", "junk", "list", "auto_reply", "auto-reply"):
            return f"Precedence: {word}"
    if headers.first("x-ricevuta"):  # X-TipoRicevuta is no mark of a receipt: people's own messages ask for one by it
        return "PEC receipt (x-ricevuta)"
    for name in _LIST_FIELDS:
        if headers.first(name):
            return f"mailing list ({name})"
    if headers.first("x-auto-response-suppress") and not _suppresses_nothing(headers):
        return "X-Auto-Response-Suppress"
    return next((f"{name} is set" for name in _ANSWER_MARKS if (headers.first(name) or "no").lower() != "no"), None)


def _suppresses_nothing(headers: Headers) -> bool:
    words = {word.strip().lower() for word in (headers.first("x-auto-response-suppress") or "").split(",")}
    # Exchange writes "DR, RN, NRN" on people's mail: it asks for no receipts, not for no answer
    # (MS-OXCMAIL §2.2.3.2.14).
    return words.isdisjoint(("oof", "autoreply", "all"))


def _by_envelope(headers: Headers, envelope_from: str | None, own: OwnMail) -> str | None:
    if envelope_from is not None and envelope_from.strip() in ("", "<>"):
        return "null envelope sender"
    paths = [value.strip() for value in headers.all("return-path")]
    if envelope_from is None and any(value in ("<>", "< >") for value in paths):
        return "null Return-Path"
    if envelope_from is not None and envelope_from.strip(" <>").lower() in own.addresses:
        return "envelope sender is ours"
    return None


def _by_sender(headers: Headers, own: OwnMail) -> str | None:
    for name in ("from", "sender", "reply-to"):
        for one in addresses(headers.all(name)):
            if name != "reply-to" and one.address.lower() in own.addresses:
                return f"{name} is ours"
            local = one.address.rpartition("@")[0] or one.address
            if name != "reply-to" and _ROBOTS.match(local[:100]):
                return f"sender {local[:40].lower()}"
    return None


def _by_shape(headers: Headers) -> str | None:
    """A report by its type; a note of absence by its subject when it answers a mail: people write of such notes too."""
    kind = (headers.first("content-type") or "").lower().replace(" ", "")
    if kind.startswith(("multipart/report", "message/delivery-status")):
        return "delivery report"
    answers = headers.first("in-reply-to") or headers.first("references") or headers.first("x-autogenerated")
    subject = headers.text("subject")[:200] if answers else ""
    return "out-of-office answer" if _OUT_OF_OFFICE.match(subject) else None
