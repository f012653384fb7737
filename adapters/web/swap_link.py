"""The page behind the link in a swap's mail: who asks for what, and two buttons. Opening it changes nothing (P9).

The link belongs to one swap and the one who was asked, and answers once: afterwards it tells how things stand.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.web.plain_page import GONE, UNAVAILABLE, plain_page
from gateway import journal, swaps
from gateway.domain.errors import StoreError
from gateway.domain.hours import local
from gateway.swaps import Answered, Standing

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from gateway.domain.telephony import RosterChange
    from gateway.ports import Gateway, Reading

ACCEPT, DECLINE = "accept", "decline"
NOT_UNDERSTOOD = 400
_TEXTS = {Standing.YOURS: "W-SWAP-YOURS", Standing.DECLINED: "W-SWAP-DECLINED", Standing.OVER: "W-SWAP-OVER"}


def routes(gateway: Gateway) -> list[Route]:
    """GET shows, POST answers."""
    pages = _Swaps(gateway)
    return [
        Route("/swap/{token}", pages.show, methods=["GET"]),
        Route("/swap/{token}", pages.answer, methods=["POST"]),
    ]


class _Swaps:
    def __init__(self, gateway: Gateway) -> None:
        self._gw = gateway

    async def show(self, request: Request) -> Response:
        """What is asked, and the buttons while it waits."""
        token, at = str(request.path_params["token"]), self._gw.clock.now()
        return self._page(await asyncio.to_thread(self._gw.store.read, lambda reading: self._found(reading, token, at)))

    async def answer(self, request: Request) -> Response:
        """A button was pressed: the commit comes before the answer."""
        token, at = str(request.path_params["token"]), self._gw.clock.now()
        pressed = parse_qs((await request.body()).decode("ascii", "replace")).get("answer", [""])[0]
        if pressed not in {ACCEPT, DECLINE}:
            return PlainTextResponse("one of the two buttons answers", NOT_UNDERSTOOD)
        unit = self._gw.store.submit(
            lambda tx: swaps.by_link(self._gw, tx, token, at, accepts=pressed == ACCEPT), on_the_line=True
        )
        try:
            answered = await asyncio.shield(asyncio.wrap_future(unit))
        except StoreError as error:
            journal.warned("swap_link.deferred", error=type(error).__name__)
            return PlainTextResponse("try again", UNAVAILABLE)
        journal.noted("swap_link.pressed", answer=str(answered.standing))
        return self._page(answered)

    def _found(self, reading: Reading, token: str, at: datetime) -> Answered:
        swap = swaps.of_link(self._gw, reading, token)
        known = swap is not None and swap.contact in self._gw.rules.people
        return Answered(swaps.standing(swap, at), swap) if swap and known else Answered(Standing.GONE)

    def _page(self, answered: Answered) -> Response:
        rules, swap = self._gw.rules, answered.swap
        contract = rules.contract(swap.contract if swap else rules.default_contract)
        catalogue, language = rules.texts(contract), contract.language
        if swap is None:
            return plain_page(rules.name, catalogue.fill("W-SWAP-GONE", {}).body, status=GONE, language=language)
        values = self._values(swap) | {"service": contract.service_name}
        if answered.standing is not Standing.WAITS:
            return plain_page(rules.name, catalogue.fill(_TEXTS[answered.standing], values).body, language=language)
        buttons = [
            (each, catalogue.fill(text_id, {}).body)
            for each, text_id in ((ACCEPT, "W-SWAP-ACCEPT"), (DECLINE, "W-SWAP-DECLINE"))
        ]
        return plain_page(rules.name, catalogue.fill("W-SWAP", values).body, buttons, language=language)

    def _values(self, swap: RosterChange) -> dict[str, str]:
        asker = self._gw.rules.people.get(swap.by)
        start, end = (f"{local(each):%d/%m/%Y %H:%M}" for each in (swap.starts_at, swap.ends_at))
        return {"by": asker.name if asker else swap.by, "start": start, "end": end}
