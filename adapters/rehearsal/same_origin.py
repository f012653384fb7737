"""Who may ask the rehearsal's own addresses: this machine, by hand or from the page that it serves itself.

It has no password, so what a browser sends on behalf of another page is turned away (fetch.spec.whatwg.org, "Origin";
W3C, Fetch Metadata), and so is a name of somebody else's that was made to point here (DNS rebinding). What is no
browser sends neither header.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Endpoint = Callable[[Request], Awaitable[Response]]

HERE = frozenset({"127.0.0.1", "localhost", "::1"})
FROM_HERE = frozenset({"", "same-origin", "none"})
"""`none`: the person at the browser typed the address. Another port of this machine is `same-site`, and not ours."""


def refusal(request: Request) -> str | None:
    """Why a request is not answered, or None when it is."""
    host = request.headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in HERE:
        return "ask by the address 127.0.0.1"
    if request.method == "GET":
        return None
    if request.headers.get("origin", f"http://{host}") != f"http://{host}":
        return "this comes from another page"
    if request.headers.get("sec-fetch-site", "") not in FROM_HERE:
        return "this comes from another page"
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return "the body has to be application/json" if request.method == "POST" and kind != "application/json" else None


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint for those who may ask it: 403, 415 and 400 are JSON that says why."""

    async def answer(request: Request) -> Response:
        why = refusal(request)
        if why is not None:
            return JSONResponse({"error": why}, 415 if "application/json" in why else 403)
        try:
            return await endpoint(request)
        except (ValueError, TypeError, KeyError) as problem:
            return JSONResponse({"error": f"{type(problem).__name__}: {problem}"}, 400)

    return answer


async def json_object(request: Request) -> dict[str, object]:
    """The body as a JSON object.

    Raises:
        TypeError, ValueError: it is none.
    """
    wish = await request.json()
    if not isinstance(wish, dict):
        raise TypeError("the body has to be a JSON object")
    return wish
