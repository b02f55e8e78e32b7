"""What can happen to a service account."""

from dataclasses import dataclass

from domain.events import DomainEvent
from domain.identifiers import ServiceAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountEvent(DomainEvent):
    """Something happened to a service account."""

    about = ("service_account_id", "service_account")
    service_account_id: ServiceAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountCreated(ServiceAccountEvent):
    """There is a new one."""

    name = "service_account.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountChanged(ServiceAccountEvent):
    """Its name or its description was changed."""

    name = "service_account.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountSuspended(ServiceAccountEvent):
    """Its keys are refused from now on."""

    name = "service_account.suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountReinstated(ServiceAccountEvent):
    """Its keys count again."""

    name = "service_account.reinstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccountRemoved(ServiceAccountEvent):
    """It is gone with its keys; only the bare identifier is left."""

    name = "service_account.removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoleGranted(ServiceAccountEvent):
    """It was given a role."""

    name = "role.granted"
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoleRevoked(ServiceAccountEvent):
    """A role was taken from it."""

    name = "role.revoked"
    role: str
