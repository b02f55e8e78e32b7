"""The access capability, put together."""

from dataclasses import dataclass

from application.access.authorization import CheckAuthorization, ShowEffectivePermissions
from application.access.granting import RoleGrants, SetRole
from application.access.known_permissions import KnownPermissions
from application.access.ports import AccessUnit
from application.access.roles import (
    ChangeRole,
    DefineRole,
    ListPermissions,
    ListRoles,
    RemoveRole,
    ShowRole,
)
from application.access.service_roles import SetServiceRole
from application.audit.wiring import Audit
from application.kernel import Kernel
from application.mail.wiring import Mail
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access.role import built_in_roles
from domain.assurance import Level
from domain.principal import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the access capability offers: to entrypoints, and to the capabilities above it."""

    grants: RoleGrants
    known_permissions: KnownPermissions
    set_role: SetRole
    set_service_role: SetServiceRole
    list_roles: ListRoles
    show_role: ShowRole
    list_permissions: ListPermissions
    define_role: DefineRole
    change_role: ChangeRole
    remove_role: RemoveRole
    check: CheckAuthorization
    effective_permissions: ShowEffectivePermissions


def access(
    *,
    kernel: Kernel,
    audit: Audit,
    mail: Mail,
    units: UnitOfWorkFactory[AccessUnit],
    own_permissions: frozenset[Permission],
    administrator_acr: Level | None = None,
) -> Access:
    """Return the capability over these ports; ``own_permissions`` are those of this service.

    In sessions below ``administrator_acr`` the built-in role is dormant.
    """
    clock, recorder, cursors = kernel.clock, audit.recorder, kernel.cursors
    built_in = built_in_roles(own_permissions, administrator_acr=administrator_acr)
    grants = RoleGrants(freshness=kernel.freshness, administrator_acr=administrator_acr)
    return Access(
        grants=grants,
        set_role=SetRole(
            unit_of_work=units,
            clock=clock,
            recorder=recorder,
            notifications=mail.notifications,
            grants=grants,
        ),
        known_permissions=KnownPermissions(own_permissions),
        set_service_role=SetServiceRole(
            unit_of_work=units, clock=clock, recorder=recorder, grants=grants
        ),
        list_roles=ListRoles(unit_of_work=units, cursors=cursors, built_in=built_in),
        show_role=ShowRole(unit_of_work=units, built_in=built_in),
        list_permissions=ListPermissions(unit_of_work=units, cursors=cursors, built_in=built_in),
        define_role=DefineRole(unit_of_work=units, clock=clock, recorder=recorder),
        change_role=ChangeRole(unit_of_work=units, clock=clock, recorder=recorder),
        remove_role=RemoveRole(unit_of_work=units, clock=clock, recorder=recorder),
        check=CheckAuthorization(unit_of_work=units, administrator_acr=administrator_acr),
        effective_permissions=ShowEffectivePermissions(unit_of_work=units, built_in=built_in),
    )
