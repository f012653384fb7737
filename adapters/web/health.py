"""`/healthz`, `/readyz`, `/metrics` and a page at `/`: how the gateway is, without a word of anybody's contact."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from starlette.requests import Request

STALLED_S = 30.0
OK, UNAVAILABLE = 200, 503


@dataclass(frozen=True, slots=True)
class Health:
    """Questions to the running gateway. `readiness` gives (ready, facts); `measures` gives name → label → value."""

    name: str
    readiness: Callable[[], tuple[bool, Mapping[str, Any]]]
    measures: Callable[[], Mapping[str, Mapping[str, float]]]


def routes(health: Health) -> list[Route]:
    """The four pages; all GET, none changes anything."""
    pages = _Pages(health)
    return [
        Route("/healthz", pages.healthz),
        Route("/readyz", pages.readyz),
        Route("/metrics", pages.metrics),
        Route("/", pages.front),
    ]


class _Pages:
    def __init__(self, health: Health) -> None:
        self._health = health
        self._registry = CollectorRegistry()
        self._registry.register(_Collector(health))
        ProcessCollector(registry=self._registry)

    async def healthz(self, _request: Request) -> Response:
        """Alive: the loop answers, and how late it is."""
        began = time.perf_counter()
        await asyncio.sleep(0)
        return JSONResponse({"alive": True, "loop_lag_ms": round((time.perf_counter() - began) * 1000, 3)})

    async def readyz(self, _request: Request) -> Response:
        """May take traffic: database, worker, mailboxes, the last reload."""
        ready, facts = await asyncio.to_thread(self._health.readiness)
        return JSONResponse({"ready": ready, **facts}, OK if ready else UNAVAILABLE)

    async def metrics(self, _request: Request) -> Response:
        """For Prometheus."""
        text = await asyncio.to_thread(generate_latest, self._registry)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def front(self, _request: Request) -> Response:
        """A page that says whether the gateway is ready."""
        ready, _ = await asyncio.to_thread(self._health.readiness)
        state = "in servizio" if ready else "non in servizio"
        name = html.escape(self._health.name)
        return HTMLResponse(
            f'<!doctype html><html lang="it"><meta charset="utf-8"><title>{name}</title>'
            f'<h1>{name}</h1><p>Il gateway è <strong>{state}</strong>. <a href="/readyz">Dettagli</a></p></html>',
            OK if ready else UNAVAILABLE,
        )


class _Collector:
    """Asks the gateway when Prometheus asks us: nothing is counted twice."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """One gauge for each measure, with its labels."""
        for name, values in self._health.measures().items():
            gauge = GaugeMetricFamily(f"centralino_{name}", name.replace("_", " "), labels=["of"])
            for label, value in values.items():
                gauge.add_metric([label], value)
            yield gauge
