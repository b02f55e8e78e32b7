"""Looking a user up who has to be there."""

from application.users.ports import UsersUnit
from domain.identifiers import UserId
from domain.users.user import User, UserNotFound


async def existing_user(unit: UsersUnit, user_id: UserId) -> User:
    """Return the user. Raises UserNotFound."""
    user = await unit.users.get(user_id)
    if user is None:
        raise UserNotFound
    return user
