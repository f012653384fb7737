from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.faxes import MAX_WORDS, received_at, same_document, words_of
from gateway.domain.intake import FaxReading
from gateway.domain.phrases import recognised_note
from gateway.domain.wording import pages_phrase

ARRIVED = datetime.fromisoformat("2026-11-24T10:20:00+01:00")
NOTHING = FaxReading(None, None, None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("pages", "italian", "english"),
    [
        (None, "pagine non dichiarate", "number of pages not stated"),
        (0, "0 pagine", "0 pages"),
        (1, "1 pagina", "1 page"),
        (12, "12 pagine", "12 pages"),
    ],
)
def test_pages_are_counted_as_people_do(pages: int | None, italian: str, english: str) -> None:
    assert (pages_phrase(pages), pages_phrase(pages, "en")) == (italian, english)


@pytest.mark.parametrize(
    ("before", "counts", "odd"),
    [
        (timedelta(), True, None),
        (timedelta(days=7), True, None),
        (timedelta(days=7, seconds=1), False, "time_not_credible"),
        (timedelta(minutes=-15), False, None),
        (timedelta(minutes=-15, seconds=-1), False, "time_not_credible"),
    ],
)
def test_the_stated_time_counts_when_it_can_be(before: timedelta, *, counts: bool, odd: str | None) -> None:
    """X2: seven days in a queue, a clock that is fifteen minutes ahead, and not a second more."""
    stated = ARRIVED - before
    assert received_at(replace(NOTHING, sent_at=stated), ARRIVED) == (stated if counts else ARRIVED, odd)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.timezones()), st.booleans())  # noqa: DTZ001 - the zone is the strategy's
def test_no_fax_is_received_after_its_mail(stated: datetime, ambiguous: bool) -> None:  # noqa: FBT001 - hypothesis calls it
    defects = ("time_ambiguous",) if ambiguous else ()
    assert received_at(replace(NOTHING, sent_at=stated, defects=defects), ARRIVED)[0] <= ARRIVED


def test_a_fax_without_a_time_is_received_when_its_mail_is() -> None:
    assert received_at(NOTHING, ARRIVED) == (ARRIVED, None)


@pytest.mark.parametrize(("number", "sha256"), [(None, "ab"), ("+390700000001", None), ("", "ab")])
def test_without_number_or_document_nothing_is_the_same(number: str | None, sha256: str | None) -> None:
    assert same_document(replace(NOTHING, number=number, document_sha256=sha256)) is None


def test_the_same_document_from_one_number_to_another_of_ours_is_not_the_same() -> None:
    one, two = (
        same_document(replace(NOTHING, number="+390700000001", document_sha256="ab", called_number=called))
        for called in ("+390700000009", "+390700000008")
    )
    assert one != two


def test_the_note_warns_and_leaves_out_empty_pages() -> None:
    subject, text = recognised_note({1: "GUASTO", 2: "", 3: "Saluti"})
    assert subject == "Testo riconosciuto"
    assert text.splitlines()[0].startswith("Letto da una macchina: può contenere errori")
    assert text.endswith("— pagina 1 —\nGUASTO\n\n— pagina 3 —\nSaluti")
    assert recognised_note({1: "x"}, "en")[1].endswith("— page 1 —\nx")


def test_each_word_is_searched_once_and_noise_not_at_all() -> None:
    assert words_of("Il GUASTO, il guasto; n. 12 — perché\nperché 2026") == "guasto perché 2026"


@given(st.text(max_size=6_000))
def test_no_text_is_too_much_to_be_searched(text: str) -> None:
    assert len(words_of(text)) <= MAX_WORDS
