"""Passkeys, as far as credentials know of them: a new password leaves them, and its mail says so.

Who keeps them is a capability above this one, which hands down how they are told.
"""

from abc import abstractmethod
from typing import Protocol

from application.credentials.ports import CredentialsUnit
from domain.users.user import User


class TellPasskeys[U: CredentialsUnit](Protocol):
    """Tells which passkeys open an account, for a mail to its owner."""

    @abstractmethod
    async def __call__(self, unit: U, user: User, /) -> str:
        """Return them in words, each on a line of its own; empty where there is none."""
