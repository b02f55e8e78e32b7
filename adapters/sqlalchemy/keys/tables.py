"""Signing keys."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from adapters.sqlalchemy.schema import Json, UtcDateTime, metadata, one_of, words_of
from domain.keys.signing_key import SigningAlgorithm

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
    one_of("algorithm", words_of(SigningAlgorithm)),
)
