"""Certified mail (PEC): the reader of envelopes and receipts, apart from any transport. Bytes in, values out.

`read` never raises; `TrustList` says whose signatures count. Nothing here is fetched from anywhere.
"""

from __future__ import annotations

from adapters.pec.packed import READ, answer, ask
from adapters.pec.read import read
from adapters.pec.trust import TrustList, load_trust_list

__all__ = ["READ", "TrustList", "answer", "ask", "load_trust_list", "read"]
