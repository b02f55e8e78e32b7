"""Rows and entities of users.

Rows are read by position: the tuple of columns is what to select, in the order in which the
function takes it apart.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import func, literal_column, select, true, union

from adapters.sqlalchemy.statements import Row, Written
from adapters.sqlalchemy.users.tables import role_permissions, user_roles, users
from application.users.ports import search_text
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.principal import ADMINISTRATOR, Permission, RoleName
from domain.users.user import User

# A role's name holds no comma (domain.principal), so one text carries them all. The comma is
# written out because Core would put it in only when it runs a statement itself.
_COMMA: Any = literal_column("','")
ROLES = (
    select(func.aggregate_strings(user_roles.c.role, _COMMA))
    .where(user_roles.c.user_id == users.c.id)
    .correlate(users)
    .scalar_subquery()
    .label("roles")
)
# Two halves, of which one is nearly always empty: what the user's own roles give, by index, and
# for an administrator what any role gives (domain.principal.permits). The latter goes from one
# name to the next in the index, once in a statement: many roles may give the same few permissions.
_held = user_roles.alias("held")
_given = (
    select(role_permissions.c.permission)
    .join(_held, _held.c.role == role_permissions.c.role)
    .where(_held.c.user_id == users.c.id)
    .correlate(users)
)
_first = func.min(role_permissions.c.permission)
_existing = select(_first.label("permission")).cte("existing", recursive=True)
_existing = _existing.union_all(
    select(
        select(_first)
        .where(role_permissions.c.permission > _existing.c.permission)
        .scalar_subquery()
    ).where(_existing.c.permission.is_not(None))
)
# A join, because SQLite would go through all names before it looks at an EXISTS.
_administered = (
    select(_existing.c.permission)
    .select_from(_held.join(_existing, true()))
    .where(
        _held.c.user_id == users.c.id,
        _held.c.role == literal_column(f"'{ADMINISTRATOR}'"),
        _existing.c.permission.is_not(None),
    )
    .correlate(users)
)
_permissions = union(_given, _administered).subquery("given")
PERMISSIONS = (
    select(func.aggregate_strings(_permissions.c.permission, _COMMA))
    .scalar_subquery()
    .label("permissions")
)
USER = (
    users.c.id,
    users.c.email,
    users.c.email_key,
    users.c.display_name,
    users.c.email_verified_at,
    users.c.suspended_at,
    users.c.suspension_reason,
    users.c.created_at,
    users.c.updated_at,
    users.c.last_signed_in_at,
    users.c.second_factor_since,
    users.c.version,
    ROLES,
    PERMISSIONS,
)


@lru_cache(maxsize=1024)
def roles_from(text: str | None) -> frozenset[RoleName]:
    """Return the roles that one text lists."""
    return frozenset(RoleName(name) for name in text.split(",")) if text else frozenset()


@lru_cache(maxsize=1024)
def permissions_from(text: str | None) -> frozenset[Permission]:
    """Return the permissions that one text lists."""
    return frozenset(Permission(name) for name in text.split(",")) if text else frozenset()


def user_from(row: Row) -> User:
    """Return the user that a row of ``USER`` tells of."""
    (id_, email, key, name, verified, suspended, reason, created, updated, signed_in, since,
     version, roles, permissions) = row  # fmt: skip
    return User(
        id=UserId(id_),
        email=EmailAddress(value=email, key=key),
        display_name=name,
        email_verified_at=verified,
        suspended_at=suspended,
        suspension_reason=reason,
        roles=roles_from(roles),
        created_at=created,
        updated_at=updated,
        last_signed_in_at=signed_in,
        second_factor_since=since,
        version=version,
        defined_permissions=permissions_from(permissions),
    )


def user_values(user: User) -> Written:
    """Return all that is written of a user; roles stand in a table of their own."""
    return {
        "id": user.id.value,
        "email": user.email.value,
        "email_key": user.email.key,
        "display_name": user.display_name,
        "search_text": search_text(user),
        "email_verified_at": user.email_verified_at,
        "suspended_at": user.suspended_at,
        "suspension_reason": user.suspension_reason,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "last_signed_in_at": user.last_signed_in_at,
        "second_factor_since": user.second_factor_since,
        "version": user.version,
    }
