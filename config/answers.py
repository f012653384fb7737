"""[answers] how often the gateway answers mail by itself, so that two machines never talk to each other for long."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from config.fields import Duration, Section, duration, duration_text, refuse

Count = Annotated[int, Field(ge=1)]
LONGEST = timedelta(days=1)


class Answers(Section):
    """[answers] how often mail is answered by the machine; every message is recorded whatever these say (X6)."""

    pause: Duration = duration("1m")
    """After an automatic answer to an address the same answer waits so long, in case many come. Since 0.1."""
    storm_mails: Count = 5
    """More answers to an address within storm_window are a storm: the rest is not sent, and you are told. Since 0.1."""
    storm_window: Duration = duration("10m")
    """How long an address must be quiet until it is answered again after a storm. Since 0.1."""
    max_per_address_per_day: Count = 20
    """Automatic answers to one address in 24 hours. Since 0.1."""
    max_per_domain_per_hour: Count = 200
    """Automatic answers to all addresses of one domain in an hour. Since 0.1."""

    @model_validator(mode="after")
    def _pause_within_window(self) -> Answers:
        if not timedelta(0) <= self.pause < self.storm_window <= LONGEST:
            raise refuse(
                "the pause between two answers must be shorter than the window of a storm, and that at most a day",
                clause="X6",
                remedy=f'write pause = "1m" and a longer storm_window, up to "{duration_text(LONGEST)}"',
                key="pause",
            )
        return self
