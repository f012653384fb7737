"""Channels that break a clause: one that leads nowhere, one that is asked for, details that nobody was told (C3.8)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from config.load.breaches.reading import Reading
from config.load.tables.channels import CommunicationTable, EndpointTable
from gateway.domain.provisions import ActKind

COMMUNICATED = ("phone", "mail", "fax")
_WORDS = {"phone": "telephone", "mail": "e-mail", "pec": "certified mail", "sms": "SMS", "fax": "fax"}


def refuse_unpublished(reading: Reading) -> None:
    """A channel that texts name and that no endpoint leads to."""
    table = reading.table
    channels = {each.channel for each in table.endpoint}
    if "phone" in table.channels.order and table.channels.phone is None:
        raise reading.refusal(
            "channels.phone",
            "telephone is among the channels and there is no public number: phone is missing",
            remedy='add phone = "+39..."',
        )
    for channel in table.channels.order:
        if channel not in channels:
            raise reading.refusal(
                "channels.order",
                f"{channel} is among the channels and no endpoint leads to it",
                remedy=f'add [[endpoint]] with channel = "{channel}", or take it out of order',
            )


def refuse_escalation_by_pec(reading: Reading) -> None:
    """An escalation by certified mail leaves from the contract's own certified address: there must be one (X4)."""
    table = reading.table
    by_pec = table.escalation is not None and table.escalation.channel == "pec"
    if by_pec and not any(each.channel == "pec" for each in table.endpoint):
        raise reading.refusal(
            "escalation.channel",
            "escalations go by certified mail and no certified address is among the endpoints: none could be sent",
            remedy='add [[endpoint]] with channel = "pec", or write channel = "mail"',
        )


def refuse_unreachable(reading: Reading) -> None:
    """Neither telephone nor mailbox where the clause wants one (C4.2, C9.3); not both where it wants both (C10.4)."""
    channels = reading.table.channels
    if channels.require_any and not set(channels.require_any) & set(channels.order):
        raise reading.refusal(
            "channels.require_any",
            f"at least one of {' and '.join(_WORDS[each] for each in channels.require_any)} is needed: none is there",
            remedy=f"add [[endpoint]] for {' or '.join(channels.require_any)} and name it in order",
        )
    for channel in channels.require_all:
        if channel not in channels.order:
            raise reading.refusal(
                "channels.require_all",
                f"{' and '.join(_WORDS[each] for each in channels.require_all)} are needed, and {_WORDS[channel]} "
                "is missing",
                remedy=f'add [[endpoint]] with channel = "{channel}" and name it in order',
            )


def refuse_uncommunicated(reading: Reading) -> None:
    """Contact details that were not communicated with proof before the start of the works, or have changed since.

    Source: C3.8, S051.
    """
    told = reading.table.communication
    for number, each in enumerate(told, 1):
        if each.valid_from and each.valid_from < each.on:
            raise reading.refusal(
                f"communication[{number}].valid_from",
                f"details communicated on {each.on} cannot be valid from {each.valid_from}",
                remedy="write the day from which the client may use them, that day or later",
            )
    for number, (before, after) in enumerate(pairwise(told), 2):
        if after.on <= before.on:
            raise reading.refusal(
                f"communication[{number}].on",
                f"the communication of {after.on} does not come after that of {before.on}",
                remedy="list them in the order of their days; the last one counts",
            )
    if reading.table.channels.communicated:
        _refuse_late(reading)
        _refuse_changed(reading, told[-1])


def _refuse_late(reading: Reading) -> None:
    told, table = reading.table.communication, reading.table
    start = next((act.on for act in table.act if act.kind is ActKind.START_OF_WORKS), table.validity.start)
    if not told:
        raise reading.refusal(
            "communication",
            f"no communication of the contact details is recorded, and the works start on {start}",
            remedy="send them to the client by certified mail and add [[communication]] with on, proof and the details",
        )
    for number, each in enumerate(told, 1):
        if not each.proof.strip():
            raise reading.refusal(
                f"communication[{number}].proof",
                f"nothing proves the communication of {each.on}",
                remedy="name the delivery receipt of the certified mail [ricevuta di avvenuta consegna] in proof",
            )
    if told[0].on >= start:
        raise reading.refusal(
            "communication[1].on",
            f"the contact details were communicated on {told[0].on}, and the works started on {start}: "
            "that is not before",
            remedy="record the communication that was made before the start; its day must be earlier",
        )


def _refuse_changed(reading: Reading, last: CommunicationTable) -> None:
    """The details in the last communication and those that we publish are the same, in both directions."""
    told = {channel: getattr(last, channel) for channel in COMMUNICATED}
    number = len(reading.table.communication)
    for at, endpoint in _published(reading):
        if endpoint.address != told[endpoint.channel]:
            raise reading.refusal(
                f"endpoint[{at}].address",
                f"{endpoint.channel} {endpoint.address} is not what was communicated on {last.on}: "
                f"{told[endpoint.channel] or 'nothing'}",
                clause=reading.clauses.of("communication"),
                remedy="communicate the change to the client and add a [[communication]], or put the address right",
            )
    ours = {(endpoint.channel, endpoint.address) for _, endpoint in _published(reading)}
    for channel, address in told.items():
        if address and (channel, address) not in ours:
            raise reading.refusal(
                f"communication[{number}].{channel}",
                f"{channel} {address} was communicated on {last.on} and no published endpoint leads to it",
                remedy="add the [[endpoint]], or communicate the change to the client and add a [[communication]]",
            )
    if reading.table.channels.phone and reading.table.channels.phone != last.phone:
        raise reading.refusal(
            "channels.phone",
            f"the public number {reading.table.channels.phone} is not the one communicated on {last.on}: "
            f"{last.phone or 'none'}",
            clause=reading.clauses.of("communication"),
            remedy="communicate the change to the client and add a [[communication]], or put the number right",
        )


def _published(reading: Reading) -> Iterator[tuple[int, EndpointTable]]:
    """The telephone, mail and fax endpoints that people are given, with their place in the file.

    Not the mailbox to which a fax service delivers, nor an address that is kept only for those who still use it.
    """
    for number, endpoint in enumerate(reading.table.endpoint, 1):
        delivers_fax = endpoint.channel == "fax" and "@" in endpoint.address
        if endpoint.channel in COMMUNICATED and not delivers_fax and endpoint.published_until is None:
            yield number, endpoint
