from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.numbers import EMERGENCY_NUMBERS, NumberClass, classify, may_be_called, may_be_texted, spoken

CLASSES = [
    ("+390706061", NumberClass.GEOGRAPHIC),
    ("070 606 1", NumberClass.GEOGRAPHIC),
    ("0039 070/6061", NumberClass.GEOGRAPHIC),
    ("+393330000001", NumberClass.MOBILE),
    ("333 0000001", NumberClass.MOBILE),
    ("+39800123456", NumberClass.TOLL_FREE),
    ("803116", NumberClass.TOLL_FREE),
    ("+39848123456", NumberClass.SHARED_COST),
    ("+39199123456", NumberClass.SHARED_COST),
    ("+39178123456", NumberClass.SHARED_COST),
    ("+39892424", NumberClass.PREMIUM),
    ("+39899123456", NumberClass.PREMIUM),
    ("1254", NumberClass.PREMIUM),
    ("16412345", NumberClass.PREMIUM),
    ("48000", NumberClass.SMS_SERVICE),
    ("+39550123456", NumberClass.NOMADIC),
    ("+39706061", NumberClass.NOMADIC),
    ("112", NumberClass.EMERGENCY),
    ("+39112", NumberClass.EMERGENCY),
    ("116117", NumberClass.EMERGENCY),
    ("1500", NumberClass.EMERGENCY),
    ("187", NumberClass.SHORT),
    ("+8816123456", NumberClass.SATELLITE),
    ("+979123456789", NumberClass.SATELLITE),
    ("+80012345678", NumberClass.SATELLITE),
    ("+41441234567", NumberClass.ABROAD),
    ("+378054912345", NumberClass.ABROAD),
    ("anonymous", NumberClass.UNKNOWN),
    ("", NumberClass.UNKNOWN),
    ("+39333", NumberClass.UNKNOWN),
    ("+39201234567", NumberClass.UNKNOWN),
    ("٣٣٣٠٠٠٠٠٠١", NumberClass.UNKNOWN),
]


@pytest.mark.parametrize(("number", "expected"), CLASSES)
def test_the_class_of_a_number_is_by_its_range(number: str, expected: NumberClass) -> None:
    """X9, DOMAIN §10."""
    assert classify(number) is expected


@pytest.mark.parametrize("number", ["+390706061", "+393330000001"])
def test_landlines_and_mobiles_may_be_called(number: str) -> None:
    """X10."""
    assert may_be_called(number)


@pytest.mark.parametrize(
    ("number", "its_class"),
    [row for row in CLASSES if row[1] not in {NumberClass.GEOGRAPHIC, NumberClass.MOBILE}],
)
def test_nothing_else_is_called(number: str, its_class: NumberClass) -> None:
    """X10, S158."""
    assert not may_be_called(number)


@pytest.mark.parametrize(
    "number", ["+39 333 0000001", "+ 393330000001", "+39\N{NO-BREAK SPACE}3330000001", "3330000001"]
)
def test_a_number_that_is_not_in_e164_is_not_dialled(number: str) -> None:
    """X10: what is dialled is the text as it stands. Found by `make fuzz`, target numbers."""
    assert classify(number) is NumberClass.MOBILE
    assert not may_be_called(number)
    assert not may_be_texted(number)


def test_a_landline_is_never_texted() -> None:
    """X10, S157."""
    assert not may_be_texted("+390706061")


def test_a_mobile_may_be_texted() -> None:
    """X10."""
    assert may_be_texted("+393330000001")


def test_abroad_is_called_only_when_its_country_is_allowed() -> None:
    """X10."""
    assert not may_be_called("+41441234567")
    assert may_be_called("+41441234567", ("+39", "+41"))
    assert not may_be_called("+8816123456", ("+39", "+8816"))


def test_italy_is_not_called_when_it_is_not_allowed() -> None:
    """X10."""
    assert not may_be_called("+393330000001", ("+41",))


@given(st.sampled_from(sorted(EMERGENCY_NUMBERS)), st.sampled_from(["", "+39", "0039"]))
def test_an_emergency_number_is_never_dialled_however_it_is_written(number: str, prefix: str) -> None:
    """X10, S159: the deny list wins over the configuration."""
    everything = tuple(f"+{digit}" for digit in range(10))
    assert not may_be_called(prefix + number, everything)
    assert not may_be_texted(prefix + number, everything)


@given(st.text(max_size=30))
def test_any_text_has_a_class(text: str) -> None:
    """X9: malformed numbers are accepted as text."""
    assert classify(text) in NumberClass


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("2026000123", "2 0 2 6, 0 0 0, 1 2 3"),
        ("+390706061", "0 7 0 6, 0 6 1"),
        ("123456", "1 2 3, 4 5 6"),
        ("12345678", "1 2, 3 4 5, 6 7 8"),
        ("7", "7"),
        ("", ""),
    ],
)
def test_a_number_is_spoken_digit_by_digit_in_groups(number: str, words: str) -> None:
    assert spoken(number) == words
