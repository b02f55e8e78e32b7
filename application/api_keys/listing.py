"""API keys as they are shown: what each may do now, and never its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.api_keys.holders import Holder, KeyHolders, key_of
from application.api_keys.ports import ApiKeysUnit
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.api_keys.api_key import ApiKey, KeyOwner
from domain.api_keys.permissions import API_KEYS_READ
from domain.assurance import Level
from domain.identifiers import ApiKeyId
from domain.principal import Permission, Principal


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key, and what it gives today: nothing after its end, and while its owner is suspended."""

    key: ApiKey
    effective: frozenset[Permission]


class EffectiveRights:
    """Says what a key gives."""

    def __init__(self, *, administrator_acr: Level | None) -> None:
        self._administrator_acr = administrator_acr

    def __call__(self, key: ApiKey, holder: Holder, *, now: datetime) -> ShownKey:
        """Return the key with what it gives now."""
        if holder.suspended_at is not None or key.has_expired(now):
            return ShownKey(key, frozenset())
        authority = holder.authority(administrator=self._administrator_acr)
        return ShownKey(key, key.authority(authority).permissions)


class ListApiKeys:
    """Show the keys of an account."""

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
        self, *, principal: Principal, owner: KeyOwner | None = None
    ) -> Sequence[ShownKey]:
        """Return them, the newest first; without ``owner`` the caller's own.

        Raises PermissionDenied, StepUpRequired, PersonRequired, SessionIsOver, UserNotFound
        and ServiceAccountNotFound.
        """
        now = self._clock.now()
        async with self._unit_of_work.read_only() as unit:
            holder = await self._holders.holder(unit, principal, owner, of_users=API_KEYS_READ)
            keys = await unit.api_keys.list_of(holder.id)
        return [self._rights(key, holder, now=now) for key in keys]

    async def one(
        self, *, principal: Principal, key_id: ApiKeyId, owner: KeyOwner | None = None
    ) -> ShownKey:
        """Return one of them. Raises ApiKeyNotFound, and as for all."""
        now = self._clock.now()
        async with self._unit_of_work.read_only() as unit:
            holder = await self._holders.holder(unit, principal, owner, of_users=API_KEYS_READ)
            return self._rights(await key_of(unit, holder, key_id), holder, now=now)
