"""The last administrator always remains, also when two requests run at once (AZ-3)."""

from application.users.ports import UsersUnit
from domain.principal import ADMINISTRATOR
from domain.users.user import LastAdministrator, User, UserStatus


async def ensure_administrator_remains(unit: UsersUnit, leaving: User) -> None:
    """Raise LastAdministrator if without this user the service would have no administrator.

    Others count if they could sign in now: their address is proven, and they have a password.
    The one who leaves counts also without, since REQUIRE_VERIFIED_EMAIL may be off, and a reset
    gives a password. Asked before the user is changed, and in the unit of work
    that will change it.
    """
    if ADMINISTRATOR not in leaving.roles or leaving.status is UserStatus.SUSPENDED:
        return
    if not await unit.users.hold_administrators(but=leaving.id):
        raise LastAdministrator
