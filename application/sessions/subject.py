"""Whose sessions a request is about: the caller's own, or another user's."""

from application.sessions.ports import SessionsUnit
from application.users.lookup import existing_user
from domain.identifiers import UserId
from domain.principal import Permission, Principal
from domain.sessions.session import SessionNotFound


class Subject:
    """The user whose sessions are meant. ``None`` stands for the caller.

    The caller's own sessions take no permission; those that are named by a user's id do, also if
    it is the caller's own id.
    """

    def __init__(self, principal: Principal, user_id: UserId | None, needed: Permission) -> None:
        """Raise PermissionDenied if another user is meant and the permission is missing."""
        self.is_caller = user_id is None
        if user_id is not None:
            principal.require(needed)
        meant = principal.user_id if user_id is None else user_id
        if meant is None:
            raise SessionNotFound
        self.user_id = meant

    async def ensure_exists(self, unit: SessionsUnit) -> None:
        """Raise UserNotFound if there is no such user. The caller is known to be there."""
        if not self.is_caller:
            await existing_user(unit, self.user_id)
