"""What our calls and SMS leave from, and how a text is worded when nobody can answer it.

A sender of SMS is a number of ours, which takes replies, or a name [alias], which takes none: accepting by reply needs
a number, and the two may be used side by side (a name for notices, a number for pages). Whoever is paged by a name
calls us back and keys the code. Source: M-01 and M-02; DOMAIN 10, "SMS alias"; FIELD 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ONE_WAY: Mapping[str, str] = MappingProxyType(
    {
        "M-01": "M-02",
        "M-03": "M-03-CALL",
        "M-03-TAKEN": "M-03-TAKEN-CALL",
        "M-05": "M-05-CALL",
        "M-10": "M-10-CALL",
        "M-DRILL": "M-DRILL-CALL",
        "M-IDENTIFY": "M-IDENTIFY-CALL",
        "M-MANY": "M-MANY-CALL",
        "M-SWAP": "M-SWAP-MAIL",
    }
)
"""The text that is sent in the place of one that asks for a reply."""
NOTICES = frozenset({"M-07", "M-08", "M-FORWARDED"})
"""What tells a requester something and asks for nothing. Our own people get all their texts from one sender."""
REMINDERS = frozenset({"M-03", ONE_WAY["M-03"]})


@dataclass(frozen=True, slots=True)
class SenderIds:
    """`calls` is the number that calls leave from and that reaches us; `texts` and `notices` are numbers or names."""

    calls: str = ""
    texts: str = ""
    notices: str = ""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Those at which people reach us, each once."""
        given = (self.calls, self.texts, self.notices)
        return tuple(dict.fromkeys(each for each in given if each and not is_name(each)))

    @property
    def answered_at(self) -> str:
        """The number at which a text reaches us."""
        return self.calls if is_name(self.texts) else self.texts

    def of(self, text_id: str) -> str:
        """What this text leaves from."""
        return (self.notices or self.texts) if text_id in NOTICES else self.texts

    def worded(self, text_id: str) -> str:
        """The text to be sent for this one: a text that asks for a reply is worded otherwise where none can come."""
        return ONE_WAY.get(text_id, text_id) if is_name(self.texts) else text_id


def is_name(sender: str) -> bool:
    """Whether a sender is a name, which takes no reply; a number has no letter in it."""
    return any(char.isalpha() for char in sender)
