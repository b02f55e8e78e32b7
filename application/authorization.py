"""May this user do that, and why: for products that ask instead of reading tokens (AZ-1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import ADMINISTRATOR, BUILT_IN_ROLES, Permission, Principal, RoleName
from domain.errors import ValidationFailed
from domain.identifiers import UserId
from domain.role import Role
from domain.user import User, UserNotFound, UserStatus

CHECK, READ = Permission("authorization:check"), Permission("users:read")
MOST_CHECKS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One check: who, and what."""

    subject_id: UserId
    permission: Permission
    explain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The roles that give the permission; else those that would."""

    granted_by: Sequence[RoleName]
    missing: Permission | None = None
    would_be_granted_by: Sequence[RoleName] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to a question."""

    allowed: bool
    explanation: Explanation | None = None


class CheckAuthorization:
    """Answer questions, each for itself, in their order.

    Nobody is allowed anything who is unknown, suspended, or whose address nobody has proven.
    """

    def __init__(self, *, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, *, principal: Principal, questions: Sequence[Question]
    ) -> list[Decision]:
        """Return a decision for each question. Raises PermissionDenied and ValidationFailed."""
        principal.require(CHECK)
        if not 0 < len(questions) <= MOST_CHECKS:
            message = f"Ask 1 to {MOST_CHECKS} questions."
            raise ValidationFailed.of("checks", "INVALID_LENGTH", message)
        roles: list[Role] = []
        async with self._unit_of_work.read_only() as unit:
            users = {
                subject: await unit.users.get(subject)
                for subject in {question.subject_id for question in questions}
            }
            if any(question.explain for question in questions):
                roles = await unit.roles.list_all()
        return [_decide(question, users[question.subject_id], roles) for question in questions]


@dataclass(frozen=True, slots=True)
class EffectivePermissions:
    """What a user may do, and which of their roles give each of it."""

    user: User
    granted_by: dict[Permission, Sequence[RoleName]]


class ShowEffectivePermissions:
    """Show everything that a user's roles add up to."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, *, principal: Principal, user_id: UserId) -> EffectivePermissions:
        """Return the permissions by name. Raises PermissionDenied and UserNotFound."""
        principal.require(READ)
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.get(user_id)
            roles = await unit.roles.list_all()
        if user is None:
            raise UserNotFound
        return EffectivePermissions(
            user, {each: _givers(each, roles, user.roles) for each in sorted(user.permissions)}
        )


def _decide(question: Question, user: User | None, roles: Iterable[Role]) -> Decision:
    in_good_standing = user is not None and user.status is UserStatus.ACTIVE
    held = user.roles if user is not None else frozenset[RoleName]()
    permission = question.permission
    allowed = (
        in_good_standing
        and user is not None
        and (permission in user.permissions or ADMINISTRATOR.name in held)
    )
    if not question.explain:
        return Decision(allowed=allowed)
    givers = _givers(permission, roles)
    if allowed:
        explanation = Explanation(granted_by=[role for role in givers if role in held])
    else:
        explanation = Explanation(granted_by=[], missing=permission, would_be_granted_by=givers)
    return Decision(allowed=allowed, explanation=explanation)


def _givers(
    permission: Permission, roles: Iterable[Role], held: frozenset[RoleName] | None = None
) -> list[RoleName]:
    """Return the roles that give the permission, of those that are held if that is asked."""
    names = {role.name for role in roles if permission in role.permissions}
    names |= {name for name, role in BUILT_IN_ROLES.items() if permission in role.permissions}
    names.add(ADMINISTRATOR.name)  # which has every permission, also a product's
    return sorted(names if held is None else names & held)
