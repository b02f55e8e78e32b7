"""Rows and entities of accounts: users, credentials, mailed secrets, guesses.

Rows are read by position: the tuple of columns above each function is what to select, in the
order in which the function takes it apart.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import func, literal_column, select, true, union

from adapters.sqlalchemy.statements import Row, Written
from adapters.sqlalchemy.tables import (
    invitations,
    one_time_tokens,
    password_credentials,
    role_permissions,
    sign_in_attempts,
    user_roles,
    users,
)
from application.ports.user_search import search_text
from domain.access import ADMINISTRATOR, Permission, RoleName
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.identifiers import InvitationId, UserId
from domain.invitation import Invitation
from domain.one_time_token import OneTimeToken, Purpose
from domain.sign_in_attempts import SignInAttempts
from domain.user import User

# A role's name holds no comma (domain.access), so one text carries them all. The comma is
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
# for an administrator what any role gives (domain.access.Principal.may). The latter goes from one
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
        _held.c.role == literal_column(f"'{ADMINISTRATOR.name}'"),
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
    (id_, email, key, name, verified, suspended, reason, created, updated, signed_in, version,
     roles, permissions) = row  # fmt: skip
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
        "version": user.version,
    }


CREDENTIAL = (
    password_credentials.c.user_id,
    password_credentials.c.hash,
    password_credentials.c.changed_at,
    password_credentials.c.contested,
    password_credentials.c.version,
)


def credential_from(row: Row) -> PasswordCredential:
    """Return the credential that a row of ``CREDENTIAL`` tells of."""
    user_id, hashed, changed_at, contested, version = row
    return PasswordCredential(
        user_id=UserId(user_id),
        hash=hashed,
        changed_at=changed_at,
        contested=contested,
        version=version,
    )


def credential_values(credential: PasswordCredential) -> Written:
    """Return all that is written of a credential."""
    return {
        "user_id": credential.user_id.value,
        "hash": credential.hash,
        "changed_at": credential.changed_at,
        "contested": credential.contested,
        "version": credential.version,
    }


TOKEN = (
    one_time_tokens.c.user_id,
    one_time_tokens.c.purpose,
    one_time_tokens.c.email,
    one_time_tokens.c.email_key,
    one_time_tokens.c.digest,
    one_time_tokens.c.created_at,
    one_time_tokens.c.expires_at,
)


def token_from(row: Row) -> OneTimeToken:
    """Return the mailed secret's record that a row of ``TOKEN`` tells of."""
    user_id, purpose, email, key, digest, created_at, expires_at = row
    return OneTimeToken(
        user_id=UserId(user_id),
        purpose=Purpose(purpose),
        email=EmailAddress(value=email, key=key),
        digest=digest,
        created_at=created_at,
        expires_at=expires_at,
    )


def token_values(token: OneTimeToken) -> Written:
    """Return all that is written of a mailed secret's record."""
    return {
        "user_id": token.user_id.value,
        "purpose": token.purpose.value,
        "email": token.email.value,
        "email_key": token.email.key,
        "digest": token.digest,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }


INVITATION = (
    invitations.c.id,
    invitations.c.email,
    invitations.c.email_key,
    invitations.c.roles,
    invitations.c.invited_by,
    invitations.c.digest,
    invitations.c.created_at,
    invitations.c.expires_at,
)


def invitation_from(row: Row) -> Invitation:
    """Return the invitation that a row of ``INVITATION`` tells of."""
    id_, email, key, roles, invited_by, digest, created_at, expires_at = row
    return Invitation(
        id=InvitationId(id_),
        email=EmailAddress(value=email, key=key),
        roles=frozenset(RoleName(role) for role in roles),
        invited_by=None if invited_by is None else UserId(invited_by),
        digest=digest,
        created_at=created_at,
        expires_at=expires_at,
    )


def invitation_values(invitation: Invitation) -> Written:
    """Return all that is written of an invitation."""
    inviter = invitation.invited_by
    return {
        "id": invitation.id.value,
        "email": invitation.email.value,
        "email_key": invitation.email.key,
        "roles": sorted(invitation.roles),
        "invited_by": None if inviter is None else inviter.value,
        "digest": invitation.digest,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }


ATTEMPTS = (
    sign_in_attempts.c.key,
    sign_in_attempts.c.failures,
    sign_in_attempts.c.locks,
    sign_in_attempts.c.locked_until,
    sign_in_attempts.c.last_attempt_at,
    sign_in_attempts.c.version,
)


def attempts_from(row: Row) -> SignInAttempts:
    """Return the guesses that a row of ``ATTEMPTS`` tells of."""
    key, failures, locks, locked_until, last_attempt_at, version = row
    return SignInAttempts(
        key=key,
        failures=failures,
        locks=locks,
        locked_until=locked_until,
        last_attempt_at=last_attempt_at,
        version=version,
    )


def attempts_values(attempts: SignInAttempts) -> Written:
    """Return all that is written of the guesses at one address."""
    return {
        "key": attempts.key,
        "failures": attempts.failures,
        "locks": attempts.locks,
        "locked_until": attempts.locked_until,
        "last_attempt_at": attempts.last_attempt_at,
        "version": attempts.version,
    }
