"""The text of a page, by the tesseract program: a picture that we drew ourselves goes in, text comes out.

One process a page, bound by `adapters.fax.limited`: processor and wall time, memory, no files, no network, low
priority. Text is whatever a machine made of black dots: it may be wrong, and it never leaves by the log.

Measured on A4 pages at 204 dots per inch: 1.2 s a page on one core; OMP_THREAD_LIMIT=1 keeps it to that core.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from gateway.recognition import Page, Unavailable

LIMITED = Path(__file__).with_name("limited.py")
MEMORY_BYTES = 768 * 1024 * 1024
MAX_TEXT = 20_000
"""Characters kept of one page; a page typed from edge to edge has 6,000."""
NOT_FOUND = 127
_ENVIRONMENT = {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
_KEPT = ("PATH", "TESSDATA_PREFIX")


@dataclass(frozen=True, slots=True)
class Tesseract:
    """Recognises pages one at a time. `timeout_s` is the time for one page, on the clock as on the processor."""

    program: str = "tesseract"
    language: str = "ita"
    timeout_s: float = 30.0

    def missing(self) -> str | None:
        """Why nothing can be recognised here, in words, or None."""
        if shutil.which(self.program) is None:
            return f"{self.program} is not installed"
        try:
            listed = subprocess.run(
                [self.program, "--list-langs"], capture_output=True, timeout=10, check=False, env=_environment()
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{self.program} does not answer: {type(error).__name__}"
        known = set((listed.stdout + listed.stderr).decode(errors="replace").split())
        absent = [each for each in self.language.split("+") if each not in known]
        return f"{self.program} has no language {', '.join(absent)}" if absent else None

    def page(self, png: bytes, dpi: int) -> Page:
        """The text of one page, or why there is none.

        Raises:
            Unavailable: the program or its language is not there, so that no page can be read.
        """
        command = [self.program, "stdin", "stdout", "-l", self.language, "--dpi", str(dpi or 204)]
        bound = [str(math.ceil(self.timeout_s)), str(MEMORY_BYTES), str(os.getpid())]
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(LIMITED), *bound, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
        try:
            text, _ = process.communicate(png, timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Page(None, "timeout")
        return self._said(process.returncode, text)

    def _said(self, status: int, text: bytes) -> Page:
        if status == 0:
            return Page(_clean(text.decode("utf-8", "replace")))
        if status < 0:
            return Page(None, "timeout" if -status in _SPENT else "crashed")
        missing = self.missing()
        if status == NOT_FOUND or missing:
            raise Unavailable(missing or f"{self.program} cannot be run")
        return Page(None, f"status {status}")


_SPENT = (9, 24)
"""SIGKILL and SIGXCPU: the processor time was spent."""


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | _ENVIRONMENT


def _clean(text: str) -> str:
    """Lines without control characters, never more than one empty one, so that every database takes them."""
    lines = ["".join(c for c in line if c.isprintable()).rstrip() for line in text.replace("\f", "\n").split("\n")]
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return "\n".join(kept).strip()[:MAX_TEXT]
