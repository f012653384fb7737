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

from adapters.mail.bounce_reasons import reason_of
from adapters.mail.bounce_words import (
    CERTAINLY_FAILED,
    CHALLENGE,
    FAILED,
    FORWARDED,
    REPLY,
    ROBOT,
    SERVER,
    STATUS,
    SUBJECT,
    TEMPORARY,
)
from adapters.mail.charsets import clean_line
from adapters.mail.headers import Headers, addresses, message_ids, split
from adapters.mail.parts import MESSAGE_TYPES, Node
from adapters.mail.prescan import MAX_LEVELS, MAX_PARTS
from gateway.domain.intake import Bounce, MailReading

MAX_ODD = 256 * 1024
"""Bytes of a mail that the collection of odd formats is shown: its expressions are not all linear."""
MAX_RECIPIENTS = 50
_WINDOW = 4_000

_ADDRESS = re.compile(r"<?([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9])>?")
# The collection looks into every message of the message, which the prescan of the mail does not count.
_NESTING = re.compile(rb"(?:multipart|message)/", re.IGNORECASE)
_DELIMITER = re.compile(rb"[\r\n]--")
_ORIGINAL_ID = re.compile(r"^[ \t>]*message-id[ \t]*:\s{0,80}<([^<>\s]{1,998})>", re.IGNORECASE | re.MULTILINE)
_RCPT = re.compile(
    r"(?im)^[ \t]*(?:rcpt to|to|recipients?|final-recipient|was addressed to|destinatari[oi]|an|empfänger)"
    r"[ \t]*[:=][^\n@]{0,80}?"
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9])"
)
_RETURNED = re.compile(
    r"(?im)^[ \t>]*(?:received|return-path|message-id|x-mailer|mime-version)[ \t]*:"
    r"|^[-_=* \t]{2,}.{0,40}(?:original|returned|copy of|undelivered|unsent|headers? of).{0,40}"
    r"(?:message|mail|nachricht|follow|$)"
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
    original_id: str | None = None

    def add(self, recipient: str | None) -> None:
        if recipient and "@" in recipient and recipient not in self.recipients:
            self.recipients.append(recipient)


def read_bounce(root: Node, top: MailReading, text: str, raw: bytes, *, null_sender: bool = False) -> Bounce | None:
    """What a delivery report says, or None when the mail is none (also not a receipt, a complaint, an absence note).

    `null_sender`: the envelope had no sender, as far as the door knows it; a Return-Path says it too.
    """
    try:
        return _read(root, top, text, raw, null_sender=null_sender or _has_null_path(root.headers))
    except Exception:  # noqa: BLE001 - other people's bytes and other people's parsers: no report is better than no mail
        return None


def _read(root: Node, top: MailReading, text: str, raw: bytes, *, null_sender: bool) -> Bounce | None:
    leaves = list(root.leaves())
    found = _Findings()
    _rejected_by_filter(leaves, found)
    if not found.recipients and _is_other_report(root, leaves, null_sender=null_sender):
        return None
    for leaf in leaves:
        if leaf.media_type in _LOWER_TYPES:
            _standard_report(leaf.content(), found)
    if found.actions and found.actions <= {"delivered", "relayed", "expanded"}:
        return None
    if found.recipients and not (found.status or "").startswith("5") and _is_challenge(root.headers, text):
        return None
    if not found.recipients and not found.actions and not _is_report(root, top, text, null_sender=null_sender):
        return None
    _failed_recipients(root.headers, found)
    if not found.recipients:
        _odd_report(raw, found)
    robot_says = _is_robot(root.headers, null_sender=null_sender) and SUBJECT.search(top.subject[:300]) is not None
    if not found.recipients and not found.actions and not robot_says and not _says_failed(text):
        return None
    if not found.recipients:
        found.add(_recipient_in(text))
    return _complete(text, found, _original_id(leaves, root, text) or found.original_id)


def _has_null_path(headers: Headers) -> bool:
    return any(value.strip() in ("<>", "< >") for value in headers.all("return-path"))


def _is_other_report(root: Node, leaves: list[Node], *, null_sender: bool) -> bool:
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
    return is_absence and not _is_robot(root.headers, null_sender=null_sender)


def _rejected_by_filter(leaves: list[Node], found: _Findings) -> None:
    """A mailbox's own filter that rejects answers with a disposition notification: by no person (RFC 5429 §2.1.1)."""
    for leaf in leaves:
        if leaf.media_type != "message/disposition-notification":
            continue
        group = Headers.of_bytes(leaf.content()[:MAX_ODD].strip())
        words = "".join((group.first("disposition") or "").lower().split())
        if words.startswith("automatic-action/mdn-sent-automatically;deleted"):
            found.add(_typed_address(group.first("final-recipient")))
            found.permanent = True
            found.original_id = next(iter(message_ids(group.first("original-message-id"))), None)


def _is_robot(headers: Headers, *, null_sender: bool) -> bool:
    """Whether a mail server wrote: by its name, or because nobody is named as the sender at all."""
    if ROBOT.search(_named_sender(headers)) is not None:
        return True
    return null_sender and not any("@" in one.address for one in addresses(headers.all("from")))


def _named_sender(headers: Headers) -> str:
    return " ".join((*headers.all("from"), *headers.all("sender")))[:500]


def _is_challenge(headers: Headers, text: str) -> bool:
    """Whether somebody's filter holds the mail until its sender confirms: a person must see that."""
    return not _is_robot(headers, null_sender=False) and CHALLENGE.search(text[:_WINDOW]) is not None


def _is_report(root: Node, top: MailReading, text: str, *, null_sender: bool) -> bool:
    """Whether a mail without a standard report may be one in another form.

    A server's name, a report's structure or the field of one server are enough; a subject or the null sender need the
    words beside them, and a person who answers or forwards a report sends none.
    """
    headers = root.headers
    if headers.first("x-failed-recipients") or root.media_type == "multipart/report":
        return True
    if "report-type" in root.type_parameters.named:
        return True
    is_robot = _is_robot(headers, null_sender=null_sender)
    if is_robot and SERVER.search(_named_sender(headers)) is not None:
        return True
    if null_sender and any(leaf.media_type in MESSAGE_TYPES for leaf in root.leaves()):
        return True  # nobody sends a message back with a null sender but a server
    is_named = SUBJECT.search(top.subject[:300]) is not None
    if is_robot:
        return is_named or _certainly_failed(text)
    if FORWARDED.match(top.subject) and not null_sender:
        return False
    # The words come last: looking for them is half of what reading an ordinary mail would cost.
    return (null_sender or (is_named and not _is_in_thread(headers))) and _certainly_failed(text)


def _certainly_failed(text: str) -> bool:
    return CERTAINLY_FAILED.search(" ".join(text[:_WINDOW].split())) is not None


def _is_in_thread(headers: Headers) -> bool:
    """Whether a mail answers another, as people's programs do."""
    return bool(headers.first("in-reply-to") or headers.first("references"))


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
    status = STATUS.search(group.first("status") or "")
    diagnostic = clean_line(group.first("diagnostic-code") or "")
    found.diagnostic = found.diagnostic or diagnostic.partition(";")[2].strip()[:300] or diagnostic[:300] or None
    better = STATUS.search(diagnostic)
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

    if len(raw) > MAX_ODD or len(_NESTING.findall(raw)) > MAX_LEVELS or len(_DELIMITER.findall(raw)) > MAX_PARTS:
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


def _says_failed(text: str) -> bool:
    """Whether the text of a likely report says that a delivery failed, or waits."""
    said = " ".join(text[:_WINDOW].split())
    return bool(FAILED.search(said) or TEMPORARY.search(said) or REPLY.search(text[:_WINDOW]))


def _recipient_in(text: str) -> str | None:
    """The address that the words of a report are about: one that is called the recipient, else the first."""
    head = _head(text)
    called = _RCPT.search(head)
    if called is not None:
        return called[1]
    return next((one for one in _ADDRESS.findall(head)[:20] if ROBOT.search(one) is None), None)


def _head(text: str) -> str:
    """What a report says itself, above what it quotes of the message."""
    return _RETURNED.split(text[:_WINDOW], maxsplit=1)[0]


def _complete(text: str, found: _Findings, original_id: str | None) -> Bounce:
    """The report, with what only its words say."""
    said = text[:_WINDOW]
    if found.status is None:  # a transcript also has those of what went well
        found.status = next((status for status in STATUS.findall(said) if status[0] in "45"), None)
    if found.permanent is None:
        found.permanent = _is_permanent(said, found.status)
    if found.diagnostic is None:
        reply = next((line for line in said.split("\n") if REPLY.search(line[:300])), None)
        found.diagnostic = reply.strip()[:300] if reply else None
    return Bounce(
        recipients=tuple(found.recipients[:MAX_RECIPIENTS]),
        permanent=bool(found.permanent),
        status=found.status,
        original_message_id=original_id,
        diagnostic=found.diagnostic,
        reason=reason_of(found.status, found.diagnostic or "", _head(text) or said),
    )


def _is_permanent(said: str, status: str | None) -> bool:
    if status is not None and status[0] in "45":
        return status[0] == "5"
    reply = REPLY.search(said)
    if reply is not None:
        return reply[1][0] == "5"
    return TEMPORARY.search(said) is None


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
