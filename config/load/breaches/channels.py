"""Channels that break a clause: one that is named and leads nowhere."""

from __future__ import annotations

from config.load.breaches.reading import Reading


def refuse_unpublished(reading: Reading) -> None:
    """A channel that texts name and that no endpoint leads to."""
    table = reading.table
    channels = {each.channel for each in table.endpoint}
    if "phone" in table.channels.order and table.channels.phone is None:
        raise reading.refusal(
            "channels.phone",
            "telephone is among the channels and there is no public number: phone is missing",
            rule="channels",
            remedy='add phone = "+39..."',
        )
    for channel in table.channels.order:
        if channel not in channels:
            raise reading.refusal(
                "channels.order",
                f"{channel} is among the channels and no endpoint leads to it",
                rule="channels",
                remedy=f'add [[endpoint]] with channel = "{channel}", or take it out of order',
            )
