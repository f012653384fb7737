"""What others know of the carrier: printed signatures, printed forms, its own description of its API and TwiML.

Read from the corpus where there is one; nothing of it is copied.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.datastructures import FormData

from adapters.rehearsal.faults import silent
from adapters.twilio import Api
from adapters.twilio.gate import is_strange
from adapters.twilio.sdk import Signatures
from adapters.twilio.twiml import How, rendered
from gateway.domain.call import Gather, Hangup, Leg, Record, Redirect, Reject, Ring, Say, Script
from tests.adapters.twilio.house import A_KEY, MESSAGE_SID, PUBLIC_URL, SID, TOKEN, House
from tests.corpus.material import corpus
from tests.flow.station import BRUNO, CITIZEN, DESK_NUMBER, SMS_NUMBER

pytestmark = pytest.mark.corpus


def lines(source: str) -> list[Any]:
    """The lines of a source, as parameters; one that is skipped where there is no corpus."""
    file = corpus() / source / "expectations.jsonl"
    if not file.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"no {file}"))]
    return [pytest.param(each, id=each["id"]) for each in map(json.loads, file.read_text("utf-8").splitlines())]


def whole(name: str) -> bytes:
    file = corpus() / name
    if not file.is_file():
        pytest.skip(f"no {file}")
    return file.read_bytes()


# ----------------------------------------------------------------------------------------------------------- signatures


@pytest.mark.parametrize("vector", lines("twilio-signature"))
def test_a_printed_signature_of_a_form_holds_and_a_changed_one_does_not(vector: dict[str, Any]) -> None:
    """Point 7. A JSON body is never taken: no webhook of ours has one."""
    signatures, params = Signatures(vector["auth_token"]), [tuple(each) for each in vector.get("params", [])]
    url, right = vector["url"], vector["signature"]
    if "body" in vector:
        assert not signatures.is_valid(url, FormData([(vector["body"], "")]), right)
        return
    assert signatures.is_valid(url, FormData(params), right) is vector["valid"]
    wrong = right[:-2] + ("A=" if right[-2] != "A" else "B=")
    changed = [*params[:-1], (params[-1][0], params[-1][1] + "0")]
    for form, given in ((params, wrong), (params, ""), (params, None), (changed, right), (params[1:], right)):
        assert not signatures.is_valid(url, FormData(form), given)
    assert not Signatures(vector["auth_token"] + "6").is_valid(url, FormData(params), right)
    assert not signatures.is_valid(url + "&more=1", FormData(params), right)


@pytest.mark.parametrize("vector", lines("twilio-signature"))
def test_a_body_that_is_no_form_has_no_effect(vector: dict[str, Any], quiet_house: House) -> None:
    body = vector.get("body")
    if body is None:
        return
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": vector["signature"]}
    for path in ("/twilio/sms", "/twilio/voice", "/twilio/recording"):
        assert quiet_house.client.post(path, content=body.encode(), headers=headers).status_code == 403


# ---------------------------------------------------------------------------------------------------------------- forms


def printed(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """The form, as our own account would send it."""
    form = dict(parse_qsl(entry["form"], keep_blank_values=True)) | {"AccountSid": SID}
    return list(form.items())


@pytest.mark.parametrize("entry", lines("twilio-webhook-forms"))
def test_no_name_of_a_printed_form_is_strange(entry: dict[str, Any]) -> None:
    assert [name for name, _ in printed(entry) if is_strange(name)] == []


@pytest.mark.parametrize("entry", lines("twilio-webhook-forms"))
def test_a_printed_form_becomes_a_ticket_or_a_fate_and_once(entry: dict[str, Any], house: House) -> None:
    form = printed(entry)
    if "MessageStatus" in dict(form):
        house.station.sms(CITIZEN, "Non riesco a entrare")
        house.carrier.faults.add(silent(times=None))
        house.deliver()
        (answer,) = house.station.to(CITIZEN)
        path = f"/twilio/status/{answer.key}"
        assert [house.post(path, form).status_code for _ in range(3)] == [204, 204, 204]
        state = str(house.station.to(CITIZEN)[0].state)
        expected = {"delivered": "confirmed", "read": "confirmed", "errored": "refused"}
        assert state == expected.get(entry.get("delivery_status", ""), "sent")
        return
    assert [house.post("/twilio/sms", form).status_code for _ in range(3)] == [200, 200, 200]
    ticket = house.station.ticket()
    (message,) = house.station.messages(ticket)
    assert message.text == dict(form).get("Body", "")
    shown = entry["from_urn"].startswith("tel:") or "Prefixless" in entry["id"]
    assert ticket.requester.number == (dict(form)["From"] if shown else "")
    assert house.station.intakes()[0].facts["sid"] == entry["message_sid"]


def test_a_text_without_words_and_without_a_picture_is_none(quiet_house: House) -> None:
    form = [("AccountSid", SID), ("MessageSid", MESSAGE_SID), ("From", CITIZEN), ("To", SMS_NUMBER)]
    assert quiet_house.post("/twilio/sms", form).status_code == 400


# -------------------------------------------------------------------------------------------------------------- the API

NO_NEXT: dict[str, Any] = {"next_page_uri": None, "page": 0, "page_size": 500}
ONE: dict[str, Any] = {"sid": MESSAGE_SID, "status": "queued", "error_code": None}


class Seen:
    """A server that answers whatever the library asks for, and remembers method, path and names."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, frozenset[str]]] = []
        seen = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                told = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                names = frozenset(name for name, _ in parse_qsl(f"{told.query}&{body}"))
                seen.asked.append((self.command, told.path, names))
                listed = re.search(r"/([A-Z][a-z]+)\.json$", told.path) if self.command == "GET" else None
                self.send_response({"POST": 201, "DELETE": 204}.get(self.command, 200))
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                if self.command != "DELETE":
                    page: dict[str, Any] = {listed[1].lower(): [], **NO_NEXT} if listed else ONE
                    self.wfile.write(json.dumps(page).encode())

            def do_GET(self) -> None:
                self.answer()

            def do_POST(self) -> None:
                self.answer()

            def do_DELETE(self) -> None:
                self.answer()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def seen() -> Iterator[Seen]:
    server = Seen()
    yield server
    server.close()


SINCE = datetime(2026, 11, 24, tzinfo=UTC)
QUESTIONS: dict[str, Callable[[Api], object]] = {
    "an SMS": lambda api: api.send_sms(to=BRUNO, sender=SMS_NUMBER, body="x", status_url=f"{PUBLIC_URL}/s"),
    "a call": lambda api: api.call(to=BRUNO, sender=SMS_NUMBER, url=f"{PUBLIC_URL}/p", status_url="s", ring_s=25),
    "the fate of an SMS": lambda api: api.fetch_sms(MESSAGE_SID),
    "the fate of a call": lambda api: api.fetch_call("CA" + "0" * 32),
    "whether it answers": lambda api: api.ask(),
    "calls": lambda api: api.calls_to(DESK_NUMBER, SINCE),
    "texts": lambda api: api.texts_to(SMS_NUMBER, SINCE),
    "recordings": lambda api: api.recordings_since(SINCE),
    "to delete a recording": lambda api: api.delete_recording("RE" + "0" * 32),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_everything_that_we_ask_stands_in_the_carriers_own_description(question: str, seen: Seen) -> None:
    """Path, method and every parameter."""
    described = json.loads(whole("twilio-oai/files/twilio_api_v2010.json"))
    QUESTIONS[question](Api(SID, TOKEN, seen.url, 5))
    (method, path, names) = seen.asked[0]
    found = [known for known in described["paths"] if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", known), path)]
    operations = [described["paths"][known].get(method.lower()) for known in found]
    (operation,) = [each for each in operations if each]
    form = operation.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {})
    queried = {each["name"] for each in operation.get("parameters", ())}
    assert names <= queried | set(form.get("schema", {}).get("properties", ()))
    assert names or method == "DELETE" or "fate" in question


def test_every_way_in_which_a_recording_is_made_is_one_of_theirs() -> None:
    described = json.loads(whole("twilio-oai/files/twilio_api_v2010.json"))["components"]["schemas"]
    assert "RecordVerb" in described["recording_enum_source"]["enum"]
    assert {"completed", "busy", "failed", "no-answer", "canceled"} < set(described["call_enum_status"]["enum"])


# ---------------------------------------------------------------------------------------------------------------- TwiML

NEWER = ("input", "speechTimeout", "hints", "language", "answerOnBridge", "recordingStatusCallback",
         "recordingStatusCallbackMethod", "recordingStatusCallbackEvent", "statusCallback", "statusCallbackEvent",
         "statusCallbackMethod", "record", "voice", "actionOnEmptyResult", "ringTone", "trim", "method")  # fmt: skip
"""Attributes that are younger than the only schema there is (2011), or whose values are."""
SCRIPTS: dict[str, Script] = {
    "menu": (Say("Buongiorno"), Gather("menu", (Say("Prema uno"),), speech=True), Redirect("menu")),
    "message": (Say("Dopo il segnale"), Record("message"), Say("Grazie"), Hangup()),
    "desk": (Ring("desk", (Leg(BRUNO, A_KEY), Leg(CITIZEN, A_KEY)), 20, recorded=True),),
    "refused": (Reject(),),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_our_documents_are_valid_by_the_only_schema_there_is(name: str) -> None:
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.parse(io.BytesIO(whole("twilio-twiml-xsd/files/TwiML-2011.xsd"))))
    how = How({"it": ("Polly.Bianca", "it-IT")}, max_record_s=60, caller_id=SMS_NUMBER)
    document = etree.fromstring(rendered(SCRIPTS[name], lambda step: f"/twilio/voice/{step}?n=1", how).encode())
    for verb in document.iter():
        for attribute in NEWER:
            verb.attrib.pop(attribute, None)
    schema.assertValid(document)
