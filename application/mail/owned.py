"""Mail in a person's export and erasure."""

from collections.abc import AsyncIterator

from application.mail.ports import HeldMessage, MailUnit
from application.owned_data import BATCH, OwnedData, Owner, Record, in_batches
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.mail.message import MessageId


class MessagesData(OwnedData[MailUnit]):
    """Mail to the address that waits, or was sent or given up in the last days."""

    section, is_list = "messages", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[MailUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield what is kept of each message, and not what it says."""

        async def read(after: MessageId | None) -> list[HeldMessage]:
            async with self._unit_of_work.read_only() as unit:
                return await unit.outbox_ledger.to(owner.email, limit=BATCH, after=after)

        async for message in in_batches(read, lambda each: each.id):
            yield {
                "id": str(message.id),
                "kind": message.kind,
                "to": message.to,
                "status": message.status.value,
                "queued_at": message.queued_at,
                "closed_at": message.closed_at,
            }

    async def erase(self, unit: MailUnit, owner: Owner) -> None:
        """Remove all mail to the address, sent or not."""
        await unit.outbox_ledger.forget(owner.email)
