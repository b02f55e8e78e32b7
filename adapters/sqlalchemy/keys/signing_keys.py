"""Signing keys in `signing_keys`."""

from datetime import datetime

from sqlalchemy import bindparam, select

from adapters.sqlalchemy.errors import as_conflict
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.keys.tables import signing_keys
from adapters.sqlalchemy.locks import Lock, exclusive
from adapters.sqlalchemy.statements import (
    Row,
    Statement,
    Written,
    delete_some,
    insert_into,
    save_in,
)
from application.keys.ports import SigningKeyRepository
from domain.keys.signing_key import SigningAlgorithm, SigningKey
from domain.vocabulary import word_of

KEY = (
    signing_keys.c.kid,
    signing_keys.c.algorithm,
    signing_keys.c.public_jwk,
    signing_keys.c.sealed_private_key,
    signing_keys.c.published_at,
    signing_keys.c.activates_at,
    signing_keys.c.promoted_at,
    signing_keys.c.retires_at,
    signing_keys.c.gone_at,
    signing_keys.c.version,
)


def key_from(row: Row) -> SigningKey:
    """Return the signing key that a row of ``KEY`` tells of."""
    kid, algorithm, jwk, sealed, published_at, activates_at, promoted_at, *rest = row
    retires_at, gone_at, version = rest
    return SigningKey(
        kid=kid,
        algorithm=word_of(SigningAlgorithm, algorithm),
        public_jwk=jwk,
        sealed_private_key=sealed,
        published_at=published_at,
        activates_at=activates_at,
        promoted_at=promoted_at,
        retires_at=retires_at,
        gone_at=gone_at,
        version=version,
    )


def key_values(key: SigningKey) -> Written:
    """Return all that is written of a signing key."""
    return {
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "public_jwk": dict(key.public_jwk),
        "sealed_private_key": key.sealed_private_key,
        "published_at": key.published_at,
        "activates_at": key.activates_at,
        "promoted_at": key.promoted_at,
        "retires_at": key.retires_at,
        "gone_at": key.gone_at,
        "version": key.version,
    }


_ADD_KEY = insert_into(signing_keys)
_LIST_KEYS = Statement(select(*KEY).order_by(signing_keys.c.published_at, signing_keys.c.kid))
_HOLD_KEYS = exclusive(Lock.SIGNING_KEYS)
_SAVE_KEY = Statement(save_in(signing_keys, key="kid"))
_PURGE_KEYS = delete_some(
    signing_keys, signing_keys.c.kid, signing_keys.c.gone_at < bindparam("gone_before")
)


class SqlAlchemySigningKeyRepository(SigningKeyRepository):
    """Signing keys in ``signing_keys``; private halves come in sealed (TK-4)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, key: SigningKey) -> None:
        self._execution.write(_ADD_KEY, key_values(key), meaning=as_conflict)

    async def list_all(self) -> list[SigningKey]:
        return [key_from(row) for row in await self._execution.all(_LIST_KEYS)]

    async def hold_all(self) -> list[SigningKey]:
        await self._execution.all(_HOLD_KEYS)
        return await self.list_all()

    async def save(self, key: SigningKey) -> None:
        self._execution.write(_SAVE_KEY, key_values(key), guarded=True)
        key.version += 1

    async def purge(self, *, gone_before: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE_KEYS, gone_before=gone_before, limit=limit)
