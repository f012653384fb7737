"""A ticket whose diagnostic summary is complete, and its way to the vendor."""

from __future__ import annotations

import email
import json
from typing import TYPE_CHECKING, Any

from config.demo.play import SHEET
from gateway import desk, escalating

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.domain.dispatch import Dispatch
    from gateway.domain.incomplete import Missing
    from gateway.domain.ticket import Ticket
    from tests.flow.station import Station

__all__ = ["SHEET", "TRIED", "WORKSTATION", "act", "complete", "escalate", "identify", "refusal", "sheet_of"]

WORKSTATION = {"workstation.os": "Windows 11", "workstation.browser": "Firefox 140", "workstation.role": "operatore"}
TRIED = "Riavviato il servizio", "si ripresenta"


def complete(station: Station, ticket: Ticket | None = None, *, workaround: bool = True, acted: bool = True) -> int:
    """The newest ticket with everything that its vendor asks for; its number."""
    number = (ticket or station.tickets()[0]).number
    identify(station, number, {**SHEET, **WORKSTATION})
    if acted:
        act(station, number, *TRIED)
    if workaround:
        by, at = station.gw.rules.people["elena"], station.clock.now()
        station.store.write(lambda tx: desk.workaround(tx, number, "Allegare dopo i file grandi", None, by, at))
    return number


def identify(station: Station, number: int, facts: Mapping[str, str]) -> None:
    """The desk sets facts of the sheet."""
    by, at = station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.identify(tx, number, tuple(facts.items()), by, at))


def act(station: Station, number: int, text: str, outcome: str) -> None:
    """The desk records what it did."""
    by, at = station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.action(tx, number, text, outcome, by, at, at))


def escalate(station: Station, ticket: Ticket | None = None) -> Dispatch:
    """The newest ticket goes to the vendor now."""
    number = (ticket or station.tickets()[0]).number
    by, at = station.gw.rules.people["elena"], station.clock.now()
    return station.store.write(lambda tx: escalating.escalate(station.gw, tx, number, None, by, at))


def refusal(station: Station, ticket: Ticket | None = None) -> tuple[tuple[Missing, ...], str]:
    """What is missing for the escalation, and the refusal in words."""
    try:
        escalate(station, ticket)
    except escalating.MissingFieldsError as refused:
        return refused.gaps, str(refused)
    raise AssertionError("it left")


def sheet_of(dispatch: Dispatch) -> Any:  # noqa: ANN401 - the JSON of the seventeen fields
    """The attachment `scheda_<ticket>.json`."""
    for part in email.message_from_bytes(dispatch.raw or b"").walk():
        name, content = part.get_filename() or "", part.get_payload(decode=True)
        if name.startswith("scheda_") and isinstance(content, bytes):
            return json.loads(content)
    raise AssertionError("no sheet")
