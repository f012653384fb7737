"""The process in which libFuzzer tries one target (`tests.fuzz.guided` starts it). It imports nothing of ours before it
measures what is reached."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from random import Random

MAX_BYTES = 60_000
INSTRUMENTED = ("adapters.mail", "adapters.pec", "gateway.domain", "tnefparse", "asn1crypto", "icalendar")


def main(name: str, folder: Path, seconds: int, measured: str = "") -> None:
    """Fuzz one target; libFuzzer ends the process itself. What broke a promise is in `folder/broken`."""
    import atheris

    logging.disable()
    with atheris.instrument_imports(include=measured.split(",") if measured else [*INSTRUMENTED]):
        from tests.fuzz.every import EVERY
        from tests.fuzz.running import tried
    target = next(each for each in EVERY if each.name == name)

    def once(raw: bytes) -> None:
        failure, _ = tried(target, raw)
        if failure is not None:
            raise RuntimeError(failure.error)

    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_BYTES}",
        "-rss_limit_mb=2048",
        "-timeout=30",
        f"-artifact_prefix={folder / 'broken'}/",
    ]
    target.draw(Random(0))  # noqa: S311 - whatever it makes ready for its inputs is ready then
    atheris.Setup([sys.argv[0], *options, str(folder / "found")], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
