"""The tables, the same on SQLite and PostgreSQL. Migrations build exactly these (tests/store/test_migrations.py)."""

from __future__ import annotations

import sqlalchemy as sa

from adapters.store.columns import CleanText, instant, json, metadata, text, whole

intake = sa.Table(
    "intake",
    metadata,
    whole("id", key=True),
    text("channel"),
    text("door"),
    instant("received_at"),
    instant("accepted_at"),
    text("sender"),
    json("recipients"),
    text("sha256"),
    whole("size"),
    text("state"),
    whole("attempts"),
    instant("lease_until", null=True),
    json("facts"),
    text("contract", null=True),
    text("reason", null=True),
    sa.Index("ix_intake_state_id", "state", "id"),
)
# `lease_until` is when an intake waits to be filed, and null once it was: the index holds only what waits.
LEASED = intake.c.lease_until.is_not(None)
sa.Index("ix_intake_waiting", intake.c.lease_until, intake.c.id, sqlite_where=LEASED, postgresql_where=LEASED)

# The raw bytes lie beside the intake, not in its row: SQLite rewrites a whole row, bytes and all, when its state
# changes. A mail above `blobs.MAX_IN_DATABASE_BYTES` has no row here but a file named by its SHA-256.
intake_raw = sa.Table(
    "intake_raw",
    metadata,
    whole("intake", sa.ForeignKey("intake.id"), key=True),
    sa.Column("raw", sa.LargeBinary(), nullable=False),
)

# Every delivery after the first; the first is the intake itself.
delivery = sa.Table(
    "delivery",
    metadata,
    whole("id", key=True),
    whole("intake", sa.ForeignKey("intake.id")),
    text("door"),
    instant("at"),
    sa.Index("ix_delivery_intake", "intake"),
)

# Keys of arrivals (with their intake) and of webhooks (without).
repeat = sa.Table(
    "repeat",
    metadata,
    text("key", key=True),
    whole("intake", sa.ForeignKey("intake.id"), null=True),
    instant("at"),
    instant("until", null=True),
)

content = sa.Table(
    "content",
    metadata,
    text("content_key", key=True),
    text("contract", key=True),
    whole("intake", sa.ForeignKey("intake.id")),
)

ticket = sa.Table(
    "ticket",
    metadata,
    whole("number", key=True),
    text("contract"),
    text("channel"),
    text("type"),
    text("state"),
    whole("level"),
    text("priority"),
    text("subject"),
    json("requester"),
    instant("opened_at"),
    instant("received_at"),
    text("owner", null=True),
    instant("taken_at", null=True),
    text("outcome", null=True),
    text("vendor_reference", null=True),
    instant("escalated_at", null=True),
    json("marks"),
    json("sheet"),
    text("urgent_word", null=True),
    whole("version"),
    text("became"),
    text("phase", null=True),
    text("party", null=True),
    text("mode"),
    text("site", null=True),
    text("matter", null=True),
    whole("priority_class", null=True),
    json("due"),
    json("suspensions"),
    instant("touched_at"),
    text("address_key"),
    text("number_key"),
    text("search"),
    sa.Index("ix_ticket_contract_number", "contract", "number"),
    sa.Index("ix_ticket_state_number", "state", "number"),
    sa.Index("ix_ticket_opened_at_number", "opened_at", "number"),
    sa.Index("ix_ticket_address_key_contract", "address_key", "contract"),
    sa.Index("ix_ticket_number_key_contract", "number_key", "contract"),
)

WITH_VENDOR = ticket.c.vendor_reference.is_not(None)
sa.Index(
    "ix_ticket_vendor_reference", ticket.c.vendor_reference, sqlite_where=WITH_VENDOR, postgresql_where=WITH_VENDOR
)

page = sa.Table(
    "page",
    metadata,
    whole("id", key=True),
    whole("ticket", sa.ForeignKey("ticket.number")),
    text("contract"),
    text("person"),
    text("number"),
    text("code"),
    text("state"),
    whole("round"),
    whole("rung"),
    instant("opened_at"),
    whole("tries"),
    instant("closed_at", null=True),
    text("accepted_by", null=True),
    sa.Index("ix_page_ticket", "ticket"),
    sa.Index("ix_page_number_id", "number", "id"),
    sa.Index("ix_page_state_id", "state", "id"),
    sa.Index("ix_page_opened_at_id", "opened_at", "id"),
)

dispatch = sa.Table(
    "dispatch",
    metadata,
    whole("id", key=True),
    text("key"),
    text("kind"),
    text("channel"),
    text("to"),
    text("to_key"),
    text("state"),
    instant("due_at"),
    instant("expires_at"),
    instant("wake_at", null=True),
    whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    text("contract", null=True),
    whole("page", sa.ForeignKey("page.id"), null=True),
    whole("attempts"),
    text("reference", null=True),
    text("reference_key", null=True),
    text("reason", null=True),
    text("subject"),
    text("text"),
    sa.Column("raw", sa.LargeBinary(), nullable=True),
    json("facts"),
    instant("created_at", null=True),
    instant("sent_at", null=True),
    sa.UniqueConstraint("key"),
    sa.Index("ix_dispatch_ticket", "ticket"),
    sa.Index("ix_dispatch_page", "page"),
    sa.Index("ix_dispatch_to_key_created_at", "to_key", "created_at"),
    sa.Index("ix_dispatch_reference_key", "reference_key"),
    sa.Index("ix_dispatch_state_id", "state", "id"),
    sa.Index("ix_dispatch_kind_id", "kind", "id"),
    sa.Index("ix_dispatch_created_at_id", "created_at", "id"),
)
# `wake_at` is when a dispatch is due or its sender must have died, and null once it was settled.
UNSETTLED = dispatch.c.wake_at.is_not(None)
sa.Index("ix_dispatch_waking", dispatch.c.wake_at, dispatch.c.id, sqlite_where=UNSETTLED, postgresql_where=UNSETTLED)

message = sa.Table(
    "message",
    metadata,
    whole("id", key=True),
    whole("ticket", sa.ForeignKey("ticket.number")),
    text("direction"),
    text("channel"),
    text("lane"),
    text("sender"),
    json("recipients"),
    instant("at"),
    text("subject"),
    text("text"),
    text("html", null=True),
    text("message_id", null=True),
    whole("intake", sa.ForeignKey("intake.id"), null=True),
    whole("dispatch", sa.ForeignKey("dispatch.id"), null=True),
    json("folds"),
    sa.Index("ix_message_ticket_id", "ticket", "id"),
    sa.Index("ix_message_intake", "intake"),
    sa.Index("ix_message_dispatch", "dispatch"),
)

attachment = sa.Table(
    "attachment",
    metadata,
    whole("message", sa.ForeignKey("message.id"), key=True),
    whole("position", key=True),
    text("name"),
    text("shown_name"),
    text("type"),
    whole("size"),
    text("sha256"),
    text("part"),
    text("content_id", null=True),
    sa.Column("inline", sa.Boolean(), nullable=False),
    text("danger", null=True),
    sa.Index("ix_attachment_sha256", "sha256"),
)

scan = sa.Table(
    "scan",
    metadata,
    text("sha256", key=True),
    whole("intake", sa.ForeignKey("intake.id")),
    text("part"),
    text("state"),
    instant("due_at", null=True),
    whole("attempts"),
    text("found"),
    instant("settled_at", null=True),
    sa.Index("ix_scan_due_at", "due_at"),
)

action = sa.Table(
    "action",
    metadata,
    whole("id", key=True),
    whole("ticket", sa.ForeignKey("ticket.number")),
    instant("at"),
    instant("recorded_at"),
    text("by"),
    text("by_role"),
    text("text"),
    text("outcome"),
    sa.Index("ix_action_ticket_id", "ticket", "id"),
)

link = sa.Table(
    "link",
    metadata,
    whole("ticket", sa.ForeignKey("ticket.number"), key=True),
    whole("other", sa.ForeignKey("ticket.number"), key=True),
    text("kind", key=True),
    sa.Index("ix_link_other", "other"),
)

visit = sa.Table(
    "visit",
    metadata,
    whole("id", key=True),
    whole("ticket", sa.ForeignKey("ticket.number")),
    text("contract"),
    text("phase", null=True),
    text("site"),
    text("state"),
    text("became"),
    instant("requested_at"),
    instant("due_at", null=True),
    instant("closed_at", null=True),
    text("by", null=True),
    text("report"),
    sa.Index("ix_visit_ticket", "ticket"),
    sa.Index("ix_visit_contract_phase_state", "contract", "phase", "state"),
)

call = sa.Table(
    "call",
    metadata,
    whole("id", key=True),
    text("sid"),
    text("direction"),
    text("contract"),
    text("caller"),
    text("called"),
    instant("began_at"),
    text("reached"),
    whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    whole("intake", sa.ForeignKey("intake.id"), null=True),
    text("outcome", null=True),
    text("answered_by", null=True),
    instant("answered_at", null=True),
    instant("ended_at", null=True),
    json("facts"),
    sa.UniqueConstraint("sid"),
    sa.Index("ix_call_ticket", "ticket"),
    sa.Index("ix_call_caller_id", "caller", "id"),
    sa.Index("ix_call_began_at_id", "began_at", "id"),
)
CALL_GOES_ON = call.c.ended_at.is_(None)
sa.Index("ix_call_going_on", call.c.began_at, sqlite_where=CALL_GOES_ON, postgresql_where=CALL_GOES_ON)

recording = sa.Table(
    "recording",
    metadata,
    whole("id", key=True),
    text("sid"),
    text("call_sid"),
    whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    text("state"),
    whole("seconds"),
    instant("recorded_at"),
    text("sha256", null=True),
    whole("size"),
    text("type"),
    whole("attempts"),
    text("reason", null=True),
    sa.UniqueConstraint("sid"),
    sa.Index("ix_recording_call_sid", "call_sid"),
    sa.Index("ix_recording_ticket", "ticket"),
    sa.Index("ix_recording_state_id", "state", "id"),
)

outage = sa.Table(
    "outage",
    metadata,
    whole("id", key=True),
    text("channel"),
    instant("began_at"),
    text("cause"),
    instant("ended_at", null=True),
    instant("told_at", null=True),
    sa.Index("ix_outage_channel_id", "channel", "id"),
)

roster_change = sa.Table(
    "roster_change",
    metadata,
    whole("id", key=True),
    text("contract"),
    text("kind"),
    text("state"),
    instant("starts_at"),
    instant("ends_at"),
    text("contact"),
    text("instead_of", null=True),
    text("by"),
    text("reason"),
    instant("asked_at"),
    instant("answered_at", null=True),
    text("answered_by", null=True),
    sa.Index("ix_roster_change_contract_ends_at", "contract", "ends_at"),
)

certified_line = sa.Table(
    "certified_line",
    metadata,
    whole("id", key=True),
    whole("dispatch", sa.ForeignKey("dispatch.id")),
    whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    text("recipient"),
    text("message_id"),
    text("state"),
    instant("sent_at"),
    instant("state_at", null=True),
    text("identifier"),
    sa.Column("is_external", sa.Boolean(), nullable=False),
    text("reason"),
    json("told"),
    sa.Index("ix_certified_line_dispatch", "dispatch"),
    sa.Index("ix_certified_line_message_id", "message_id"),
    sa.Index("ix_certified_line_state_id", "state", "id"),
    sa.Index("ix_certified_line_ticket", "ticket"),
)

receipt = sa.Table(
    "receipt",
    metadata,
    whole("id", key=True),
    whole("intake", sa.ForeignKey("intake.id")),
    text("kind"),
    text("verdict"),
    instant("seen_at"),
    text("message_id"),
    text("recipient"),
    instant("certified_at", null=True),
    text("identifier"),
    whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    whole("dispatch", sa.ForeignKey("dispatch.id"), null=True),
    json("report"),
    sa.Index("ix_receipt_intake", "intake"),
    sa.Index("ix_receipt_ticket", "ticket"),
    sa.Index("ix_receipt_verdict_id", "verdict", "id"),
)

# What was found of the sender of a mail, where somebody looked. `ticket` is the one that it waits for.
authentication = sa.Table(
    "authentication",
    metadata,
    whole("intake", sa.ForeignKey("intake.id"), key=True),
    instant("at"),
    text("author"),
    text("standing"),
    text("source"),
    json("findings"),
    whole("tries"),
    instant("again_at", null=True),
    whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    text("by", null=True),
    sa.Index("ix_authentication_ticket", "ticket"),
)
LOOKED_AT_AGAIN = authentication.c.again_at.is_not(None)
sa.Index(
    "ix_authentication_again",
    authentication.c.again_at,
    authentication.c.intake,
    sqlite_where=LOOKED_AT_AGAIN,
    postgresql_where=LOOKED_AT_AGAIN,
)

# Ticket 0 is "no ticket": a timer of the whole installation.
timer = sa.Table(
    "timer",
    metadata,
    text("kind", key=True),
    whole("ticket", key=True),
    whole("id"),
    instant("due_at"),
    json("facts"),
    sa.Index("ix_timer_due_at_id", "due_at", "id"),
)

cursor = sa.Table(
    "cursor",
    metadata,
    text("mailbox", key=True),
    whole("uidvalidity"),
    whole("uid"),
)

counter = sa.Table("counter", metadata, text("name", key=True), whole("value"))

# PostgreSQL only: which batch a writer committed last, so that a COMMIT whose answer was lost can be decided.
writer = sa.Table("writer", metadata, text("name", key=True), whole("batch"))

# `sealed` is the length that the last seal saw.
chain = sa.Table("chain", metadata, text("name", key=True), whole("length"), text("head"), whole("sealed"))

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("chain", CleanText(), sa.ForeignKey("chain.name"), primary_key=True),
    whole("seq", key=True),
    instant("at"),
    text("type"),
    text("by"),
    text("clause", null=True),
    json("data"),
    json("commitments"),
    text("previous"),
    text("hash"),
)

personal = sa.Table(
    "personal",
    metadata,
    sa.Column("chain", CleanText(), primary_key=True),
    whole("seq", key=True),
    text("key", key=True),
    sa.Column("salt", sa.LargeBinary(), nullable=False),
    text("value"),
    sa.ForeignKeyConstraint(["chain", "seq"], ["entry.chain", "entry.seq"]),
)

seal = sa.Table(
    "seal",
    metadata,
    whole("number", key=True),
    instant("at"),
    text("day"),
    text("root"),
    whole("chains"),
    whole("entries"),
    text("previous"),
    text("hash"),
)

# What a seal saw: only the chains that had grown since the seal before it.
seal_head = sa.Table(
    "seal_head",
    metadata,
    whole("seal", sa.ForeignKey("seal.number"), key=True),
    text("chain", key=True),
    whole("length"),
    text("head"),
)

ORDER = {table: place for place, table in enumerate(metadata.sorted_tables)}
"""Every table with its place in the order in which rows may be written: what is referred to comes first."""
