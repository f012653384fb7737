"""A script of the gateway as TwiML. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from adapters.twilio.sdk import Twiml
from gateway.domain.call import Gather, Hangup, Record, Redirect, Say

if TYPE_CHECKING:
    from gateway.domain.call import Script, Verb

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
"""An answer that does nothing."""


def rendered(script: Script, address: Callable[[str], str], *, voice: str, language: str, max_record_s: int) -> str:
    """The document; `address` gives the URL of a step."""
    twiml = Twiml(voice, language)
    for verb in script:
        _render(twiml, verb, address, max_record_s)
    return twiml.xml()


def _render(twiml: Twiml, verb: Verb, address: Callable[[str], str], max_record_s: int) -> None:
    if isinstance(verb, Say):
        twiml.say(verb.text)
    elif isinstance(verb, Gather):
        action = address(verb.step)
        twiml.gather(verb.prompts, action=action, digits=verb.digits, timeout_s=verb.timeout_s, speech=verb.speech)
    elif isinstance(verb, Record):
        twiml.record(action=address(verb.step), max_s=min(verb.max_s, max_record_s))
    elif isinstance(verb, Redirect):
        twiml.redirect(address(verb.step))
    elif isinstance(verb, Hangup):
        twiml.hangup()
