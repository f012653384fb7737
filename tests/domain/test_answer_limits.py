"""When the machine stops answering by itself (X6, P12)."""

from __future__ import annotations

import pytest

from gateway.domain.answer_limits import Answered, AnswerLimits, Brake, brake

LIMITS = AnswerLimits(storm_mails=5, per_address_day=20, per_domain_hour=200)


@pytest.mark.parametrize(
    ("answered", "why"),
    [
        (Answered(), None),
        (Answered(in_pause=1, in_window=1, today=1), None),
        (Answered(in_window=4, today=19, domain=199), None),
        (Answered(of_ticket_today=1), Brake.ANSWERED_TODAY),
        (Answered(in_window=5, today=5), Brake.STORM),
        (Answered(storms=True), Brake.STORM),
        (Answered(today=20), Brake.ADDRESS),
        (Answered(domain=200), Brake.DOMAIN),
        (Answered(of_ticket_today=1, storms=True), Brake.ANSWERED_TODAY),
        (Answered(in_window=5, today=20, domain=200), Brake.STORM),
    ],
)
def test_an_answer_is_braked_at_its_limit_and_not_before(answered: Answered, why: Brake | None) -> None:
    assert brake(LIMITS, answered) is why
