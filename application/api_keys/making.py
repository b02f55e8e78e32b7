"""Making API keys, and putting a new one in the place of an old one."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from application.access.known_permissions import KnownPermissions
from application.api_keys.holders import Holder, KeyHolders, key_of, save_holder
from application.api_keys.listing import EffectiveRights, ShownKey
from application.api_keys.mails import API_KEY_CREATED
from application.api_keys.ports import ApiKeysUnit
from application.audit.recording import Recorder
from application.mail.allowance import AdditionAllowance
from application.mail.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.api_keys.api_key import (
    MOST_EXPIRED,
    MOST_KEYS,
    ApiKey,
    KeyOwner,
    TooManyApiKeys,
    overlap_of,
)
from domain.api_keys.events import ApiKeyCreated, ApiKeyEvent, ApiKeyRotated
from domain.api_keys.key_text import KeyText
from domain.errors import ValidationFailed
from domain.identifiers import ApiKeyId
from domain.origin import Origin
from domain.principal import Principal
from domain.users.user import User

_LONGEST_SECONDS = 100 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, with the text that is shown this once."""

    shown: ShownKey
    text: KeyText = field(repr=False)


class NewKeys:
    """Keeps a key that was just made, by whichever way."""

    def __init__(self, *, recorder: Recorder, notifications: Notifications) -> None:
        self._recorder, self._notifications = recorder, notifications

    async def keep(
        self,
        unit: ApiKeysUnit,
        key: ApiKey,
        event: ApiKeyEvent,
        *,
        holder: Holder,
        principal: Principal,
        origin: Origin,
    ) -> None:
        """Keep the key and record the event; queue the mail to a user whose key it is (HD-7).

        Of the owner's expired keys only some stay, so that short ones do not fill the table.
        """
        await unit.api_key_upkeep.drop_expired(holder.id, now=key.created_at, keep=MOST_EXPIRED)
        await unit.api_keys.add(key)
        if isinstance(holder, User):
            words = {"hint": key.hint}
            notice = self._notifications.notice(
                API_KEY_CREATED, holder.email, now=key.created_at, parameters=words
            )
            await unit.outbox.enqueue(notice)
        await self._recorder.record(unit, event, actor=principal, origin=origin)


@dataclass(frozen=True, slots=True)
class _Wanted:
    principal: Principal
    owner: KeyOwner | None
    name: str
    permissions: Collection[str]
    lifetime: timedelta | None


class CreateApiKey:
    """Make a key, of permissions that its maker has."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ApiKeysUnit],
        clock: Clock,
        randomness: Randomness,
        holders: KeyHolders,
        rights: EffectiveRights,
        new_keys: NewKeys,
        known: KnownPermissions,
        count_addition: AdditionAllowance,
        longest: timedelta | None,
    ) -> None:
        self._unit_of_work, self._clock, self._randomness = unit_of_work, clock, randomness
        self._holders, self._rights, self._new_keys = holders, rights, new_keys
        self._known, self._count_addition, self._longest = known, count_addition, longest

    async def __call__(
        self,
        *,
        principal: Principal,
        owner: KeyOwner | None = None,
        name: str,
        permissions: Collection[str],
        expires_in: int | None = None,
        origin: Origin,
    ) -> NewKey:
        """Return the key with its text; without ``owner`` it is the caller's own.

        It lives for ``expires_in`` seconds, as long as any key may where that is left out.

        Raises PermissionDenied, StepUpRequired, PersonRequired, ValidationFailed, TooManyApiKeys,
        TooManyRequests, SessionIsOver, ServiceAccountNotFound, and UserNotFound for an operator.
        """
        wanted = _Wanted(principal, owner, name, permissions, self._lifetime(expires_in))
        if owner is None:
            async with self._unit_of_work.read_only() as unit:
                await self._made(unit, wanted)  # what is refused is not counted
            await self._count_addition(principal)
        return await retry_on_conflict(lambda: self._create(wanted, origin))

    async def _create(self, wanted: "_Wanted", origin: Origin) -> NewKey:
        async with self._unit_of_work() as unit:
            holder, key, text, created = await self._made(unit, wanted)
            await save_holder(unit, holder)
            await self._new_keys.keep(
                unit, key, created, holder=holder, principal=wanted.principal, origin=origin
            )
            await unit.commit()
        return NewKey(self._rights(key, holder, now=key.created_at), text)

    async def _made(
        self, unit: ApiKeysUnit, wanted: "_Wanted"
    ) -> tuple[Holder, ApiKey, KeyText, ApiKeyCreated]:
        """Return what was asked for, kept nowhere yet; raise what stands against it."""
        principal = wanted.principal
        holder = await self._holders.holder_of_new(unit, principal, wanted.owner)
        given = await self._known.parsed(unit, wanted.permissions)
        # Also for a service account: its key would be worth something to who made it (AZ-3).
        principal.require(*sorted(given))
        now = self._clock.now()
        if await unit.api_keys.count_usable(holder.id, now=now) >= MOST_KEYS:
            raise TooManyApiKeys
        key, text, created = ApiKey.create(
            owner=holder.id,
            name=wanted.name,
            permissions=given,
            # No more than they have shown (MF-2): an operator, nothing.
            acr=principal.level,
            lifetime=wanted.lifetime,
            created_by=principal.user_id,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        return holder, key, text, created

    def _lifetime(self, expires_in: int | None) -> timedelta | None:
        if expires_in is None:
            return self._longest
        asked = None if expires_in < 1 else _span(expires_in)
        if asked is None or (self._longest is not None and asked > self._longest):
            most = "" if self._longest is None else f" to {self._longest.total_seconds():.0f}"
            message = f"Use a number of seconds from 1{most}."
            raise ValidationFailed.of("expires_in", "OUT_OF_RANGE", message)
        return asked


class RotateApiKey:
    """Put a new key in the place of one, which lives on for a while if that is asked for."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ApiKeysUnit],
        clock: Clock,
        randomness: Randomness,
        holders: KeyHolders,
        rights: EffectiveRights,
        new_keys: NewKeys,
        count_addition: AdditionAllowance,
        longest: timedelta | None,
    ) -> None:
        self._unit_of_work, self._clock, self._randomness = unit_of_work, clock, randomness
        self._holders, self._rights, self._new_keys = holders, rights, new_keys
        self._count_addition, self._longest = count_addition, longest

    async def __call__(
        self,
        *,
        principal: Principal,
        owner: KeyOwner | None = None,
        key_id: ApiKeyId,
        overlap: int = 0,
        origin: Origin,
    ) -> NewKey:
        """Return the new key with its text; the old one lives ``overlap`` seconds more.

        Raises PermissionDenied, StepUpRequired, PersonRequired, ValidationFailed, ApiKeyNotFound,
        ApiKeyReplaced, ApiKeyExpired, TooManyApiKeys, TooManyRequests, SessionIsOver,
        ServiceAccountNotFound, and UserNotFound for an operator.
        """
        span = overlap_of(overlap)
        if owner is None:
            async with self._unit_of_work.read_only() as unit:
                await self._rotated(unit, principal, owner, key_id, span)  # as for a new one
            await self._count_addition(principal)
        return await retry_on_conflict(lambda: self._rotate(principal, owner, key_id, span, origin))

    async def _rotate(
        self,
        principal: Principal,
        owner: KeyOwner | None,
        key_id: ApiKeyId,
        overlap: timedelta,
        origin: Origin,
    ) -> NewKey:
        async with self._unit_of_work() as unit:
            holder, old, new, text, rotated = await self._rotated(
                unit, principal, owner, key_id, overlap
            )
            await save_holder(unit, holder)
            if overlap:
                await unit.api_keys.save(old)
            else:
                await unit.api_keys.take_back(old)
            await self._new_keys.keep(
                unit, new, rotated, holder=holder, principal=principal, origin=origin
            )
            await unit.commit()
        return NewKey(self._rights(new, holder, now=new.created_at), text)

    async def _rotated(
        self,
        unit: ApiKeysUnit,
        principal: Principal,
        owner: KeyOwner | None,
        key_id: ApiKeyId,
        overlap: timedelta,
    ) -> tuple[Holder, ApiKey, ApiKey, KeyText, ApiKeyRotated]:
        """Return the old key and the new one, kept nowhere yet; raise what stands against it."""
        holder = await self._holders.holder_of_new(unit, principal, owner)
        old = await key_of(unit, holder, key_id)
        if not isinstance(holder, User):
            principal.require(*sorted(old.permissions))
        now = self._clock.now()
        # One that lives on is one more; what takes the place of another is none, so that a key
        # that has leaked is replaced in a full account, too.
        usable = await unit.api_keys.count_usable(holder.id, now=now)
        if overlap and usable > MOST_KEYS:
            raise TooManyApiKeys
        new, text, rotated = old.rotate(
            acr=principal.level,
            overlap=overlap,
            longest=self._longest,
            created_by=principal.user_id,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        return holder, old, new, text, rotated


def _span(seconds: int) -> timedelta | None:
    """Return the span; None for one that reaches beyond every calendar."""
    return timedelta(seconds=seconds) if seconds <= _LONGEST_SECONDS else None
