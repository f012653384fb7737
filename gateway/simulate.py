"""What would happen to a request, with the clause behind each decision. Nothing is stored and nobody is told.

The same functions decide as in `flow`: opening state, route, chain and texts. Terms, quotas and periods are null where
the contract says nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway.domain import replies
from gateway.domain.hours import ClosedBecause, local, opening
from gateway.domain.intake import Channel
from gateway.domain.routing import Route, ladder, route
from gateway.domain.ticket import Priority, Requester, Ticket, TicketState, TicketType, number_for

if TYPE_CHECKING:
    from gateway.domain.contract import Contract
    from gateway.domain.hours import Opening
    from gateway.domain.roster import Chain, Person
    from gateway.domain.rules import Rules

OUTSIDE_VALIDITY = (ClosedBecause.NOT_STARTED, ClosedBecause.ENDED)


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that is imagined: under which contract, by which channel, when, from whom, from which site."""

    contract: str
    channel: Channel
    at: datetime
    sender: str | None = None
    site: str | None = None
    acceptance: date | None = None
    urgent: bool = False


def simulate(rules: Rules, asked: Asked) -> dict[str, Any]:
    """The answer as `simulate --json` gives it (DESIGN, Interfaces); instants are aware.

    `chain` is the whole ladder: what is `only_if_urgent` happens to an urgent request alone, while nobody has taken it.

    Raises:
        LookupError: there is no such contract.
        ValueError: `at` is naive.
    """
    contract = rules.contracts[asked.contract]
    state = opening(contract, asked.at)
    way = _way(rules, contract, state, asked)
    chain = _chain(rules, contract, asked.at) if way == Route.ON_CALL else None
    clauses = (*state.clauses, *(chain.clauses if chain else ()))
    return {
        "contract": contract.id,
        "channel": str(asked.channel),
        "at": local(asked.at),
        "from": asked.sender,
        "requester": _known(rules, asked.sender),
        "site": asked.site,
        "state": str(state.state),
        "reason": None if state.reason is None else str(state.reason),
        "holiday": state.holiday,
        "next_opening": state.next_opening,
        "phase": None,
        "entitled": True,
        "outcome": "accepted",
        "route": way,
        "chain": _told(contract, chain, urgent=asked.urgent),
        "due": {"taken_in_charge": None, "solution": None, "on_site": None},
        "periods": {"on_site_until": None, "second_level_until": None},
        "says": _says(rules, contract, state, asked),
        "clauses": list(dict.fromkeys(clauses)),
    }


def _way(rules: Rules, contract: Contract, state: Opening, asked: Asked) -> str:
    way = route(contract, state, Priority.URGENT if asked.urgent else Priority.NORMAL)
    if (
        way is Route.QUEUE
        and asked.channel is Channel.PHONE
        and rules.voicemail
        and state.reason not in OUTSIDE_VALIDITY
    ):
        return "voicemail"
    return str(way)


def _chain(rules: Rules, contract: Contract, at: datetime) -> Chain | None:
    try:
        return rules.roster.chain(contract.id, at)
    except LookupError:
        return None


def _told(contract: Contract, chain: Chain | None, *, urgent: bool) -> list[dict[str, Any]]:
    """Who is told, by what, and how long after the request when everybody stays silent."""
    if chain is None or contract.on_call is None:
        return []
    told: list[dict[str, Any]] = []
    after = timedelta(0)
    for number, rung in enumerate(ladder(contract.on_call, chain)):
        told += [
            {
                "contact": rung.person.id,
                "name": rung.person.name,
                "role": str(rung.role),
                "by": str(medium),
                "after_s": int(after.total_seconds()),
                "only_if_urgent": number > 0 and not urgent,
            }
            for medium in rung.media
        ]
        after += rung.wait
    return told


def _known(rules: Rules, sender: str | None) -> str | None:
    """The person of the directory that this address or number is."""
    if not sender:
        return None
    person: Person | None = rules.people.by_mail(sender) if "@" in sender else rules.people.by_number(sender)
    return person.id if person else None


def _says(rules: Rules, contract: Contract, state: Opening, asked: Asked) -> str | None:
    """What the requester hears or reads at once, for an invented ticket number; None when nothing is said."""
    values = replies.values(contract, _imagined(contract, asked), state, asked.at)
    fill = rules.texts(contract).fill
    if asked.channel is Channel.PHONE:
        heard = [fill(text_id, values).body for text_id in (*replies.greeting_ids(contract, state), "V-17")]
        if contract.on_call and not state.is_open and state.reason not in OUTSIDE_VALIDITY:
            heard.append(fill("V-CHOICE", values).body)
        return " ".join(heard)
    if asked.channel is Channel.MAIL and contract.acknowledgement.mail:
        return fill(replies.acknowledgement_id(contract, state), values).body
    return None


def _imagined(contract: Contract, asked: Asked) -> Ticket:
    sender = asked.sender or ""
    return Ticket(
        number=number_for(local(asked.at).year, 0),
        contract=contract.id,
        channel=asked.channel,
        type=TicketType.ASSISTANCE,
        state=TicketState.NEW,
        level=1,
        priority=Priority.URGENT if asked.urgent else Priority.NORMAL,
        subject="",
        requester=Requester(address=sender) if "@" in sender else Requester(number=sender),
        opened_at=asked.at,
        received_at=asked.at,
    )
