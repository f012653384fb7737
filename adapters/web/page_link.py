"""The page behind the link in a page's mail: what waits, and a button that accepts. Opening it changes nothing (P9).

The link is all that is asked for: it belongs to one page and one person, and nobody can make another. It says no more
of the request than the SMS does (X15). Mail programs and scanners that open links find a form and press no button.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.web.plain_page import GONE, UNAVAILABLE, plain_page
from gateway import accepting, journal, storms
from gateway.accepting import Answer
from gateway.domain import replies, wording
from gateway.domain.errors import StoreError
from gateway.domain.hours import opening
from gateway.domain.ticket import Mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request

    from gateway.accepting import Accepted
    from gateway.domain.ticket import Page, Ticket
    from gateway.ports import Gateway, Reading, Transaction

T = TypeVar("T")


def routes(gateway: Gateway) -> list[Route]:
    """GET shows, POST accepts."""
    pages = _Links(gateway)
    return [
        Route("/page/{token}", pages.show, methods=["GET"]),
        Route("/page/{token}", pages.accept, methods=["POST"]),
    ]


class _Links:
    def __init__(self, gateway: Gateway) -> None:
        self._gw = gateway

    async def show(self, request: Request) -> Response:
        """What waits for the person of this link, and the button."""
        token, at = str(request.path_params["token"]), self._gw.clock.now()
        return await asyncio.to_thread(self._gw.store.read, lambda reading: self._shown(reading, token, at))

    async def accept(self, request: Request) -> Response:
        """The button was pressed: the commit comes before the answer."""
        token, at = str(request.path_params["token"]), self._gw.clock.now()
        try:
            accepted = await self._do(lambda tx: accepting.by_link(self._gw, tx, token, at))
        except StoreError as error:
            journal.warned("page_link.deferred", error=type(error).__name__)
            return PlainTextResponse("try again", UNAVAILABLE)
        journal.noted("page_link.pressed", answer=str(accepted.answer), tickets=len(accepted.tickets))
        return self._answered(accepted, at)

    async def _do(self, unit: Callable[[Transaction], T]) -> T:
        return await asyncio.shield(asyncio.wrap_future(self._gw.store.submit(unit, on_the_line=True)))

    # ---------------------------------------------------------------------------------------------------- what is shown

    def _shown(self, reading: Reading, token: str, at: datetime) -> Response:
        page = accepting.page_of_link(self._gw, reading, token, at)
        ticket = reading.ticket(page.ticket) if page else None
        if page is None or ticket is None or page.state == "blocked":
            return self._page(self._words(None, "W-PAGE-GONE", at), status=GONE)
        text_id, more = self._about(reading, page, ticket)
        language = self._gw.rules.contract(ticket.contract).language
        if text_id in {"W-PAGE-OTHER", "W-PAGE-OTHER-WHO", "W-PAGE-YOURS", "W-PAGE-CONFIRMED"}:
            return self._page(self._words(ticket, text_id, at, **more), language=language)
        button = self._words(ticket, "W-PAGE-BUTTON", at)
        return self._page(self._words(ticket, text_id, at, **more), button=button, language=language)

    def _about(self, reading: Reading, page: Page, ticket: Ticket) -> tuple[str, dict[str, str]]:
        if Mark.DRILL in ticket.marks:
            return ("W-PAGE-CONFIRMED" if page.state == "accepted" else "W-PAGE-DRILL"), {}
        found = [one for _, one in storms.named_with(reading, page)]
        if not found and ticket.owner == page.person:
            return "W-PAGE-YOURS", {}
        if not found:
            owner = accepting.owner_of(self._gw, ticket)
            return ("W-PAGE-OTHER-WHO" if owner else "W-PAGE-OTHER"), {"person": owner}
        numbers = ", ".join(str(one.number) for one in found)
        return ("W-PAGE" if len(found) == 1 else "W-PAGE-MANY"), {"count": str(len(found)), "list": numbers}

    def _answered(self, accepted: Accepted, at: datetime) -> Response:
        if accepted.answer is Answer.GONE or not accepted.tickets:
            return self._page(self._words(None, "W-PAGE-GONE", at), status=GONE)
        count = len(accepted.tickets)
        text_id = {
            Answer.YOURS: "W-PAGE-YOURS" if count == 1 else "W-PAGE-YOURS-MANY",
            Answer.CONFIRMED: "W-PAGE-CONFIRMED",
        }.get(accepted.answer, "W-PAGE-OTHER-WHO" if accepted.owner else "W-PAGE-OTHER")
        ticket = accepted.tickets[0]
        language = self._gw.rules.contract(ticket.contract).language
        return self._page(self._words(ticket, text_id, at, count=str(count), person=accepted.owner), language=language)

    def _words(self, ticket: Ticket | None, text_id: str, at: datetime, **more: str) -> str:
        rules = self._gw.rules
        contract = rules.contract(ticket.contract if ticket else rules.default_contract)
        if ticket is None:
            return rules.texts(contract).fill(text_id, more).body
        values = replies.values(contract, ticket, opening(contract, at), at) | more
        values["time"] = wording.hour(ticket.received_at, contract.language)
        return rules.texts(contract).fill(text_id, values).body

    def _page(self, words: str, *, button: str = "", status: int = 200, language: str = "it") -> Response:
        return plain_page(
            self._gw.rules.name, words, [("", button)] if button else (), status=status, language=language
        )
