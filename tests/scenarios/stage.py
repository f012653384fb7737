"""Words for scenarios: what would happen at an instant, under which contract, written as DOMAIN writes it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from config.compose import rules_of
from gateway.domain.hours import ROME, local
from gateway.domain.intake import Channel
from gateway.simulate import Asked, simulate

if TYPE_CHECKING:
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.rules import Rules
    from gateway.domain.ticket import Message, Ticket
    from tests.config.variant import Variant
    from tests.flow.station import Station

C01, C02, C03, C04, C05 = "c01-fornitore", "c02-comune", "c03-sardegnait", "c04-phonzie", "c05-ecopiazzole"
C06, C07, C08, C09, C10 = "c06-consip", "c07-inpdap", "c08-rti", "c09-easy110", "c10-camera-commercio"

C02_MAIL = "assistenza@comune.example"
C03_PHONE, C03_MAIL, C03_FAX = "+390700000300", "comunas@sardegnait.example", "fax-comunas@sardegnait.example"
C04_MAIL, C09_MAIL, C10_MAIL = (
    "assistenza@parcheggi.example",
    "assistenza@licenziatario.example",
    "fareimpresa@cameracommercio.example",
)
CLERK, TECHNICIAN, STRANGER = "mario@comune.sassari.example", "ada@sardegnait.example", "chi@altrove.example"

ACCEPTED = """
[[act]]
kind = "final_acceptance"
on = {on}
reference = "verbale di collaudo finale n. 7"
"""
"""What the final acceptance adds to the file of C3 (C3.1)."""


def instant(text: str) -> datetime:
    """`2026-11-24 07:59` is Rome's wall time; with Z or an offset it is what it says."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ROME)


def wall(at: datetime | None) -> str | None:
    """An instant as the scenarios write it: `Mon 2027-01-04 08:00`."""
    return None if at is None else f"{local(at):%a %Y-%m-%d %H:%M}"


def would(rules: Rules, contract: str, at: str, channel: Channel = Channel.PHONE, **said: Any) -> dict[str, Any]:  # noqa: ANN401 - as Asked has it
    """What would happen to a contact (`simulate`)."""
    return simulate(rules, Asked(contract, channel, instant(at), **said))


def opening(rules: Rules, contract: str, at: str) -> tuple[str, str | None, str | None]:
    """`open`; or `closed`, why, and the next opening, for a call at an instant."""
    found = would(rules, contract, at)
    return found["state"], found["reason"], wall(found["next_opening"])


OPEN = ("open", None, None)


def accepted_on(variant: Variant, day: str, *, start: str = "") -> Variant:
    """C3 with its final acceptance recorded, and another start of the works if the scenario names one."""
    if start:
        begun_on(variant, start)
    return variant.append("c03", ACCEPTED.format(on=day))


def begun_on(variant: Variant, day: str) -> Variant:
    """C3 with the start of its works on another day, communicated as early as ever."""
    return variant.change("c03", 'kind = "start_of_works"\non = 2025-05-05', f'kind = "start_of_works"\non = {day}')


def reload(station: Station, variant: Variant) -> None:
    """The station lives by the variant from now on, as after SIGHUP."""
    station.gw.rules = rules_of(variant.site())
    station.reader.take(station.gw.rules)


def at(station: Station, text: str) -> None:
    """It is now this instant."""
    station.clock.set(instant(text).isoformat())


def mails_to(station: Station, address: str) -> list[Dispatch]:
    """The mails that we owe an address, oldest first."""
    return [d for d in station.sent(channel=Channel.MAIL) if d.to == address]


def messages(station: Station, ticket: Ticket) -> list[Message]:
    """The messages of a ticket, oldest first."""
    return station.store.read(lambda reading: list(reading.messages(ticket.number)))
