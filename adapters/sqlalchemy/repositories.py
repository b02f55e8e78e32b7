"""The smaller repositories: mailed secrets, guesses, signing keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from adapters.sqlalchemy.account_rows import (
    ATTEMPTS,
    TOKEN,
    attempts_from,
    attempts_values,
    token_from,
    token_values,
)
from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.service_rows import (
    KEY,
    key_from,
    key_values,
)
from adapters.sqlalchemy.statements import (
    Core,
    InsertInto,
    Statement,
    every_column,
    exclusive,
    insert_into,
    save_in,
)
from adapters.sqlalchemy.tables import (
    one_time_tokens,
    sign_in_attempts,
    signing_keys,
)
from application.ports.repositories import (
    OneTimeTokenRepository,
    SignInAttemptsRepository,
    SigningKeyRepository,
)
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from domain.one_time_token import OneTimeToken, Purpose
from domain.sign_in_attempts import SignInAttempts
from domain.signing_key import SigningKey


def _put_token(insert: InsertInto) -> Core:
    key = ("user_id", "purpose")
    added = insert(one_time_tokens).values(every_column(one_time_tokens))
    replaced = {name: added.excluded[name] for name in every_column(one_time_tokens)}
    return added.on_conflict_do_update(
        index_elements=list(key),
        set_={name: value for name, value in replaced.items() if name not in key},
    )


def _hold_attempts(insert: InsertInto) -> Core:
    """Write the row, new or old, to lock it until the commit, and return it as it was.

    One statement rather than an insert and a locking select, between which the record could
    be cleared by somebody else.
    """
    fresh = {"failures": 0, "locks": 0, "version": 0}
    added = insert(sign_in_attempts).values(key=bindparam("key"), **fresh)
    return added.on_conflict_do_update(
        index_elements=["key"], set_={"key": added.excluded.key}
    ).returning(*ATTEMPTS)


_BY_DIGEST = one_time_tokens.c.digest == bindparam("digest")
_PUT_TOKEN = Statement(_put_token)
_FIND_TOKEN = Statement(select(*TOKEN).where(_BY_DIGEST))
_LIST_TOKENS = Statement(
    select(*TOKEN)
    .where(one_time_tokens.c.user_id == bindparam("user_id"))
    .order_by(one_time_tokens.c.purpose)
)
_TAKE_TOKEN = Statement(delete(one_time_tokens).where(_BY_DIGEST).returning(*TOKEN))
_DISCARD_TOKEN = Statement(
    delete(one_time_tokens).where(
        one_time_tokens.c.user_id == bindparam("user_id"),
        one_time_tokens.c.purpose == bindparam("purpose"),
    )
)
_PURGE_TOKENS = Statement(
    delete(one_time_tokens).where(one_time_tokens.c.expires_at <= bindparam("now"))
)

_HOLD_ATTEMPTS = Statement(_hold_attempts)
_SAVE_ATTEMPTS = Statement(save_in(sign_in_attempts, key="key"))
_CLEAR_ATTEMPTS = Statement(
    delete(sign_in_attempts).where(sign_in_attempts.c.key == bindparam("key"))
)
_PURGE_ATTEMPTS = Statement(
    delete(sign_in_attempts).where(sign_in_attempts.c.last_attempt_at < bindparam("before"))
)

_ADD_KEY = insert_into(signing_keys)
_LIST_KEYS = Statement(select(*KEY).order_by(signing_keys.c.published_at, signing_keys.c.kid))
_HOLD_KEYS = exclusive(6_003_417_896)
_SAVE_KEY = Statement(save_in(signing_keys, key="kid"))
_PURGE_KEYS = Statement(
    delete(signing_keys).where(signing_keys.c.gone_at < bindparam("gone_before"))
)


class SqlAlchemyOneTimeTokenRepository(OneTimeTokenRepository):
    """Mailed secrets' records in ``one_time_tokens``; the digest is all that is kept (AT-4)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def put(self, token: OneTimeToken) -> None:
        await self._execution.run(_PUT_TOKEN, **token_values(token))

    async def find(self, digest: bytes) -> OneTimeToken | None:
        row = await self._execution.first(_FIND_TOKEN, digest=digest)
        return None if row is None else token_from(row)

    async def take(self, digest: bytes) -> OneTimeToken | None:
        row = await self._execution.first(_TAKE_TOKEN, digest=digest)
        return None if row is None else token_from(row)

    async def list_of(self, user_id: UserId) -> list[OneTimeToken]:
        rows = await self._execution.all(_LIST_TOKENS, user_id=user_id.value)
        return [token_from(row) for row in rows]

    async def discard(self, user_id: UserId, purposes: Sequence[Purpose]) -> None:
        for purpose in purposes:
            await self._execution.run(_DISCARD_TOKEN, user_id=user_id.value, purpose=purpose.value)

    async def purge(self, *, now: datetime) -> int:
        return await self._execution.run(_PURGE_TOKENS, now=now)


class SqlAlchemySignInAttemptsRepository(SignInAttemptsRepository):
    """Guesses in ``sign_in_attempts``; the row's lock is what holds a record (RL-1)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def hold(self, key: bytes) -> SignInAttempts:
        (row,) = await self._execution.all(_HOLD_ATTEMPTS, key=key)
        return attempts_from(row)

    async def save(self, attempts: SignInAttempts) -> None:
        if not await self._execution.run(_SAVE_ATTEMPTS, **attempts_values(attempts)):
            raise ConcurrentChange
        attempts.version += 1

    async def clear(self, key: bytes) -> None:
        await self._execution.run(_CLEAR_ATTEMPTS, key=key)

    async def purge(self, *, before: datetime) -> int:
        return await self._execution.run(_PURGE_ATTEMPTS, before=before)


class SqlAlchemySigningKeyRepository(SigningKeyRepository):
    """Signing keys in ``signing_keys``; private halves come in sealed (TK-4)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, key: SigningKey) -> None:
        try:
            await self._execution.run(_ADD_KEY, **key_values(key))
        except Taken:
            raise ConcurrentChange from None

    async def list_all(self) -> list[SigningKey]:
        return [key_from(row) for row in await self._execution.all(_LIST_KEYS)]

    async def hold_all(self) -> list[SigningKey]:
        await self._execution.all(_HOLD_KEYS)
        return await self.list_all()

    async def save(self, key: SigningKey) -> None:
        if not await self._execution.run(_SAVE_KEY, **key_values(key)):
            raise ConcurrentChange
        key.version += 1

    async def purge(self, *, gone_before: datetime) -> int:
        return await self._execution.run(_PURGE_KEYS, gone_before=gone_before)
