"""Who asks, and what they may do: permissions, names of roles, and the principal."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.assurance import Assurance, Level, StepUpRequired, highest, lowest
from domain.errors import Forbidden, ValidationFailed
from domain.identifiers import ApiKeyId, ServiceAccountId, SessionId, UserId

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


class PersonRequired(Forbidden):
    """The caller came with an API key, and this is for somebody who signed in."""

    code = "PERSON_REQUIRED"
    message = "An API key cannot do this. Sign in."
    meaning = "It takes a session of the user: an API key may not do it, whatever it is given."


class Permission(str):
    """The right to do one kind of thing, written ``namespace:action``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str, *, field: str = "permission") -> "Permission":
        """Return the permission, or raise :class:`ValidationFailed` about that field."""
        if not _PERMISSION.fullmatch(text):
            message = "A permission is written namespace:action."
            raise ValidationFailed.of(field, "INVALID_PERMISSION", message)
        return cls(text)


class RoleName(str):
    """The name of a role."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str, *, field: str = "role") -> "RoleName":
        """Return the name, or raise :class:`ValidationFailed` about that field."""
        if not _ROLE_NAME.fullmatch(text):
            message = "A role's name is lower-case letters, digits, - and _."
            raise ValidationFailed.of(field, "INVALID_ROLE_NAME", message)
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


@dataclass(frozen=True, slots=True)
class Guards:
    """From which level on the roles of an account count (MF-2).

    ``roles`` has those of them that ask for one; ``permissions`` has what they alone give, with the
    lowest level at which one of them gives it. What is in neither counts in every session.
    """

    roles: Mapping[RoleName, Level] = field(hash=False)
    permissions: Mapping[Permission, Level] = field(hash=False)

    @classmethod
    def of(
        cls,
        *,
        roles: Mapping[RoleName, Level],
        given: Iterable[tuple[Permission, Level | None]],
    ) -> "Guards":
        """Return the guards of these roles, which give these permissions at these levels.

        A permission may come several times; None stands for a role that asks for no level.
        """
        levels: dict[Permission, set[Level | None]] = {}
        for permission, level in given:
            levels.setdefault(permission, set()).add(level)
        return cls(
            roles,
            {
                permission: lowest(level for level in found if level is not None)
                for permission, found in levels.items()
                if None not in found
            },
        )

    def beside(self, role: RoleName, level: Level) -> "Guards":
        """Return these guards, and that of one more role."""
        return replace(self, roles={**self.roles, role: level})

    def level_for(self, permission: Permission) -> Level | None:
        """Return the lowest level at which one of the roles gives the permission.

        None if no level that is known here is enough. Asked where the session at hand does not
        give it (:func:`permits`).
        """
        levels = (self.roles.get(ADMINISTRATOR), self.permissions.get(permission))
        known = [level for level in levels if level is not None and level.is_known]
        return lowest(known) if known else None


UNGUARDED = Guards({}, {})
"""Every role counts in every session."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What the roles of an account give: as a whole, or in a session of one level (:meth:`at`)."""

    roles: frozenset[RoleName]
    permissions: frozenset[Permission]
    guards: Guards = UNGUARDED

    def at(self, level: Level) -> "Authority":
        """Return what is left of it in a session of that level; the guards stay the same."""
        if not self.guards.roles:
            return self
        asleep = _beyond(level, self.guards.roles)
        lacking = _beyond(level, self.guards.permissions)
        return replace(self, roles=self.roles - asleep, permissions=self.permissions - lacking)

    @property
    def dormant(self) -> Mapping[RoleName, Level]:
        """The roles that do not count at this level, and from which one on they would."""
        return _dormant(self.roles, self.guards)

    def narrowed_to(self, permissions: Iterable[Permission]) -> "Authority":
        """Return those of the permissions that it gives, and nothing else: no role, no guard.

        A role would say more than the permissions do: its name alone may be worth something to a
        product.
        """
        return Authority(frozenset(), frozenset(each for each in permissions if self.may(each)))

    def may(self, permission: Permission) -> bool:
        """Tell whether that much gives the permission (:func:`permits`)."""
        return permits(self.roles, self.permissions, permission)


NO_AUTHORITY = Authority(frozenset(), frozenset())
"""What a user has who may do nothing."""


def _beyond[T](level: Level, guarded: Mapping[T, Level]) -> set[T]:
    return {each for each, required in guarded.items() if not level.reaches(required)}


def _dormant(awake: frozenset[RoleName], guards: Guards) -> Mapping[RoleName, Level]:
    return {role: level for role, level in sorted(guards.roles.items()) if role not in awake}


class PrincipalKind(StrEnum):
    """What stands behind a request."""

    ANONYMOUS = "anonymous"
    USER = "user"
    SERVICE = "service"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. HTTP builds it from the access token; command line and worker have their own.

    ``assurance`` is what the caller's session knows of how they were recognised;
    ``has_second_factor`` says that their account takes more than a password. ``roles`` and
    ``permissions`` are what counts in this session; ``guards`` says from which level on more does.

    A caller with an API key has no session and no role: what counts is what the key and its owner
    both give. The owner is a user, or a service account.
    """

    kind: PrincipalKind
    user_id: UserId | None = None
    service_account_id: ServiceAccountId | None = None
    session_id: SessionId | None = None
    key_id: ApiKeyId | None = None
    roles: frozenset[RoleName] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    guards: Guards = UNGUARDED
    assurance: Assurance | None = None
    has_second_factor: bool = False

    @property
    def account_id(self) -> UserId | ServiceAccountId | None:
        """Whose account it is; None where nobody's is needed."""
        return self.user_id or self.service_account_id

    @property
    def dormant(self) -> Mapping[RoleName, Level]:
        """The roles of the account that do not count in this session, and the level of each."""
        return _dormant(self.roles, self.guards)

    def may(self, permission: Permission) -> bool:
        """Tell whether the principal has the permission (:func:`permits`)."""
        return permits(self.roles, self.permissions, permission)

    def require(
        self,
        *permissions: Permission,
        awake: Collection[RoleName] = (),
        acr: Level | None = None,
    ) -> None:
        """Return if the principal has the permissions.

        And if none of the roles ``awake`` is dormant, and the session is of the level ``acr``;
        operators and the system itself act without one.

        Else raise :class:`PermissionDenied`, or, where a session of a higher level would do,
        :class:`~domain.assurance.StepUpRequired` with the lowest one that does; a caller with an
        API key has none, and gets :class:`PersonRequired`.
        """
        missing = [each for each in permissions if not self.may(each)]
        needed = [level for role, level in self.dormant.items() if role in awake] if awake else []
        if acr is not None and not self._reaches(acr):
            needed.append(acr)
        for permission in missing:
            level = self.guards.level_for(permission)
            if level is None:
                raise PermissionDenied(permission)
            needed.append(level)
        if not needed:
            return
        if not all(level.is_known for level in needed):
            raise PermissionDenied
        self.ensure_no_key()  # which could take no step up
        raise StepUpRequired(highest(needed), missing=missing[0] if missing else None)

    @property
    def level(self) -> Level:
        """How surely the caller is recognised: the lowest level for one who has shown nothing."""
        return Level.AAL1 if self.assurance is None else self.assurance.acr

    def _reaches(self, level: Level) -> bool:
        if self.kind in _WITHOUT_SESSION:
            return True
        return self.assurance is not None and self.assurance.acr.reaches(level)

    def ensure_no_key(self) -> None:
        """Return if the caller did not come with an API key, else raise :class:`PersonRequired`.

        A key begets nothing: no session, no other key, no proof of who its owner is.
        """
        if self.key_id is not None:
            raise PersonRequired

    def ensure_recently_recognised(self, *, max_age: timedelta, now: datetime) -> None:
        """Return if the caller showed within ``max_age`` who they are, with all that they have.

        Else raises :class:`~domain.assurance.StepUpRequired` (HD-6, MF-2). Operators and the
        system itself act without a session, and have nothing to show; a key cannot show anything.
        """
        self.ensure_no_key()
        if self.kind in _WITHOUT_SESSION:
            return
        wanted = Level.AAL2 if self.has_second_factor else Level.AAL1
        if self.assurance is None:
            raise StepUpRequired(wanted, max_age=max_age)
        self.assurance.ensure_recent(wanted, max_age=max_age, now=now)


_WITHOUT_SESSION = frozenset({PrincipalKind.OPERATOR, PrincipalKind.SYSTEM})

ANONYMOUS = Principal(kind=PrincipalKind.ANONYMOUS)
OPERATOR = Principal(kind=PrincipalKind.OPERATOR, roles=frozenset({ADMINISTRATOR}))
SYSTEM = Principal(kind=PrincipalKind.SYSTEM, roles=frozenset({ADMINISTRATOR}))
