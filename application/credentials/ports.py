"""What credentials need from outside: hashing, common passwords, and where all of it is kept."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.api_keys.ports import ApiKeysUnit
from domain.credentials.one_time_token import OneTimeToken, Purpose
from domain.credentials.password import PasswordCredential
from domain.credentials.sign_in_attempts import SignInAttempts
from domain.email_address import EmailAddress
from domain.errors import Unavailable
from domain.identifiers import UserId
from domain.users.user import User


class Busy(Unavailable):
    """All hashing slots are taken and the queue is full (PW-2)."""

    code = "BUSY"
    message = "Too many requests at once. Try again shortly."
    meaning = "Too much work at once: come back shortly."


class PasswordHasher(Protocol):
    """Turns passwords into hashes, slowly and in bounded numbers.

    Never awaited inside an open unit of work. Passwords come in normalised and short enough
    (:mod:`domain.credentials.password_policy`). Every method but ``needs_rehash`` raises
    :class:`Busy` when the queue is full, before any work is done.
    """

    @abstractmethod
    async def hash(self, password: str) -> str:
        """Return a salted hash in PHC format; two calls never return the same."""

    @abstractmethod
    async def verify(self, password: str, hashed: str) -> bool:
        """Tell whether the hash was made from the password; False for a foreign hash."""

    @abstractmethod
    async def verify_decoy(self, password: str) -> None:
        """Take as long as :meth:`verify`, for an account that does not exist (EN-1)."""

    @abstractmethod
    def needs_rehash(self, hashed: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's (PW-1)."""


class CommonPasswords(Protocol):
    """The passwords that attackers try first, in lower case; works without a network (PW-4)."""

    @abstractmethod
    def __contains__(self, password: object, /) -> bool:
        """Tell whether the lower-case password is among them."""


class CredentialRepository(Protocol):
    """Password credentials, at most one per user."""

    @abstractmethod
    async def add(self, credential: PasswordCredential) -> None:
        """Keep a new credential; raise ConcurrentChange if the user has one already."""

    @abstractmethod
    async def get(self, user_id: UserId) -> PasswordCredential | None:
        """Return the user's credential, or None."""

    @abstractmethod
    async def save(self, credential: PasswordCredential) -> None:
        """Write every field."""

    @abstractmethod
    async def remove(self, user_id: UserId) -> None:
        """Remove the user's credential, if any."""


class OneTimeTokenRepository(Protocol):
    """Mailed secrets, at most one per user and purpose."""

    @abstractmethod
    async def put(self, token: OneTimeToken) -> None:
        """Keep the token in place of any older one for the same user and purpose.

        Of two at once the second returns when the first one's unit of work has ended.
        """

    @abstractmethod
    async def find(self, digest: bytes) -> OneTimeToken | None:
        """Return the token without spending it, or None."""

    @abstractmethod
    async def take(self, digest: bytes) -> OneTimeToken | None:
        """Remove and return the token, or return None: of two takers one gets it (AT-4)."""

    @abstractmethod
    async def list_of(self, user_id: UserId) -> list[OneTimeToken]:
        """Return the user's tokens, by purpose."""

    @abstractmethod
    async def discard(self, user_id: UserId, purposes: Sequence[Purpose]) -> None:
        """Remove the user's tokens for these purposes."""

    @abstractmethod
    async def purge(self, *, now: datetime, limit: int) -> int:
        """Remove up to that many expired tokens; return how many."""


@dataclass(frozen=True, slots=True)
class Guessed:
    """What a guess at the password of an address is about."""

    attempts: SignInAttempts
    user: User | None
    credential: PasswordCredential | None


class SignInAttemptsRepository(Protocol):
    """Guesses per address, none of which is counted twice or not at all (RL-1)."""

    @abstractmethod
    async def look_up(self, email: EmailAddress, key: bytes) -> Guessed:
        """Return the record, fresh if there is none, and whose mailbox it is.

        Read in one statement. The record is not held: ``save`` tells whether it was written since.
        """

    @abstractmethod
    async def find(self, key: bytes) -> SignInAttempts:
        """Return the record, fresh if there is none. It is not held: ``save`` tells."""

    @abstractmethod
    async def hold(self, key: bytes) -> SignInAttempts:
        """Return the record, fresh if there is none, and keep others out until the unit ends."""

    @abstractmethod
    async def save(self, attempts: SignInAttempts) -> None:
        """Write the record, unless it was written or cleared since it was read.

        Raises ConcurrentChange if it was; never for a record that is held.
        """

    @abstractmethod
    async def clear(self, *keys: bytes) -> None:
        """Forget everything about the keys."""

    @abstractmethod
    async def purge(self, *, before: datetime, limit: int) -> int:
        """Remove up to that many records whose last attempt was before then; return how many."""


class CredentialsUnit(ApiKeysUnit, Protocol):
    """What credentials touch."""

    @property
    @abstractmethod
    def credentials(self) -> CredentialRepository:
        """Passwords."""

    @property
    @abstractmethod
    def one_time_tokens(self) -> OneTimeTokenRepository:
        """Mailed secrets."""

    @property
    @abstractmethod
    def attempts(self) -> SignInAttemptsRepository:
        """Guesses."""
