"""Invitations in a person's export and erasure."""

from collections.abc import AsyncIterator

from application.accounts.ports import AccountsUnit
from application.owned_data import BATCH, OwnedData, Owner, Record, in_batches
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.invitation import Invitation, InvitationId


class InvitationsData(OwnedData[AccountsUnit]):
    """The invitations that the user has sent and that can still be accepted."""

    section, is_list = "invitations_sent", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the invitations without anything of their secrets."""

        async def read(after: InvitationId | None) -> list[Invitation]:
            async with self._unit_of_work.read_only() as unit:
                return await unit.invitations.list_by(owner.user_id, limit=BATCH, after=after)

        async for each in in_batches(read, lambda each: each.id):
            yield {
                "id": str(each.id),
                "email": each.email.value,
                "roles": sorted(each.roles),
                "invited_by": str(owner.user_id),
                "created_at": each.created_at,
                "expires_at": each.expires_at,
            }

    async def erase(self, unit: AccountsUnit, owner: Owner) -> None:
        """Remove what was sent to the mailbox; what the user has sent goes with the user's row."""
        await unit.invitations.discard(owner.email)
