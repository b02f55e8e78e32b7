"""The last administrator is never taken away, whoever asks and however often at once (AZ-3)."""

from application.ports.unit_of_work import UnitOfWork
from domain.user import LastAdministrator, User


async def keep_one_administrator(unit: UnitOfWork, leaving: User) -> None:
    """Return if others administrate as well, or the user never did; else raise LastAdministrator.

    Asked before the user is changed, and in the unit of work that will change it.
    """
    if leaving.administrates and await unit.users.hold_administrators() <= 1:
        raise LastAdministrator
