"""The words of delivery reports: what says that a mail is one, and what it says.

A wrong "yes" here would take a person's mail for a report, so words alone never make one: `bounces` asks who sent it.
"""

from __future__ import annotations

import re

REPLY = re.compile(r"(?<![\d.,:/-])(4[0-5]\d|5[0-57]\d)(?=[ \-]|$)(?!\s?(?:EUR|euro|ml|kg|px|USD))", re.MULTILINE)
STATUS = re.compile(r"(?<![\d.vV])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
SUBJECT = re.compile(
    r"undeliver|non recapitabil|mancata consegna|delivery (?:status|failure|report|problem|delay|incomplete)"
    r"|non-?delivery|failure (?:not|de)|mail failure"
    r"|returned (?:mail|to sender|message)|mail (?:delivery|could not|system error|status report)"
    r"|could not be delivered"
    r"|unzustellbar|unzustellbarkeit|übermittlungsstatus|non remis|delivery has failed|not delivered"
    r"|message (?:status|not|delayed|delivery)|warning: could not"
    r"|nondeliverable|bounce|error sending|impossibile recapitare|recapito (?:fallito|ritardato)"
    r"|failed (?:mail|delivery)|automatically rejected mail",
    re.IGNORECASE,
)
ROBOT = re.compile(
    r"mailer.?daemon|post_?master|mail.?delivery|daemon@|mmdf|mdaemon|system administrator|amministratore di sistema"
    r"|systemadministrator|administrateur système",
    re.IGNORECASE,
)
SERVER = re.compile(r"mailer.?daemon|mail.?delivery|daemon@|mmdf|mdaemon", re.IGNORECASE)
"""The names under which no person writes; a postmaster may be one."""
FORWARDED = re.compile(r"^\W{0,3}(?:re|r|aw|sv|antw|fwd?|i|wg|tr)\s?:", re.IGNORECASE)
"""A person answers or forwards; of the machines only gateways to telephones write `Re:`."""
TEMPORARY = re.compile(
    r"will (?:be retried|continue|keep trying|retry)|still (?:being retried|trying)|temporar|delayed"
    r"|not yet been delivered"
    r"|(?:this is|just) a warning|no action is required|verr[àa] ritentat|ancora in coda|riprover",
    re.IGNORECASE,
)
FAILED = re.compile(
    r"user unknown|unknown (?:user|recipient|mailbox)|no such (?:user|mailbox|recipient)|does(?: not|n't) exist"
    r"|permanent|not a valid (?:user|mailbox|recipient|address)|malformed address|incorrectly constructed"
    r"|could not be delivered|undeliverable|delivery.{0,20}failed|not found|rejected|sconosciut|inesistente"
    r"|quota|mailbox full"
    r"|unrouteable|address rejected|not deliver|unable to deliver|fail",
    re.IGNORECASE,
)
CERTAINLY_FAILED = re.compile(
    r"(?:could not|cannot|can't|was not|not|unable to|n't able to) (?:yet )?(?:be |been )?deliver|undeliverable"
    r"|delivery (?:has |to .{0,60})?failed"
    r"|user unknown|unknown (?:user|recipient)|no such (?:user|mailbox|recipient)|not a valid user"
    r"|returned to sender|non (?:è stato|recapitato|consegnato)|impossibile (?:recapitare|consegnare)"
    r"|konnte nicht zugestellt|unzustellbar|n'a pas pu être remis|(?:mailbox|quota) (?:is )?(?:full|exceeded)",
    re.IGNORECASE,
)
CHALLENGE = re.compile(
    r"wait-?list|guest list|approved senders?|pre-?approved|add yourself|confirm (?:that )?(?:you|your)"
    r"|verify (?:that )?you"
    r"|conferma(?:re)? (?:il tuo|la tua|di essere)|bestätigen sie|confirmez (?:que|votre)",
    re.IGNORECASE,
)
"""Whoever asks the sender to confirm something holds the mail back until somebody does."""
