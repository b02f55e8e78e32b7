"""The outbox in ``outbox_messages`` (OB-1 to OB-5)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Integer, and_, bindparam, or_, select, update

from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.lists import is_word_among
from adapters.sqlalchemy.mail.tables import is_in, outbox_messages
from adapters.sqlalchemy.statements import Core, InsertInto, Row, Statement, Written, insert_into
from application.mail.ports import Outbox
from domain.mail.message import MessageId, MessageKind, MessageStatus, OutboxMessage

MESSAGE = (
    outbox_messages.c.id,
    outbox_messages.c.kind,
    outbox_messages.c.recipient,
    outbox_messages.c.parameters,
    outbox_messages.c.sealed_secret,
    outbox_messages.c.queued_at,
    outbox_messages.c.expires_at,
    outbox_messages.c.attempts,
)


def message_from(row: Row) -> OutboxMessage:
    """Return the message that a row of ``MESSAGE`` tells of."""
    id_, kind, to, parameters, sealed_secret, queued_at, expires_at, attempts = row
    return OutboxMessage(
        id=MessageId(id_),
        kind=MessageKind(kind),
        to=to,
        parameters=parameters,
        sealed_secret=sealed_secret,
        queued_at=queued_at,
        expires_at=expires_at,
        attempts=attempts,
    )


def message_values(message: OutboxMessage) -> Written:
    """Return all that is written of a message that is due at once."""
    return {
        "id": message.id.value,
        "kind": message.kind,
        "recipient": message.to,
        "parameters": dict(message.parameters),
        "sealed_secret": message.sealed_secret,
        "queued_at": message.queued_at,
        "expires_at": message.expires_at,
        "attempts": message.attempts,
        "status": MessageStatus.WAITING.value,
        "due_at": message.queued_at,
        "leased_until": None,
        "closed_at": None,
        "last_error": None,
    }


_WAITING = is_in(MessageStatus.WAITING)
_STILL_OURS = (
    outbox_messages.c.id == bindparam("message_id"),
    outbox_messages.c.attempts == bindparam("claimed_as", type_=Integer),
    _WAITING,
)

_ENQUEUE = insert_into(outbox_messages)


def _claim(insert: InsertInto) -> Core:
    # Two workers never get one message: on PostgreSQL each steps over the rows that the other
    # has just locked; on SQLite the transaction keeps the other out. A common table expression,
    # because a plain subquery may be run more than once and then lock more than the limit.
    due = (
        select(outbox_messages.c.id)
        .where(
            _WAITING,
            outbox_messages.c.due_at <= bindparam("now"),
            is_word_among(insert, outbox_messages.c.kind, "kinds"),
            or_(
                outbox_messages.c.leased_until.is_(None),
                and_(
                    bindparam("take_over", type_=Boolean()),
                    outbox_messages.c.leased_until <= bindparam("now"),
                ),
            ),
        )
        .order_by(outbox_messages.c.queued_at, outbox_messages.c.id)
        .limit(bindparam("limit", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(outbox_messages)
        .where(outbox_messages.c.id.in_(select(due.c.id)))
        .values(leased_until=bindparam("lease_end"), attempts=outbox_messages.c.attempts + 1)
        .returning(*MESSAGE)
    )


_CLAIM = Statement(_claim)
_RENEW = Statement(
    update(outbox_messages).where(*_STILL_OURS).values(leased_until=bindparam("lease_end"))
)
_POSTPONE = Statement(
    update(outbox_messages)
    .where(*_STILL_OURS)
    .values(due_at=bindparam("until"), leased_until=None, last_error=bindparam("error"))
)
_GIVE_BACK = Statement(
    update(outbox_messages)
    .where(*_STILL_OURS)
    .values(due_at=bindparam("now"), leased_until=None, attempts=outbox_messages.c.attempts - 1)
)
_CLOSING: dict[str, Any] = {
    "status": bindparam("closing_status"),
    "closed_at": bindparam("now"),
    "leased_until": None,
    "last_error": bindparam("error"),
}
_CLOSE = Statement(
    update(outbox_messages).where(*_STILL_OURS).values(**_CLOSING, sealed_secret=None)
)
_MARK_SENT = Statement(
    update(outbox_messages)
    .where(outbox_messages.c.id == bindparam("message_id"), _WAITING)
    .values(**_CLOSING, sealed_secret=None)
)
_PARK = Statement(update(outbox_messages).where(*_STILL_OURS).values(**_CLOSING))


class SqlAlchemyOutbox(Outbox):
    """Messages in the transaction of the change that promised them (OB-1)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def enqueue(self, message: OutboxMessage) -> None:
        self._execution.write(_ENQUEUE, message_values(message))

    async def claim(
        self,
        *,
        kinds: Collection[MessageKind],
        limit: int,
        lease: timedelta,
        now: datetime,
        take_over: bool = True,
    ) -> list[OutboxMessage]:
        rows = await self._execution.all(
            _CLAIM,
            kinds=sorted(kinds),
            now=now,
            lease_end=now + lease,
            limit=limit,
            take_over=take_over,
        )
        messages = [message_from(row) for row in rows]
        return sorted(messages, key=lambda message: (message.queued_at, message.id))

    async def renew(self, message: OutboxMessage, *, lease: timedelta, now: datetime) -> bool:
        return await self._ours(_RENEW, message, lease_end=now + lease)

    async def postpone(self, message: OutboxMessage, *, until: datetime, error: str) -> bool:
        return await self._ours(_POSTPONE, message, until=until, error=error)

    async def give_back(self, message: OutboxMessage, *, now: datetime) -> bool:
        return await self._ours(_GIVE_BACK, message, now=now)

    async def mark_sent(self, message_id: MessageId, *, now: datetime) -> bool:
        sent = MessageStatus.SENT.value
        marked = await self._execution.run(
            _MARK_SENT, message_id=message_id.value, closing_status=sent, now=now, error=None
        )
        return marked == 1

    async def close(
        self,
        message: OutboxMessage,
        status: MessageStatus,
        *,
        now: datetime,
        error: str | None = None,
    ) -> bool:
        # A dead message keeps its secret: an operator may send it on its way again (OB-4).
        statement = _PARK if status is MessageStatus.DEAD else _CLOSE
        return await self._ours(
            statement, message, closing_status=status.value, now=now, error=error
        )

    async def _ours(self, statement: Statement, message: OutboxMessage, **values: Any) -> bool:
        key = {"message_id": message.id.value, "claimed_as": message.attempts}
        return await self._execution.run(statement, **key, **values) == 1
