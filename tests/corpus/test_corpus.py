"""A sample of every source through the real intake on SQLite. The whole corpus on both databases: `make corpus`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus.material import corpus, items
from tests.corpus.running import Passed, database, through

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not corpus().is_dir(), reason=f"no corpus in {corpus()}: set CENTRALINO_CORPUS"),
]
OF_EACH_SOURCE = 3


@pytest.fixture(scope="module")
def passed() -> Iterator[list[Passed]]:
    with database("sqlite") as (url, folder):
        yield through(url, folder, items(corpus(), OF_EACH_SOURCE), lambda _count: None)


def test_every_mail_becomes_exactly_one_intake_with_the_bytes_that_were_sent_and_a_final_state(
    passed: list[Passed],
) -> None:
    """P4."""
    assert len(passed) > 90
    assert [(one.item.name, one.problem) for one in passed if one.problem] == []


def test_what_the_sources_assert_of_their_mails_is_mostly_read_so(passed: list[Passed]) -> None:
    """The whole way to the ticket; the rates field by field stand in tests/adapters/mail/test_corpus_mail.py."""
    verdicts = [verdict for one in passed for verdict in one.verdicts]
    wrong = [verdict for verdict in verdicts if not verdict.holds]
    assert len(verdicts) > 90
    assert len(wrong) < 0.1 * len(verdicts), wrong
