"""What service accounts hold about a user: that it was they who made one."""

from collections.abc import AsyncIterator

from application.owned_data import BATCH, OwnedData, Owner, Record, in_batches
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service_accounts.ports import ServiceAccountsUnit
from domain.identifiers import ServiceAccountId
from domain.service_accounts.service_account import ServiceAccount


class ServiceAccountsData(OwnedData[ServiceAccountsUnit]):
    """The service accounts that the user made."""

    section = "service_accounts"
    is_list = True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[ServiceAccountsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield what tells which they are; what a program may do is no data about its maker."""

        async def read(after: ServiceAccountId | None) -> list[ServiceAccount]:
            async with self._unit_of_work.read_only() as unit:
                return await unit.service_accounts.list_by(owner.user_id, limit=BATCH, after=after)

        async for each in in_batches(read, lambda each: each.id):
            yield {"id": str(each.id), "name": each.name, "created_at": each.created_at}

    async def erase(self, unit: ServiceAccountsUnit, owner: Owner) -> None:
        """Let the accounts stay, and forget who made them."""
        await unit.service_accounts.forget_maker(owner.user_id)
