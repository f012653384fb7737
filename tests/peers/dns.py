"""A name server on loopback, over real UDP: it answers what the test wrote, or fails as it is told to."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]


class NameServer:
    """Answers from `zone`: `("example.org", "TXT")` to a list of records in the form of a zone file."""

    def __init__(self) -> None:
        self.zone: Zone = {}
        self.silent: set[str] = set()
        """Names (and all below) that get no answer at all."""
        self.failing: set[str] = set()
        """Names (and all below) that get SERVFAIL."""
        self.asked: Counter[tuple[str, str]] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def text(self, name: str, *texts: str) -> None:
        """TXT records, cut into strings of 255 bytes as long ones are."""
        self.zone[name, "TXT"] = [
            " ".join(f'"{text[n : n + 255]}"' for n in range(0, len(text), 255)) for text in texts
        ]

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(dns.message.from_wire(data))
            if answer is not None:
                self._socket.sendto(answer.to_wire(max_size=65_000), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if _below(name, self.silent):
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        records = self.zone.get((name, kind))
        if _below(name, self.failing):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records:
            answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", kind, *records))
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def _below(name: str, tops: set[str]) -> bool:
    return any(not top or name == top or name.endswith(f".{top}") for top in tops)
