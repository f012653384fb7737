"""A script of the gateway as TwiML. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.twilio.sdk import Twiml
from gateway.domain.call import Gather, Hangup, Record, Redirect, Reject, Ring, Say

if TYPE_CHECKING:
    from gateway.domain.call import Script, Verb

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
"""An answer that does nothing."""


@dataclass(frozen=True, slots=True)
class How:
    """How scripts are rendered: the voice and the carrier's language code of each language, and the addresses.

    `leg` is what a telephone of ours hears before it is put through, `leg_status` where its fate is told, both by the
    attempt id; `recorded` where the recording of a conversation is told. `caller_id` is what our telephones show: a
    number that the carrier has verified, never the caller's (X19).
    """

    voices: Mapping[str, tuple[str, str]]
    max_record_s: int
    caller_id: str = ""
    leg: Callable[[str], str] = lambda key: f"/twilio/leg/{key}"
    leg_status: Callable[[str], str] = lambda key: f"/twilio/leg-status/{key}"
    recorded: str = "/twilio/recording"


def rendered(script: Script, address: Callable[[str], str], how: How, language: str = "it") -> str:
    """The document, in the language of the call; `address` gives the URL of a step."""
    twiml = Twiml(how.voices, language)
    for verb in script:
        _render(twiml, verb, address, how)
    return twiml.xml()


def _render(twiml: Twiml, verb: Verb, address: Callable[[str], str], how: How) -> None:
    if isinstance(verb, Say):
        twiml.say(verb.text, verb.language)
    elif isinstance(verb, Gather):
        twiml.gather(
            [(prompt.text, prompt.language) for prompt in verb.prompts],
            action=address(verb.step),
            digits=verb.digits,
            timeout_s=verb.timeout_s,
            speech=verb.speech,
            hints=verb.hints,
        )
    elif isinstance(verb, Record):
        twiml.record(action=address(verb.step), max_s=min(verb.max_s, how.max_record_s))
    elif isinstance(verb, Ring):
        _ring(twiml, verb, address, how)
    elif isinstance(verb, Redirect):
        twiml.redirect(address(verb.step))
    elif isinstance(verb, Reject):
        twiml.reject()
    elif isinstance(verb, Hangup):
        twiml.hangup()


def _ring(twiml: Twiml, verb: Ring, address: Callable[[str], str], how: How) -> None:
    twiml.ring(
        [(leg.number, how.leg(leg.key), how.leg_status(leg.key)) for leg in verb.legs],
        action=address(verb.step),
        timeout_s=verb.ring_s,
        caller_id=how.caller_id,
        recorded=how.recorded if verb.recorded else "",
    )
