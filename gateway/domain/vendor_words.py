"""What a vendor answers to an escalation: whether it sends it back, or asks for what is missing (C9.8).

It is no judge of content: it looks for the words in which request desks send back what they will not work on.
"""

from __future__ import annotations

import re

_READ = 2_000
"""Characters of the answer that are looked at; the reason stands at the beginning."""
_REASON = 200

_SENDS_BACK = re.compile(
    r"\b(?:non (?:è |e' |risulta |può essere |ritenut[ao] )?(?:ricevibil[ei]|procedibile|prendibile in carico)"
    r"|irricevibil[ei]|(?:ticket|richiesta|segnalazione|scheda|modulo)\s(?:è |e' |risulta )?"
    r"(?:incomplet[ao]|respint[ao]|rigettat[ao]|rifiutat[ao])"
    r"|not (?:receivable|acceptable)|(?:ticket|request) (?:is |was |has been )?(?:rejected|incomplete|returned))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?<!non )(?<!nulla )\bmanca(?:no)?\b(?! (?:nulla|niente|più)\b)"
    r"|\b(?:servono|occorrono|abbiamo bisogno di|necessitiamo di|restiamo in attesa di) .{0,40}"
    r"(?:informazioni|dati|dettagli|integrazion[ei]|elementi)"
    r"|\b(?:vi|la) (?:chiediamo|preghiamo) di (?:fornir|indicar|inviar|integrar|specificar)\w*"
    r"|\b(?:please|kindly) (?:provide|specify|send us|include)\b"
    r"|\b(?:missing|need|require) (?:some |more |further |additional )?(?:information|details|data)\b",
    re.IGNORECASE,
)


def sent_back(subject: str, text: str, *, automatic: bool) -> str | None:
    """Why the vendor does not take the escalation, in its own words of one line; None when it says no such thing.

    An automatic confirmation of receipt may ask for data in general terms: only plain words of refusal count in one.
    """
    lines = [" ".join(line.split())[:_REASON] for line in (subject[:_READ], *text[:_READ].splitlines())]
    plainly = (line for line in lines if _SENDS_BACK.search(line))
    asking = (line for line in lines[1:] if not automatic and _ASKS.search(line))
    return next(plainly, None) or next(asking, None)
