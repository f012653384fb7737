"""The log: structlog to standard error, JSON for machines, columns on a terminal. Libraries' logs come the same way.

Results of commands go to standard output and never through here. Whatever is named like a secret is replaced.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
from collections.abc import Iterator
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


class _StandardError:
    """Standard error as it is at the time of writing; a daemon lets a thread of its own write (`written_behind`)."""

    def __init__(self) -> None:
        self._behind: queue.SimpleQueue[str | None] | None = None

    def write(self, text: str) -> None:
        """One line."""
        if self._behind is None:
            sys.stderr.write(text)
        else:
            self._behind.put(text)

    def flush(self) -> None:
        """Nothing is kept back here."""
        if self._behind is None:
            sys.stderr.flush()

    @contextlib.contextmanager
    def written_behind(self) -> Iterator[None]:
        """While this lasts a thread writes: whoever answers the doors must not wait for a terminal or a pipe."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        writer = threading.Thread(target=_write_all, args=(lines,), name="log-writer", daemon=True)
        writer.start()
        self._behind = lines
        try:
            yield
        finally:
            self._behind = None
            lines.put(None)
            writer.join()


def _write_all(lines: queue.SimpleQueue[str | None]) -> None:
    """Write what comes until None comes; what came together leaves together."""
    line = lines.get()
    while line is not None:
        together = [line]
        with contextlib.suppress(queue.Empty):
            while (line := lines.get_nowait()) is not None:
                together.append(line)
        sys.stderr.write("".join(together))
        sys.stderr.flush()
        line = lines.get() if line is not None else None


_STREAM = _StandardError()
written_behind = _STREAM.written_behind


def configure(*, level: int = logging.INFO, as_json: bool | None = None) -> None:
    """Send every log line to standard error; `as_json` None means JSON unless standard error is a terminal.

    Our own events go there directly: the machinery of the `logging` module, through which the libraries' come, costs
    as much as the rest of keeping a mail.
    """
    if as_json is None:
        as_json = not sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        without_secrets,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    last = _rendering(as_json=as_json)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=_STREAM),  # type: ignore[arg-type]  # it only writes and flushes
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_STREAM)
    of_libraries: list[Processor] = [structlog.stdlib.ExtraAdder(), *shared]
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[meta, *last], foreign_pre_chain=of_libraries))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quieter in QUIET.items():
        logging.getLogger(name).setLevel(quieter)
    logging.captureWarnings(capture=True)


def _rendering(*, as_json: bool) -> list[Processor]:
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event with `***` for whatever is named like a secret (X15)."""
    for key in event:
        if any(word in key.casefold() for word in SECRET_WORDS):
            event[key] = "***"
    return event
