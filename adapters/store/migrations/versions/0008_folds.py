"""What of a message is shown folded, and the vendor's own number is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("folds", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("message") as batch:
        batch.alter_column("folds", existing_type=sa.JSON(), server_default=None)
    op.create_index(
        "ix_ticket_vendor_reference",
        "ticket",
        ["vendor_reference"],
        unique=False,
        sqlite_where=sa.text("vendor_reference IS NOT NULL"),
        postgresql_where=sa.text("vendor_reference IS NOT NULL"),
    )
