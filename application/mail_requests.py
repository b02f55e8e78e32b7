"""Requests for a mail, which only the worker answers, so that asking tells nothing (EN-1)."""

from abc import abstractmethod
from typing import Protocol

from application.ports.unit_of_work import UnitOfWork
from domain.audit import Origin
from domain.user import User


class MailRequestAnswer(Protocol):
    """What is done for the account, if there is one, behind a request for a mail."""

    @abstractmethod
    async def is_due(self, user: User) -> bool:
        """Tell whether the user gets the mail. Asked outside of any unit of work, and once."""

    @abstractmethod
    async def queue(self, unit: UnitOfWork, user: User, origin: Origin) -> None:
        """Queue the mail and note it, in the commit that closes the request."""
