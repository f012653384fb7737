"""What a caller or a called technician hears next, as values; `adapters/twilio` only renders them.

A `Script` is spoken from the first verb to the last. A `Gather` or `Record` leads to a named step, at which the carrier
asks again with the key, the speech or the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

PROMPT_LIMIT = 3
"""How often a question is asked before the call ends politely."""


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence to be spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Ask for keys, and for speech when `speech`. Silence goes on to the next verb."""

    step: str
    prompts: tuple[str, ...]
    digits: int = 1
    timeout_s: int = 6
    speech: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """Record a message after a tone. Only after the notice was spoken (X12)."""

    step: str
    max_s: int = 180


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on at another step."""

    step: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


Verb = Say | Gather | Record | Redirect | Hangup
Script = tuple[Verb, ...]
