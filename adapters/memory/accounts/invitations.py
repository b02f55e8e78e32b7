"""Invitations over one memory transaction."""

from datetime import datetime
from itertools import islice

from adapters.memory.access.tables import INVITATIONS, is_living
from adapters.memory.store import Transaction
from adapters.memory.users.users import require_user
from application.accounts.ports import InvitationRepository
from domain.accounts.invitation import Invitation, InvitationId
from domain.email_address import EmailAddress
from domain.identifiers import UserId


class MemoryInvitationRepository(InvitationRepository):
    """Invitations in a dictionary, found by digest, mailbox and inviter through indexes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._invitations = transaction.table(INVITATIONS)

    async def put(self, invitation: Invitation) -> None:
        await self._transaction.writing()
        inviter = invitation.invited_by
        if inviter is not None:
            require_user(self._transaction, inviter)
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
            lambda i: (before is None or i.id < before) and is_living(self._transaction, i, now)
        )
        return sorted(living.values(), key=lambda i: i.id, reverse=True)[:limit]

    async def list_by(
        self, inviter: UserId, *, limit: int, after: InvitationId | None = None
    ) -> list[Invitation]:
        await self._transaction.reading()
        sent = self._invitations.find(
            "owner", inviter, where=lambda i: after is None or i.id > after
        )
        return sorted(sent, key=lambda i: i.id)[:limit]

    async def discard(self, email: EmailAddress) -> None:
        await self._transaction.writing()
        for invitation in self._invitations.find("mailbox", email.key):
            self._invitations.remove(invitation.id)

    async def remove(self, invitation_id: InvitationId) -> Invitation | None:
        await self._transaction.writing()
        invitation = self._invitations.get(invitation_id)
        self._invitations.remove(invitation_id)
        return invitation

    async def purge(self, *, now: datetime, limit: int) -> int:
        await self._transaction.writing()
        expired = self._invitations.select(lambda invitation: invitation.expires_at <= now)
        return sum(self._invitations.remove(key) for key in islice(expired, limit))
