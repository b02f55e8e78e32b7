"""The last administrator is never taken away, whoever asks and however often at once (AZ-3)."""

from application.ports.unit_of_work import UnitOfWork
from domain.access import ADMINISTRATOR
from domain.user import LastAdministrator, User, UserStatus


async def keep_one_administrator(unit: UnitOfWork, leaving: User) -> None:
    """Return if others administrate as well, or the user never could; else raise LastAdministrator.

    Others count if their address is proven; the one who leaves, also if it is not, since
    REQUIRE_VERIFIED_EMAIL may be off. Asked before the user is changed, and in the unit of work
    that will change it.
    """
    if ADMINISTRATOR.name not in leaving.roles or leaving.status is UserStatus.SUSPENDED:
        return
    others = await unit.users.hold_administrators() - leaving.administrates
    if others < 1:
        raise LastAdministrator
