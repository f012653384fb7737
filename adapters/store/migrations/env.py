"""How Alembic runs the revisions: on the connection and in the transaction that `adapters.store.migrate` gives it."""

from __future__ import annotations

from alembic import context

from adapters.store.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
