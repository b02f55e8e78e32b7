"""What API keys need from outside: where they are kept."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Protocol

from application.access.ports import AccessUnit
from application.sessions.ports import SessionsUnit
from domain.api_keys.api_key import ApiKey, KeyOwner
from domain.identifiers import ApiKeyId, UserId
from domain.service_accounts.service_account import ServiceAccount
from domain.users.user import User


class ApiKeyRepository(Protocol):
    """API keys, of users and of service accounts; a revoked one is not kept."""

    @abstractmethod
    async def add(self, key: ApiKey) -> None:
        """Keep a new key; its owner has to be there, else that is a ConcurrentChange."""

    @abstractmethod
    async def get(self, key_id: ApiKeyId) -> ApiKey | None:
        """Return the key, or None."""

    @abstractmethod
    async def find(self, digest: bytes) -> tuple[ApiKey, User | ServiceAccount] | None:
        """Return the key of this digest and its owner, read in one statement, or None."""

    @abstractmethod
    async def find_by_id(self, key_id: ApiKeyId) -> tuple[ApiKey, User | ServiceAccount] | None:
        """Return the key and its owner, read in one statement, or None."""

    @abstractmethod
    async def list_of(self, owner: KeyOwner) -> list[ApiKey]:
        """Return the owner's keys, those that have expired too, the newest first."""

    @abstractmethod
    async def count_usable(self, owner: KeyOwner, *, now: datetime) -> int:
        """Return how many of the owner's keys have not expired."""

    @abstractmethod
    async def save(self, key: ApiKey) -> None:
        """Write its name, its end and that it was rotated.

        Raises ConcurrentChange for a key that was changed or removed since it was read; that may
        come only with the commit.
        """

    @abstractmethod
    async def remove(self, key: ApiKey) -> bool:
        """Remove the key; tell whether it was still there: of two that do so, one is told so."""

    @abstractmethod
    async def take_back(self, key: ApiKey) -> None:
        """Remove the key with the commit: it is a ConcurrentChange if it was gone by then."""

    @abstractmethod
    async def remove_all(self, owner: KeyOwner) -> None:
        """Remove every key of the owner."""


class ApiKeyUpkeep(Protocol):
    """What is done to keys beside their use, each in one statement that waits for no other."""

    @abstractmethod
    async def note_use(
        self, key_id: ApiKeyId, *, at: datetime, ip_address: str | None, every: timedelta
    ) -> None:
        """Note when and from where the key was last used.

        Not if a use less than ``every`` before, or a later one, is noted already.
        """

    @abstractmethod
    async def expiring(self, *, now: datetime, until: datetime, limit: int) -> list[ApiKey]:
        """Return up to that many keys that end by then, whose owners were not told so.

        Those that end first come first. Not those that were rotated, nor those that have expired.
        """

    @abstractmethod
    async def note_notice(self, key_id: ApiKeyId, *, at: datetime) -> bool:
        """Note that the owner is told of the key's end; False if that was noted before."""

    @abstractmethod
    async def drop_expired(self, owner: KeyOwner, *, now: datetime, keep: int) -> None:
        """Remove the owner's keys that have expired, but for the ``keep`` that ended last."""

    @abstractmethod
    async def forget_maker(self, maker: UserId) -> None:
        """Let no key of a service account say any more that this user made it."""

    @abstractmethod
    async def purge(self, *, expired_before: datetime, limit: int) -> int:
        """Remove up to that many keys that had expired before then; return how many."""


class ApiKeysUnit(SessionsUnit, AccessUnit, Protocol):
    """What API keys touch."""

    @property
    @abstractmethod
    def api_keys(self) -> ApiKeyRepository:
        """API keys."""

    @property
    @abstractmethod
    def api_key_upkeep(self) -> ApiKeyUpkeep:
        """What is done to them beside their use."""
