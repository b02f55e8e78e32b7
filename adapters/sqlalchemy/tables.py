"""What is kept: one schema for PostgreSQL and SQLite.

A change here needs a revision under ``migrations/versions``; a test compares the two.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from application.ports.outbox import MessageKind, MessageStatus
from domain.one_time_token import Purpose
from domain.session import EndReason
from domain.signing_key import SigningAlgorithm


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; SQLite keeps the others as UTC without one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time its zone back."""
        return None if value is None else value.replace(tzinfo=UTC)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None] | None:
        """Leave PostgreSQL's times alone: asyncpg hands them out aware and in UTC."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)


Json = JSON().with_variant(JSONB(), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, allowed: Iterable[str]) -> CheckConstraint:
    words = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def _values(vocabulary: type[StrEnum]) -> list[str]:
    return [word.value for word in vocabulary]


def _owner(*, primary_key: bool = False) -> Column[Any]:
    """What belongs to a user goes with the user."""
    return Column(
        "user_id",
        Uuid,
        ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False),
    # One mailbox, one account (AT-10): look-ups and uniqueness use the canonical form.
    Column("email_key", String(254), nullable=False, unique=True),
    Column("display_name", String(100)),
    # Address and name, case-folded by us and not by a database's idea of case.
    Column("search_text", String(700)),
    Column("email_verified_at", UtcDateTime),
    Column("suspended_at", UtcDateTime),
    Column("suspension_reason", String(500)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("last_signed_in_at", UtcDateTime),
    Column("version", Integer, nullable=False),
)

# The rare states; of all others there are plenty wherever a list begins.
Index(
    "ix_users_suspended",
    users.c.id,
    postgresql_where=users.c.suspended_at.is_not(None),
    sqlite_where=users.c.suspended_at.is_not(None),
)
Index(
    "ix_users_unverified",
    users.c.id,
    postgresql_where=users.c.suspended_at.is_(None) & users.c.email_verified_at.is_(None),
    sqlite_where=users.c.suspended_at.is_(None) & users.c.email_verified_at.is_(None),
)

# What stands anywhere in a text is found by its groups of three letters.
Index(
    "ix_users_search_text",
    users.c.search_text,
    postgresql_using="gin",
    postgresql_ops={"search_text": "gin_trgm_ops"},
).ddl_if(dialect="postgresql")

user_roles = Table(
    "user_roles",
    metadata,
    _owner(primary_key=True),
    Column("role", String(64), primary_key=True),
    Index(None, "role", "user_id"),
)

# Roles that administrators define; the two built-in ones stand in the code.
roles = Table(
    "roles",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("description", String(500)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)

role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role", String(64), ForeignKey("roles.name", ondelete="CASCADE"), primary_key=True),
    Column("permission", String(65), primary_key=True, index=True),
)

password_credentials = Table(
    "password_credentials",
    metadata,
    _owner(primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("contested", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    _owner(),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("idle_expires_at", UtcDateTime, nullable=False),
    Column("absolute_expires_at", UtcDateTime, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("family_digest", LargeBinary(32), nullable=False),
    Column("current_digest", LargeBinary(32), nullable=False),
    Column("previous_digest", LargeBinary(32)),
    Column("sealed_successor", LargeBinary),
    Column("rotated_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("end_reason", String(32)),
    Column("ip_address", String(64)),
    Column("user_agent", String(256)),
    Column("version", Integer, nullable=False),
    _one_of("end_reason", _values(EndReason)),
)
# The list of a user's living sessions (SE-5), and the cascade when the user goes.
Index(None, sessions.c.user_id, sessions.c.id)
# What the purge looks for; the partial ones hold little at any time.
Index(None, sessions.c.idle_expires_at)
Index(None, sessions.c.absolute_expires_at)
Index(
    "ix_sessions_ended_at",
    sessions.c.ended_at,
    postgresql_where=sessions.c.ended_at.is_not(None),
    sqlite_where=sessions.c.ended_at.is_not(None),
)
Index(
    "ix_sessions_rotated_at",
    sessions.c.rotated_at,
    postgresql_where=sessions.c.sealed_successor.is_not(None),
    sqlite_where=sessions.c.sealed_successor.is_not(None),
)

one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    _owner(primary_key=True),
    Column("purpose", String(32), primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    _one_of("purpose", _values(Purpose)),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, unique=True),
    Column("roles", Json, nullable=False),
    # What an inviter promised goes with the inviter. Null: an operator.
    Column("invited_by", Uuid, ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locks", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("last_attempt_at", UtcDateTime, index=True),
    Column("version", Integer, nullable=False),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(128), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("public_jwk", Json, nullable=False),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
    Column("activates_at", UtcDateTime, nullable=False),
    Column("promoted_at", UtcDateTime),
    Column("retires_at", UtcDateTime),
    Column("gone_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    _one_of("algorithm", _values(SigningAlgorithm)),
)

# What all workers know together of a server that mail depends on.
circuits = Table(
    "circuits",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("open_until", UtcDateTime),
    Column("probe_until", UtcDateTime),
    Column("version", Integer, nullable=False),
)

outbox_messages = Table(
    "outbox_messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("parameters", Json, nullable=False),
    Column("sealed_secret", LargeBinary),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("last_error", Text),
    _one_of("kind", _values(MessageKind)),
    _one_of("status", _values(MessageStatus)),
)


def is_in(status: MessageStatus) -> ColumnElement[bool]:
    """Return the condition that a message is in this state.

    Written out, not bound: a partial index is only found by the very word it was made with.
    """
    return outbox_messages.c.status == literal_column(f"'{status.value}'")


# Closed messages pile up until they are purged; the worker never looks at them.
Index(
    "ix_outbox_messages_due",
    outbox_messages.c.due_at,
    postgresql_where=outbox_messages.c.status == "waiting",
    sqlite_where=outbox_messages.c.status == "waiting",
)
Index(None, outbox_messages.c.closed_at)
# What an operator lists and what metrics count.
Index(None, outbox_messages.c.status, outbox_messages.c.id)
# All that is kept of one mailbox, for its owner's copy and for the end of the account.
Index("ix_outbox_messages_mailbox", func.lower(outbox_messages.c.recipient))

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("type", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    # Bare identifiers and no foreign keys: the trail outlives whom it tells of.
    Column("actor_kind", String(32), nullable=False),
    Column("actor_id", String(64)),
    Column("target_kind", String(32)),
    Column("target_id", String(64)),
    # The user whom it happened to, also where the target is one of their sessions.
    Column("user_id", String(64)),
    Column("ip_address", String(64)),
    Column("user_agent", Text),
    Column("request_id", String(128)),
    Column("data", Json, nullable=False),
    # Keyed digests; place and link come a moment later (domain.audit_chain).
    Column("seal", LargeBinary(32)),
    Column("origin_seal", LargeBinary(32)),
    Column("position", BigInteger),
    Column("link", LargeBinary(32)),
    _one_of("outcome", ["success", "failure"]),
)
Index("ix_audit_events_position", audit_events.c.position, unique=True)
Index(
    "ix_audit_events_loose",
    audit_events.c.occurred_at,
    audit_events.c.id,
    postgresql_where=audit_events.c.position.is_(None),
    sqlite_where=audit_events.c.position.is_(None),
)
Index(None, audit_events.c.actor_id, audit_events.c.occurred_at)
Index(None, audit_events.c.user_id, audit_events.c.occurred_at)
Index(None, audit_events.c.target_id, audit_events.c.occurred_at)
Index(None, audit_events.c.type, audit_events.c.occurred_at)
Index(None, audit_events.c.occurred_at, audit_events.c.id)

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("number", Integer, primary_key=True),  # there is one
    Column("position", BigInteger, nullable=False),
    Column("link", LargeBinary(32), nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("signature", LargeBinary(32), nullable=False),
)

rate_limits = Table(
    "rate_limits",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    # The "theoretical arrival time" of GCRA, in microseconds since 1970.
    Column("tat_us", BigInteger, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False, index=True),
    # Sealed: it may hold tokens. Null while the request is being done.
    Column("answer", LargeBinary),
)

development_mails = Table(
    "development_mails",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
