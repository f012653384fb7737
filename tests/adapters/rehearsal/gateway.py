"""A gateway as small as can be: it checks signatures with the carrier's own library and answers what a test says."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from adapters.rehearsal.server import bound

Says = str | int | Callable[[dict[str, str]], str]

PUBLIC_URL = "https://assistenza.example"
TOKEN = "the-token-of-the-account"


@dataclass(frozen=True, slots=True)
class Heard:
    """One request to the gateway."""

    path: str
    query: str
    params: dict[str, str]
    genuine: bool
    method: str = "POST"


@dataclass(slots=True)
class TinyGateway:
    """`says` maps a path to TwiML, to an HTTP status, or to a function of the parameters."""

    says: dict[str, Says] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    url: str = ""
    content_type: str = "text/xml"
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def statuses(self, path: str = "/twilio/status", field_name: str = "MessageStatus") -> list[str]:
        return [heard.params[field_name] for heard in self.heard if heard.path == path]

    def at(self, path: str) -> list[dict[str, str]]:
        return [heard.params for heard in self.heard if heard.path == path]

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        form = await request.form()
        url = f"{PUBLIC_URL}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        validator = RequestValidator(TOKEN)
        is_json = request.headers.get("content-type") == "application/json"
        given = request.headers.get("x-twilio-signature", "")
        genuine = validator.validate(url, body.decode() if is_json else form, given)
        params = {
            name: str(value) for name, value in (form if request.method == "POST" else request.query_params).items()
        }
        self.heard.append(Heard(request.url.path, request.url.query, params, genuine, request.method))
        said = self.says.get(request.url.path, "")
        if isinstance(said, int):
            return Response(status_code=said)
        text = said if isinstance(said, str) else await asyncio.to_thread(said, params)
        return Response(text, media_type=self.content_type)

    def __enter__(self) -> Self:
        listening = bound("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        self._server = server
        self._thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        self._thread.start()
        until = time.monotonic() + 10
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(10)


def twiml(*verbs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'
