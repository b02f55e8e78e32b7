"""The end of all keys of a user, where whoever made them may have been somebody else."""

from collections.abc import Sequence
from datetime import datetime

from application.api_keys.ports import ApiKeysUnit
from domain.api_keys.events import ApiKeyRevoked
from domain.identifiers import UserId


async def remove_keys(
    unit: ApiKeysUnit, user_id: UserId, *, now: datetime
) -> Sequence[ApiKeyRevoked]:
    """Remove every key of the user; return what is to be recorded of it.

    In the unit of work in which the user is saved: whoever makes a key meanwhile finds a conflict,
    and no session to make it with.
    """
    keys = await unit.api_keys.list_of(user_id)
    if keys:
        await unit.api_keys.remove_all(user_id)
    return [key.revoked(now=now) for key in keys]
