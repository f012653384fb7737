"""Postfix to its queue, where it is installed: mail is discarded after the 250."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.bench.processes import free_port, load
from tests.peers.postfix import Postfix, is_installed

if TYPE_CHECKING:
    from tests.bench.measuring import Pattern, Size

__all__ = ["is_installed", "postfix", "rates"]

SEED = 0x9000


@contextlib.contextmanager
def postfix() -> Iterator[int]:
    """An instance of our own: its port."""
    with Postfix(free_port(), ours="", deliver="discard:") as running:
        yield running.port


def rates(port: int, pattern: Pattern, size: Size) -> list[float]:
    """Mails a second until the last 250, run by run."""
    mails = size.mails_alone if pattern.connections == 1 else size.mails
    return [load(port, pattern.connections, mails, SEED + run, one=pattern.one).rate for run in range(size.repetitions)]
