"""A script as text and back: what a caller heard last is kept on the line, so that a repeat hears the same (S161)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from gateway.domain.call import Gather, Hangup, Leg, Record, Redirect, Reject, Ring, Say, Script, Verb

_VERBS: dict[str, type[Verb]] = {
    each.__name__: each for each in (Say, Gather, Record, Ring, Redirect, Reject, Hangup)
}  # fmt: skip


def text_of(script: Script) -> str:
    """The script as one line of JSON."""
    return json.dumps([[type(verb).__name__, asdict(verb)] for verb in script], ensure_ascii=False)


def script_of(text: str) -> Script:
    """The script that `text_of` made a line of; nothing at all hangs up."""
    return tuple(_verb(name, fields) for name, fields in json.loads(text)) if text else (Hangup(),)


def _verb(name: str, fields: dict[str, Any]) -> Verb:
    if name == "Gather":
        prompts = tuple(Say(**prompt) for prompt in fields["prompts"])
        return Gather(**{**fields, "prompts": prompts, "hints": tuple(fields["hints"])})
    if name == "Ring":
        return Ring(**{**fields, "legs": tuple(Leg(**leg) for leg in fields["legs"])})
    return _VERBS[name](**fields)
