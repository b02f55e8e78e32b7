"""The outbox, the circuit, and the mailbox of development."""

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    func,
    literal_column,
)

from adapters.sqlalchemy.schema import Json, UtcDateTime, exported, metadata, one_of, words_of
from domain.mail.message import MessageStatus

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
    one_of("status", words_of(MessageStatus)),
    info=exported("messages"),
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

development_mails = Table(
    "development_mails",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
