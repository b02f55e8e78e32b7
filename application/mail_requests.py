"""Requests for a mail, which only the worker answers, so that asking tells nothing (EN-1)."""

from abc import abstractmethod
from typing import Protocol

from application.notifications import Notifications
from application.ports.clock import Clock
from application.ports.outbox import MessageKind
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.audit import Origin
from domain.email_address import EmailAddress
from domain.user import User


class RequestMail:
    """Ask for a mail of one kind. Tells the caller nothing, not even by time (EN-1).

    Whether the address has an account that wants the mail is looked up by the worker.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        notifications: Notifications,
        kind: MessageKind,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._notifications, self._kind = notifications, kind

    async def __call__(self, *, email: str, origin: Origin) -> None:
        """Return once the request is durable. Raises ValidationFailed for no address."""
        address, now = EmailAddress.parse(email), self._clock.now()
        request = self._notifications.request(self._kind, address, now=now, origin=origin)
        async with self._unit_of_work() as unit:
            await unit.outbox.enqueue(request)
            await unit.commit()


class MailRequestAnswer(Protocol):
    """What is done for the account, if there is one, behind a request for a mail."""

    @abstractmethod
    async def is_due(self, user: User) -> bool:
        """Tell whether the user gets the mail. Asked outside of any unit of work, and once."""

    @abstractmethod
    async def queue(self, unit: UnitOfWork, user: User, origin: Origin) -> None:
        """Queue the mail and note it, in the commit that closes the request."""
