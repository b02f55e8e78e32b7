"""What became of messages, in ``outbox_messages``."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, case, delete, func, or_, select, update

from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.mail.tables import is_in, outbox_messages
from adapters.sqlalchemy.schema import UtcDateTime
from adapters.sqlalchemy.statements import (
    BEFORE_ALL,
    Row,
    Statement,
    delete_some,
    update_some,
)
from application.mail.ports import MOST_COUNTED, HeldMessage, OutboxCensus, OutboxLedger
from domain.email_address import EmailAddress
from domain.mail.message import MessageId, MessageKind, MessageStatus
from domain.vocabulary import word_of

HELD_MESSAGE = (
    outbox_messages.c.id,
    outbox_messages.c.kind,
    outbox_messages.c.recipient,
    outbox_messages.c.status,
    outbox_messages.c.attempts,
    outbox_messages.c.queued_at,
    outbox_messages.c.due_at,
    outbox_messages.c.expires_at,
    outbox_messages.c.closed_at,
    outbox_messages.c.last_error,
)


def held_message_from(row: Row) -> HeldMessage:
    """Return what a row of ``HELD_MESSAGE`` tells of a message, without its content."""
    (id_, kind, to, status, attempts, queued_at, due_at, expires_at, closed_at,
     last_error) = row  # fmt: skip
    return HeldMessage(
        id=MessageId(id_),
        kind=MessageKind(kind),
        to=to,
        status=word_of(MessageStatus, status),
        attempts=attempts,
        queued_at=queued_at,
        due_at=due_at,
        expires_at=expires_at,
        closed_at=closed_at,
        last_error=last_error,
    )


_WAITING = is_in(MessageStatus.WAITING)
_TO_MAILBOX = func.lower(outbox_messages.c.recipient) == bindparam("mailbox")
_TO = Statement(
    select(*HELD_MESSAGE)
    .where(_TO_MAILBOX, outbox_messages.c.id > bindparam("after"))
    .order_by(outbox_messages.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_IN_STATES = [
    select(func.count())
    .select_from(
        select(outbox_messages.c.id)
        .where(is_in(status))
        # In the order of the index that begins with the state: what else there is, is not read.
        .order_by(outbox_messages.c.id)
        .limit(MOST_COUNTED)
        .subquery()
    )
    .scalar_subquery()
    .label(status.value)
    for status in MessageStatus
]
_OLDEST = (
    select(outbox_messages.c.queued_at)
    .where(_WAITING)
    .order_by(outbox_messages.c.id)
    .limit(1)
    .scalar_subquery()
    .label("oldest")
)
_CENSUS = Statement(select(*_IN_STATES, _OLDEST))
_LISTED = Statement(
    select(*HELD_MESSAGE)
    .where(
        outbox_messages.c.status == bindparam("status"),
        outbox_messages.c.id > bindparam("after"),
    )
    .order_by(outbox_messages.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_REVIVED: dict[str, Any] = {
    "status": MessageStatus.WAITING.value,
    "attempts": 0,
    "due_at": bindparam("now"),
    "closed_at": None,
}
_DEAD = is_in(MessageStatus.DEAD)
_REDRIVE_ONE = Statement(
    update(outbox_messages)
    .where(outbox_messages.c.id == bindparam("message_id"), _DEAD)
    .values(**_REVIVED)
)
_REDRIVE_DEAD = Statement(update(outbox_messages).where(_DEAD).values(**_REVIVED))
_WAIT_NO_LONGER = Statement(
    update(outbox_messages)
    .where(outbox_messages.c.id == bindparam("message_id"), _WAITING)
    .values(
        due_at=case(
            (outbox_messages.c.leased_until.is_(None), bindparam("now", type_=UtcDateTime())),
            else_=outbox_messages.c.due_at,
        )
    )
)
_FORGET = Statement(delete(outbox_messages).where(_TO_MAILBOX))
_PURGE = delete_some(
    outbox_messages,
    outbox_messages.c.id,
    outbox_messages.c.closed_at < bindparam("before"),
    or_(is_in(MessageStatus.SENT), is_in(MessageStatus.EXPIRED)),
)
_WIPE_DEAD = update_some(
    outbox_messages,
    outbox_messages.c.id,
    _DEAD,
    outbox_messages.c.sealed_secret.is_not(None),
    outbox_messages.c.expires_at <= bindparam("now"),
    sealed_secret=None,
)


class SqlAlchemyOutboxLedger(OutboxLedger):
    """The rows of the outbox, by state and by mailbox."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def to(
        self, address: EmailAddress, *, limit: int, after: MessageId | None = None
    ) -> list[HeldMessage]:
        start = BEFORE_ALL if after is None else after.value
        rows = await self._execution.all(_TO, mailbox=address.key, limit=limit, after=start)
        return [held_message_from(row) for row in rows]

    async def census(self) -> OutboxCensus:
        ((*counts, oldest),) = await self._execution.all(_CENSUS)
        return OutboxCensus(
            counts=dict(zip(MessageStatus, counts, strict=True)), oldest_waiting=oldest
        )

    async def listed(
        self, status: MessageStatus, *, limit: int, after: MessageId | None = None
    ) -> list[HeldMessage]:
        start = BEFORE_ALL if after is None else after.value
        rows = await self._execution.all(_LISTED, status=status.value, limit=limit, after=start)
        return [held_message_from(row) for row in rows]

    async def redrive(self, message_id: MessageId, *, now: datetime) -> bool:
        key = {"message_id": message_id.value, "now": now}
        if await self._execution.run(_REDRIVE_ONE, **key):
            return True
        return await self._execution.run(_WAIT_NO_LONGER, **key) == 1

    async def redrive_dead(self, *, now: datetime) -> int:
        return await self._execution.run(_REDRIVE_DEAD, now=now)

    async def forget(self, address: EmailAddress) -> None:
        self._execution.write(_FORGET, {"mailbox": address.key})

    async def purge(self, *, before: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE, before=before, limit=limit)

    async def wipe_dead(self, *, now: datetime, limit: int) -> int:
        return await self._execution.run(_WIPE_DEAD, now=now, limit=limit)
