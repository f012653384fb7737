"""The store: SQLite by default, PostgreSQL by address; same schema, same tests.

`open_store` gives what `gateway.ports.Store` asks for; `migrate` brings an older database to this schema.
"""

from __future__ import annotations

from adapters.store.migrate import migrate, require_current, schema_revision
from adapters.store.store import SqlStore, open_store

__all__ = ["SqlStore", "migrate", "open_store", "require_current", "schema_revision"]
