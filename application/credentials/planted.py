"""What was added to an account before its address was proven, as credentials know of it (AT-7).

A passkey or an API key that somebody else added to an account with one's address would open it
after any change of the password. Who keeps factors is a capability above this one, which hands down
how all of that goes.
"""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from application.credentials.ports import CredentialsUnit
from domain.events import DomainEvent
from domain.users.user import User


class ForgetPlanted[U: CredentialsUnit](Protocol):
    """Takes away the factors and API keys of an account whose address was just proven first.

    The user is saved by it, and by nobody else in that unit of work.
    """

    @abstractmethod
    async def __call__(self, unit: U, user: User, /, *, now: datetime) -> Sequence[DomainEvent]:
        """Do it in the caller's unit of work; return what is to be recorded of it."""
