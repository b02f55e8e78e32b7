"""The keys behind the access tokens: made, kept sealed, loaded, published."""

from datetime import datetime, timedelta

from application.ports.clock import Clock
from application.ports.tokens import (
    LEEWAY,
    AccessTokens,
    KeyMaterial,
    SealBroken,
    SecretBox,
    VerifyingKey,
)
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from domain.access import SYSTEM
from domain.audit import NOWHERE
from domain.errors import ServiceUnavailable
from domain.signing_key import KeyState, SigningAlgorithm, SigningKey, signing, verifying

SEAL_PURPOSE = "signing-key"
RELOAD_AT_MOST_EVERY = timedelta(seconds=1)


class SigningKeyUnreadable(Exception):
    """A stored key cannot be opened: SECRET_KEY is not the one it was sealed under."""


class SigningKeyring:
    """Keeps the token adapter in step with the keys in the store."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
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
        self._loaded_at: datetime | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether there is a key to sign with."""
        return bool(self._loaded)

    async def prepare(self) -> None:
        """Make sure that there is a key for the set algorithm, then load all keys.

        The very first key signs at once. One for another algorithm than before is published
        first and signs when every cache of the JWKS has seen it (TK-3). Two instances that
        start together may each make a first key; both are valid and both are published.
        """
        async with self._unit_of_work() as unit:
            keys = await unit.signing_keys.list_all()
            now = self._clock.now()
            present = signing(keys, now=now)
            coming = [key for key in keys if key.state(now) is KeyState.PUBLISHED]
            if present is None:
                await self._publish(unit, now=now, activates_at=now)
                await unit.commit()
            elif self._algorithm not in {key.algorithm for key in [present, *coming]}:
                activates_at = now + self._jwks_max_age
                await self._publish(unit, now=now, activates_at=activates_at)
                present.retire(at=activates_at, keep=self._access_ttl + LEEWAY)
                await unit.signing_keys.save(present)
                await unit.commit()
        await self.load()

    async def load(self) -> None:
        """Hand the token adapter the keys that are good now.

        Raises :class:`SigningKeyUnreadable` when SECRET_KEY is another than it was.
        """
        async with self._unit_of_work.read_only() as unit:
            keys = await unit.signing_keys.list_all()
        now = self._clock.now()
        self._loaded_at = now
        current = signing(keys, now=now)
        if current is None:
            raise ServiceUnavailable
        state = frozenset((key.kid, key.state(now)) for key in verifying(keys, now=now))
        if state == self._loaded:
            return
        self._tokens.use(self._open(current), [_public(key) for key in verifying(keys, now=now)])
        self._loaded = state

    async def reload_for_unknown_key(self) -> bool:
        """Load again because a token named a key that is not here; False if that is too soon.

        Anybody can name a key, so this costs the store at most one statement a second.
        """
        now = self._clock.now()
        if self._loaded_at is not None and now - self._loaded_at < RELOAD_AT_MOST_EVERY:
            return False
        await self.load()
        return True

    async def _publish(self, unit: UnitOfWork, *, now: datetime, activates_at: datetime) -> None:
        material = self._tokens.generate_key(self._algorithm)
        key, event = SigningKey.publish(
            kid=material.kid,
            algorithm=material.algorithm,
            public_jwk=material.public_jwk,
            sealed_private_key=self._secret_box.seal(material.private_key, purpose=SEAL_PURPOSE),
            now=now,
            activates_at=activates_at,
        )
        await unit.signing_keys.add(key)
        await self._recorder.record(unit, event, actor=SYSTEM, origin=NOWHERE)

    def _open(self, key: SigningKey) -> KeyMaterial:
        try:
            private_key = self._secret_box.open(key.sealed_private_key, purpose=SEAL_PURPOSE)
        except SealBroken:
            raise SigningKeyUnreadable(
                "The signing key in the database cannot be opened: "
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
