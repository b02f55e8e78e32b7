"""The secrets that messages hold, in ``outbox_messages``."""

from sqlalchemy import Integer, LargeBinary, bindparam, or_, select, update

from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.mail.tables import is_in, outbox_messages
from adapters.sqlalchemy.statements import BEFORE_ALL, Statement
from application.mail.ports import HeldSecret, OutboxSecrets
from domain.mail.message import MessageId, MessageStatus

_HELD = Statement(
    select(outbox_messages.c.id, outbox_messages.c.sealed_secret)
    .where(
        or_(is_in(MessageStatus.WAITING), is_in(MessageStatus.DEAD)),
        outbox_messages.c.sealed_secret.is_not(None),
        outbox_messages.c.id > bindparam("after"),
    )
    .order_by(outbox_messages.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_RENEW = Statement(
    update(outbox_messages)
    .where(
        outbox_messages.c.id == bindparam("message_id"),
        outbox_messages.c.sealed_secret == bindparam("present", type_=LargeBinary),
    )
    .values(sealed_secret=bindparam("renewed", type_=LargeBinary))
)


class SqlAlchemyOutboxSecrets(OutboxSecrets):
    """One column of the outbox."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def held(self, *, limit: int, after: MessageId | None = None) -> list[HeldSecret]:
        start = BEFORE_ALL if after is None else after.value
        rows = await self._execution.all(_HELD, limit=limit, after=start)
        return [HeldSecret(message_id=MessageId(id_), sealed=sealed) for id_, sealed in rows]

    async def renew(self, held: HeldSecret, sealed: bytes) -> bool:
        renewed = await self._execution.run(
            _RENEW, message_id=held.message_id.value, present=held.sealed, renewed=sealed
        )
        return renewed == 1
