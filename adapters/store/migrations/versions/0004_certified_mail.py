"""The ledger of certified mail, one line per recipient, and every receipt that was seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "certified_line",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("dispatch", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("state_at", INSTANT, nullable=True),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("is_external", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["dispatch"], ["dispatch.id"], name=op.f("fk_certified_line_dispatch_dispatch")),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_certified_line_ticket_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certified_line")),
    )
    op.create_index("ix_certified_line_dispatch", "certified_line", ["dispatch"], unique=False)
    op.create_index("ix_certified_line_message_id", "certified_line", ["message_id"], unique=False)
    op.create_index("ix_certified_line_state_id", "certified_line", ["state", "id"], unique=False)
    op.create_index("ix_certified_line_ticket", "certified_line", ["ticket"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("intake", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("certified_at", INSTANT, nullable=True),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=True),
        sa.Column("dispatch", WHOLE, autoincrement=False, nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["dispatch"], ["dispatch.id"], name=op.f("fk_receipt_dispatch_dispatch")),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_receipt_intake_intake")),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_receipt_ticket_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index("ix_receipt_intake", "receipt", ["intake"], unique=False)
    op.create_index("ix_receipt_ticket", "receipt", ["ticket"], unique=False)
    op.create_index("ix_receipt_verdict_id", "receipt", ["verdict", "id"], unique=False)
