"""Invitations over one memory transaction."""

from datetime import datetime

from adapters.memory.store import Transaction
from application.ports.repositories import InvitationRepository
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import InvitationId, UserId
from domain.invitation import Invitation


class MemoryInvitationRepository(InvitationRepository):
    """Invitations in a dictionary, found by digest, mailbox and inviter through indexes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._invitations = transaction.invitations

    async def put(self, invitation: Invitation) -> None:
        await self._transaction.writing()
        inviter = invitation.invited_by
        if inviter is not None and self._transaction.users.get(inviter) is None:
            raise ConcurrentChange
        for older in self._invitations.find("mailbox", invitation.email.key):
            self._invitations.remove(older.id)
        self._invitations.put(invitation.id, invitation)

    async def find(self, digest: bytes) -> Invitation | None:
        await self._transaction.reading()
        return next(iter(self._invitations.find("digest", digest)), None)

    async def take(self, digest: bytes) -> Invitation | None:
        await self._transaction.writing()
        invitation = next(iter(self._invitations.find("digest", digest)), None)
        if invitation is not None:
            self._invitations.remove(invitation.id)
        return invitation

    async def list_living(
        self, *, now: datetime, limit: int, before: InvitationId | None = None
    ) -> list[Invitation]:
        await self._transaction.reading()
        living = self._invitations.select(
            lambda i: i.expires_at > now and (before is None or i.id < before)
        )
        return sorted(living.values(), key=lambda i: i.id, reverse=True)[:limit]

    async def count_living(self, *, now: datetime) -> int:
        await self._transaction.reading()
        return len(self._invitations.select(lambda i: i.expires_at > now))

    async def list_by(self, inviter: UserId) -> list[Invitation]:
        await self._transaction.reading()
        return sorted(self._invitations.find("inviter", inviter), key=lambda i: i.id)

    async def discard(self, email: EmailAddress) -> None:
        await self._transaction.writing()
        for invitation in self._invitations.find("mailbox", email.key):
            self._invitations.remove(invitation.id)

    async def remove(self, invitation_id: InvitationId) -> Invitation | None:
        await self._transaction.writing()
        invitation = self._invitations.get(invitation_id)
        self._invitations.remove(invitation_id)
        return invitation

    async def purge(self, *, now: datetime) -> int:
        await self._transaction.writing()
        expired = self._invitations.select(lambda invitation: invitation.expires_at <= now)
        return sum(self._invitations.remove(key) for key in expired)
