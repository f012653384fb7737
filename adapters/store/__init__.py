"""The store: SQLite by default, PostgreSQL by address; same schema, same tests.

`open_store` gives what `gateway.ports.Store` asks for; `migrate` brings an older database to this schema.
"""

from __future__ import annotations

from adapters.store.lock import daemon_alive, daemon_lock
from adapters.store.migrate import migrate
from adapters.store.schema import require_current, schema_revision
from adapters.store.store import SqlStore, open_store
from adapters.store.verify import Fault, verify
from adapters.store.watch import ForeignWatch

__all__ = [
    "Fault",
    "ForeignWatch",
    "SqlStore",
    "daemon_alive",
    "daemon_lock",
    "migrate",
    "open_store",
    "require_current",
    "schema_revision",
    "verify",
]
