"""Who asks, and what they may do: permissions, names of roles, and the principal."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.assurance import Assurance, Level, StepUpRequired
from domain.errors import Forbidden, ValidationFailed
from domain.identifiers import SessionId, UserId

_PERMISSION = re.compile(r"[a-z][a-z0-9_-]{0,31}:[a-z][a-z0-9_-]{0,31}")
_ROLE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class PermissionDenied(Forbidden):
    """The principal is known and lacks the permission."""

    code = "PERMISSION_DENIED"
    message = "You may not do this."
    meaning = "The caller lacks the permission."

    def __init__(self, missing: "Permission | None" = None) -> None:
        """Take what is missing, for the audit trail; None where no permission would do."""
        super().__init__()
        self.missing = missing


class Permission(str):
    """The right to do one kind of thing, written ``namespace:action``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Permission":
        """Return the permission, or raise :class:`ValidationFailed`."""
        if not _PERMISSION.fullmatch(text):
            raise ValidationFailed.of(
                "permission", "INVALID_PERMISSION", "A permission is written namespace:action."
            )
        return cls(text)


class RoleName(str):
    """The name of a role."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "RoleName":
        """Return the name, or raise :class:`ValidationFailed`."""
        if not _ROLE_NAME.fullmatch(text):
            raise ValidationFailed.of(
                "role", "INVALID_ROLE_NAME", "A role's name is lower-case letters, digits, - and _."
            )
        return cls(text)


ADMINISTRATOR = RoleName("administrator")
"""The built-in role that may do everything, also what no role gives yet."""
USER = RoleName("user")
"""The built-in role that every account has; it gives no permission."""
BUILT_IN = frozenset({ADMINISTRATOR, USER})


def permits(
    roles: frozenset[RoleName], permissions: frozenset[Permission], permission: Permission
) -> bool:
    """Tell whether a user with these roles, which give these permissions, may do that.

    The one rule behind every decision: a principal's, and the authorization check's.
    """
    return ADMINISTRATOR in roles or permission in permissions


class PrincipalKind(StrEnum):
    """What stands behind a request."""

    ANONYMOUS = "anonymous"
    USER = "user"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. HTTP builds it from the access token; command line and worker have their own.

    ``assurance`` is what the caller's session knows of how they were recognised;
    ``has_second_factor`` says that their account takes more than a password.
    """

    kind: PrincipalKind
    user_id: UserId | None = None
    session_id: SessionId | None = None
    roles: frozenset[RoleName] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    assurance: Assurance | None = None
    has_second_factor: bool = False

    def may(self, permission: Permission) -> bool:
        """Tell whether the principal has the permission (:func:`permits`)."""
        return permits(self.roles, self.permissions, permission)

    def require(self, permission: Permission) -> None:
        """Return if the principal has the permission, else raise :class:`PermissionDenied`."""
        if not self.may(permission):
            raise PermissionDenied(permission)

    def ensure_recently_recognised(self, *, max_age: timedelta, now: datetime) -> None:
        """Return if the caller showed within ``max_age`` who they are, with all that they have.

        Else raises :class:`~domain.assurance.StepUpRequired` (HD-6, MF-2). Operators and the
        system itself act without a session, and have nothing to show.
        """
        if self.kind in {PrincipalKind.OPERATOR, PrincipalKind.SYSTEM}:
            return
        wanted = Level.AAL2 if self.has_second_factor else Level.AAL1
        if self.assurance is None:
            raise StepUpRequired(wanted, max_age=max_age)
        self.assurance.ensure_recent(wanted, max_age=max_age, now=now)


ANONYMOUS = Principal(kind=PrincipalKind.ANONYMOUS)
OPERATOR = Principal(kind=PrincipalKind.OPERATOR, roles=frozenset({ADMINISTRATOR}))
SYSTEM = Principal(kind=PrincipalKind.SYSTEM, roles=frozenset({ADMINISTRATOR}))
