"""What was found of the sender of a mail: by SPF, DKIM and DMARC, by our own mail provider, or by the desk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "authentication",
        sa.Column("intake", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("tries", WHOLE, autoincrement=False, nullable=False),
        sa.Column("again_at", INSTANT, nullable=True),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_authentication_intake_intake")),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_authentication_ticket_ticket")),
        sa.PrimaryKeyConstraint("intake", name=op.f("pk_authentication")),
    )
    op.create_index("ix_authentication_ticket", "authentication", ["ticket"], unique=False)
    op.create_index(
        "ix_authentication_again",
        "authentication",
        ["again_at", "intake"],
        unique=False,
        sqlite_where=sa.text("again_at IS NOT NULL"),
        postgresql_where=sa.text("again_at IS NOT NULL"),
    )
