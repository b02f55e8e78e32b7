"""The last administrator always remains, also when two requests run at once (AZ-3)."""

from application.users.ports import UsersUnit
from domain.principal import ADMINISTRATOR
from domain.users.user import LastAdministrator, User, UserStatus


async def ensure_administrator_remains(unit: UsersUnit, leaving: User) -> None:
    """Raise LastAdministrator if without this user the service would have no administrator.

    Others count if their address is proven; the one who leaves, also if it is not, since
    REQUIRE_VERIFIED_EMAIL may be off. Asked before the user is changed, and in the unit of work
    that will change it.
    """
    if ADMINISTRATOR not in leaving.roles or leaving.status is UserStatus.SUSPENDED:
        return
    others = await unit.users.hold_administrators() - leaving.administrates
    if others < 1:
        raise LastAdministrator
