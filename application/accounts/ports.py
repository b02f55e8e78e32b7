"""What accounts need from outside: where invitations are kept."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from application.access.ports import AccessUnit
from application.factors.ports import FactorsUnit
from domain.accounts.invitation import Invitation, InvitationId
from domain.email_address import EmailAddress
from domain.identifiers import UserId


class InvitationRepository(Protocol):
    """Invitations, at most one per mailbox. Those of an inviter who is removed go too."""

    @abstractmethod
    async def put(self, invitation: Invitation) -> None:
        """Keep the invitation in place of any older one to the same mailbox.

        Of two at once the second returns when the first one's unit of work has ended. Raises
        ConcurrentChange for an inviter who is gone.
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
        """Return up to that many invitations that live, the newest first.

        Those that have not expired, to a mailbox without an account or with one that was never
        proven, by an inviter who is not suspended.

        ``before`` starts behind the one that it names, whether or not that one is still there.
        """

    @abstractmethod
    async def list_by(
        self, inviter: UserId, *, limit: int, after: InvitationId | None = None
    ) -> list[Invitation]:
        """Return up to that many invitations that this user has sent, the oldest first.

        ``after`` starts behind the one that it names.
        """

    @abstractmethod
    async def discard(self, email: EmailAddress) -> None:
        """Remove the invitation to this mailbox, if there is one."""

    @abstractmethod
    async def remove(self, invitation_id: InvitationId) -> Invitation | None:
        """Remove and return the invitation, or return None."""

    @abstractmethod
    async def purge(self, *, now: datetime, limit: int) -> int:
        """Remove up to that many expired invitations; return how many."""


class AccountsUnit(FactorsUnit, AccessUnit, Protocol):
    """What accounts touch."""

    @property
    @abstractmethod
    def invitations(self) -> InvitationRepository:
        """Invitations."""
