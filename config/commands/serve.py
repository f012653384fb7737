"""`centralino serve`: the daemon."""

from __future__ import annotations

from config.commands.common import Config, find_config


def serve(config: Config = None) -> None:
    """Run the gateway until SIGTERM. SIGHUP reloads contracts, people, roster and texts.

    A reload that is refused leaves the old configuration in force; `centralino check --running` shows its result.
    The database is brought to this version's schema first, after a copy beside it.
    """
    from config import daemon
    from config.load import load

    path = find_config(config)
    daemon.refuse_demo(load(path))
    daemon.run(path)
