"""How the daemon and its child speak: one frame there, one frame back, over a pair of pipes.

A frame is eight bytes of lengths (big-endian: head, body), a JSON object of at most `MAX_HEAD_BYTES`, and raw bytes.
The daemon believes nothing of what a child says: lengths are checked before memory is given, and of the JSON only
two short strings are read.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Mapping

LENGTHS = struct.Struct(">IQ")
MAX_HEAD_BYTES = 16 * 1024
CHUNK_BYTES = 256 * 1024


class Silence(Exception):  # noqa: N818 - two things that happen on a pipe, not errors of ours
    """The deadline passed before the whole answer was there."""


class Gone(Exception):  # noqa: N818 - as Silence
    """The pipe ended, or what came over it is no frame."""


def frame(head: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of one frame."""
    text = json.dumps(head).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


def exchange(
    write_fd: int, read_fd: int, request: bytes, *, until: float, max_body_bytes: int
) -> tuple[str, str, bytes]:
    """What the child answers: outcome, detail, body. Writes and reads at once, so that no full pipe can hold us.

    Both descriptors are non-blocking. `until` is an instant of `time.monotonic`.

    Raises:
        Silence: the deadline passed first.
        Gone: the child ended, or its answer is no frame or larger than `max_body_bytes`.
    """
    left = memoryview(request)
    answer = bytearray()
    poll = select.poll()
    poll.register(read_fd, select.POLLIN)
    poll.register(write_fd, select.POLLOUT)
    while True:
        wait_s = until - time.monotonic()
        ready = poll.poll(max(0.0, wait_s) * 1000) if wait_s > 0 else []
        if not ready:
            raise Silence
        for fd, _ in ready:
            if fd == read_fd:
                answer += _read(read_fd)
                if (reply := _whole(answer, max_body_bytes)) is not None:
                    return reply
            else:
                left = left[_write(write_fd, left) :]
                if not left:
                    poll.unregister(write_fd)


def _read(fd: int) -> bytes:
    try:
        chunk = os.read(fd, CHUNK_BYTES)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise Gone from error
    if not chunk:
        raise Gone
    return chunk


def _write(fd: int, left: memoryview) -> int:
    try:
        return os.write(fd, left[:CHUNK_BYTES])
    except BlockingIOError:
        return 0
    except OSError as error:
        raise Gone from error


def _whole(answer: bytearray, max_body_bytes: int) -> tuple[str, str, bytes] | None:
    if len(answer) < LENGTHS.size:
        return None
    head_bytes, body_bytes = LENGTHS.unpack_from(answer)
    if head_bytes > MAX_HEAD_BYTES or body_bytes > max_body_bytes:
        raise Gone
    body_at = LENGTHS.size + head_bytes
    if len(answer) < body_at + body_bytes:
        return None
    outcome, detail = _head(bytes(answer[LENGTHS.size : body_at]))
    return outcome, detail, bytes(answer[body_at : body_at + body_bytes])


def _head(text: bytes) -> tuple[str, str]:
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Gone from error
    if not isinstance(head, dict):
        raise Gone
    return str(head.get("outcome", ""))[:20], str(head.get("detail", ""))[:300]
