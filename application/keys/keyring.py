"""The keys behind the access tokens: made, kept sealed, loaded, published."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from application.audit.recording import Recorder
from application.keys.ports import LEEWAY, AccessTokens, KeyMaterial, KeysUnit, VerifyingKey
from application.ports.clock import Clock
from application.ports.crypto import SealBroken, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import NothingThere, ServiceUnavailable
from domain.keys.signing_key import (
    KeyState,
    SigningAlgorithm,
    SigningKey,
    first_day,
    make_room,
    provided,
    signing,
    verifying,
)
from domain.origin import NOWHERE, Origin
from domain.principal import SYSTEM, Principal

SEAL_PURPOSE = "signing-key"
RELOAD_AT_MOST_EVERY = timedelta(seconds=1)
PUBLISHING_MARGIN = timedelta(seconds=5)
"""How long it may take until every instance shows a key that one of them has published."""


class SigningKeyUnreadable(Exception):
    """A stored key cannot be opened: SECRET_KEY is not the one it was sealed under."""


class SigningKeyNotFound(NothingThere):
    """No key that is not gone has this identifier."""


class SigningKeyring:
    """Keeps the token adapter in step with the keys in the store."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[KeysUnit],
        tokens: AccessTokens,
        secret_box: SecretBox,
        clock: Clock,
        recorder: Recorder,
        algorithm: SigningAlgorithm,
        jwks_max_age: timedelta,
        access_ttl: timedelta,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._tokens = tokens
        self._secret_box = secret_box
        self._clock = clock
        self._recorder = recorder
        self._algorithm = algorithm
        self._jwks_max_age = jwks_max_age
        self._access_ttl = access_ttl
        self._loaded: frozenset[tuple[str, KeyState]] = frozenset()
        self._asked_at: datetime | None = None
        self._answers = 0
        self._asked_in_vain = False
        self._kept: list[SigningKey] = []
        self._loading = asyncio.Lock()

    @property
    def is_loaded(self) -> bool:
        """Whether there is a key to sign with."""
        return bool(self._loaded)

    def opens_some_key(self) -> bool:
        """Tell whether one of the keys opens that were last seen in the store.

        If not, this process signs on with what it has, and SECRET_KEY may have been changed by
        another one.
        """
        return any(self._is_open(key) for key in self._kept)

    async def prepare(self) -> None:
        """Make sure that there is a key for the set algorithm, then load all keys.

        The very first key signs at once. One for another algorithm than before is published
        first and signs when every cache of the JWKS has seen it (TK-3). Instances that start
        together make one key between them.
        """
        if self._needs_key(await self._stored(), now=self._clock.now()):
            # Made out here: an RSA key takes long, and nothing slow happens in a unit of work.
            fresh = await asyncio.to_thread(self._tokens.generate_key, self._algorithm)
            await self._publish(fresh)
        await self.load()

    async def _publish(self, fresh: KeyMaterial) -> None:
        async with self._unit_of_work() as unit:
            keys = await unit.signing_keys.hold_all()
            if not self._needs_key(keys, now=self._clock.now()):
                return  # another instance was first
            await self._add(unit, keys, fresh, actor=SYSTEM, origin=NOWHERE)
            await unit.commit()

    async def _add(
        self,
        unit: KeysUnit,
        keys: Sequence[SigningKey],
        fresh: KeyMaterial,
        *,
        actor: Principal,
        origin: Origin,
    ) -> SigningKey:
        """Publish a key, to sign as soon as every cache of the JWKS has seen it (TK-3).

        Where none signs, this one does at once; until the next one's day, if that is set.
        """
        now = self._clock.now()
        if (present := signing(keys, now=now)) is not None:
            self._open(present)  # never put a key beside one that cannot be read
        wait = self._jwks_max_age + PUBLISHING_MARGIN
        key, published = SigningKey.publish(
            kid=fresh.kid,
            algorithm=fresh.algorithm,
            public_jwk=fresh.public_jwk,
            sealed_private_key=self._secret_box.seal(fresh.private_key, purpose=SEAL_PURPOSE),
            now=now,
            activates_at=first_day(keys, wait=wait, now=now),
        )
        changed = make_room(key, keys, keep=self._access_ttl + LEEWAY, now=now)
        promoted = key.promote(now=now)
        await unit.signing_keys.add(key)
        for each in changed:
            if each is not key:
                await unit.signing_keys.save(each)
        events = [published, promoted, *changed.values()]
        await self._recorder.record(unit, *events, actor=actor, origin=origin)
        return key

    async def stored(self) -> list[SigningKey]:
        """Return every key that is kept, the oldest first."""
        return await self._stored()

    async def rotate(self, *, actor: Principal, origin: Origin) -> SigningKey:
        """Publish the successor of the present key, and return it; its day comes by itself.

        If one is published already and has yet to sign, that is the successor.
        """
        fresh = await asyncio.to_thread(self._tokens.generate_key, self._algorithm)
        async with self._unit_of_work() as unit:
            keys = await unit.signing_keys.hold_all()
            now = self._clock.now()
            for key in keys:
                if key.state(now) is KeyState.PUBLISHED:
                    return key
            key = await self._add(unit, keys, fresh, actor=actor, origin=origin)
            await unit.commit()
        await self.load()
        return key

    async def revoke(self, kid: str, *, actor: Principal, origin: Origin) -> None:
        """Take a key out of the JWKS at once, and publish another one where it is missed.

        That one signs at once if none does; if the revoked key had yet to sign, the present one
        works on until the new one can take over. Raises SigningKeyNotFound for a key that is not
        there or gone already.
        """
        fresh = await asyncio.to_thread(self._tokens.generate_key, self._algorithm)
        async with self._unit_of_work() as unit:
            keys = await unit.signing_keys.hold_all()
            now = self._clock.now()
            key = next((each for each in keys if each.kid == kid), None)
            if key is None or key.state(now) is KeyState.GONE:
                raise SigningKeyNotFound
            revoked = key.revoke(now=now)
            await unit.signing_keys.save(key)
            await self._recorder.record(unit, revoked, actor=actor, origin=origin)
            if not provided(keys, now=now):
                # What is compromised goes, also where SECRET_KEY is no longer what it was.
                with suppress(SigningKeyUnreadable):
                    await self._add(unit, keys, fresh, actor=actor, origin=origin)
            await unit.commit()
        await self.load()

    def _needs_key(self, keys: Sequence[SigningKey], *, now: datetime) -> bool:
        good = {KeyState.PUBLISHED, KeyState.ACTIVE}
        living = [key for key in keys if key.state(now) in good]
        wanted = self._algorithm in {key.algorithm for key in living}
        return not (provided(keys, now=now) and wanted)

    async def _stored(self) -> list[SigningKey]:
        async with self._unit_of_work.read_only() as unit:
            return await unit.signing_keys.list_all()

    async def load(self) -> None:
        """Hand the token adapter the keys that are good now.

        Raises :class:`SigningKeyUnreadable` when SECRET_KEY is another than it was.
        """
        async with self._loading:
            await self._load()

    async def keep_up(self) -> None:
        """Load the keys as time goes by, then note which of them have come to sign (LG-3).

        Where all were taken away (by a hand in the database, by a backup from before the first
        one) another is made, so that what is revoked does not sign and verify on from memory.
        The keys are in use whether or not the note can be written (LG-4); raises as ``load``
        does, and what the store raises while it is written.
        """
        try:
            async with self._loading:
                keys = await self._load()
        except ServiceUnavailable:
            if self._asked_in_vain:
                raise
            await self.prepare()
            return
        now = self._clock.now()
        if not any(key.promote(now=now) for key in keys):
            return
        async with self._unit_of_work() as unit:
            now = self._clock.now()
            for key in await unit.signing_keys.hold_all():
                if (promoted := key.promote(now=now)) is not None:
                    await unit.signing_keys.save(key)
                    await self._recorder.record(unit, promoted, actor=SYSTEM, origin=NOWHERE)
            await unit.commit()

    async def _load(self) -> list[SigningKey]:
        self._asked_at, self._asked_in_vain = self._clock.now(), True
        self._kept = keys = await self._stored()
        self._answers, self._asked_in_vain = self._answers + 1, False
        now = self._clock.now()
        good = [key for key in verifying(keys, now=now) if key.is_usable]
        current = signing(good, now=now)
        if current is None and signing(keys, now=now) is not None and good:
            current = good[-1]  # a newer version's key has taken over; this instance signs on
        if current is None:
            raise ServiceUnavailable
        state = frozenset((key.kid, key.state(now)) for key in good)
        if state != self._loaded:
            verifiers = [_public(key) for key in good]
            self._tokens.use(self._open(current), verifiers)
            self._loaded = state
        return keys

    async def reload_for_unknown_key(self) -> bool:
        """Load again because a token named a key that is not here; False if that is too soon.

        Any caller can name a key, so all that wait share one load, at most one a second.
        """
        answers = self._answers
        async with self._loading:
            if self._answers != answers:
                return True  # another request has just done it
            asked_at = self._asked_at
            if asked_at is not None and self._clock.now() - asked_at < RELOAD_AT_MOST_EVERY:
                if self._asked_in_vain:
                    raise ServiceUnavailable  # it is not known whether there is such a key
                return False
            await self._load()
            return True

    def _is_open(self, key: SigningKey) -> bool:
        with suppress(SigningKeyUnreadable):
            self._open(key)
            return True
        return False

    def _open(self, key: SigningKey) -> KeyMaterial:
        try:
            private_key = self._secret_box.open(key.sealed_private_key, purpose=SEAL_PURPOSE)
        except SealBroken:
            raise SigningKeyUnreadable(
                f"The signing key {key.kid} in the database cannot be opened: "
                "SECRET_KEY is not the one it was stored under."
            ) from None
        return KeyMaterial(
            kid=key.kid,
            algorithm=key.algorithm,
            public_jwk=key.public_jwk,
            private_key=private_key,
        )


def _public(key: SigningKey) -> VerifyingKey:
    return VerifyingKey(kid=key.kid, algorithm=key.algorithm, public_jwk=key.public_jwk)
