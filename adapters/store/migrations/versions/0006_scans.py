"""What speaks against opening an attachment, and what a scanner said of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.add_column("attachment", sa.Column("danger", sa.Text(), nullable=True))
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"], unique=False)
    op.create_table(
        "scan",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("intake", WHOLE, autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("attempts", WHOLE, autoincrement=False, nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_scan_intake_intake")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_scan")),
    )
    op.create_index("ix_scan_due_at", "scan", ["due_at"], unique=False)
