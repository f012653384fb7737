"""Which telephone numbers may be called or texted, by range (DOMAIN §10). Number portability does not matter.

Three gates: the directory (the caller of these functions), the class, the deny list. The deny list cannot be overridden
by configuration. A number written by a user is shown, never dialled.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ITALY = "+39"
SHORTEST_DIALLED = 6
"""Digits. Every shorter number is an emergency or a service: never dialled, never texted."""
EMERGENCY_NUMBERS = frozenset(
    {
        *("112", "113", "114", "115", "117", "118"),
        *("1500", "1515", "1518", "1522", "1530"),
        *("116000", "116006", "116111", "116117", "116123"),
    },
)
GEOGRAPHIC_DIGITS = range(6, 12)
MOBILE_DIGITS = range(9, 11)
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
"""The carrier's own notation: a country code and at most 15 digits, nothing between them (ITU-T E.164 §6)."""
_SATELLITE = ("+881", "+882", "+883", "+87", "+979", "+800", "+808")


class NumberClass(StrEnum):
    """What a number is, by its range."""

    GEOGRAPHIC = "geographic"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"
    SHARED_COST = "shared_cost"
    PREMIUM = "premium"
    SMS_SERVICE = "sms_service"
    NOMADIC = "nomadic"
    EMERGENCY = "emergency"
    SHORT = "short"
    SATELLITE = "satellite"
    ABROAD = "abroad"
    UNKNOWN = "unknown"


_ITALIAN_RANGES: tuple[tuple[tuple[str, ...], NumberClass], ...] = (
    (("800", "803"), NumberClass.TOLL_FREE),
    (("840", "841", "847", "848", "199", "178"), NumberClass.SHARED_COST),
    (("892", "893", "894", "895", "899", "144", "163", "164", "166", "12"), NumberClass.PREMIUM),
    (("4",), NumberClass.SMS_SERVICE),
    (("5", "7"), NumberClass.NOMADIC),
)


def classify(number: str) -> NumberClass:
    """The class of a number in E.164, or of a short or national Italian number written in digits.

    Spaces, dots, slashes, dashes and brackets are passed over. Text that is no number is `unknown`.
    """
    digits = _bare(number)
    if not digits.lstrip("+").isdigit() or not digits.isascii():
        return NumberClass.UNKNOWN
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if digits.startswith(ITALY):
        return _italian(digits[len(ITALY) :])
    if digits.startswith("+"):
        return NumberClass.SATELLITE if digits.startswith(_SATELLITE) else NumberClass.ABROAD
    return _italian(digits)


def _bare(number: str) -> str:
    return "".join(char for char in number if char not in " \t./-()\N{NO-BREAK SPACE}")


def _italian(national: str) -> NumberClass:
    if national in EMERGENCY_NUMBERS:
        return NumberClass.EMERGENCY
    if national.startswith("0"):
        return NumberClass.GEOGRAPHIC if len(national) in GEOGRAPHIC_DIGITS else NumberClass.UNKNOWN
    if national.startswith("3"):
        return NumberClass.MOBILE if len(national) in MOBILE_DIGITS else NumberClass.UNKNOWN
    for prefixes, its_class in _ITALIAN_RANGES:
        if national.startswith(prefixes):
            return its_class
    return NumberClass.SHORT if len(national) < SHORTEST_DIALLED else NumberClass.UNKNOWN


def may_be_called(number: str, allowed_countries: Iterable[str] = (ITALY,)) -> bool:
    """Whether the class of the number lets it be called: geographic or mobile, or abroad in an allowed country (X10).

    `allowed_countries` are calling codes (`+39`, `+41`). That the number stands in the directory is checked elsewhere.
    What is dialled is this text as it is, so one with blanks or signs between its digits may not.
    """
    return _in_e164(number) and _reachable(number, allowed_countries, {NumberClass.GEOGRAPHIC, NumberClass.MOBILE})


def may_be_texted(number: str, allowed_countries: Iterable[str] = (ITALY,)) -> bool:
    """Whether the class of the number lets it be sent an SMS: mobile, or abroad in an allowed country (X10, S157)."""
    return _in_e164(number) and _reachable(number, allowed_countries, {NumberClass.MOBILE})


def _in_e164(number: str) -> bool:
    return _E164.fullmatch(number) is not None


def _reachable(number: str, allowed_countries: Iterable[str], italian: set[NumberClass]) -> bool:
    codes = tuple(allowed_countries)
    its_class = classify(number)
    if its_class is NumberClass.ABROAD:
        return _bare(number).startswith(codes)
    return its_class in italian and ITALY in codes


def spoken(number: str) -> str:
    """The digits one by one in groups of three, with a pause between groups: `2 0 2 6, 0 0 0, 1 2 3`.

    The Italian country code is not spoken. One or two digits too many go into the first group.
    """
    digits = "".join(char for char in number.removeprefix(ITALY) if char.isdigit())
    first = len(digits) % 3
    first += 3 if first == 1 and len(digits) > 1 else 0
    groups = [digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))]
    return ", ".join(" ".join(group) for group in groups if group)
