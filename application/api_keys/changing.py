"""Renaming API keys, and taking them back."""

from application.api_keys.holders import KeyHolders, key_of
from application.api_keys.listing import EffectiveRights, ShownKey
from application.api_keys.ports import ApiKeysUnit
from application.audit.recording import Recorder
from application.expectations import Expected, require_expected
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.api_keys.api_key import ApiKeyNotFound, KeyOwner
from domain.api_keys.permissions import API_KEYS_REVOKE
from domain.identifiers import ApiKeyId
from domain.origin import Origin
from domain.principal import Principal


class RenameApiKey:
    """Give one of the caller's keys another name."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ApiKeysUnit],
        clock: Clock,
        holders: KeyHolders,
        rights: EffectiveRights,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._holders, self._rights = holders, rights

    async def __call__(
        self,
        *,
        principal: Principal,
        key_id: ApiKeyId,
        name: str,
        expected: Expected[ShownKey] | None = None,
    ) -> ShownKey:
        """Return the key as it is now.

        Raises PersonRequired, SessionIsOver, ValidationFailed, ApiKeyNotFound and
        ChangedMeanwhile.
        """

        async def rename() -> ShownKey:
            async with self._unit_of_work() as unit:
                holder = await self._holders.holder(unit, principal, None, of_users=API_KEYS_REVOKE)
                key, now = await key_of(unit, holder, key_id), self._clock.now()
                require_expected(self._rights(key, holder, now=now), expected)
                key.rename(name)
                await unit.api_keys.save(key)
                await unit.commit()
            return self._rights(key, holder, now=now)

        return await retry_on_conflict(rename)


class RevokeApiKey:
    """Take a key back: it is refused from the next request on."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ApiKeysUnit],
        clock: Clock,
        recorder: Recorder,
        holders: KeyHolders,
        rights: EffectiveRights,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder
        self._holders, self._rights = holders, rights

    async def __call__(
        self,
        *,
        principal: Principal,
        owner: KeyOwner | None = None,
        key_id: ApiKeyId,
        expected: Expected[ShownKey] | None = None,
        origin: Origin,
    ) -> None:
        """Return once it is gone; without ``owner`` it is one of the caller's own.

        Raises PermissionDenied, StepUpRequired, PersonRequired, SessionIsOver, UserNotFound,
        ServiceAccountNotFound, ApiKeyNotFound and ChangedMeanwhile.
        """
        async with self._unit_of_work() as unit:
            holder = await self._holders.holder(unit, principal, owner, of_users=API_KEYS_REVOKE)
            key, now = await key_of(unit, holder, key_id), self._clock.now()
            require_expected(self._rights(key, holder, now=now), expected)
            if not await unit.api_keys.remove(key):
                raise ApiKeyNotFound
            await self._recorder.record(unit, key.revoked(now=now), actor=principal, origin=origin)
            await unit.commit()

    async def all(
        self, *, principal: Principal, owner: KeyOwner | None = None, origin: Origin
    ) -> None:
        """Return once every key of the account is gone; it may have none.

        Raises as for one, but for ApiKeyNotFound and ChangedMeanwhile.
        """
        async with self._unit_of_work() as unit:
            holder = await self._holders.holder(unit, principal, owner, of_users=API_KEYS_REVOKE)
            keys, now = await unit.api_keys.list_of(holder.id), self._clock.now()
            gone = [key for key in keys if await unit.api_keys.remove(key)]
            if not gone:
                return
            events = [key.revoked(now=now) for key in gone]
            await self._recorder.record(unit, *events, actor=principal, origin=origin)
            await unit.commit()
