"""Reads the gateway's answers: TwiML into verbs, with a complaint about everything the carrier would not understand."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

_SAID = frozenset({"voice", "language", "loop"})
_ASKED = frozenset(
    [
        "action",
        "actionOnEmptyResult",
        "bargeIn",
        "debug",
        "enhanced",
        "finishOnKey",
        "hints",
        "input",
        "language",
        "maxSpeechTime",
        "method",
        "numDigits",
        "partialResultCallback",
        "partialResultCallbackMethod",
        "profanityFilter",
        "speechModel",
        "speechTimeout",
        "timeout",
    ]
)
_RECORDED = frozenset(
    [
        "action",
        "finishOnKey",
        "maxLength",
        "method",
        "playBeep",
        "recordingStatusCallback",
        "recordingStatusCallbackEvent",
        "recordingStatusCallbackMethod",
        "timeout",
        "transcribe",
        "transcribeCallback",
        "trim",
    ]
)
_DIALLED = frozenset(
    [
        "action",
        "answerOnBridge",
        "callerId",
        "hangupOnStar",
        "method",
        "record",
        "recordingStatusCallback",
        "recordingStatusCallbackEvent",
        "recordingStatusCallbackMethod",
        "ringTone",
        "sequential",
        "timeLimit",
        "timeout",
        "trim",
    ]
)
_LEG = frozenset(["method", "sendDigits", "statusCallback", "statusCallbackEvent", "statusCallbackMethod", "url"])

VOICE: Mapping[str, frozenset[str]] = {
    "Say": _SAID,
    "Play": frozenset({"loop", "digits"}),
    "Pause": frozenset({"length"}),
    "Gather": _ASKED,
    "Record": _RECORDED,
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
    "Dial": _DIALLED,
    "Number": _LEG,
}
MESSAGING: Mapping[str, frozenset[str]] = {
    "Message": frozenset(["action", "from", "method", "statusCallback", "to"]),
    "Body": frozenset(),
    "Redirect": frozenset({"method"}),
}
_INSIDE: Mapping[str, frozenset[str]] = {
    "Response": (frozenset(VOICE) | frozenset(MESSAGING)) - {"Number", "Body"},
    "Gather": frozenset({"Say", "Play", "Pause"}),
    "Dial": frozenset({"Number"}),
    "Message": frozenset({"Body"}),
}


@dataclass(frozen=True, slots=True)
class Verb:
    """One element: its name, attributes, all the text in it, and the verbs nested in it."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple[Verb, ...] = ()

    def get(self, attribute: str, default: str = "") -> str:
        return self.attributes.get(attribute, default)

    def number(self, attribute: str, default: float) -> float:
        """The attribute as a number; `default` where it is absent or none (`speechTimeout="auto"`)."""
        try:
            return float(self.attributes.get(attribute, default))
        except ValueError:
            return default

    def says(self, attribute: str, *, default: bool) -> bool:
        return self.attributes.get(attribute, str(default)).lower() == "true"


@dataclass(frozen=True, slots=True)
class Document:
    """A TwiML answer. `url` is where it came from: relative addresses in it are resolved against it."""

    url: str
    verbs: tuple[Verb, ...]
    problems: tuple[str, ...] = ()


def read_twiml(body: bytes | str, url: str, grammar: Mapping[str, frozenset[str]] = VOICE) -> Document:
    """The document in `body`. Never raises: what is no TwiML has no verbs and says why in `problems`.

    Unknown verbs, verbs in the wrong place and unknown attributes are problems too; unknown verbs are left out.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314 - the answer of our own gateway; expat itself stops entity bombs
    except (ET.ParseError, ValueError) as error:
        return Document(url, (), (f"no XML: {error}",))
    if root.tag != "Response":
        return Document(url, (), (f"the root is <{root.tag}>, not <Response>",))
    problems: list[str] = []
    verbs = _children(root, grammar, problems)
    return Document(url, verbs, tuple(problems))


def _children(parent: ET.Element, grammar: Mapping[str, frozenset[str]], problems: list[str]) -> tuple[Verb, ...]:
    allowed = _INSIDE.get(parent.tag)
    if allowed is None:  # inside Say stands speech markup, which is read as text
        return ()
    return tuple(_verb(child, grammar, problems) for child in parent if _known(child, parent, grammar, problems))


def _known(child: ET.Element, parent: ET.Element, grammar: Mapping[str, frozenset[str]], problems: list[str]) -> bool:
    if child.tag in grammar and child.tag in _INSIDE[parent.tag]:
        return True
    problems.append(f"unknown verb <{child.tag}> in <{parent.tag}>")
    return False


def _verb(element: ET.Element, grammar: Mapping[str, frozenset[str]], problems: list[str]) -> Verb:
    problems.extend(
        f"unknown attribute {name!r} of <{element.tag}>" for name in element.attrib if name not in grammar[element.tag]
    )
    text = " ".join("".join(element.itertext()).split())
    return Verb(element.tag, dict(element.attrib), text, _children(element, grammar, problems))
