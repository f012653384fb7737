"""Work on hostile bytes in a pooled child process that can be lost without harm.

A document that makes a parser crash, spin, eat memory or follow an address costs one child and one answer
(`Confined`), never the daemon and never the next document.

    confine = Confine(("adapters.fax.pages:render",), memory_bytes=512 * 1024 * 1024, deadline_s=20)
    answer = confine.call("adapters.fax.pages:render", payload, deadline_s=10)

A function that runs there is named `module:name`, takes bytes and gives bytes. What it needs beside the document it
finds in the payload (`adapters.fax.frame` shows how: JSON, then bytes). Nothing is pickled in either direction.

What a child may do is said in `adapters.confine.limits`, how it is spoken to in `adapters.confine.wire`.
"""

from __future__ import annotations

from adapters.confine.pool import NOT_STARTED, Confine, Confined

__all__ = ["NOT_STARTED", "Confine", "Confined"]
