"""What a mail says to the people at the desk: its text, and in words what stands in it in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.invitation import in_words

if TYPE_CHECKING:
    from gateway.domain.intake import MailReading

_ENCRYPTED = (
    "Il messaggio è cifrato e qui non si può leggere: l’originale è tra gli allegati, il mittente lo mandi in chiaro.",
    "The message is encrypted and cannot be read here: the original is attached, the sender should send it in clear.",
)


def shown_text(reading: MailReading, language: str = "it") -> str:
    """The text of a mail; after it each invitation, and for an encrypted mail why there is no text."""
    said = [reading.text] if reading.text.strip() else []
    if not said and reading.protection == "encrypted":
        said.append(_ENCRYPTED[language == "en"])
    said += [in_words(each, language) for each in reading.invitations]
    return "\n\n".join(said)
