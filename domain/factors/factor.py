"""What a user has enrolled: an authenticator app, a passkey, recovery codes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import Conflict, NotAuthenticated, NotFound
from domain.events import DomainEvent
from domain.factors.totp import TotpSettings
from domain.identifiers import Identifier, UserId
from domain.users.display_name import normalise_display_name

MOST_FACTORS = 20
"""How many factors a user may have."""
LONGEST_CREDENTIAL_ID = 1023
"""Bytes of a passkey's identifier at most (WebAuthn, section 4)."""


class FactorNotFound(NotFound):
    """The user has no factor with this identifier."""

    code = "FACTOR_NOT_FOUND"
    message = "There is no such factor."
    meaning = "There is no such factor."


class FactorAlreadyEnrolled(Conflict):
    """The user has an authenticator app already, or this very passkey."""

    code = "FACTOR_ALREADY_ENROLLED"
    message = "This is enrolled already. Remove the one that is there first."
    meaning = "There is an authenticator app already, or this very passkey."


class TooManyFactors(Conflict):
    """The user has as many factors as there may be."""

    code = "TOO_MANY_FACTORS"
    message = f"There are {MOST_FACTORS} factors already. Remove one first."
    meaning = "The user has as many factors as there may be."


class InvalidProof(NotAuthenticated):
    """What was shown is wrong, was used before, or belongs to another user; not told apart."""

    code = "INVALID_PROOF"
    message = "This does not prove who you are. Try again."
    meaning = "The code, passkey or password that was shown is not right."

    def __init__(self, event: DomainEvent | None = None) -> None:
        """Take what is to be noted of it, where that is more than that it was wrong."""
        super().__init__()
        self.event = event


class FactorId(Identifier):
    """Identifies a factor."""

    __slots__ = ()


class FactorKind(StrEnum):
    """Which kinds of factors there are."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODES = "recovery_codes"


@dataclass(slots=True, eq=False, kw_only=True)
class Factor(ABC):
    """What all kinds have in common; two uses at once are decided by ``version``."""

    id: FactorId
    user_id: UserId
    name: str | None
    created_at: datetime
    last_used_at: datetime | None = None
    version: int = 0

    @property
    @abstractmethod
    def kind(self) -> FactorKind:
        """Which kind it is."""

    def rename(self, name: str | None) -> None:
        """Give the factor another name; raise :class:`ValidationFailed` for one that is unfit."""
        self.name = factor_name(name)


@dataclass(slots=True, eq=False, kw_only=True)
class Totp(Factor):
    """An authenticator app. The secret is sealed; ``last_counter`` is the last step used."""

    sealed_secret: bytes
    settings: TotpSettings
    last_counter: int

    @property
    def kind(self) -> FactorKind:
        """An authenticator app."""
        return FactorKind.TOTP

    def use(self, counter: int, *, now: datetime) -> None:
        """Note which step was used; raise :class:`InvalidProof` unless it is a later one (MF-1)."""
        if counter <= self.last_counter:
            raise InvalidProof
        self.last_counter, self.last_used_at = counter, now


@dataclass(slots=True, eq=False, kw_only=True)
class Passkey(Factor):
    """A key pair whose private half the user's device keeps (WebAuthn).

    ``synced``: the device may copy it to others. ``rp_id`` is for which domain it was made: it
    works for no other.
    """

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    transports: tuple[str, ...]
    rp_id: str

    @property
    def kind(self) -> FactorKind:
        """A passkey."""
        return FactorKind.PASSKEY

    def has_regressed(self, sign_count: int) -> bool:
        """Tell whether the counter says that there is a copy of a key that cannot be copied.

        Keys that are synced count on several devices or not at all, and some that are not stand at
        zero for good: of those the counter says nothing (WebAuthn, section 6.1.1).
        """
        return not self.synced and 0 < self.sign_count >= sign_count

    def use(self, *, sign_count: int, synced: bool, now: datetime) -> None:
        """Note what the device signed; raise :class:`InvalidProof` for a counter that regressed.

        Devices may begin and cease to copy a key, which is noted and no reason to refuse.
        """
        if self.has_regressed(sign_count):
            raise InvalidProof
        self.sign_count, self.synced, self.last_used_at = sign_count, synced, now


@dataclass(slots=True, eq=False, kw_only=True)
class RecoveryCodes(Factor):
    """The codes that can still be used, as keyed digests; a copy of them tells none.

    The key of the digests is sealed: 50 bits alone could be found by trying.
    """

    sealed_key: bytes
    tags: frozenset[bytes]

    @property
    def kind(self) -> FactorKind:
        """Recovery codes."""
        return FactorKind.RECOVERY_CODES

    def spend(self, tag: bytes, *, now: datetime) -> None:
        """Use up one code; raise :class:`InvalidProof` if it is none of those left (MF-1)."""
        if tag not in self.tags:
            raise InvalidProof
        self.tags, self.last_used_at = self.tags - {tag}, now


def is_second(factor: Factor) -> bool:
    """Tell whether a sign-in takes this factor, or it only helps those who have lost theirs."""
    return not isinstance(factor, RecoveryCodes)


def factor_name(text: str | None) -> str | None:
    """Return the name as it is kept, by the same rules as a user's (LG-2, OP-2)."""
    return normalise_display_name(text, field="name")
