"""Why something was not sent or did not arrive, for people: adapters, register and log say it in English.

What we say ourselves is known here and has its words in the catalogues. The words of others (a mail server's answer, an
error of the operating system) are told as they are; they stand inside ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.domain.wording import channel_name

if TYPE_CHECKING:
    from gateway.domain.texts import Catalogue

CAUSES = tuple(
    (text_id, re.compile(said, re.DOTALL))
    for text_id, said in (
        ("P-CAUSE-UNSENT", r"not sent within a minute"),
        ("P-CAUSE-GIVEN-UP", r"given up: (?P<rest>.*)"),
        ("P-CAUSE-PERHAPS", r"perhaps sent: (?P<rest>.*)"),
        ("P-CAUSE-OLD", r"older than a page lives"),
        ("P-CAUSE-ANSWERED", r"the page was answered"),
        ("P-CAUSE-NOT-NEEDED", r"nobody is needed for the request any more"),
        ("P-CAUSE-GONE-ON", r"the ladder has gone on"),
        ("P-CAUSE-NO-TEXTS", r"the number gets no SMS"),
        ("P-CAUSE-NO-OUTLET", r"no outlet is configured for (?P<channel>\w+)"),
        ("P-CAUSE-NO-RELAY", r"there is no \[relay\] in the configuration"),
        ("P-CAUSE-NO-ACCOUNT", r"there is no \[\[pec_account\]\] for (?P<said>.*)"),
        ("P-CAUSE-CLEAR-TEXT", r"clear text to a relay .*"),
        ("P-CAUSE-SENDER", r"the envelope sender is not an address"),
        ("P-CAUSE-RECIPIENT", r"a recipient is not an address"),
        ("P-CAUSE-NO-CONNECTION", r"no connection to the relay: (?P<said>.*)"),
        ("P-CAUSE-BROKE-OFF", r"the dialogue broke off: (?P<said>.*)"),
        ("P-CAUSE-SLOW", r"the relay takes too long"),
        ("P-CAUSE-RELAY-SAYS", r"the relay says: (?P<said>.*)"),
        ("P-CAUSE-NOT-SENT", r"not sent: (?P<said>.*)"),
        ("P-CAUSE-BOUNCED", r"bounced: (?P<said>.*)"),
        ("P-CAUSE-CEILING", r"ceiling of (?P<limit>\d+) (?P<channel>\w+) in an? .*reached"),
        ("P-CAUSE-NOT-LISTED", r"the number is not in the directory"),
        ("P-CAUSE-NOT-ALLOWED", r"the number may not get (?P<channel>\w+)"),
        ("P-CAUSE-CARRIER-REFUSED", r"the carrier refused it for good"),
        ("P-CAUSE-CARRIER-SLOWER", r"the carrier asks us to be slower"),
        ("P-CAUSE-CARRIER-FAULT", r"the carrier has a fault of its own, perhaps sent"),
        ("P-CAUSE-CARRIER-SILENT", r"no answer from the carrier(?:, perhaps sent)?(?:: \w+)?"),
        ("P-CAUSE-CARRIER-ACCOUNT", r"the carrier does not accept our account: check \[twilio\] auth_token"),
        ("P-CAUSE-CARRIER-UNTOLD", r"the carrier took it and knows nothing of it"),
        ("P-CAUSE-CARRIER-SAYS", r"the carrier answered (?P<rest>.*)"),
        ("P-CAUSE-STOPPED", r"the number texted STOP: .*"),
        ("P-CAUSE-LANDLINE", r"this number cannot be texted \(a landline\)"),
        ("P-CAUSE-NO-SUCH", r"this is no telephone number"),
        ("P-CAUSE-UNREACHED", r"the number cannot be reached"),
        ("P-CAUSE-BARRED", r"the telephone or its network blocks our texts"),
        ("P-CAUSE-UNKNOWN", r"the network does not know the number"),
        ("P-CAUSE-SPAM", r"the network took the text for spam: .*"),
        ("P-CAUSE-COUNTRY", r"the account may not send to this country"),
        ("P-CAUSE-NO-ROUTE", r"the carrier has no route to this number from ours"),
        ("P-CAUSE-UNDELIVERED", r"undelivered(?: .*)?"),
        ("P-CAUSE-FAILED", r"failed(?: .*)?"),
        ("P-CAUSE-BUSY", r"busy(?: .*)?"),
        ("P-CAUSE-NOBODY", r"no-answer(?: .*)?"),
        ("P-CAUSE-CANCELED", r"canceled(?: .*)?"),
        ("P-CAUSE-COMPLETED", r"completed(?: .*)?"),
        ("P-CAUSE-NO-TICKET", r"the mail did not become a ticket"),
        ("P-CAUSE-PAGE-STUCK", r"the page did not leave: (?P<rest>.*)"),
        ("P-CAUSE-PAGE-IGNORED", r"the page left and nobody accepted it"),
        ("P-CAUSE-DOOR-SHUT", r"our own door did not take the mail: (?P<rest>.*)"),
        ("P-CAUSE-OUR-ADDRESS", r"our own address (?P<address>\S+) cannot be reached: (?P<rest>.*)"),
        ("P-CAUSE-ANSWER", r"(?P<code>[45]\.\d{1,3}\.\d{1,3}) (?P<rest>.+)"),
        ("P-CAUSE-ANSWER", r"(?P<rest>.+) \((?P<code>\d{3})\)"),
        ("P-CAUSE-CODE", r"(?P<code>\d{4,5}) (?P<rest>.+)"),
    )
)
"""The phrase and what is said in English. `rest` is a cause of its own; the first that fits counts."""
REST, CHANNEL = "rest", "channel"
_ASKED = re.compile(r"(?:accepted|scheduled|queued|sending|undelivered|failed|busy|no-answer|canceled|completed) (.+)")
"""The carrier was asked: its status, and after it what that means."""


def told(catalogue: Catalogue, said: str) -> str:
    """A cause in the language of a catalogue; what nobody knows here is told as it is."""
    asked = _ASKED.fullmatch(said.strip())
    return (asked and _known(catalogue, asked[1])) or _known(catalogue, said.strip()) or said


def _known(catalogue: Catalogue, said: str) -> str | None:
    for text_id, pattern in CAUSES:
        if found := pattern.fullmatch(said):
            return catalogue.fill(text_id, _values(catalogue, found)).body.strip()
    return None


def _values(catalogue: Catalogue, found: re.Match[str]) -> dict[str, str]:
    values = {name: value or "" for name, value in found.groupdict().items()}
    if REST in values:
        values[REST] = told(catalogue, values[REST])
    if CHANNEL in values:
        values[CHANNEL] = channel_name(values[CHANNEL], catalogue.language)
    return values
