"""The daemon that is killed, in a process of its own.

    python -m tests.powercut.runner CONFIG [--once] [--checkpoint-pages N]
                                           [--unique-keys] [--synchronous NORMAL]

Loads the code once, and for each line `start` on its standard input forks a child that runs `config.daemon.run`: a
start takes tenths of a second instead of seconds, and what runs is the daemon as it is. Answers with lines:
`carrier yes|no` (is SMS wired on this site?), `pid N`, `ready`, `gone`. With `--once` it is the daemon itself.
`--checkpoint-pages` lets SQLite move its log into the database sooner than after 8 MB, so that a short run meets many
such moments.

The last two options are the negative controls: a daemon that knows no repeat, and a database that acknowledges
what is not on disk. The harness must report both.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.smtp import arrivals
from adapters.store import SqlStore, engine, migrate
from config import daemon, logs
from config.load import load
from gateway.domain.intake import Channel, RepeatKey

if TYPE_CHECKING:
    from config.settings import Settings

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until standard input ends."""
    options = _options()
    logs.configure(level=logging.WARNING, as_json=True)
    if options.unique_keys:
        _know_no_repeat()
    if options.synchronous != "FULL":
        _acknowledge_too_early(options.synchronous)
    if options.checkpoint_pages:
        vars(engine)["_CHECKPOINT_PAGES"] = options.checkpoint_pages
    if options.once:
        _say(f"pid {os.getpid()}")
        daemon.run(options.config, lambda _: _say("ready"))
        return
    _die_with_parent()
    _say(f"carrier {'yes' if _in_child(lambda: _has_carrier(options.config)) else 'no'}")
    load(options.config)  # imports what only a load imports
    for line in sys.stdin:
        if line.strip() == "start":
            _one_life(options.config)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--checkpoint-pages", type=int, default=0)
    parser.add_argument("--unique-keys", action="store_true")
    parser.add_argument("--synchronous", default="FULL")
    return parser.parse_args()


def _one_life(config: Path) -> None:
    child = os.fork()
    if child == 0:
        _die_with_parent()
        try:
            daemon.run(config, lambda _: _say("ready"))
        except BaseException:  # a daemon that cannot start must not go on as a second runner
            logging.getLogger(__name__).exception("the daemon ended")
        finally:
            os._exit(1)
    _say(f"pid {child}")
    os.waitpid(child, 0)
    _say("gone")


def _has_carrier(config: Path) -> bool:
    """Whether SMS leave from this site: the carrier's outlet is among the ways out."""
    with daemon.opened(config) as running:
        return Channel.SMS in daemon.outlets_of(running.site, running.gateway, running.carrier)


def _in_child(question: object) -> bool:
    """Ask in a child: its threads and connections must not be there when the daemon is forked."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            status = 0 if question() else 1  # type: ignore[operator]  # a function without arguments
        except BaseException:
            logging.getLogger(__name__).exception("the site cannot be opened")
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) == 2:
        sys.exit("the site cannot be opened")
    return os.waitstatus_to_exitcode(status) == 0


def _know_no_repeat() -> None:
    vars(arrivals)["repeat_key"] = lambda _recipients, _raw: RepeatKey(secrets.token_hex(16))


def _acknowledge_too_early(synchronous: str) -> None:
    def store_of(settings: Settings, *, threaded: bool) -> SqlStore:
        migrate(settings.database.address)
        return SqlStore(settings.database.address, settings.database.blobs, threaded=threaded, _synchronous=synchronous)

    vars(daemon)["store_of"] = store_of


def _die_with_parent() -> None:
    """No daemon outlives its harness (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
