"""What became of messages, in ``outbox_messages``."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, case, delete, func, or_, select, update

from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.service_rows import HELD_MESSAGE, held_message_from
from adapters.sqlalchemy.statements import Statement
from adapters.sqlalchemy.tables import UtcDateTime, is_in, outbox_messages
from application.ports.outbox import HeldMessage, MessageStatus, OutboxCensus, OutboxLedger
from domain.email_address import EmailAddress
from domain.identifiers import MessageId

_BEFORE_ALL = UUID(int=0)  # no message has it for its identifier
_WAITING = is_in(MessageStatus.WAITING)
_TO_MAILBOX = func.lower(outbox_messages.c.recipient) == bindparam("mailbox")
_TO = Statement(
    select(*HELD_MESSAGE)
    .where(_TO_MAILBOX)
    .order_by(outbox_messages.c.queued_at, outbox_messages.c.id)
)
_COUNT = Statement(
    select(outbox_messages.c.status, func.count()).group_by(outbox_messages.c.status)
)
_OLDEST = Statement(select(func.min(outbox_messages.c.queued_at)).where(_WAITING))
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
_PURGE = Statement(
    delete(outbox_messages).where(
        outbox_messages.c.closed_at < bindparam("before"),
        or_(is_in(MessageStatus.SENT), is_in(MessageStatus.EXPIRED)),
    )
)


_WIPE_DEAD = Statement(
    update(outbox_messages)
    .where(
        _DEAD,
        outbox_messages.c.sealed_secret.is_not(None),
        outbox_messages.c.expires_at <= bindparam("now"),
    )
    .values(sealed_secret=None)
)


class SqlAlchemyOutboxLedger(OutboxLedger):
    """The rows of the outbox, by state and by mailbox."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def to(self, address: EmailAddress) -> list[HeldMessage]:
        rows = await self._execution.all(_TO, mailbox=address.key)
        return [held_message_from(row) for row in rows]

    async def census(self) -> OutboxCensus:
        counts = {MessageStatus(row[0]): int(row[1]) for row in await self._execution.all(_COUNT)}
        (oldest,) = await self._execution.all(_OLDEST)
        return OutboxCensus(
            counts={status: counts.get(status, 0) for status in MessageStatus},
            oldest_waiting=oldest[0],
        )

    async def listed(
        self, status: MessageStatus, *, limit: int, after: MessageId | None = None
    ) -> list[HeldMessage]:
        start = _BEFORE_ALL if after is None else after.value
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
        await self._execution.run(_FORGET, mailbox=address.key)

    async def purge(self, *, before: datetime, now: datetime) -> int:
        await self._execution.run(_WIPE_DEAD, now=now)
        return await self._execution.run(_PURGE, before=before)
