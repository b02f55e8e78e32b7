"""What service accounts need from outside: where they are kept."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol

from application.audit.ports import AuditUnit
from application.ports.unit_of_work import UnitOfWork
from domain.identifiers import ServiceAccountId, UserId
from domain.service_accounts.service_account import ServiceAccount


class ServiceAccountRepository(Protocol):
    """Service accounts, no two of one name."""

    @abstractmethod
    async def add(self, account: ServiceAccount) -> None:
        """Keep a new account; raise ServiceAccountAlreadyExists if another one has its name."""

    @abstractmethod
    async def get(self, account_id: ServiceAccountId) -> ServiceAccount | None:
        """Return the account, or None."""

    @abstractmethod
    async def get_many(
        self, account_ids: Collection[ServiceAccountId]
    ) -> dict[ServiceAccountId, ServiceAccount]:
        """Return those of the accounts that there are, by id, read in one statement."""

    @abstractmethod
    async def find_by_name(self, name: str) -> ServiceAccount | None:
        """Return the account of this name, in whichever case it is written, or None."""

    @abstractmethod
    async def page(
        self, *, limit: int, before: ServiceAccountId | None = None
    ) -> list[ServiceAccount]:
        """Return up to that many accounts, the newest first; ``before`` starts behind that one."""

    @abstractmethod
    async def count(self) -> int:
        """Return how many accounts there are."""

    @abstractmethod
    async def save(self, account: ServiceAccount) -> None:
        """Write every field; raise ServiceAccountAlreadyExists as ``add``."""

    @abstractmethod
    async def list_by(
        self, maker: UserId, *, limit: int, after: ServiceAccountId | None = None
    ) -> list[ServiceAccount]:
        """Return up to that many accounts that the user made, by id; ``after`` starts behind it."""

    @abstractmethod
    async def forget_maker(self, maker: UserId) -> None:
        """Let no account say any more that this user made it."""

    @abstractmethod
    async def remove(self, account_id: ServiceAccountId) -> bool:
        """Remove the account with its roles and keys; tell whether there was one."""


class ServiceAccountsUnit(AuditUnit, UnitOfWork, Protocol):
    """What service accounts touch."""

    @property
    @abstractmethod
    def service_accounts(self) -> ServiceAccountRepository:
        """Service accounts."""
