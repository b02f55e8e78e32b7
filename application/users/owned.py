"""A user's part of the export and the erasure: the account itself."""

from collections.abc import AsyncIterator

from application.owned_data import OwnedData, Owner, Record
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.ports import UsersUnit


class UserData(OwnedData[UsersUnit]):
    """The account. With its row goes everything that belongs to it."""

    section, is_list = "user", False

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[UsersUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the account, and why it is suspended if it is."""
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.get(owner.user_id)
        if user is not None:
            yield {
                "id": str(user.id),
                "email": user.email.value,
                "display_name": user.display_name,
                "status": user.status.value,
                "email_verified_at": user.email_verified_at,
                "roles": sorted(user.roles),
                "created_at": user.created_at,
                "updated_at": user.updated_at,
                "last_signed_in_at": user.last_signed_in_at,
                "suspension_reason": user.suspension_reason,
            }

    async def erase(self, unit: UsersUnit, owner: Owner) -> None:
        """Remove the user."""
        await unit.users.remove(owner.user_id)
