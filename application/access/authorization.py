"""May this user or program do that, and why: for products that ask and read no tokens (AZ-1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from application.access.ports import AccessUnit
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.lookup import existing_user
from domain.access.permissions import AUTHORIZATION_CHECK
from domain.access.role import BuiltInRole, Role
from domain.assurance import Level
from domain.errors import ValidationFailed
from domain.identifiers import Identifier, ServiceAccountId, UserId
from domain.principal import (
    ADMINISTRATOR,
    NO_AUTHORITY,
    Guards,
    Permission,
    Principal,
    RoleName,
)
from domain.service_accounts.service_account import ServiceAccount, ServiceAccountStatus
from domain.users.permissions import USERS_READ
from domain.users.user import User, UserStatus

MOST_CHECKS = 100
_ACTIVE = frozenset({UserStatus.ACTIVE, ServiceAccountStatus.ACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One check: who, and what, and in a session of which level (``acr`` in the subject's token).

    Without a level the answer is that of the lowest, so that it never allows too much.
    """

    subject_id: Identifier
    permission: Permission
    acr: Level = Level.AAL1
    explain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The roles that give the permission; else those that would.

    ``dormant`` are the roles of the subject that give it from a higher level on.
    """

    granted_by: Sequence[RoleName]
    missing: Permission | None = None
    would_be_granted_by: Sequence[RoleName] = ()
    dormant: Mapping[RoleName, Level] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to a question."""

    allowed: bool
    explanation: Explanation | None = None


class CheckAuthorization:
    """Answer questions, each for itself, in their order.

    The subject is a user or a service account: one that is unknown, suspended, or a user whose
    address was not proven, is allowed nothing.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AccessUnit], administrator_acr: Level | None
    ) -> None:
        self._unit_of_work, self._administrator_acr = unit_of_work, administrator_acr

    async def __call__(
        self, *, principal: Principal, questions: Sequence[Question]
    ) -> list[Decision]:
        """Return a decision for each question.

        Raises PermissionDenied, StepUpRequired and ValidationFailed.
        """
        principal.require(AUTHORIZATION_CHECK)
        if not 0 < len(questions) <= MOST_CHECKS:
            message = f"Ask 1 to {MOST_CHECKS} questions."
            raise ValidationFailed.of("checks", "INVALID_LENGTH", message)
        roles: list[Role] = []
        async with self._unit_of_work.read_only() as unit:
            asked = {question.subject_id.value for question in questions}
            users = await unit.users.get_many({UserId(each) for each in asked})
            subjects: dict[UUID, User | ServiceAccount] = {
                each.value: user for each, user in users.items()
            }
            if rest := asked - subjects.keys():
                programs = await unit.service_accounts.get_many(
                    {ServiceAccountId(each) for each in rest}
                )
                subjects |= {each.value: program for each, program in programs.items()}
            if any(question.explain for question in questions):
                roles = await unit.roles.list_all()
        return [
            self._decide(question, subjects.get(question.subject_id.value), roles)
            for question in questions
        ]

    def _decide(
        self, question: Question, subject: User | ServiceAccount | None, roles: Iterable[Role]
    ) -> Decision:
        permission, authority = question.permission, NO_AUTHORITY
        if subject is not None and subject.status in _ACTIVE:
            authority = subject.authority(administrator=self._administrator_acr).at(question.acr)
        allowed = authority.may(permission)
        if not question.explain:
            return Decision(allowed=allowed)
        givers = _givers(permission, roles)
        explanation = Explanation(
            granted_by=[role for role in givers if role in authority.roles],
            missing=None if allowed else permission,
            would_be_granted_by=[] if allowed else givers,
            dormant={r: level for r, level in authority.dormant.items() if r in givers},
        )
        return Decision(allowed=allowed, explanation=explanation)


@dataclass(frozen=True, slots=True)
class EffectivePermissions:
    """What a user may do, and which of their roles give each of it.

    ``guards`` says from which level on that counts.
    """

    user: User
    granted_by: Mapping[Permission, Sequence[RoleName]]
    guards: Guards


class ShowEffectivePermissions:
    """Show everything that a user's roles add up to."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccessUnit],
        built_in: Mapping[RoleName, BuiltInRole],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._administrator = built_in[ADMINISTRATOR]

    async def __call__(self, *, principal: Principal, user_id: UserId) -> EffectivePermissions:
        """Return the permissions by name.

        Raises PermissionDenied, StepUpRequired and UserNotFound.
        """
        principal.require(USERS_READ)
        async with self._unit_of_work.read_only() as unit:
            user = await existing_user(unit, user_id)
            roles = await unit.roles.list_all()
        given = set(user.defined_permissions)
        if ADMINISTRATOR in user.roles:
            given |= self._administrator.permissions.union(*(each.permissions for each in roles))
        granted_by = {
            permission: [role for role in _givers(permission, roles) if role in user.roles]
            for permission in sorted(given)
        }
        authority = user.authority(administrator=self._administrator.required_acr)
        return EffectivePermissions(user, granted_by, authority.guards)


def _givers(permission: Permission, roles: Iterable[Role]) -> list[RoleName]:
    """Return the roles that give the permission; the administrator's gives every one."""
    return sorted({ADMINISTRATOR, *(each.name for each in roles if permission in each.permissions)})
