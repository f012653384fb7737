"""The daemon's side: a few children, started when first needed, replaced when they are lost.

A child is a fresh interpreter (never a fork of the many-threaded daemon) and serves one task at a time. One that
crashed, was silent beyond its deadline or ran out of memory is killed; one that served `max_tasks` is let go. The next
task finds another.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from adapters.confine import wire
from adapters.confine.child import OUT_OF_MEMORY
from gateway.domain.errors import CentralinoError

Reason = Literal["deadline", "crashed", "memory", "error"]

CHILD = Path(__file__).with_name("child.py")
NOT_STARTED = "no child could be started"
"""How the detail begins when no work was done at all: the documents are not to blame."""
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1", "TZ": "UTC"}


class Confined(CentralinoError):  # noqa: N818 - it says what happened to the work, in the word of the folder
    """The child gave no answer.

    `reason`: "deadline" (silent too long, or its processor time spent), "crashed" (killed by a signal, or gone),
    "memory" (beyond its limit), "error" (the function raised, or may not be called). `detail` is for the log.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason: Reason = reason
        self.detail = detail
        super().__init__(f"confined work failed ({reason}): {detail}")


class Confine:
    """A pool of at most `workers` children that may call the `functions` named, and nothing else. Safe from any thread.

    `cpu_s` and `deadline_s` hold for one task (processor and wall time; the wait for a free child is not counted),
    `memory_bytes` is the address space of a child, `max_answer_bytes` what is taken from one at most. `ready` is a
    function that a fresh child is asked first: what it has to load is then no part of the time of its first task.
    """

    def __init__(  # noqa: PLR0913 - each limit is named at the call
        self,
        functions: tuple[str, ...],
        *,
        workers: int = 1,
        cpu_s: int = 20,
        memory_bytes: int = 512 * 1024 * 1024,
        deadline_s: float = 30.0,
        max_tasks: int = 50,
        max_answer_bytes: int = 64 * 1024 * 1024,
        ready: str = "",
    ) -> None:
        self._ready = ready
        self._functions = frozenset(functions)
        self._told = {"cpu_s": cpu_s, "memory_bytes": memory_bytes, "max_tasks": max_tasks, "daemon_pid": os.getpid()}
        self._deadline_s = deadline_s
        self._max_tasks = max_tasks
        self._max_answer_bytes = max_answer_bytes
        self._free = threading.Semaphore(workers)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._closed = False
        # prctl(2), PR_SET_PDEATHSIG: "parent" is the thread that started the child. One thread, which lives as long as
        # the pool, starts them all; a worker thread that ends must not take a child with it.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="confine-starter")

    def call(self, function: str, payload: bytes, *, deadline_s: float | None = None) -> bytes:
        """What `function` (`module:name`) gives for `payload`, worked out in a child.

        Raises:
            Confined: there is no answer; nothing else is raised.
        """
        if function not in self._functions:
            raise Confined("error", f"{function} is not on the list of functions")
        with self._free:
            child = self._take()
            try:
                if self._ready and not child.served:
                    child.ask(self._ready, b"", self._deadline_s, self._max_answer_bytes)
                answer = child.ask(function, payload, deadline_s or self._deadline_s, self._max_answer_bytes)
            except Confined as lost:
                if lost.reason != "error":
                    child.kill()
                raise
            except BaseException:
                child.kill()
                raise
            finally:
                self._give_back(child)
            return answer

    def pids(self) -> tuple[int, ...]:
        """The children that wait for work at this moment."""
        with self._lock:
            return tuple(child.pid for child in self._idle)

    def close(self) -> None:
        """End the waiting children; a task that runs is ended by its deadline. Later calls raise `Confined`."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()
        self._starter.shutdown(wait=False)

    def _take(self) -> _Child:
        with self._lock:
            if self._closed:
                raise Confined("error", "the pool is closed")
            while self._idle:
                child = self._idle.pop()
                if child.is_alive():
                    return child
                child.kill()
        try:
            return self._starter.submit(_Child, json.dumps(self._told)).result()
        except (OSError, RuntimeError) as error:
            raise Confined("crashed", f"{NOT_STARTED}: {type(error).__name__}") from error

    def _give_back(self, child: _Child) -> None:
        with self._lock:
            if not self._closed and child.is_alive() and child.served < self._max_tasks:
                self._idle.append(child)
                return
        child.kill()


class _Child:
    """One child process and its two pipes."""

    def __init__(self, told: str) -> None:
        self.served = 0
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(CHILD), told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            bufsize=0,
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a child without pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stdout.fileno(), False)
        self.pid = self._process.pid

    def ask(self, function: str, payload: bytes, deadline_s: float, max_answer_bytes: int) -> bytes:
        self.served += 1
        until = time.monotonic() + deadline_s
        try:
            outcome, detail, body = wire.exchange(
                self._stdin.fileno(),
                self._stdout.fileno(),
                wire.frame({"function": function}, payload),
                until=until,
                max_body_bytes=max_answer_bytes,
            )
        except wire.Silence as silence:
            raise Confined("deadline", f"no answer within {deadline_s:g} s") from silence
        except wire.Gone as gone:
            raise self._post_mortem() from gone
        if outcome == "done":
            return body
        raise Confined("memory" if outcome == "memory" else "error", detail)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()

    def _post_mortem(self) -> Confined:
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return Confined("crashed", "the answer was no frame, or too large")
        if status == OUT_OF_MEMORY:
            return Confined("memory", "no room for the document itself")
        if status == -signal.SIGXCPU:
            return Confined("deadline", "its processor time was spent")
        if status < 0:
            return Confined("crashed", f"killed by signal {-status} ({signal.strsignal(-status)})")
        return Confined("crashed", f"ended with status {status}")
