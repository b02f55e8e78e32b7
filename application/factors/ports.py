"""What factors need from outside: where they are kept, and who understands passkeys."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.credentials.ports import CredentialsUnit
from domain.factors.device import DeviceId, TrustedDevice
from domain.factors.factor import Factor, FactorId, Passkey
from domain.identifiers import UserId

type Json = Mapping[str, object]
"""A value of WebAuthn as browsers write and read it in JSON."""


class FactorRepository(Protocol):
    """Factors of users."""

    @abstractmethod
    async def add(self, factor: Factor) -> None:
        """Keep a new factor.

        Raises FactorAlreadyEnrolled for a passkey that any user has, and ConcurrentChange if the
        user is gone; either may come only with the commit.
        """

    @abstractmethod
    async def list_of(self, user_id: UserId) -> list[Factor]:
        """Return the user's factors, the oldest first."""

    @abstractmethod
    async def find_passkey(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with this identifier, whoever has it, or None."""

    @abstractmethod
    async def save(self, factor: Factor) -> None:
        """Write every field, unless it was written or removed since it was read.

        Raises ConcurrentChange if it was; that may come only with the commit.
        """

    @abstractmethod
    async def remove(self, factor: Factor) -> None:
        """Remove it; raise ConcurrentChange if it was written or removed since it was read.

        That may come only with the commit.
        """

    @abstractmethod
    async def remove_all(self, user_id: UserId) -> None:
        """Remove all factors of the user."""

    @abstractmethod
    async def list_sealed(self, *, after: FactorId | None, limit: int) -> list[Factor]:
        """Return up to that many factors of all users that hold something sealed, by identifier.

        ``after`` starts behind the factor that it names.
        """

    @abstractmethod
    async def count_passkeys(self, *, but_for: str) -> int:
        """Return how many passkeys there are that were made for another domain."""


class SpentChallenges(Protocol):
    """Challenges that were used, until they would have expired anyway."""

    @abstractmethod
    async def spend(self, nonce: bytes, *, expires_at: datetime) -> None:
        """Note that the challenge is used; raise InvalidChallenge if it was before.

        Of two at once one gets it; the refusal may come only with the commit.
        """

    @abstractmethod
    async def is_spent(self, nonce: bytes) -> bool:
        """Tell whether the challenge was used, as far as was committed."""

    @abstractmethod
    async def purge(self, *, now: datetime, limit: int) -> int:
        """Remove up to that many that have expired; return how many."""


class TrustedDeviceRepository(Protocol):
    """Devices that users trust."""

    @abstractmethod
    async def add(self, device: TrustedDevice) -> None:
        """Keep a new device; raise ConcurrentChange if the user is gone."""

    @abstractmethod
    async def find(self, digest: bytes) -> TrustedDevice | None:
        """Return the device with this token, or None."""

    @abstractmethod
    async def list_of(self, user_id: UserId) -> list[TrustedDevice]:
        """Return the user's devices, the newest first."""

    @abstractmethod
    async def remove(self, user_id: UserId, device_id: DeviceId) -> bool:
        """Remove the user's device; tell whether there was one."""

    @abstractmethod
    async def remove_all(self, user_id: UserId) -> None:
        """Remove all devices of the user."""

    @abstractmethod
    async def purge(self, *, now: datetime, limit: int) -> int:
        """Remove up to that many that have expired; return how many."""


class PasskeyRefused(Exception):
    """The response is no proof: malformed, of another ceremony, origin or domain, or forged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What a device made, when it was asked to make a passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    transports: tuple[str, ...]
    user_verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPasskey:
    """Which passkey a response says that it is of, and whose; nothing of it is proven yet."""

    credential_id: bytes
    user_id: UserId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPasskey:
    """What a response proves, apart from the key itself: the signed flags and counter."""

    sign_count: int
    synced: bool
    user_verified: bool


class Passkeys(Protocol):
    """Understands passkeys (WebAuthn, level 3) of one domain, and of the origins that may use it.

    Whatever comes in as a response is a stranger's: every method that takes one raises
    :class:`PasskeyRefused` for anything that is wrong with it, and nothing else.
    """

    @property
    @abstractmethod
    def rp_id(self) -> str:
        """The domain for which passkeys are made."""

    @property
    @abstractmethod
    def origins(self) -> Sequence[str]:
        """The origins whose pages may use them."""

    @abstractmethod
    def creation_options(
        self,
        *,
        user_id: UserId,
        user_name: str,
        display_name: str,
        challenge: bytes,
        exclude: Sequence[Passkey],
    ) -> Json:
        """Return what a browser is told to make a passkey with (``parseCreationOptionsFromJSON``).

        The user's handle is the 16 bytes of ``user_id``; the device is asked to verify its user
        and to keep a discoverable key. ``exclude`` are those that it may have already.
        """

    @abstractmethod
    async def created(self, response: Json, *, challenge: bytes) -> NewPasskey:
        """Return the passkey that the response to ``creation_options`` tells of.

        The user's device has to have been touched. Whether its user was verified is told, and not
        demanded. What the device says about its make is not looked at.
        """

    @abstractmethod
    def request_options(self, *, challenge: bytes, allowed: Sequence[Passkey] = ()) -> Json:
        """Return what a browser is told to show a passkey with (``parseRequestOptionsFromJSON``).

        Without ``allowed``, the device offers whatever it has for this domain. The user has to be
        verified.
        """

    @abstractmethod
    def claimed(self, response: Json) -> ClaimedPasskey:
        """Return which passkey the response says that it is of."""

    @abstractmethod
    async def shown(self, response: Json, *, challenge: bytes, passkey: Passkey) -> ShownPasskey:
        """Return what the response proves, if it was made for this challenge and by this passkey.

        The counter is handed out as it is, whether or not it grew; who looks at it is the caller.
        Whether the user was verified is told, and not demanded.
        """


class FactorsUnit(CredentialsUnit, Protocol):
    """What factors touch."""

    @property
    @abstractmethod
    def factors(self) -> FactorRepository:
        """Factors."""

    @property
    @abstractmethod
    def spent_challenges(self) -> SpentChallenges:
        """Challenges that were used."""

    @property
    @abstractmethod
    def devices(self) -> TrustedDeviceRepository:
        """Trusted devices."""
