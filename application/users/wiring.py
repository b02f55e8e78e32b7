"""The users capability, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.owned import UserData
from application.users.ports import UsersUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """What the users capability offers to the capabilities above it."""

    owned: Sequence[OwnedData[UsersUnit]]


def users(*, units: UnitOfWorkFactory[UsersUnit]) -> Users:
    """Return the capability over these ports."""
    return Users(owned=(UserData(unit_of_work=units),))
