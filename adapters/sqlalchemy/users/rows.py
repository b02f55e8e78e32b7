"""Rows and entities of users.

Rows are read by position: the tuple of columns is what to select, in the order in which the
function takes it apart.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Label, Table, func, literal_column, select

from adapters.sqlalchemy.statements import Row, Written
from adapters.sqlalchemy.users.tables import role_permissions, roles, user_roles, users
from application.users.ports import search_text
from domain.assurance import Level
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.principal import UNGUARDED, Guards, Permission, RoleName
from domain.users.user import User
from domain.vocabulary import word_of

# A role's name and a permission hold neither comma nor at sign (domain.principal), so one text
# carries them all, each with the level that it takes: ``support@aal2,user``. Both signs are written
# out because Core would put them in only when it runs a statement itself.
_COMMA: Any = literal_column("','")
_AT: Any = literal_column("'@'")
_NOTHING: Any = literal_column("''")
_LEVEL = func.coalesce(_AT.op("||")(roles.c.required_acr), _NOTHING)


def rights_of(
    holders: Table, holder: Column[Any], account: Column[Any]
) -> tuple[Label[Any], Label[Any]]:
    """Return two columns: the roles of an account, and what they give, each as one text.

    ``holders`` is the table of who has which role, ``holder`` its column that names the account.
    An administrator may do more than any list says, and needs none (domain.principal.permits).
    """
    held = holders.alias("held")
    of_account = held.c[holder.name] == account
    named = (
        select(func.aggregate_strings(held.c.role.op("||")(_LEVEL), _COMMA))
        .select_from(held.outerjoin(roles, roles.c.name == held.c.role))
        .where(of_account)
        .correlate(account.table)
        .scalar_subquery()
    )
    given = (
        select(role_permissions.c.permission.op("||")(_LEVEL).label("permission"))
        .select_from(
            held.join(role_permissions, role_permissions.c.role == held.c.role).join(
                roles, roles.c.name == role_permissions.c.role
            )
        )
        .where(of_account)
        .correlate(account.table)
        .distinct()
        .subquery("given")
    )
    all_given = select(func.aggregate_strings(given.c.permission, _COMMA)).scalar_subquery()
    return named.label("roles"), all_given.label("permissions")


ROLES, PERMISSIONS = rights_of(user_roles, user_roles.c.user_id, users.c.id)
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
    return frozenset(RoleName(name) for name, _ in _listed(text))


@lru_cache(maxsize=1024)
def permissions_from(text: str | None) -> frozenset[Permission]:
    """Return the permissions that one text lists."""
    return frozenset(Permission(name) for name, _ in _listed(text))


@lru_cache(maxsize=1024)
def guards_from(named: str | None, given: str | None) -> Guards:
    """Return from which level on the roles and the permissions of two such texts count."""
    if "@" not in (named or ""):
        return UNGUARDED
    return Guards.of(
        roles={RoleName(name): word_of(Level, word) for name, word in _listed(named) if word},
        given=(
            (Permission(name), word_of(Level, word) if word else None)
            for name, word in _listed(given)
        ),
    )


def _listed(text: str | None) -> Iterator[tuple[str, str]]:
    """Yield each name that the text lists, and the word of its level, or nothing."""
    for each in text.split(",") if text else ():
        name, _, level = each.partition("@")
        yield name, level


def user_from(row: Row) -> User:
    """Return the user that a row of ``USER`` tells of."""
    (id_, email, key, name, verified, suspended, reason, created, updated, signed_in, since,
     version, named, given) = row  # fmt: skip
    return User(
        id=UserId(id_),
        email=EmailAddress(value=email, key=key),
        display_name=name,
        email_verified_at=verified,
        suspended_at=suspended,
        suspension_reason=reason,
        roles=roles_from(named),
        created_at=created,
        updated_at=updated,
        last_signed_in_at=signed_in,
        second_factor_since=since,
        version=version,
        defined_permissions=permissions_from(given),
        guards=guards_from(named, given),
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
