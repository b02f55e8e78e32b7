"""What access needs from outside: where roles are kept."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from application.audit.ports import AuditUnit
from application.mail.ports import MailUnit
from application.service_accounts.ports import ServiceAccountsUnit
from application.users.ports import UsersUnit
from domain.access.role import Role
from domain.principal import RoleName


class RoleRepository(Protocol):
    """Roles that were defined at run time; the built-in ones are not among them."""

    @abstractmethod
    async def add(self, role: Role) -> None:
        """Keep a new role; raise RoleAlreadyExists if there is one of this name."""

    @abstractmethod
    async def get(self, name: RoleName) -> Role | None:
        """Return the role, or None."""

    @abstractmethod
    async def get_many(self, names: Collection[RoleName]) -> dict[RoleName, Role]:
        """Return those of the roles that there are, by name; no other role is read."""

    @abstractmethod
    async def list_all(self) -> list[Role]:
        """Return every role, by name."""

    @abstractmethod
    async def hold(self, name: RoleName) -> Role | None:
        """Return the role, or None; keep it from being changed or removed until the unit ends."""

    @abstractmethod
    async def save(self, role: Role) -> None:
        """Write every field."""

    @abstractmethod
    async def remove(self, name: RoleName, *, now: datetime) -> None:
        """Remove the role; raise RoleInUse if an account has it, or an invitation names it.

        An invitation lives until it expires, as long as its mailbox has no account but one that
        was never proven, and its inviter is not suspended.
        """


class AccessUnit(UsersUnit, ServiceAccountsUnit, AuditUnit, MailUnit, Protocol):
    """What access touches."""

    @property
    @abstractmethod
    def roles(self) -> RoleRepository:
        """Roles that were defined at run time."""
