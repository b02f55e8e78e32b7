"""Where aggregates are kept. Loading copies; only ``add`` and ``save`` write.

``save`` compares the ``version`` that was loaded and raises
:class:`~domain.errors.ConcurrentChange` if somebody else saved first; otherwise it raises the
entity's version by one. ``add`` raises ConcurrentChange as well, for an identifier that is taken
and for something that belongs to a user who is gone. All methods raise
:class:`~domain.errors.ServiceUnavailable` when the store does not answer.
"""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from application.ports.user_search import UserPlace, UserQuery
from domain.access import RoleName
from domain.circuit import Circuit
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.identifiers import InvitationId, SessionId, UserId
from domain.invitation import Invitation
from domain.one_time_token import OneTimeToken, Purpose
from domain.role import Role
from domain.session import EndReason, Session
from domain.sign_in_attempts import SignInAttempts
from domain.signing_key import SigningKey
from domain.user import User


class UserRepository(Protocol):
    """Users, at most one per mailbox."""

    @abstractmethod
    async def add(self, user: User) -> None:
        """Keep a new user; raise EmailAlreadyRegistered if the mailbox has an account."""

    @abstractmethod
    async def get(self, user_id: UserId) -> User | None:
        """Return the user, or None."""

    @abstractmethod
    async def find_by_email(self, email: EmailAddress) -> User | None:
        """Return the user whose mailbox this is, or None."""

    @abstractmethod
    async def save(self, user: User) -> None:
        """Write every field but ``last_signed_in_at``; raise EmailAlreadyRegistered as ``add``."""

    @abstractmethod
    async def record_sign_in(self, user: User, *, at: datetime) -> None:
        """Note a sign-in, if nothing about the user was saved since it was loaded.

        Raises ConcurrentChange otherwise. Does not raise the version, so that two sign-ins
        of one user do not disturb each other; but from here to the commit no ``save`` of
        this user can slip in between.
        """

    @abstractmethod
    async def search(
        self, query: UserQuery, *, limit: int, after: UserPlace | None = None
    ) -> list[User]:
        """Return up to that many of the users in question, beginning behind ``after``."""

    @abstractmethod
    async def count(self, query: UserQuery) -> int:
        """Return how many users are in question."""

    @abstractmethod
    async def hold_administrators(self) -> int:
        """Return how many users administrate, and keep others out of here until the end.

        Whoever is about to take one away asks first: of two who do so at once, the second one
        waits for the first one's commit and counts after it (AZ-3).
        """

    @abstractmethod
    async def remove(self, user_id: UserId) -> None:
        """Remove the user with credentials, sessions, tokens and roles."""


class RoleRepository(Protocol):
    """Roles that were defined at run time; the built-in ones are not among them."""

    @abstractmethod
    async def add(self, role: Role) -> None:
        """Keep a new role; raise RoleAlreadyExists if there is one of this name."""

    @abstractmethod
    async def get(self, name: RoleName) -> Role | None:
        """Return the role, or None."""

    @abstractmethod
    async def list_all(self) -> list[Role]:
        """Return every role, by name."""

    @abstractmethod
    async def hold(self, name: RoleName) -> Role | None:
        """Return the role, and keep it from being changed or removed until the end."""

    @abstractmethod
    async def save(self, role: Role) -> None:
        """Write every field."""

    @abstractmethod
    async def remove(self, name: RoleName) -> None:
        """Remove the role; raise RoleInUse if a user has it or was invited into it."""


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


class SessionRepository(Protocol):
    """Sessions."""

    @abstractmethod
    async def add(self, session: Session) -> None:
        """Keep a new session."""

    @abstractmethod
    async def get(self, session_id: SessionId) -> Session | None:
        """Return the session, living or over, or None."""

    @abstractmethod
    async def get_with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        """Return the session and its user, read in one statement, or None."""

    @abstractmethod
    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        """Return up to that many of the user's living sessions, the newest first.

        The order is that of the identifiers, which sort by birth; ``before`` starts behind the
        session that it names, whether or not that one still lives.
        """

    @abstractmethod
    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        """Return how many living sessions the user has."""

    @abstractmethod
    async def list_kept(self, user_id: UserId) -> list[Session]:
        """Return every session of the user that is kept, living or over, the newest first."""

    @abstractmethod
    async def save(self, session: Session) -> None:
        """Write every field."""

    @abstractmethod
    async def end_all(
        self,
        user_id: UserId,
        reason: EndReason,
        *,
        now: datetime,
        keep: SessionId | None = None,
        keep_newest: int = 0,
    ) -> int:
        """End the user's living sessions but those to keep; return how many were ended.

        ``keep`` names one that stays; ``keep_newest`` says how many of the newest stay. A session
        stays if either says so.
        """

    @abstractmethod
    async def purge(self, *, over_before: datetime, rotated_before: datetime) -> int:
        """Remove sessions that were over before the one time; return how many.

        Sealed successors from before the other time are wiped: their grace has passed.
        """


class OneTimeTokenRepository(Protocol):
    """Mailed secrets, at most one per user and purpose."""

    @abstractmethod
    async def put(self, token: OneTimeToken) -> None:
        """Keep the token in place of any older one for the same user and purpose."""

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
    async def purge(self, *, now: datetime) -> int:
        """Remove expired tokens; return how many."""


class InvitationRepository(Protocol):
    """Invitations, at most one per mailbox. Those of an inviter who is removed go too."""

    @abstractmethod
    async def put(self, invitation: Invitation) -> None:
        """Keep the invitation in place of any older one to the same mailbox.

        Raises ConcurrentChange for an inviter who is gone.
        """

    @abstractmethod
    async def find(self, digest: bytes) -> Invitation | None:
        """Return the invitation without spending it, or None."""

    @abstractmethod
    async def take(self, digest: bytes) -> Invitation | None:
        """Remove and return the invitation, or return None: of two takers one gets it (AT-4)."""

    @abstractmethod
    async def list_living(
        self, *, now: datetime, limit: int, before: InvitationId | None = None
    ) -> list[Invitation]:
        """Return up to that many invitations that have not expired, the newest first.

        ``before`` starts behind the one that it names, whether or not that one is still there.
        """

    @abstractmethod
    async def count_living(self, *, now: datetime) -> int:
        """Return how many invitations have not expired."""

    @abstractmethod
    async def list_by(self, inviter: UserId) -> list[Invitation]:
        """Return the invitations that this user has sent, the oldest first."""

    @abstractmethod
    async def discard(self, email: EmailAddress) -> None:
        """Remove the invitation to this mailbox, if there is one."""

    @abstractmethod
    async def remove(self, invitation_id: InvitationId) -> Invitation | None:
        """Remove and return the invitation, or return None."""

    @abstractmethod
    async def purge(self, *, now: datetime) -> int:
        """Remove expired invitations; return how many."""


class SignInAttemptsRepository(Protocol):
    """Guesses per address, exclusively held while they are counted (RL-1)."""

    @abstractmethod
    async def hold(self, key: bytes) -> SignInAttempts:
        """Return the record (a fresh one if there is none) and keep others out until the end."""

    @abstractmethod
    async def save(self, attempts: SignInAttempts) -> None:
        """Write the record that is held."""

    @abstractmethod
    async def clear(self, key: bytes) -> None:
        """Forget everything about the key."""

    @abstractmethod
    async def purge(self, *, before: datetime) -> int:
        """Remove records whose last attempt was before then; return how many."""


class CircuitRepository(Protocol):
    """Circuits, by the name of what they guard. One that was never written is closed."""

    @abstractmethod
    async def get(self, name: str) -> Circuit:
        """Return the circuit."""

    @abstractmethod
    async def hold(self, name: str) -> Circuit:
        """Return the circuit, and keep others from changing it until the end."""

    @abstractmethod
    async def save(self, circuit: Circuit) -> None:
        """Write the circuit that is held."""


class SigningKeyRepository(Protocol):
    """Signing keys, the private halves sealed."""

    @abstractmethod
    async def add(self, key: SigningKey) -> None:
        """Keep a new key."""

    @abstractmethod
    async def list_all(self) -> list[SigningKey]:
        """Return every key that is kept, the oldest first."""

    @abstractmethod
    async def hold_all(self) -> list[SigningKey]:
        """Return the same and keep others out of here until the end of the unit of work."""

    @abstractmethod
    async def save(self, key: SigningKey) -> None:
        """Write every field."""

    @abstractmethod
    async def purge(self, *, gone_before: datetime) -> int:
        """Remove keys that left the JWKS before then; return how many."""
