"""How often the machine answers by itself: a robot that answers back must find the end of it in one round (X6, P12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """The limits of automatic answers by mail.

    Within `pause` of an answer to an address the same answer waits until the pause is over. More than `storm_mails`
    answers to one address within `storm_window` would be a storm: what waits is not sent, and nothing more is until
    the address was quiet for `storm_window`.
    """

    pause: timedelta = timedelta(minutes=1)
    storm_mails: int = 5
    storm_window: timedelta = timedelta(minutes=10)
    per_address_day: int = 20
    per_domain_hour: int = 200


class Brake(StrEnum):
    """Why an automatic answer is not sent. All but the first tell the operator, once a day for each cause."""

    ANSWERED_TODAY = "answered_today"
    STORM = "storm"
    ADDRESS = "address_limit"
    DOMAIN = "domain_limit"


@dataclass(frozen=True, slots=True)
class Answered:
    """What an address was answered until now. `storms`: it is in a storm already; `domain` counts its whole domain."""

    in_pause: int = 0
    in_window: int = 0
    today: int = 0
    domain: int = 0
    of_ticket_today: int = 0
    storms: bool = False


def brake(limits: AnswerLimits, answered: Answered) -> Brake | None:
    """Why this answer must not be sent; None when it may, at once or after the pause."""
    if answered.of_ticket_today:
        return Brake.ANSWERED_TODAY
    if answered.storms or answered.in_window >= limits.storm_mails:
        return Brake.STORM
    if answered.today >= limits.per_address_day:
        return Brake.ADDRESS
    return Brake.DOMAIN if answered.domain >= limits.per_domain_hour else None
