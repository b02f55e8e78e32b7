"""Service accounts over one memory transaction."""

from collections.abc import Collection
from dataclasses import replace

from adapters.memory.service_accounts.tables import SERVICE_ACCOUNTS
from adapters.memory.store import Transaction
from adapters.memory.users.users import given_by
from application.service_accounts.ports import ServiceAccountRepository
from domain.errors import ConcurrentChange
from domain.identifiers import ServiceAccountId, UserId
from domain.service_accounts.service_account import (
    ServiceAccount,
    ServiceAccountAlreadyExists,
    name_key,
)


def with_rights(transaction: Transaction, account: ServiceAccount) -> ServiceAccount:
    """Return the account with what its defined roles give, and from which level on."""
    given, guards = given_by(transaction, account.roles)
    return replace(account, defined_permissions=given, guards=guards)


class MemoryServiceAccountRepository(ServiceAccountRepository):
    """Service accounts in a dictionary, found by name through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._accounts = transaction.table(SERVICE_ACCOUNTS)

    async def add(self, account: ServiceAccount) -> None:
        await self._transaction.writing()
        self._refuse_double(account)
        self._accounts.put(account.id, account)

    async def get(self, account_id: ServiceAccountId) -> ServiceAccount | None:
        await self._transaction.reading()
        account = self._accounts.get(account_id)
        return None if account is None else with_rights(self._transaction, account)

    async def get_many(
        self, account_ids: Collection[ServiceAccountId]
    ) -> dict[ServiceAccountId, ServiceAccount]:
        await self._transaction.reading()
        found = [self._accounts.get(account_id) for account_id in account_ids]
        return {each.id: with_rights(self._transaction, each) for each in found if each}

    async def find_by_name(self, name: str) -> ServiceAccount | None:
        await self._transaction.reading()
        account = next(iter(self._accounts.find("called", name_key(name))), None)
        return None if account is None else with_rights(self._transaction, account)

    async def page(
        self, *, limit: int, before: ServiceAccountId | None = None
    ) -> list[ServiceAccount]:
        await self._transaction.reading()
        found = self._accounts.select(lambda each: before is None or each.id < before).values()
        newest = sorted(found, key=lambda each: each.id, reverse=True)[:limit]
        return [with_rights(self._transaction, account) for account in newest]

    async def count(self) -> int:
        await self._transaction.reading()
        return len(self._accounts.select(lambda _: True))

    async def save(self, account: ServiceAccount) -> None:
        await self._transaction.writing()
        kept = self._accounts.get(account.id)
        if kept is None or kept.version != account.version:
            raise ConcurrentChange
        self._refuse_double(account)
        account.version += 1
        self._accounts.put(account.id, account)

    async def list_by(
        self, maker: UserId, *, limit: int, after: ServiceAccountId | None = None
    ) -> list[ServiceAccount]:
        await self._transaction.reading()
        made = self._accounts.select(
            lambda each: each.created_by == maker and (after is None or each.id > after)
        ).values()
        first = sorted(made, key=lambda each: each.id)[:limit]
        return [with_rights(self._transaction, account) for account in first]

    async def forget_maker(self, maker: UserId) -> None:
        await self._transaction.writing()
        made = self._accounts.select(lambda each: each.created_by == maker)
        for account_id, account in made.items():
            self._accounts.put(account_id, replace(account, created_by=None))

    async def remove(self, account_id: ServiceAccountId) -> bool:
        await self._transaction.writing()
        self._transaction.remove_owned(account_id)
        return self._accounts.remove(account_id)

    def _refuse_double(self, account: ServiceAccount) -> None:
        key = name_key(account.name)
        if self._accounts.find("called", key, where=lambda other: other.id != account.id):
            raise ServiceAccountAlreadyExists
