"""Trusted devices, as far as credentials know of them: they go with the password (AT-6).

On such a device the password alone opens the account. Who keeps them is a capability above this
one, which hands down how they are forgotten.
"""

from abc import abstractmethod
from typing import Protocol

from application.credentials.ports import CredentialsUnit
from domain.identifiers import UserId


class ForgetDevices[U: CredentialsUnit](Protocol):
    """Forgets every device that a user trusts."""

    @abstractmethod
    async def __call__(self, unit: U, user_id: UserId, /) -> None:
        """Do it in the caller's unit of work."""
