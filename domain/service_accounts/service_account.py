"""The service account: a program of the product, known by its API keys alone.

It has no address, no password, no factor and no session, so nothing of a person's ways in leads to
it, and no mail goes to it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.assurance import Level
from domain.description import normalise_description
from domain.errors import Conflict, NotFound
from domain.identifiers import Entropy, ServiceAccountId, UserId
from domain.principal import ADMINISTRATOR, UNGUARDED, Authority, Guards, Permission, RoleName
from domain.service_accounts.events import (
    ServiceAccountChanged,
    ServiceAccountCreated,
    ServiceAccountReinstated,
    ServiceAccountRemoved,
    ServiceAccountSuspended,
    ServiceRoleGranted,
    ServiceRoleRevoked,
)
from domain.users.display_name import required_name
from domain.users.user import stated_reason


class ServiceAccountNotFound(NotFound):
    """No service account has this identifier."""

    code = "SERVICE_ACCOUNT_NOT_FOUND"
    message = "There is no such service account."
    meaning = "There is no such service account."


class ServiceAccountAlreadyExists(Conflict):
    """There is a service account of this name: the command line tells them apart by it."""

    code = "SERVICE_ACCOUNT_ALREADY_EXISTS"
    message = "There is a service account of this name already."
    meaning = "There is a service account of this name."


class ServiceAccountStatus(StrEnum):
    """Whether its keys count."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


def name_key(name: str) -> str:
    """Return by what two names are the same: only one account may have it."""
    return name.casefold()


@dataclass(slots=True, eq=False, kw_only=True)
class ServiceAccount:
    """A program's account. Every change is saved, so ``version`` is what races are decided on.

    ``created_by`` is the user who made it, None for an operator, and for one who was erased.
    ``defined_permissions`` is what the roles defined at run time gave the account when it was
    loaded, and ``guards`` from which level on; both are read with it and never written.
    """

    id: ServiceAccountId
    name: str
    description: str | None
    suspended_at: datetime | None
    suspension_reason: str | None
    roles: frozenset[RoleName]
    created_by: UserId | None
    created_at: datetime
    updated_at: datetime
    version: int = 0
    defined_permissions: frozenset[Permission] = frozenset()
    guards: Guards = UNGUARDED

    @classmethod
    def create(
        cls,
        *,
        name: str,
        description: str | None,
        created_by: UserId | None,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["ServiceAccount", ServiceAccountCreated]:
        """Return a new account without a role; raise :class:`ValidationFailed` for unfit words."""
        account = cls(
            id=ServiceAccountId.new(now, entropy),
            name=required_name(name),
            description=normalise_description(description),
            suspended_at=None,
            suspension_reason=None,
            roles=frozenset(),
            created_by=created_by,
            created_at=now,
            updated_at=now,
        )
        return account, ServiceAccountCreated(service_account_id=account.id, occurred_at=now)

    @property
    def status(self) -> ServiceAccountStatus:
        """Where it stands."""
        if self.suspended_at is None:
            return ServiceAccountStatus.ACTIVE
        return ServiceAccountStatus.SUSPENDED

    def authority(self, *, administrator: Level | None) -> Authority:
        """Return what its roles give; ``administrator`` is the level that this role asks for."""
        guards = self.guards
        if administrator is not None and ADMINISTRATOR in self.roles:
            guards = guards.beside(ADMINISTRATOR, administrator)
        return Authority(self.roles, self.defined_permissions, guards)

    def describe(
        self, *, name: str, description: str | None, now: datetime
    ) -> ServiceAccountChanged | None:
        """Give it another name and description; None if they are the same.

        Raises :class:`ValidationFailed` for unfit words.
        """
        words = (required_name(name), normalise_description(description))
        if words == (self.name, self.description):
            return None
        (self.name, self.description), self.updated_at = words, now
        return ServiceAccountChanged(service_account_id=self.id, occurred_at=now)

    def suspend(self, reason: str | None, *, now: datetime) -> ServiceAccountSuspended | None:
        """Refuse its keys from now on; None if they are.

        Raises :class:`ValidationFailed` for a reason that is empty or too long.
        """
        because = None if reason is None else stated_reason(reason)
        if self.suspended_at is not None:
            return None
        self.suspended_at = self.updated_at = now
        self.suspension_reason = because
        return ServiceAccountSuspended(service_account_id=self.id, occurred_at=now)

    def reinstate(self, *, now: datetime) -> ServiceAccountReinstated | None:
        """Lift the suspension; None if there is none."""
        if self.suspended_at is None:
            return None
        self.suspended_at = self.suspension_reason = None
        self.updated_at = now
        return ServiceAccountReinstated(service_account_id=self.id, occurred_at=now)

    def grant(self, role: RoleName, *, now: datetime) -> ServiceRoleGranted | None:
        """Give the role; None if the account has it already."""
        if role in self.roles:
            return None
        self.roles, self.updated_at = self.roles | {role}, now
        return ServiceRoleGranted(service_account_id=self.id, role=role, occurred_at=now)

    def revoke(self, role: RoleName, *, now: datetime) -> ServiceRoleRevoked | None:
        """Take the role away; None if the account does not have it."""
        if role not in self.roles:
            return None
        self.roles, self.updated_at = self.roles - {role}, now
        return ServiceRoleRevoked(service_account_id=self.id, role=role, occurred_at=now)

    def removed(self, *, now: datetime) -> ServiceAccountRemoved:
        """Return the event of its removal; the repository then removes it with its keys."""
        return ServiceAccountRemoved(service_account_id=self.id, occurred_at=now)
