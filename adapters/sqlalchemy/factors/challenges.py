"""Challenges that were used, in `spent_challenges`."""

from datetime import datetime

from sqlalchemy import bindparam, select

from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.factors.tables import spent_challenges
from adapters.sqlalchemy.statements import Statement, delete_some, insert_into
from application.factors.ports import SpentChallenges
from domain.factors.challenge import InvalidChallenge

_SPEND = insert_into(spent_challenges)
_FIND = Statement(
    select(spent_challenges.c.nonce).where(spent_challenges.c.nonce == bindparam("nonce"))
)
_PURGE = delete_some(
    spent_challenges,
    spent_challenges.c.nonce,
    spent_challenges.c.expires_at <= bindparam("now"),
)


class SqlAlchemySpentChallenges(SpentChallenges):
    """Challenges in ``spent_challenges``; the primary key is what lets one of two through."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def spend(self, nonce: bytes, *, expires_at: datetime) -> None:
        values = {"nonce": nonce, "expires_at": expires_at}
        self._execution.write(_SPEND, values, meaning=_meaning)

    async def is_spent(self, nonce: bytes) -> bool:
        return await self._execution.first(_FIND, nonce=nonce) is not None

    async def purge(self, *, now: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE, now=now, limit=limit)


def _meaning(_taken: Taken) -> Exception:
    return InvalidChallenge()
