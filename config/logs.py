"""The log: structlog to standard error, JSON for machines, columns on a terminal. Libraries' logs come the same way.

Results of commands go to standard output and never through here. Whatever is named like a secret is replaced.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_WORDS = ("password", "secret", "token", "authorization", "signing_key", "credential")
QUIET = {
    "alembic": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore": logging.WARNING,
    "apscheduler": logging.WARNING,
}
"""Libraries that say too much at INFO (addresses with query strings among it)."""


def configure(*, level: int = logging.INFO, as_json: bool | None = None) -> None:
    """Send every log line to standard error; `as_json` None means JSON unless standard error is a terminal."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        without_secrets,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quieter in QUIET.items():
        logging.getLogger(name).setLevel(quieter)
    logging.captureWarnings(capture=True)


def _formatter(shared: list[Processor], *, as_json: bool) -> logging.Formatter:
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    return structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=shared)


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with `***` for whatever is named like a secret (X15)."""
    for key in event:
        if any(word in key.casefold() for word in SECRET_WORDS):
            event[key] = "***"
    return event
