"""How much one address and one sender may send in a minute."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.smtp import LOOPBACK
from adapters.smtp.rates import MAX_KEYS, Rate, origin
from tests.adapters.smtp.door import Client, Running

Opener = Callable[..., Running]


def test_one_more_than_the_limit_waits_for_the_next_window() -> None:
    rate = Rate(2)
    assert [rate.allows("a", 100.0), rate.allows("a", 101.0), rate.allows("a", 102.0)] == [True, True, False]
    assert rate.allows("b", 103.0), "others are not hit"
    assert rate.allows("a", 161.0)


def test_no_limit_is_no_limit() -> None:
    assert all(Rate(0).allows("a", 1.0) for _ in range(1_000))


def test_a_flood_of_names_costs_no_memory() -> None:
    rate = Rate(1)
    for n in range(MAX_KEYS + 10):
        rate.allows(str(n), 1.0)
    assert len(rate._seen) <= MAX_KEYS + 1  # noqa: SLF001 - the bound is the promise


@pytest.mark.parametrize(
    ("peer", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("local", "local"),
    ],
)
def test_whom_an_address_counts_for(peer: str, counted_as: str) -> None:
    assert origin(peer) == counted_as


def test_too_many_messages_from_one_address_come_again(opened: Opener) -> None:
    """B-014: a temporary answer, so that nothing is lost."""
    door = opened(trusted=(), max_messages_per_minute=2)
    with Client(door.port) as client:
        client.say("EHLO x.example")
        answers = []
        for n in range(3):
            answers.append(client.say(f"MAIL FROM:<m{n}@example.org>")[:3])
            client.say("RSET")
    assert answers == ["250", "250", "450"]


def test_one_sender_does_not_use_up_what_others_may_send(opened: Opener) -> None:
    door = opened(trusted=(), max_messages_per_sender=1)
    with Client(door.port) as client:
        client.say("EHLO x.example")
        answers = []
        for sender in ("m@example.org", "M@EXAMPLE.org", "other@example.org", "", ""):
            answers.append(client.say(f"MAIL FROM:<{sender}>")[:3])
            client.say("RSET")
    assert answers == ["250", "450", "250", "250", "250"], "bounces have no sender to count by"


def test_too_many_connections_in_a_minute_are_turned_away(opened: Opener) -> None:
    door = opened(trusted=(), max_connections_per_minute=2)
    greetings = []
    for _ in range(3):
        with Client(door.port, greeted=False) as client:
            greetings.append(client.answer()[:3])
    assert greetings == ["220", "220", "421"]


def test_who_brings_other_peoples_mail_has_no_such_limit(opened: Opener) -> None:
    """Our own mail server, on loopback unless the settings say otherwise."""
    door = opened(max_messages_per_minute=1, max_messages_per_sender=1, max_connections_per_minute=1)
    for _ in range(3):
        with Client(door.port) as client:
            client.say("EHLO x.example")
            assert client.say("MAIL FROM:<m@example.org>").startswith("250")


def test_who_is_trusted_changes_with_a_reload(opened: Opener) -> None:
    """`[authentication] trusted_upstream` is taken at once, for limits as for verdicts."""
    door = opened(trusted=(), max_messages_per_sender=1)

    def third() -> str:
        with Client(door.port) as client:
            client.say("EHLO x.example")
            said = [client.say(verb)[:3] for verb in ("MAIL FROM:<m@example.org>", "RSET") * 3]
        return said[-2]

    assert third() == "450"
    door.loop.call_soon_threadsafe(door.listener.trust, LOOPBACK)
    assert third() == "250"
    door.loop.call_soon_threadsafe(door.listener.trust, ())
    assert third() == "450"
