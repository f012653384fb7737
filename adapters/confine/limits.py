"""What a child may not do, applied by the child to itself before it has seen a byte of anybody's document.

- Memory (RLIMIT_AS), processor time for each task (RLIMIT_CPU), open files, written files (none), further processes
  (none; the kernel does not hold root to this one), core dumps (none).
- No network: a network namespace of its own without any interface, where the kernel permits one (as root, or with
  unprivileged user namespaces); beside it, always, an audit hook that refuses every socket, every name look-up, every
  program and every `os` call that writes. The hook binds Python code only: where the namespace is refused, native
  code that has been taken over could still open a socket. `apply` says which of the two holds.
- No new privileges (PR_SET_NO_NEW_PRIVS), and death with the daemon (PR_SET_PDEATHSIG).

It can still read files that the daemon's user can read; the unit file hides the secrets from the name space of the
service, and nothing that the child says is believed.

Source: setrlimit(2), prctl(2), unshare(2), PEP 578.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

FORBIDDEN = (
    "socket.__new__",
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.system",
    "os.fork",
    "os.forkpty",
    "os.remove",
    "os.rename",
    "os.truncate",
)
"""Audit events that end in PermissionError inside a child (PEP 578)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Memory in bytes of address space, processor seconds for one task, open files."""

    memory_bytes: int
    cpu_s: int
    max_tasks: int
    open_files: int = 48


def apply(limits: Limits, daemon_pid: int) -> bool:
    """Bind this process for good; whether it has a network namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    alone = _leave_the_network(libc)
    _die_with(libc, daemon_pid)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_FSIZE, 0)
    _set(resource.RLIMIT_NOFILE, limits.open_files)
    _set(resource.RLIMIT_NPROC, 0)
    _set(resource.RLIMIT_AS, limits.memory_bytes)
    hard_s = limits.cpu_s * (limits.max_tasks + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, hard_s))
    sys.addaudithook(_refuse)
    return alone


def begin_task(limits: Limits) -> None:
    """Give the coming task its own processor time: what was used so far, plus `cpu_s`."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard_s = resource.getrlimit(resource.RLIMIT_CPU)
    soft_s = min(int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_s, hard_s)
    resource.setrlimit(resource.RLIMIT_CPU, (soft_s, hard_s))


def _leave_the_network(libc: ctypes.CDLL) -> bool:
    return bool(libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _die_with(libc: ctypes.CDLL, daemon_pid: int) -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != daemon_pid:  # it died before the line above was reached
        os._exit(0)


def _set(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _refuse(event: str, _: tuple[object, ...]) -> None:
    if event in FORBIDDEN:
        raise PermissionError(f"{event} is not allowed in a confined child")
