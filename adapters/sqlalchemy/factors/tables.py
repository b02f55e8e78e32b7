"""Factors, challenges that were used, and trusted devices."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Uuid

from adapters.sqlalchemy.schema import Json, UtcDateTime, exported, metadata, owner

factors = Table(
    "factors",
    metadata,
    Column("id", Uuid, primary_key=True),
    owner(),
    Column("kind", String(32), nullable=False),
    Column("name", String(100)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    # Sealed: the secret of an authenticator app, the key of recovery codes' digests.
    Column("sealed", LargeBinary),
    # The last step of an authenticator app; how often a passkey says that it signed.
    Column("counter", BigInteger, nullable=False),
    # One passkey, one account.
    Column("credential_id", LargeBinary(1023), unique=True),
    # A passkey's public key; the digests of the recovery codes that are left, one after the other.
    Column("verifier", LargeBinary),
    # What is fixed when a factor of this kind is made.
    Column("details", Json, nullable=False),
    Column("version", Integer, nullable=False),
    info=exported("factors"),
)
Index(None, factors.c.user_id, factors.c.id)

spent_challenges = Table(
    "spent_challenges",
    metadata,
    Column("nonce", LargeBinary(32), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

trusted_devices = Table(
    "trusted_devices",
    metadata,
    Column("id", Uuid, primary_key=True),
    owner(),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("ip_address", String(64)),
    Column("user_agent", String(256)),
    info=exported("trusted_devices"),
)
Index(None, trusted_devices.c.user_id, trusted_devices.c.id)
