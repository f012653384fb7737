"""Tells systemd how we are: READY=1, RELOADING=1, STOPPING=1, and WATCHDOG=1 while the vital loops make progress.

Source: sd_notify(3), systemd.service(5) Type=notify.
"""

from __future__ import annotations

import os
import socket
import time

WATCHDOG_SHARE = 0.5
"""sd_watchdog_enabled(3) recommends to say it after half of the time."""


def notify(*states: str) -> bool:
    """Send these states, one a line; False when nobody listens (we were not started by systemd)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(1.0)
            sender.connect(address)
            sender.sendall("\n".join(states).encode())
    except OSError:
        return False
    return True


def reloading() -> bool:
    """A reload begins; `notify("READY=1")` ends it."""
    return notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def watchdog_s() -> float | None:
    """How often to say WATCHDOG=1, in seconds; None when nobody watches."""
    pid, micros = os.environ.get("WATCHDOG_PID", ""), os.environ.get("WATCHDOG_USEC", "")
    if not micros.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(micros) / 1_000_000 * WATCHDOG_SHARE
