"""What a mail says to the people at the desk: its text, and in words what stands in it in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.invitation import in_words
from gateway.domain.phrases import encrypted_phrase

if TYPE_CHECKING:
    from gateway.domain.intake import MailReading


def shown_text(reading: MailReading, language: str = "it") -> str:
    """The text of a mail; after it each invitation, and for an encrypted mail why there is no text."""
    said = [reading.text] if reading.text.strip() else []
    if not said and reading.protection == "encrypted":
        said.append(encrypted_phrase(language))
    said += [in_words(each, language) for each in reading.invitations]
    return "\n\n".join(said)
