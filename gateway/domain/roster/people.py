"""The directory: everybody who works with the gateway, and at which numbers they may be called (X10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the directory. Numbers are E.164, addresses lower case; `contracts` empty means all.

    `fax` is never called or texted: it only says whose fax it is. A `public_body` is answered by mail (X8).
    """

    id: str
    name: str
    role_words: str
    mobile: str | None = None
    landline: str | None = None
    mail: str | None = None
    contracts: tuple[str, ...] = ()
    supervisor: bool = False
    fax: str | None = None
    public_body: bool = False
    skills: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers at which this person may be called, the mobile first."""
        return tuple(number for number in (self.mobile, self.landline) if number)

    def lacks(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The skills out of `wanted` that this person has not (C3.4)."""
        return tuple(skill for skill in wanted if skill not in self.skills)

    def serves(self, contract_id: str) -> bool:
        """Whether this person works for a contract."""
        return not self.contracts or contract_id in self.contracts


class Directory(Mapping[str, Person]):
    """The people by id, by number and by mail address."""

    def __init__(self, people: Sequence[Person] = ()) -> None:
        """Take the people of `people.toml`; ids, numbers and addresses are unique there (the loader sees to it)."""
        self._by_id = {person.id: person for person in people}
        self._by_number = {number: person for person in people for number in person.numbers}
        self._by_fax = {person.fax: person for person in people if person.fax}
        self._by_mail = {person.mail: person for person in people if person.mail}

    def __getitem__(self, key: str) -> Person:
        """The person with this id."""
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        """The ids, in the order of the file."""
        return iter(self._by_id)

    def __len__(self) -> int:
        """How many people there are."""
        return len(self._by_id)

    def by_number(self, e164: str) -> Person | None:
        """Whose number this is (E.164), or None."""
        return self._by_number.get(e164)

    def by_fax(self, e164: str) -> Person | None:
        """Who sends faxes from this number (E.164): whose fax it is, else whose number, or None."""
        return self._by_fax.get(e164) or self.by_number(e164)

    def by_mail(self, address: str) -> Person | None:
        """Whose mail address this is, in any case, or None."""
        return self._by_mail.get(address.casefold())
