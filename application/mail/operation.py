"""The outbox as an operator sees and manages it (OB-4)."""

from collections.abc import Sequence

from application.mail.ports import HeldMessage, MailUnit, OutboxCensus
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import NothingThere
from domain.mail.message import MessageId, MessageStatus

OPEN = (MessageStatus.DEAD, MessageStatus.WAITING)


class MessageNotFound(NothingThere):
    """No message that waits or was given up has this identifier."""


class ListOutbox:
    """Show messages and what became of them, never what they say."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[MailUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, *, statuses: Sequence[MessageStatus] = OPEN, limit: int = 1000
    ) -> list[HeldMessage]:
        """Return up to that many messages of each of the states, the oldest first."""
        found: list[HeldMessage] = []
        async with self._unit_of_work.read_only() as unit:
            for status in statuses:
                found += await unit.outbox_ledger.listed(status, limit=limit)
        return found

    async def census(self) -> OutboxCensus:
        """Return how many messages there are in each state."""
        async with self._unit_of_work.read_only() as unit:
            return await unit.outbox_ledger.census()


class RedriveOutbox:
    """Make dead messages wait again, and waiting ones due at once."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[MailUnit], clock: Clock) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock

    async def __call__(self, *, message_ids: Sequence[MessageId] | None) -> int:
        """Return how many are due now: those that are named, or all dead ones for None.

        Raises MessageNotFound, and changes nothing, if one of the named is not there.
        """
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            if message_ids is None:
                count = await unit.outbox_ledger.redrive_dead(now=now)
            else:
                count = len(message_ids)
                for message_id in message_ids:
                    if not await unit.outbox_ledger.redrive(message_id, now=now):
                        raise MessageNotFound
            await unit.commit()
        return count
