"""What hostile documents make a parser do; run in the child by the tests beside this file."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time
from pathlib import Path


def echo(payload: bytes) -> bytes:
    return payload


def segfault(_: bytes) -> bytes:
    ctypes.string_at(0)
    return b""


def eat_memory(_: bytes) -> bytes:
    return bytes(4 * 1024**3)


def spin(_: bytes) -> bytes:
    while True:
        pass


def burn(payload: bytes) -> bytes:
    until = time.process_time() + float(payload)
    while time.process_time() < until:
        pass
    return pid(b"")


def sleep(payload: bytes) -> bytes:
    time.sleep(float(payload))
    return b"slept"


def fail(_: bytes) -> bytes:
    raise ValueError("as the document wished")


def leave(_: bytes) -> bytes:
    os._exit(3)


def chatter(_: bytes) -> bytes:
    os.write(1, b"warnings that a library prints")
    return b"clean"


def big(_: bytes) -> bytes:
    return bytes(3 * 1024 * 1024)


def open_socket(_: bytes) -> bytes:
    socket.socket()
    return b"open"


def native_interfaces(_: bytes) -> bytes:
    return b",".join(name.encode() for _, name in socket.if_nameindex())


def write_file(payload: bytes) -> bytes:
    Path(payload.decode()).write_bytes(b"x" * 10)
    return b"written"


def start_program(_: bytes) -> bytes:
    os.system("/bin/true")  # noqa: S605 - that this is refused is what is tested
    return b"ran"


def environment(_: bytes) -> bytes:
    return ",".join(sorted(os.environ)).encode()


def pid(_: bytes) -> bytes:
    return str(os.getpid()).encode()


def lie_about_length(_: bytes) -> bytes:
    for fd in range(3, 10):
        try:
            os.write(fd, b"\xff" * 12)
        except OSError:
            continue
    time.sleep(30)
    return b""


def privileges(_: bytes) -> bytes:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return b"none" if "NoNewPrivs:\t1" in status else b"some"


def modules(_: bytes) -> bytes:
    return ",".join(sys.modules).encode()
