"""The page on which an operator rehearses: the stand-in telephones, and beside them what the register says.

It is served by the stand-in carrier itself, on loopback, and only while somebody shows a house on it (`Page.show`):
`serve` has no stand-ins, so it has no page. The page asks for `/rehearsal/view` again and again; what its buttons do
goes to the addresses of `control`. Everything that people said or wrote travels as JSON and is put in as text.
"""

from __future__ import annotations

import asyncio
import email.policy
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.rehearsal.carrier import Carrier
from adapters.rehearsal.house import House
from adapters.rehearsal.mail_sink import MailSink
from adapters.rehearsal.same_origin import guarded, json_object
from adapters.rehearsal.view import view

ASSETS = Path(__file__).parent / "assets"
KINDS = {".css": "text/css", ".js": "text/javascript"}
FIRST_LANGUAGE = "it"
NOT_THERE, BUSY = 404, 409
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Words = Mapping[str, str]
"""What the page says in one language, by key (`ui.call`, `state.taken`)."""


class Page:
    """The routes of the page. Until `show` was called there is nothing at its address."""

    def __init__(self, carrier: Carrier, sink: MailSink) -> None:
        self._carrier = carrier
        self._sink = sink
        self._house: House | None = None
        self._words: Mapping[str, Words] = {}
        self._templates = Environment(
            loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def show(self, house: House, words: Mapping[str, Words]) -> None:
        """From now on the page is there, in these languages."""
        self._words = words
        self._house = house

    def hide(self) -> None:
        """There is nothing at its address any more."""
        self._house = None

    def routes(self) -> list[BaseRoute]:
        """The routes under /rehearsal that are for people."""
        return [
            Route("/rehearsal", guarded(self._slash), methods=["GET"]),
            Route("/rehearsal/", guarded(self._page), methods=["GET"]),
            Route("/rehearsal/assets/{name}", guarded(self._asset), methods=["GET"]),
            Route("/rehearsal/view", guarded(self._view), methods=["GET"]),
            Route("/rehearsal/mail/{n:int}/text", guarded(self._mail), methods=["GET"]),
            Route("/rehearsal/clock", guarded(self._clock), methods=["POST"]),
        ]

    async def _slash(self, _: Request) -> Response:
        return RedirectResponse("/rehearsal/")

    async def _page(self, request: Request) -> Response:
        if self._house is None:
            return _nothing()
        asked = request.query_params.get("lang", FIRST_LANGUAGE)
        language = asked if asked in self._words else FIRST_LANGUAGE
        text = self._templates.get_template("page.html").render(
            language=language,
            languages=sorted(self._words, key=lambda each: each != FIRST_LANGUAGE),
            words=self._words[language],
            name=self._house.name,
            public_url=self._house.public_url,
            settings=self._house.settings,
            contract=self._house.contract,
        )
        return Response(text, media_type="text/html; charset=utf-8", headers=HEADERS)

    async def _asset(self, request: Request) -> Response:
        path = ASSETS / Path(str(request.path_params["name"])).name
        if self._house is None or path.suffix not in KINDS or not path.is_file():
            return _nothing()
        return FileResponse(path, media_type=KINDS[path.suffix], headers=HEADERS)

    async def _view(self, request: Request) -> Response:
        """Everything that the page shows, with the telephone of whoever calls."""
        if self._house is None:
            return _nothing()
        seen = await asyncio.to_thread(self._house.look)
        return JSONResponse(view(self._carrier, self._sink, seen, request.query_params.get("caller", "")), 200, HEADERS)

    async def _mail(self, request: Request) -> Response:
        """The words of a mail that left, without its attachments."""
        mails, n = self._sink.messages, request.path_params["n"]
        if self._house is None or n >= len(mails):
            return _nothing()
        text = await asyncio.to_thread(_words_of, mails[n].raw)
        return JSONResponse({"text": text}, 200, HEADERS)

    async def _clock(self, request: Request) -> Response:
        """`{"to": "2026-11-30T08:00:00+01:00"}`: the demo's clock goes on to there, unless somebody is on the line."""
        if self._house is None:
            return _nothing()
        to = datetime.fromisoformat(str((await json_object(request))["to"]))
        if self._carrier.exchange.is_busy:
            return JSONResponse({"error": "busy"}, BUSY)
        await asyncio.to_thread(self._house.go_forward, to)
        return JSONResponse({"to": to.isoformat()})


def _nothing() -> Response:
    return JSONResponse({"error": "there is nothing here"}, NOT_THERE)


def _words_of(raw: bytes) -> str:
    mail: EmailMessage = BytesParser(policy=email.policy.default).parsebytes(raw)
    body = mail.get_body(("plain",))
    try:
        return str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError, AttributeError):  # a charset nobody knows: the raw mail is one link further
        return ""
