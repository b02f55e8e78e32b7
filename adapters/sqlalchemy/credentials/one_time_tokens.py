"""Mailed secrets' records in `one_time_tokens`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from adapters.sqlalchemy.credentials.tables import one_time_tokens
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.lists import is_word_among
from adapters.sqlalchemy.statements import (
    Core,
    InsertInto,
    Row,
    Statement,
    Written,
    delete_some,
    every_column,
)
from application.credentials.ports import OneTimeTokenRepository
from domain.credentials.one_time_token import OneTimeToken, Purpose
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.vocabulary import word_of

TOKEN = (
    one_time_tokens.c.user_id,
    one_time_tokens.c.purpose,
    one_time_tokens.c.email,
    one_time_tokens.c.email_key,
    one_time_tokens.c.digest,
    one_time_tokens.c.created_at,
    one_time_tokens.c.expires_at,
)


def token_from(row: Row) -> OneTimeToken:
    """Return the mailed secret's record that a row of ``TOKEN`` tells of."""
    user_id, purpose, email, key, digest, created_at, expires_at = row
    return OneTimeToken(
        user_id=UserId(user_id),
        purpose=word_of(Purpose, purpose),
        email=EmailAddress(value=email, key=key),
        digest=digest,
        created_at=created_at,
        expires_at=expires_at,
    )


def token_values(token: OneTimeToken) -> Written:
    """Return all that is written of a mailed secret's record."""
    return {
        "user_id": token.user_id.value,
        "purpose": token.purpose.value,
        "email": token.email.value,
        "email_key": token.email.key,
        "digest": token.digest,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }


def _put_token(insert: InsertInto) -> Core:
    key = ("user_id", "purpose")
    added = insert(one_time_tokens).values(every_column(one_time_tokens))
    replaced = {name: added.excluded[name] for name in every_column(one_time_tokens)}
    return added.on_conflict_do_update(
        index_elements=list(key),
        set_={name: value for name, value in replaced.items() if name not in key},
    )


_BY_DIGEST = one_time_tokens.c.digest == bindparam("digest")
_PUT_TOKEN = Statement(_put_token)
_FIND_TOKEN = Statement(select(*TOKEN).where(_BY_DIGEST))
_LIST_TOKENS = Statement(
    select(*TOKEN)
    .where(one_time_tokens.c.user_id == bindparam("user_id"))
    .order_by(one_time_tokens.c.purpose)
)
_TAKE_TOKEN = Statement(delete(one_time_tokens).where(_BY_DIGEST).returning(*TOKEN))


def _discard_tokens(insert: InsertInto) -> Core:
    return delete(one_time_tokens).where(
        one_time_tokens.c.user_id == bindparam("user_id"),
        is_word_among(insert, one_time_tokens.c.purpose, "purposes"),
    )


_DISCARD_TOKENS = Statement(_discard_tokens)
_PURGE_TOKENS = delete_some(
    one_time_tokens, one_time_tokens.c.digest, one_time_tokens.c.expires_at <= bindparam("now")
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
        values = {"user_id": user_id.value, "purposes": [each.value for each in purposes]}
        self._execution.write(_DISCARD_TOKENS, values)

    async def purge(self, *, now: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE_TOKENS, now=now, limit=limit)
