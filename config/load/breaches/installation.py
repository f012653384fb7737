"""What only the whole installation shows: an address of two contracts, mail that would come back (C4.9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.load.refusals import Source
from gateway.domain.contract import Contract
from gateway.domain.errors import SettingError
from gateway.domain.intake import Channel
from gateway.domain.provisions import Matter, Office
from gateway.domain.roster import Directory
from gateway.domain.rules import plain_address

Loaded = Sequence[tuple[Source, tuple[Contract, ...]]]
"""Every contract file with the versions of its contract, the first one first."""


def refuse_conflicts(loaded: Loaded) -> None:
    """Refuses contracts that get in each other's way.

    Raises:
        SettingError: an endpoint leads to two contracts, or an office's mailbox is one of our own endpoints.
    """
    _refuse_double_endpoints([(source, versions[0]) for source, versions in loaded])
    _refuse_loops(loaded)


def _refuse_double_endpoints(found: Sequence[tuple[Source, Contract]]) -> None:
    owners: dict[tuple[str, str], tuple[str, bool]] = {}
    for source, contract in found:
        for number, endpoint in enumerate(contract.endpoints, 1):
            key = (endpoint.channel, endpoint.address)
            owner, shared = owners.setdefault(key, (contract.id, endpoint.shared))
            own = [each for each in contract.endpoints if (each.channel, each.address) == key]
            if len(own) > 1 or (owner != contract.id and not (shared and endpoint.shared)):
                raise source.refusal(
                    f"endpoint[{number}].address",
                    f"{endpoint.channel} {endpoint.address} leads to {owner} already",
                    clause=contract.clauses.of("channels"),
                    remedy="give each contract its own address, or write shared = true in both",
                )


def _refuse_loops(loaded: Loaded) -> None:
    """What we send to somebody else must not arrive at one of our own endpoints: it would be a request again."""
    ours = {
        plain_address(endpoint.address): versions[0].id
        for _, versions in loaded
        for endpoint in versions[0].endpoints
        if "@" in endpoint.address
    }
    for source, versions in loaded:
        for contract in versions:
            for key, mail, clause in _sent_to(contract):
                if owner := ours.get(plain_address(mail)):
                    raise _loop(source, contract, key, mail, owner, clause)


def _loop(source: Source, contract: Contract, key: str, mail: str, owner: str, clause: str) -> SettingError:
    table = key.partition(".")[0].partition("[")[0]
    amended = [number for number, each in enumerate(source.data.get("amendment", ()), 1) if table in each]
    number = max((each for each in amended if each < contract.version), default=0)
    return source.refusal(
        f"amendment[{number}].{key}" if number else key,
        f"{mail} is an intake address of {owner}: what is sent there would come back as a new request",
        clause=clause,
        remedy="give the mailbox of those who are meant to read it",
    )


def _sent_to(contract: Contract) -> Iterator[tuple[str, str, str]]:
    """Every mailbox of somebody else that this contract sends mail to: its key, the address, the clause."""
    clauses = contract.clauses
    if contract.escalation:
        yield "escalation.mailbox", contract.escalation.mailbox, clauses.of("escalation")
    offices: list[tuple[str, Office | None]] = [
        ("first_level", contract.first_level),
        ("responsible", contract.responsible),
        *((f"office[{n}]", each) for n, each in enumerate(contract.offices.values(), 1)),
        *((f"scope.matter[{n}].office", each.office) for n, each in enumerate(_matters(contract), 1)),
    ]
    for key, office in offices:
        if office and office.mail:
            yield f"{key}.mail", office.mail, office.clause
    for number, group in enumerate(contract.working_groups, 1):
        if group.mail:
            yield f"working_group[{number}].mail", group.mail, group.clause
    for number, people in enumerate(contract.contact_groups, 1):
        for at, mail in enumerate(people.mails, 1):
            yield f"contact_group[{number}].mails[{at}]", mail, people.clause


def _matters(contract: Contract) -> Sequence[Matter]:
    return contract.scope.matters if contract.scope else ()


def refuse_escalation_without_account(loaded: Loaded, accounts: frozenset[str]) -> None:
    """An escalation by certified mail leaves by the account of the contract's own certified address (X4).

    Raises:
        SettingError: no `[[pec_account]]` has that address: none could ever be sent.
    """
    for source, versions in loaded:
        for contract in versions:
            by_pec = contract.escalation is not None and contract.escalation.channel is Channel.PEC
            address = contract.address_of(Channel.PEC) or ""
            if by_pec and address.casefold() not in accounts:
                raise source.refusal(
                    "escalation.channel",
                    f"escalations go by certified mail and there is no [[pec_account]] for {address}",
                    clause=contract.clauses.of("escalation"),
                    remedy=f'add [[pec_account]] with address = "{address}" to gateway.toml, or write channel = "mail"',
                )


def refuse_strangers(loaded: Loaded, people: Directory) -> None:
    """A group of entitled parties may name only people of the directory, a desk only those who have a telephone (X10).

    Raises:
        SettingError: it names somebody else, or a role that nobody has.
    """
    _refuse_deaf_desks(loaded, people)
    _refuse_empty_roles(loaded, people)
    for source, (contract, *_) in loaded:
        for number, group in enumerate(contract.groups, 1):
            for at, person in enumerate(group.people, 1):
                if person not in people:
                    raise source.refusal(
                        f"group[{number}].people[{at}]",
                        f"{person} is not in people.toml",
                        clause=contract.clauses.of("entitlement"),
                        remedy=f"known people: {', '.join(people)}",
                    )


def _refuse_deaf_desks(loaded: Loaded, people: Directory) -> None:
    for source, (contract, *_) in loaded:
        for at, person in enumerate(contract.desk.people if contract.desk else (), 1):
            if person in people and people[person].numbers:
                continue
            reachable = [each.id for each in people.values() if each.numbers]
            wrong = "has no number in people.toml" if person in people else "is not in people.toml"
            raise source.refusal(
                f"phone.desk.people[{at}]",
                f"{person} {wrong}: no telephone of the desk could ring",
                clause=contract.clauses.of("desk"),
                remedy=f"people with a number: {', '.join(reachable)}",
            )


def _refuse_empty_roles(loaded: Loaded, people: Directory) -> None:
    """C8.3: a role that may downgrade a complaint and that nobody in the directory has, for this contract."""
    for source, (contract, *_) in loaded:
        if contract.complaints is None:
            continue
        roles = tuple(dict.fromkeys(each.role_words for each in people.values() if each.serves(contract.id)))
        if contract.complaints.downgraded_by.casefold() not in {role.casefold() for role in roles}:
            raise source.refusal(
                "complaint.downgraded_by",
                f"nobody in people.toml who works for {contract.id} is {contract.complaints.downgraded_by}",
                clause=contract.complaints.clause,
                remedy=f"write the role of somebody: {', '.join(roles)}",
            )
