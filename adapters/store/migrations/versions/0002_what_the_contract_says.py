"""What the contract says of a ticket, and the visits that are asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")

# Tickets of before were all accepted, at the help desk, under the only version there was.
OF_BEFORE = (
    ("version", WHOLE, "1"),
    ("became", sa.Text(), "accepted"),
    ("mode", sa.Text(), "help_desk"),
    ("due", sa.JSON(), "{}"),
    ("suspensions", sa.JSON(), "[]"),
)
MAY_BE_EMPTY = (
    ("phase", sa.Text()),
    ("party", sa.Text()),
    ("site", sa.Text()),
    ("matter", sa.Text()),
    ("priority_class", WHOLE),
)


def upgrade() -> None:
    for name, kind, value in OF_BEFORE:
        op.add_column("ticket", sa.Column(name, kind, nullable=False, server_default=value))
    for name, kind in MAY_BE_EMPTY:
        op.add_column("ticket", sa.Column(name, kind, nullable=True))
    with op.batch_alter_table("ticket") as batch:
        for name, kind, _ in OF_BEFORE:
            batch.alter_column(name, existing_type=kind, server_default=None)
    op.create_table(
        "visit",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_visit_ticket_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index("ix_visit_contract_phase_state", "visit", ["contract", "phase", "state"], unique=False)
    op.create_index("ix_visit_ticket", "visit", ["ticket"], unique=False)
