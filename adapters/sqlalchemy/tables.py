"""The kernel's tables: limits by count, and idempotency keys."""

from sqlalchemy import BigInteger, Column, LargeBinary, Table

from adapters.sqlalchemy.schema import UtcDateTime, metadata

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
