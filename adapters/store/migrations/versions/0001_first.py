"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chain",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("length", WHOLE, autoincrement=False, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("sealed", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chain")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "cursor",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uidvalidity", WHOLE, autoincrement=False, nullable=False),
        sa.Column("uid", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_cursor")),
    )
    op.create_table(
        "intake",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", WHOLE, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", WHOLE, autoincrement=False, nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake")),
    )
    op.create_index("ix_intake_state_id", "intake", ["state", "id"], unique=False)
    op.create_index(
        "ix_intake_waiting",
        "intake",
        ["lease_until", "id"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_table(
        "seal",
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("chains", WHOLE, autoincrement=False, nullable=False),
        sa.Column("entries", WHOLE, autoincrement=False, nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )
    op.create_table(
        "ticket",
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", WHOLE, autoincrement=False, nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("requester", sa.JSON(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("taken_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("vendor_reference", sa.Text(), nullable=True),
        sa.Column("escalated_at", INSTANT, nullable=True),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=False),
        sa.Column("urgent_word", sa.Text(), nullable=True),
        sa.Column("touched_at", INSTANT, nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ticket")),
    )
    op.create_index("ix_ticket_address_key_contract", "ticket", ["address_key", "contract"], unique=False)
    op.create_index("ix_ticket_contract_number", "ticket", ["contract", "number"], unique=False)
    op.create_index("ix_ticket_number_key_contract", "ticket", ["number_key", "contract"], unique=False)
    op.create_index("ix_ticket_opened_at_number", "ticket", ["opened_at", "number"], unique=False)
    op.create_index("ix_ticket_state_number", "ticket", ["state", "number"], unique=False)
    op.create_table(
        "timer",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "ticket", name=op.f("pk_timer")),
    )
    op.create_index("ix_timer_due_at_id", "timer", ["due_at", "id"], unique=False)
    op.create_table(
        "writer",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("batch", WHOLE, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_writer")),
    )
    op.create_table(
        "action",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_action_ticket_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action")),
    )
    op.create_index("ix_action_ticket_id", "action", ["ticket", "id"], unique=False)
    op.create_table(
        "content",
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("intake", WHOLE, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_content_intake_intake")),
        sa.PrimaryKeyConstraint("content_key", "contract", name=op.f("pk_content")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("intake", WHOLE, autoincrement=False, nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_delivery_intake_intake")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_intake", "delivery", ["intake"], unique=False)
    op.create_table(
        "entry",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("commitments", sa.JSON(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["chain"], ["chain.name"], name=op.f("fk_entry_chain_chain")),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_entry")),
    )
    op.create_table(
        "intake_raw",
        sa.Column("intake", WHOLE, autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_intake_raw_intake_intake")),
        sa.PrimaryKeyConstraint("intake", name=op.f("pk_intake_raw")),
    )
    op.create_table(
        "link",
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=False),
        sa.Column("other", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["other"], ["ticket.number"], name=op.f("fk_link_other_ticket")),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_link_ticket_ticket")),
        sa.PrimaryKeyConstraint("ticket", "other", "kind", name=op.f("pk_link")),
    )
    op.create_index("ix_link_other", "link", ["other"], unique=False)
    op.create_table(
        "page",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round", WHOLE, autoincrement=False, nullable=False),
        sa.Column("rung", WHOLE, autoincrement=False, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("tries", WHOLE, autoincrement=False, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_page_ticket_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
    )
    op.create_index("ix_page_number_id", "page", ["number", "id"], unique=False)
    op.create_index("ix_page_opened_at_id", "page", ["opened_at", "id"], unique=False)
    op.create_index("ix_page_state_id", "page", ["state", "id"], unique=False)
    op.create_index("ix_page_ticket", "page", ["ticket"], unique=False)
    op.create_table(
        "repeat",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("intake", WHOLE, autoincrement=False, nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_repeat_intake_intake")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_repeat")),
    )
    op.create_table(
        "seal_head",
        sa.Column("seal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("length", WHOLE, autoincrement=False, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["seal.number"], name=op.f("fk_seal_head_seal_seal")),
        sa.PrimaryKeyConstraint("seal", "chain", name=op.f("pk_seal_head")),
    )
    op.create_table(
        "dispatch",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("to_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("wake_at", INSTANT, nullable=True),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=True),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("page", WHOLE, autoincrement=False, nullable=True),
        sa.Column("attempts", WHOLE, autoincrement=False, nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("reference_key", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["page"], ["page.id"], name=op.f("fk_dispatch_page_page")),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_dispatch_ticket_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
        sa.UniqueConstraint("key", name=op.f("uq_dispatch_key")),
    )
    op.create_index("ix_dispatch_created_at_id", "dispatch", ["created_at", "id"], unique=False)
    op.create_index("ix_dispatch_kind_id", "dispatch", ["kind", "id"], unique=False)
    op.create_index("ix_dispatch_page", "dispatch", ["page"], unique=False)
    op.create_index("ix_dispatch_reference_key", "dispatch", ["reference_key"], unique=False)
    op.create_index("ix_dispatch_state_id", "dispatch", ["state", "id"], unique=False)
    op.create_index("ix_dispatch_ticket", "dispatch", ["ticket"], unique=False)
    op.create_index("ix_dispatch_to_key_id", "dispatch", ["to_key", "id"], unique=False)
    op.create_index(
        "ix_dispatch_waking",
        "dispatch",
        ["wake_at", "id"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "personal",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", WHOLE, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["chain", "seq"], ["entry.chain", "entry.seq"], name=op.f("fk_personal_chain_entry")),
        sa.PrimaryKeyConstraint("chain", "seq", "key", name=op.f("pk_personal")),
    )
    op.create_table(
        "message",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ticket", WHOLE, autoincrement=False, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("intake", WHOLE, autoincrement=False, nullable=True),
        sa.Column("dispatch", WHOLE, autoincrement=False, nullable=True),
        sa.ForeignKeyConstraint(["dispatch"], ["dispatch.id"], name=op.f("fk_message_dispatch_dispatch")),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=op.f("fk_message_intake_intake")),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_message_ticket_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_dispatch", "message", ["dispatch"], unique=False)
    op.create_index("ix_message_intake", "message", ["intake"], unique=False)
    op.create_index("ix_message_ticket_id", "message", ["ticket", "id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("message", WHOLE, autoincrement=False, nullable=False),
        sa.Column("position", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shown_name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("size", WHOLE, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=True),
        sa.Column("inline", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["message.id"], name=op.f("fk_attachment_message_message")),
        sa.PrimaryKeyConstraint("message", "position", name=op.f("pk_attachment")),
    )
