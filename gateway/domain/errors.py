"""What must not happen. What may happen is a value (`Deferred`, `Opening`), never one of these."""

from __future__ import annotations


class CentralinoError(Exception):
    """Root of every error that Centralino raises on purpose; its text is one line that an operator understands."""


class SettingError(CentralinoError):
    """A configuration that is refused: which file, which key, by which clause, and how to put it right.

    The text is always `file: [key] what is wrong (clause X.Y); remedy`. Commands answer it with exit code 78.
    `line` is the line of the key in the file when it is known, `others` how many more errors the same file has.
    """

    def __init__(
        self,
        file: str,
        key: str,
        wrong: str,
        *,
        clause: str,
        remedy: str,
        line: int | None = None,
        others: int = 0,
    ) -> None:
        self.file = file
        self.key = key
        self.wrong = wrong
        self.clause = clause
        self.remedy = remedy
        self.line = line
        self.others = others
        super().__init__(self._text())

    def _text(self) -> str:
        where = "" if self.line is None else f" on line {self.line}"
        more = "" if not self.others else f" [and {self.others} more in this file]"
        return f"{self.file}: [{self.key}] {self.wrong}{where} (clause {self.clause}); {self.remedy}{more}"


class ArchiveError(CentralinoError):
    """The carrier's books did not answer, or not with what was asked for. `gone`: it has nothing of that id.

    `wait` is when it wants to be asked again, in seconds.
    """

    def __init__(self, text: str, *, gone: bool = False, wait_s: float | None = None) -> None:
        self.gone = gone
        self.wait_s = wait_s
        super().__init__(text)


class StoreError(CentralinoError):
    """The store could not answer or commit: nothing of the unit of work happened. The text says what to do."""
