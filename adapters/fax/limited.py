"""Binds itself and becomes another program: `python -I -B limited.py SECONDS BYTES PARENT PROGRAM ARGUMENT...`.

Run by path by `adapters.fax.tesseract`. What follows has that much processor time and memory, writes no file, starts no
process, has no network where the kernel permits it, yields to everybody else, and dies with who started it.

Source: setrlimit(2), prctl(2), unshare(2), nice(2).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

NICE = 10
OPEN_FILES = 64
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
NOT_FOUND = 127


def main() -> None:
    """Bind, then become the program."""
    seconds, memory_bytes, parent = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above was reached
        os._exit(0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.nice(NICE)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
    ):
        resource.setrlimit(what, (most, most))
    try:
        os.execvp(sys.argv[4], sys.argv[4:])  # noqa: S606 - the operator's program, and no shell
    except OSError:
        os._exit(NOT_FOUND)


if __name__ == "__main__":
    main()
