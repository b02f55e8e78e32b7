"""What API keys hold about a user."""

from collections.abc import AsyncIterator

from application.api_keys.ports import ApiKeysUnit
from application.owned_data import OwnedData, Owner, Record
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.api_keys.api_key import ApiKey


class ApiKeysData(OwnedData[ApiKeysUnit]):
    """The user's API keys, without their digests."""

    section = "api_keys"
    is_list = True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[ApiKeysUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield what is held; there are at most some dozens."""
        async with self._unit_of_work.read_only() as unit:
            keys = await unit.api_keys.list_of(owner.user_id)
        for key in keys:
            yield _record(key)

    async def erase(self, unit: ApiKeysUnit, owner: Owner) -> None:
        """Forget who made keys of service accounts; the user's own go with the user's row."""
        await unit.api_key_upkeep.forget_maker(owner.user_id)


def _record(key: ApiKey) -> Record:
    return {
        "id": str(key.id),
        "name": key.name,
        "hint": key.hint,
        "permissions": sorted(key.permissions),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "last_used_ip": key.last_used_ip,
    }
