"""What somebody was told lately is found by its time."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_dispatch_to_key_created_at", "dispatch", ["to_key", "created_at"], unique=False)
    op.drop_index("ix_dispatch_to_key_id", table_name="dispatch")
