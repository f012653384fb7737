"""Delivery reports: about which of our messages, which recipient failed, and whether for good. Nothing here raises.

First the standard report (RFC 3464), then the headers that some servers write, then the collection of odd formats,
and last the words of the text. The collection is imported on first use.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import compat32

from adapters.mail.charsets import clean_line
from adapters.mail.headers import Headers, addresses, message_ids, split
from adapters.mail.parts import MESSAGE_TYPES, Node
from gateway.domain.intake import Bounce, MailReading

MAX_ODD = 256 * 1024
"""Bytes of a mail that the collection of odd formats is shown: its expressions are not all linear."""
MAX_RECIPIENTS = 50
_WINDOW = 4_000

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])(4[0-5]\d|5[0-57]\d)(?=[ \-]|$)")
_ADDRESS = re.compile(r"<?([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9])>?")
_ORIGINAL_ID = re.compile(r"^[ \t>]*message-id[ \t]*:\s{0,80}<([^<>\s]{1,998})>", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(
    r"undeliver|non recapitabil|mancata consegna|delivery (?:status|failure|report|problem|delay|incomplete)"
    r"|failure (?:not|de)"
    r"|returned (?:mail|to sender|message)|mail (?:delivery|could not|system error|status report)"
    r"|could not be delivered"
    r"|unzustellbar|non remis|delivery has failed|not delivered|message (?:status|not|delayed|delivery)"
    r"|warning: could not"
    r"|nondeliverable|bounce|error sending|impossibile recapitare|recapito (?:fallito|ritardato)"
    r"|failed (?:mail|delivery)",
    re.IGNORECASE,
)
_ROBOT = re.compile(
    r"mailer.?daemon|postmaster|mail.?delivery|daemon@|mmdf|mdaemon|system administrator", re.IGNORECASE
)
_TEMPORARY = re.compile(
    r"will (?:be retried|continue|keep trying|retry)|still (?:being retried|trying)|temporar|delayed"
    r"|not yet been delivered"
    r"|(?:this is|just) a warning|no action is required|verr[àa] ritentat|ancora in coda|riprover",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"user unknown|unknown (?:user|recipient|mailbox)|no such (?:user|mailbox|recipient)|does(?: not|n't) exist"
    r"|permanent"
    r"|could not be delivered|undeliverable|delivery.{0,20}failed|not found|rejected|sconosciut|inesistente"
    r"|quota|mailbox full"
    r"|unrouteable|address rejected|not deliver|unable to deliver|fail",
    re.IGNORECASE,
)
_NO_BOUNCE = ("x-autoreply", "x-autorespond", "x-vacation")
_LOWER_TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))


@dataclass(slots=True)
class _Findings:
    """What was found so far. The most specific source is asked first, later ones only fill what is missing."""

    recipients: list[str] = field(default_factory=list)
    permanent: bool | None = None
    status: str | None = None
    diagnostic: str | None = None
    actions: set[str] = field(default_factory=set)

    def add(self, recipient: str | None) -> None:
        if recipient and "@" in recipient and recipient not in self.recipients:
            self.recipients.append(recipient)


def read_bounce(root: Node, top: MailReading, text: str, raw: bytes) -> Bounce | None:
    """What a delivery report says, or None when the mail is none (also not a receipt, a complaint, an absence note)."""
    try:
        return _read(root, top, text, raw)
    except Exception:  # noqa: BLE001 - other people's bytes and other people's parsers: no report is better than no mail
        return None


def _read(root: Node, top: MailReading, text: str, raw: bytes) -> Bounce | None:
    leaves = list(root.leaves())
    if _is_other_report(root, leaves):
        return None
    found = _Findings()
    for leaf in leaves:
        if leaf.media_type in _LOWER_TYPES:
            _standard_report(leaf.content(), found)
    if found.actions and found.actions <= {"delivered", "relayed", "expanded"}:
        return None
    if not found.recipients and not found.actions and not _is_candidate(root, top):
        return None
    _failed_recipients(root.headers, found)
    if not found.recipients:
        _odd_report(raw, found)
    if not found.recipients and not found.actions and not _words(text, found):
        return None
    _complete(text, found)
    return Bounce(
        recipients=tuple(found.recipients[:MAX_RECIPIENTS]),
        permanent=bool(found.permanent),
        status=found.status,
        original_message_id=_original_id(leaves, root, text),
        diagnostic=found.diagnostic,
    )


def _is_other_report(root: Node, leaves: list[Node]) -> bool:
    kind = (root.type_parameters.get("report-type") or "").lower()
    if kind in ("feedback-report", "disposition-notification", "tlsrpt"):
        return True
    types = {leaf.media_type for leaf in leaves}
    if not types.isdisjoint(("message/feedback-report", "message/disposition-notification")):
        return True
    if not types.isdisjoint(_LOWER_TYPES):
        return False
    words = [value.split(";")[0].strip().lower() for value in root.headers.all("auto-submitted")]
    is_absence = any(root.headers.first(name) for name in _NO_BOUNCE) or "auto-replied" in words
    return is_absence and not _is_robot(root.headers)


def _is_robot(headers: Headers) -> bool:
    sender = " ".join((*headers.all("from"), *headers.all("sender")))[:500]
    return _ROBOT.search(sender) is not None


def _is_candidate(root: Node, top: MailReading) -> bool:
    headers = root.headers
    if headers.first("x-failed-recipients") or root.media_type == "multipart/report" or _is_robot(headers):
        return True
    if "report-type" in root.type_parameters.named:
        return True
    is_null = top.automatic in ("null envelope sender", "null Return-Path")
    return is_null or _SUBJECT.search(top.subject[:300]) is not None


def _standard_report(content: bytes, found: _Findings) -> None:
    """The groups of a message/delivery-status part: about the message, then for each recipient (RFC 3464 §2)."""
    for block in re.split(rb"\r?\n[ \t]*\r?\n", content[:MAX_ODD].strip())[: MAX_RECIPIENTS + 2]:
        group = Headers.of_bytes(block)
        final, original = group.first("final-recipient"), group.first("original-recipient")
        if final is None and original is None:
            continue
        action = (group.first("action") or "").split()[:1]
        word = action[0].lower().strip("();,") if action else ""
        if word in ("delivered", "relayed", "expanded"):
            found.actions.add(word)
            continue
        found.actions.add(word or "failed")
        found.add(_typed_address(original))  # what we wrote to, then what it was forwarded to
        found.add(_typed_address(final))
        _of_group(group, word, found)


def _of_group(group: Headers, action: str, found: _Findings) -> None:
    status = _STATUS.search(group.first("status") or "")
    diagnostic = clean_line(group.first("diagnostic-code") or "")
    found.diagnostic = found.diagnostic or diagnostic.partition(";")[2].strip()[:300] or diagnostic[:300] or None
    better = _STATUS.search(diagnostic)
    # "5.0.0" only repeats that it failed; what the far server said in its own line is the reason.
    vague = status is None or status[1].endswith(".0.0")
    chosen = better if vague and better is not None else status
    found.status = found.status or (chosen[1] if chosen else None)
    # RFC 3464 §2.3.3: "failed" is final whatever the status says, 4.4.7 is what a given-up delivery carries.
    permanent = action == "failed" or (action != "delayed" and not (found.status or "5").startswith("4"))
    found.permanent = permanent if found.permanent is None else found.permanent or permanent


def _typed_address(value: str | None) -> str | None:
    """The address of "rfc822; user@example.org", or None."""
    if not value:
        return None
    _, semicolon, rest = value.partition(";")
    found = _ADDRESS.search((rest if semicolon else value).strip())
    return None if found is None else found[1]


def _failed_recipients(headers: Headers, found: _Findings) -> None:
    if found.recipients:
        return
    for value in headers.all("x-failed-recipients"):
        for one in _ADDRESS.findall(value)[:MAX_RECIPIENTS]:
            found.add(one)
    if found.recipients and found.permanent is None:
        found.permanent = True  # Exim writes the field in its final reports only


def _odd_report(raw: bytes, found: _Findings) -> None:
    from flufl.bounce import all_failures  # noqa: PLC0415 - twenty detectors, needed for one bounce in ten

    if len(raw) > MAX_ODD:
        return
    # A detector that fails is told as an error with its traceback, and what it failed on is anybody's mail.
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
    message = message_from_bytes(raw, policy=compat32)
    if not addresses(str(value) for value in message.get_all("from", ())):
        # flufl.bounce 6, detector Yale: fails without a sender, and with it all twelve that come after.
        del message["from"]
        message["From"] = "nobody@invalid"
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - other people's detectors on other people's bytes
        return
    for one in (*sorted(permanent), *sorted(temporary)):
        found.add(one.decode("ascii", "ignore"))
    if permanent or temporary:
        found.permanent = bool(permanent)


def _words(text: str, found: _Findings) -> bool:
    """Whether the text of a likely report says that a delivery failed. Fills the first address it speaks of."""
    said = text[:_WINDOW]
    if _FAILED.search(said) is None and _TEMPORARY.search(said) is None and _REPLY.search(said) is None:
        return False
    head = re.split(r"(?im)^[ \t>]*(?:received|return-path|message-id)[ \t]*:", said, maxsplit=1)[0]
    for one in _ADDRESS.findall(head)[:20]:
        if _ROBOT.search(one) is None:
            found.add(one)
            break
    return True


def _complete(text: str, found: _Findings) -> None:
    said = text[:_WINDOW]
    if found.status is None:
        status = _STATUS.search(said)
        found.status = status[1] if status else None
    if found.permanent is None:
        found.permanent = _is_permanent(said, found.status)
    if found.diagnostic is None:
        reply = next((line for line in said.split("\n") if _REPLY.search(line[:300])), None)
        found.diagnostic = reply.strip()[:300] if reply else None


def _is_permanent(said: str, status: str | None) -> bool:
    if status is not None and status[0] in "45":
        return status[0] == "5"
    reply = _REPLY.search(said)
    if reply is not None:
        return reply[1][0] == "5"
    return _TEMPORARY.search(said) is None


def _original_id(leaves: list[Node], root: Node, text: str) -> str | None:
    """The Message-ID of the message that failed: from the returned part, else from what is quoted of it."""
    own = message_ids(root.headers.first("message-id"))
    for leaf in leaves:
        if leaf.media_type in MESSAGE_TYPES or leaf.media_type in ("text/rfc822-headers", "message/global-headers"):
            block, _ = split(leaf.content().lstrip(b"\r\n"))
            ids = message_ids(Headers.of_bytes(block[:65536]).first("message-id"))
            if ids:
                return ids[0]
    for candidate in (text, *(leaf.payload for leaf in leaves if leaf.media_type.startswith("text/"))):
        found = _ORIGINAL_ID.search(candidate[:MAX_ODD])
        if found is not None and found[1] not in own:
            return found[1]
    for name in ("in-reply-to", "references", "x-original-message-id", "original-message-id"):
        ids = message_ids(root.headers.first(name))
        if ids:
            return ids[-1]
    return None
