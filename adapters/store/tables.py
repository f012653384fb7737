"""The tables, the same on SQLite and PostgreSQL. Migrations build exactly these (tests/store/test_migrations.py).

Two column types of our own stand for all others: `UtcDateTime`, because SQLite drops time zones, and `CleanText`,
because one NUL or lone surrogate makes a mail that SQLite keeps poison on PostgreSQL (PROMISES F10).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store.clean import clean_text

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: takes aware datetimes only, gives aware ones in UTC, with microseconds.

    On SQLite it is text of one length (`2026-11-24 21:10:00.000000`), which sorts as time does.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - text or datetime
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value.isoformat()} has no time zone; the store takes instants only"
            raise ValueError(msg)
        instant = value.astimezone(UTC)
        return instant.isoformat(" ", "microseconds")[:26] if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002 - as above; SQLAlchemy's signature
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        instant: datetime = value
        return instant.astimezone(UTC)


class CleanText(sa.types.TypeDecorator[str]):
    """Text that both databases take: NUL and lone surrogates become U+FFFD on the way in, also in questions."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else clean_text(value)


metadata = sa.MetaData(naming_convention=NAMES)

# On SQLite INTEGER, not BIGINT: only an INTEGER primary key is the row's own place and needs no second index.
_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, CleanText(), primary_key=key, nullable=null)


def _whole(name: str, *more: sa.schema.SchemaItem, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _WHOLE, *more, primary_key=key, nullable=null, autoincrement=False)


def _instant(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=null)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


intake = sa.Table(
    "intake",
    metadata,
    _whole("id", key=True),
    _text("channel"),
    _text("door"),
    _instant("received_at"),
    _instant("accepted_at"),
    _text("sender"),
    _json("recipients"),
    _text("sha256"),
    _whole("size"),
    _text("state"),
    _whole("attempts"),
    _instant("lease_until", null=True),
    _json("facts"),
    _text("contract", null=True),
    _text("reason", null=True),
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
    _whole("intake", sa.ForeignKey("intake.id"), key=True),
    sa.Column("raw", sa.LargeBinary(), nullable=False),
)

# Every delivery after the first; the first is the intake itself.
delivery = sa.Table(
    "delivery",
    metadata,
    _whole("id", key=True),
    _whole("intake", sa.ForeignKey("intake.id")),
    _text("door"),
    _instant("at"),
    sa.Index("ix_delivery_intake", "intake"),
)

# Keys of arrivals (with their intake) and of webhooks (without).
repeat = sa.Table(
    "repeat",
    metadata,
    _text("key", key=True),
    _whole("intake", sa.ForeignKey("intake.id"), null=True),
    _instant("at"),
    _instant("until", null=True),
)

content = sa.Table(
    "content",
    metadata,
    _text("content_key", key=True),
    _text("contract", key=True),
    _whole("intake", sa.ForeignKey("intake.id")),
)

ticket = sa.Table(
    "ticket",
    metadata,
    _whole("number", key=True),
    _text("contract"),
    _text("channel"),
    _text("type"),
    _text("state"),
    _whole("level"),
    _text("priority"),
    _text("subject"),
    _json("requester"),
    _instant("opened_at"),
    _instant("received_at"),
    _text("owner", null=True),
    _instant("taken_at", null=True),
    _text("outcome", null=True),
    _text("vendor_reference", null=True),
    _instant("escalated_at", null=True),
    _json("marks"),
    _json("sheet"),
    _text("urgent_word", null=True),
    _whole("version"),
    _text("became"),
    _text("phase", null=True),
    _text("party", null=True),
    _text("mode"),
    _text("site", null=True),
    _text("matter", null=True),
    _whole("priority_class", null=True),
    _json("due"),
    _json("suspensions"),
    _instant("touched_at"),
    _text("address_key"),
    _text("number_key"),
    _text("search"),
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
    _whole("id", key=True),
    _whole("ticket", sa.ForeignKey("ticket.number")),
    _text("contract"),
    _text("person"),
    _text("number"),
    _text("code"),
    _text("state"),
    _whole("round"),
    _whole("rung"),
    _instant("opened_at"),
    _whole("tries"),
    _instant("closed_at", null=True),
    _text("accepted_by", null=True),
    sa.Index("ix_page_ticket", "ticket"),
    sa.Index("ix_page_number_id", "number", "id"),
    sa.Index("ix_page_state_id", "state", "id"),
    sa.Index("ix_page_opened_at_id", "opened_at", "id"),
)

dispatch = sa.Table(
    "dispatch",
    metadata,
    _whole("id", key=True),
    _text("key"),
    _text("kind"),
    _text("channel"),
    _text("to"),
    _text("to_key"),
    _text("state"),
    _instant("due_at"),
    _instant("expires_at"),
    _instant("wake_at", null=True),
    _whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    _text("contract", null=True),
    _whole("page", sa.ForeignKey("page.id"), null=True),
    _whole("attempts"),
    _text("reference", null=True),
    _text("reference_key", null=True),
    _text("reason", null=True),
    _text("subject"),
    _text("text"),
    sa.Column("raw", sa.LargeBinary(), nullable=True),
    _json("facts"),
    _instant("created_at", null=True),
    _instant("sent_at", null=True),
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
    _whole("id", key=True),
    _whole("ticket", sa.ForeignKey("ticket.number")),
    _text("direction"),
    _text("channel"),
    _text("lane"),
    _text("sender"),
    _json("recipients"),
    _instant("at"),
    _text("subject"),
    _text("text"),
    _text("html", null=True),
    _text("message_id", null=True),
    _whole("intake", sa.ForeignKey("intake.id"), null=True),
    _whole("dispatch", sa.ForeignKey("dispatch.id"), null=True),
    _json("folds"),
    sa.Index("ix_message_ticket_id", "ticket", "id"),
    sa.Index("ix_message_intake", "intake"),
    sa.Index("ix_message_dispatch", "dispatch"),
)

attachment = sa.Table(
    "attachment",
    metadata,
    _whole("message", sa.ForeignKey("message.id"), key=True),
    _whole("position", key=True),
    _text("name"),
    _text("shown_name"),
    _text("type"),
    _whole("size"),
    _text("sha256"),
    _text("part"),
    _text("content_id", null=True),
    sa.Column("inline", sa.Boolean(), nullable=False),
    _text("danger", null=True),
    sa.Index("ix_attachment_sha256", "sha256"),
)

scan = sa.Table(
    "scan",
    metadata,
    _text("sha256", key=True),
    _whole("intake", sa.ForeignKey("intake.id")),
    _text("part"),
    _text("state"),
    _instant("due_at", null=True),
    _whole("attempts"),
    _text("found"),
    _instant("settled_at", null=True),
    sa.Index("ix_scan_due_at", "due_at"),
)

action = sa.Table(
    "action",
    metadata,
    _whole("id", key=True),
    _whole("ticket", sa.ForeignKey("ticket.number")),
    _instant("at"),
    _instant("recorded_at"),
    _text("by"),
    _text("by_role"),
    _text("text"),
    _text("outcome"),
    sa.Index("ix_action_ticket_id", "ticket", "id"),
)

link = sa.Table(
    "link",
    metadata,
    _whole("ticket", sa.ForeignKey("ticket.number"), key=True),
    _whole("other", sa.ForeignKey("ticket.number"), key=True),
    _text("kind", key=True),
    sa.Index("ix_link_other", "other"),
)

visit = sa.Table(
    "visit",
    metadata,
    _whole("id", key=True),
    _whole("ticket", sa.ForeignKey("ticket.number")),
    _text("contract"),
    _text("phase", null=True),
    _text("site"),
    _text("state"),
    _text("became"),
    _instant("requested_at"),
    _instant("due_at", null=True),
    _instant("closed_at", null=True),
    _text("by", null=True),
    _text("report"),
    sa.Index("ix_visit_ticket", "ticket"),
    sa.Index("ix_visit_contract_phase_state", "contract", "phase", "state"),
)

call = sa.Table(
    "call",
    metadata,
    _whole("id", key=True),
    _text("sid"),
    _text("direction"),
    _text("contract"),
    _text("caller"),
    _text("called"),
    _instant("began_at"),
    _text("reached"),
    _whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    _whole("intake", sa.ForeignKey("intake.id"), null=True),
    _text("outcome", null=True),
    _text("answered_by", null=True),
    _instant("answered_at", null=True),
    _instant("ended_at", null=True),
    _json("facts"),
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
    _whole("id", key=True),
    _text("sid"),
    _text("call_sid"),
    _whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    _text("state"),
    _whole("seconds"),
    _instant("recorded_at"),
    _text("sha256", null=True),
    _whole("size"),
    _text("type"),
    _whole("attempts"),
    _text("reason", null=True),
    sa.UniqueConstraint("sid"),
    sa.Index("ix_recording_call_sid", "call_sid"),
    sa.Index("ix_recording_ticket", "ticket"),
    sa.Index("ix_recording_state_id", "state", "id"),
)

outage = sa.Table(
    "outage",
    metadata,
    _whole("id", key=True),
    _text("channel"),
    _instant("began_at"),
    _text("cause"),
    _instant("ended_at", null=True),
    _instant("told_at", null=True),
    sa.Index("ix_outage_channel_id", "channel", "id"),
)

roster_change = sa.Table(
    "roster_change",
    metadata,
    _whole("id", key=True),
    _text("contract"),
    _text("kind"),
    _text("state"),
    _instant("starts_at"),
    _instant("ends_at"),
    _text("contact"),
    _text("instead_of", null=True),
    _text("by"),
    _text("reason"),
    _instant("asked_at"),
    _instant("answered_at", null=True),
    _text("answered_by", null=True),
    sa.Index("ix_roster_change_contract_ends_at", "contract", "ends_at"),
)

certified_line = sa.Table(
    "certified_line",
    metadata,
    _whole("id", key=True),
    _whole("dispatch", sa.ForeignKey("dispatch.id")),
    _whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    _text("recipient"),
    _text("message_id"),
    _text("state"),
    _instant("sent_at"),
    _instant("state_at", null=True),
    _text("identifier"),
    sa.Column("is_external", sa.Boolean(), nullable=False),
    _text("reason"),
    _json("told"),
    sa.Index("ix_certified_line_dispatch", "dispatch"),
    sa.Index("ix_certified_line_message_id", "message_id"),
    sa.Index("ix_certified_line_state_id", "state", "id"),
    sa.Index("ix_certified_line_ticket", "ticket"),
)

receipt = sa.Table(
    "receipt",
    metadata,
    _whole("id", key=True),
    _whole("intake", sa.ForeignKey("intake.id")),
    _text("kind"),
    _text("verdict"),
    _instant("seen_at"),
    _text("message_id"),
    _text("recipient"),
    _instant("certified_at", null=True),
    _text("identifier"),
    _whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    _whole("dispatch", sa.ForeignKey("dispatch.id"), null=True),
    _json("report"),
    sa.Index("ix_receipt_intake", "intake"),
    sa.Index("ix_receipt_ticket", "ticket"),
    sa.Index("ix_receipt_verdict_id", "verdict", "id"),
)

# What was found of the sender of a mail, where somebody looked. `ticket` is the one that it waits for.
authentication = sa.Table(
    "authentication",
    metadata,
    _whole("intake", sa.ForeignKey("intake.id"), key=True),
    _instant("at"),
    _text("author"),
    _text("standing"),
    _text("source"),
    _json("findings"),
    _whole("tries"),
    _instant("again_at", null=True),
    _whole("ticket", sa.ForeignKey("ticket.number"), null=True),
    _text("by", null=True),
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
    _text("kind", key=True),
    _whole("ticket", key=True),
    _whole("id"),
    _instant("due_at"),
    _json("facts"),
    sa.Index("ix_timer_due_at_id", "due_at", "id"),
)

cursor = sa.Table(
    "cursor",
    metadata,
    _text("mailbox", key=True),
    _whole("uidvalidity"),
    _whole("uid"),
)

counter = sa.Table("counter", metadata, _text("name", key=True), _whole("value"))

# PostgreSQL only: which batch a writer committed last, so that a COMMIT whose answer was lost can be decided.
writer = sa.Table("writer", metadata, _text("name", key=True), _whole("batch"))

# `sealed` is the length that the last seal saw.
chain = sa.Table("chain", metadata, _text("name", key=True), _whole("length"), _text("head"), _whole("sealed"))

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("chain", CleanText(), sa.ForeignKey("chain.name"), primary_key=True),
    _whole("seq", key=True),
    _instant("at"),
    _text("type"),
    _text("by"),
    _text("clause", null=True),
    _json("data"),
    _json("commitments"),
    _text("previous"),
    _text("hash"),
)

personal = sa.Table(
    "personal",
    metadata,
    sa.Column("chain", CleanText(), primary_key=True),
    _whole("seq", key=True),
    _text("key", key=True),
    sa.Column("salt", sa.LargeBinary(), nullable=False),
    _text("value"),
    sa.ForeignKeyConstraint(["chain", "seq"], ["entry.chain", "entry.seq"]),
)

seal = sa.Table(
    "seal",
    metadata,
    _whole("number", key=True),
    _instant("at"),
    _text("day"),
    _text("root"),
    _whole("chains"),
    _whole("entries"),
    _text("previous"),
    _text("hash"),
)

# What a seal saw: only the chains that had grown since the seal before it.
seal_head = sa.Table(
    "seal_head",
    metadata,
    _whole("seal", sa.ForeignKey("seal.number"), key=True),
    _text("chain", key=True),
    _whole("length"),
    _text("head"),
)

ORDER = {table: place for place, table in enumerate(metadata.sorted_tables)}
"""Every table with its place in the order in which rows may be written: what is referred to comes first."""
