"""API keys over one memory transaction."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from adapters.memory.api_keys.tables import API_KEYS, KeptKey
from adapters.memory.service_accounts.accounts import with_rights
from adapters.memory.service_accounts.tables import SERVICE_ACCOUNTS
from adapters.memory.store import Transaction
from adapters.memory.users.tables import USERS
from adapters.memory.users.users import with_permissions
from application.api_keys.ports import ApiKeyRepository, ApiKeyUpkeep
from domain.api_keys.api_key import ApiKey, KeyOwner
from domain.errors import ConcurrentChange
from domain.identifiers import ApiKeyId, UserId
from domain.service_accounts.service_account import ServiceAccount
from domain.users.user import User


class MemoryApiKeyRepository(ApiKeyRepository):
    """Keys in a dictionary, found by digest and by owner through indexes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._keys = transaction.table(API_KEYS)

    async def add(self, key: ApiKey) -> None:
        await self._transaction.writing()
        if self._owner(key.owner) is None or self._keys.find("digest", key.digest):
            raise ConcurrentChange
        self._keys.put(key.id, KeptKey(key))

    async def get(self, key_id: ApiKeyId) -> ApiKey | None:
        await self._transaction.reading()
        kept = self._keys.get(key_id)
        return None if kept is None else kept.key

    async def find(self, digest: bytes) -> tuple[ApiKey, User | ServiceAccount] | None:
        await self._transaction.reading()
        for kept in self._keys.find("digest", digest):
            return self._with_owner(kept)
        return None

    async def find_by_id(self, key_id: ApiKeyId) -> tuple[ApiKey, User | ServiceAccount] | None:
        await self._transaction.reading()
        kept = self._keys.get(key_id)
        return None if kept is None else self._with_owner(kept)

    async def list_of(self, owner: KeyOwner) -> list[ApiKey]:
        await self._transaction.reading()
        found = [kept.key for kept in self._keys.find("owner", owner)]
        return sorted(found, key=lambda key: key.id, reverse=True)

    async def count_usable(self, owner: KeyOwner, *, now: datetime) -> int:
        await self._transaction.reading()
        found = self._keys.find("owner", owner)
        return sum(not kept.key.has_expired(now) for kept in found)

    async def save(self, key: ApiKey) -> None:
        await self._transaction.writing()
        kept = self._keys.get(key.id)
        if kept is None or kept.key.version != key.version:
            raise ConcurrentChange
        key.version += 1
        saved = replace(key, last_used_at=kept.key.last_used_at, last_used_ip=kept.key.last_used_ip)
        self._keys.put(key.id, KeptKey(saved, kept.notice_at))

    async def remove(self, key: ApiKey) -> bool:
        await self._transaction.writing()
        return self._keys.remove(key.id)

    async def take_back(self, key: ApiKey) -> None:
        if not await self.remove(key):
            raise ConcurrentChange

    async def remove_all(self, owner: KeyOwner) -> None:
        await self._transaction.writing()
        for key_id in self._keys.keys("owner", owner):
            self._keys.remove(key_id)

    def _with_owner(self, kept: KeptKey) -> tuple[ApiKey, User | ServiceAccount] | None:
        owner = self._owner(kept.key.owner)
        return None if owner is None else (kept.key, owner)

    def _owner(self, owner: KeyOwner) -> User | ServiceAccount | None:
        if isinstance(owner, UserId):
            user = self._transaction.table(USERS).get(owner)
            return None if user is None else with_permissions(self._transaction, user)
        account = self._transaction.table(SERVICE_ACCOUNTS).get(owner)
        return None if account is None else with_rights(self._transaction, account)


class MemoryApiKeyUpkeep(ApiKeyUpkeep):
    """The same keys."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._keys = transaction.table(API_KEYS)

    async def note_use(
        self, key_id: ApiKeyId, *, at: datetime, ip_address: str | None, every: timedelta
    ) -> None:
        await self._transaction.writing()
        kept = self._keys.get(key_id)
        if kept is None:
            return
        before = kept.key.last_used_at
        if before is None or before <= at - every:
            used = replace(kept.key, last_used_at=at, last_used_ip=ip_address)
            self._keys.put(key_id, KeptKey(used, kept.notice_at))

    async def expiring(self, *, now: datetime, until: datetime, limit: int) -> list[ApiKey]:
        await self._transaction.reading()
        found = self._keys.select(
            lambda kept: (
                kept.notice_at is None
                and kept.key.rotated_at is None
                and kept.key.expires_at is not None
                and now < kept.key.expires_at <= until
            )
        )
        soonest = sorted((kept.key.expires_at, key_id) for key_id, kept in found.items())
        return [found[key_id].key for _, key_id in soonest[:limit]]

    async def note_notice(self, key_id: ApiKeyId, *, at: datetime) -> bool:
        await self._transaction.writing()
        kept = self._keys.get(key_id)
        if kept is None or kept.notice_at is not None:
            return False
        self._keys.put(key_id, KeptKey(kept.key, at))
        return True

    async def drop_expired(self, owner: KeyOwner, *, now: datetime, keep: int) -> None:
        await self._transaction.writing()
        ended = sorted(
            (kept.key.expires_at, kept.key.id)
            for kept in self._keys.find("owner", owner)
            if kept.key.expires_at is not None and kept.key.has_expired(now)
        )
        for _, key_id in ended[: max(0, len(ended) - keep)]:
            self._keys.remove(key_id)

    async def forget_maker(self, maker: UserId) -> None:
        await self._transaction.writing()
        made = self._keys.select(
            lambda kept: kept.key.created_by == maker and kept.key.user_id is None
        )
        for key_id, kept in made.items():
            self._keys.put(key_id, KeptKey(replace(kept.key, created_by=None), kept.notice_at))

    async def purge(self, *, expired_before: datetime, limit: int) -> int:
        await self._transaction.writing()
        over = self._keys.select(
            lambda kept: kept.key.expires_at is not None and kept.key.expires_at < expired_before
        )
        return sum(self._keys.remove(key_id) for key_id in islice(over, limit))
