"""Whose API keys are meant, and whether the caller may look after them."""

from dataclasses import replace

from application.api_keys.ports import ApiKeysUnit
from application.freshness import Freshness
from application.ports.clock import Clock
from application.service_accounts.lookup import existing_account
from application.users.lookup import existing_user
from domain.api_keys.api_key import ApiKey, ApiKeyNotFound, KeyOwner
from domain.identifiers import ApiKeyId, ServiceAccountId, UserId
from domain.principal import Permission, PermissionDenied, Principal, PrincipalKind
from domain.service_accounts.permissions import SERVICE_ACCOUNTS_WRITE
from domain.service_accounts.service_account import ServiceAccount
from domain.sessions.session import EndReason, SessionIsOver
from domain.users.user import User

type Holder = User | ServiceAccount


class KeyHolders:
    """Finds the owner of keys: the caller, or another account for which a permission is needed."""

    def __init__(self, *, freshness: Freshness, clock: Clock) -> None:
        self._freshness, self._clock = freshness, clock

    async def holder(
        self,
        unit: ApiKeysUnit,
        principal: Principal,
        owner: KeyOwner | None,
        *,
        of_users: Permission,
    ) -> Holder:
        """Return the owner; None stands for the caller, who has to be signed in.

        ``of_users`` is the permission that another user's keys take. Raises PermissionDenied,
        StepUpRequired, PersonRequired, SessionIsOver, UserNotFound and ServiceAccountNotFound.
        """
        if isinstance(owner, UserId):
            principal.require(of_users)
            return await existing_user(unit, owner)
        if isinstance(owner, ServiceAccountId):
            principal.require(SERVICE_ACCOUNTS_WRITE)
            return await existing_account(unit, owner)
        principal.ensure_no_key()
        user = await unit.users.get(principal.user_id) if principal.user_id else None
        if user is None:
            raise SessionIsOver.because(EndReason.USER_DELETED)
        return user

    async def holder_of_new(
        self, unit: ApiKeysUnit, principal: Principal, owner: KeyOwner | None
    ) -> Holder:
        """Return for whom the caller may make a key: for a service account, or for themselves.

        It takes a recent proof of who they are (HD-6), and a session that lives now: what ended it
        meanwhile has changed the user, too, and is met when the user is saved. An operator may do
        it for anybody. Raises as :meth:`holder`, and StepUpRequired.
        """
        principal.ensure_no_key()
        self._freshness.ensure(principal)
        if isinstance(owner, UserId) and principal.kind is not PrincipalKind.OPERATOR:
            raise PermissionDenied
        found = await self.holder(unit, principal, owner, of_users=SERVICE_ACCOUNTS_WRITE)
        if isinstance(found, User) and found.has_second_factor != principal.has_second_factor:
            now = replace(principal, has_second_factor=found.has_second_factor)
            self._freshness.ensure(now)
        if principal.session_id is not None:
            session = await unit.sessions.get(principal.session_id)
            over = EndReason.USER_DELETED if session is None else session.over(self._clock.now())
            if over is not None:
                raise SessionIsOver.because(over)
        return found


async def key_of(unit: ApiKeysUnit, holder: Holder, key_id: ApiKeyId) -> ApiKey:
    """Return the key; raise ApiKeyNotFound alike for an unknown one and another account's."""
    key = await unit.api_keys.get(key_id)
    if key is None or key.owner != holder.id:
        raise ApiKeyNotFound
    return key


async def save_holder(unit: ApiKeysUnit, holder: Holder) -> None:
    """Save the owner as it is: of two changes of its keys at once, the second one conflicts."""
    if isinstance(holder, User):
        await unit.users.save(holder)
    else:
        await unit.service_accounts.save(holder)
