"""What is in force on this site: contracts, people, roster and texts, as one value that a reload replaces whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.domain.answer_limits import AnswerLimits
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.places import Place, no_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.roster import Directory, Roster
    from gateway.domain.sender_ids import SenderIds
    from gateway.domain.texts import Catalogue

_MAIL_LIKE = (Channel.MAIL, Channel.PEC, Channel.FAX)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that the flow decides by. `signing_key` signs our Message-IDs.

    `contracts` are the contracts as signed; `versions` has each with its amendments, the first one first. A contract
    that is not in `versions` has only the one.
    """

    name: str
    default_contract: str
    contracts: Mapping[str, Contract]
    people: Directory
    roster: Roster
    catalogues: Mapping[str, Catalogue]
    signing_key: bytes
    sender_ids: SenderIds
    file_attempts: int = 3
    voicemail: bool = True
    recording_days: int = 30
    recording_purpose: str = "rispondere alla Sua richiesta"
    english_recording_purpose: str = "answering your request"
    record_calls: bool = False
    """Whether conversations are recorded, after the notice (X12)."""
    abandoned_after: timedelta = timedelta(seconds=10)
    """A call given up before, without a key or a word, is no request of its own (S003)."""
    calls_per_caller: int = 20
    """Calls of one number in ten minutes; further ones get the busy tone."""
    calls_per_hour: int = 60
    calls_per_day: int = 200
    """Ceilings of the calls that cost us, those that a caller sets off too (P15)."""
    countries: tuple[str, ...] = ("+39",)
    """Calling codes of the countries whose numbers may be called (X10)."""
    alarm_mails: tuple[str, ...] = ()
    mail_from: str = ""
    mail_lives: timedelta = timedelta(days=2)
    page_lives: timedelta = timedelta(minutes=30)
    sms_joins_for: timedelta = timedelta(hours=24)
    answers: AnswerLimits = field(default_factory=AnswerLimits)
    """How often the machine answers by mail by itself (X6)."""
    reopens_within: timedelta = timedelta(days=30)
    """`reopens_for` of a contract that does not say it."""
    pec_senders: frozenset[str] = frozenset()
    """The certified addresses that there is an account for to send from, in lower case."""
    pec_acceptance: timedelta = timedelta(minutes=30)
    """Without a receipt of acceptance after so long, somebody is told (X4)."""
    versions: Mapping[str, tuple[Contract, ...]] = field(default_factory=lambda: MappingProxyType({}))
    place_named: Callable[[str], Place | None] = no_place
    """Knows the municipalities that are no site of a contract (A3.4)."""
    public_url: str = ""
    """Where people and the carrier reach us; empty: no link is ever sent."""
    probe_contract: str = ""
    """The test contract in which the gateway tries itself out: everything under it is synthetic."""
    probe_number: str = ""
    """The telephone of that contract's contact: a number of ours that brings a page back to us, or a robot's."""
    scanning: bool = False
    """Whether there is a scanner that every attachment is owed to."""

    def contract(self, contract_id: str, version: int | None = None) -> Contract:
        """The contract with this id, as signed or in a version; a ticket keeps the one it was opened under.

        The default contract when a reload took it away while its tickets are open; of a version that is gone, the
        last one before it.
        """
        first, *later = self._versions(contract_id)
        return ([first] + [each for each in later if each.version <= (version or first.version)])[-1]

    def in_force(self, contract_id: str, at: datetime) -> Contract:
        """The version of the contract that is in force on the day of `at` in Rome; before the first one, that."""
        day = local(at).date()
        first, *later = self._versions(contract_id)
        return ([first] + [each for each in later if each.effective_from <= day])[-1]

    def _versions(self, contract_id: str) -> tuple[Contract, ...]:
        signed = self.contracts.get(contract_id) or self.contracts[self.default_contract]
        return (signed, *self.versions.get(signed.id, ())[1:])

    def reopens_for(self, contract: Contract) -> timedelta:
        """How long after its conclusion a reply still reopens the same ticket (X16); later it opens a linked one."""
        return contract.reopens_within or self.reopens_within

    def alarmed(self, contract: Contract) -> tuple[str, ...]:
        """Who is told when something needs a person now: never one of our own intake addresses, which nobody reads.

        The contract's own, else the installation's, else the supervisors of the directory, else the contact.
        """
        supervisors = tuple(person.mail for person in self.people.values() if person.supervisor and person.mail)
        own = contract.on_call.alarm_mails if contract.on_call else ()
        for found in (own, self.alarm_mails, supervisors, (contract.contact.mail,)):
            outside = tuple(address for address in found if not self.is_ours(address))
            if outside:
                return outside
        return ()

    def voice_facts(self, language: str) -> dict[str, str]:
        """What the recording notice says in a language (V-03)."""
        purpose = self.english_recording_purpose if language == "en" else self.recording_purpose
        return {"purpose": purpose, "days": str(self.recording_days)}

    def texts(self, contract: Contract) -> Catalogue:
        """The texts in the language of a contract, with its own words for some of them."""
        shared = self.catalogues[contract.language]
        if not contract.texts:
            return shared
        own = {text.id: replace(text, subject=text.subject or shared.text(text.id).subject) for text in contract.texts}
        return replace(shared, texts=MappingProxyType({**shared.texts, **own}))

    def phrase(self, contract: Contract, text_id: str, **values: str) -> str:
        """A phrase (P) in the language of a contract, to stand inside another text.

        Raises:
            TextError: there is no such phrase, or a placeholder has no value.
        """
        return self.texts(contract).fill(text_id, values).body.strip()

    def contracts_at(self, channel: Channel, addresses: Iterable[str]) -> tuple[Contract, ...]:
        """The contracts that these addresses lead to, in the order of the addresses, each once.

        An address `local+token@domain` leads where `local@domain` leads. A mail may come in at a mail, PEC or fax
        address.
        """
        wanted = [plain_address(address) for address in addresses]
        kinds = _MAIL_LIKE if channel in _MAIL_LIKE else (channel,)
        found = {
            contract.id: contract
            for address in wanted
            for contract in self.contracts.values()
            for endpoint in contract.endpoints
            if endpoint.channel in kinds and endpoint.address.casefold() == address
        }
        return tuple(found.values())

    def is_ours(self, address: str) -> bool:
        """Whether a mail address is one of our own endpoints."""
        return bool(self.contracts_at(Channel.MAIL, (address,)))


def plain_address(address: str) -> str:
    """The address without its `+token`, in one case: what endpoints are compared by."""
    local, at, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}" if at else domain
