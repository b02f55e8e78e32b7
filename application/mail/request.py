"""Requests for a mail, which only the worker answers, so that asking tells nothing (EN-1)."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol

from application.mail.notifications import Notifications
from application.mail.ports import MailUnit
from application.ports.clock import Clock
from application.ports.rate_limiter import RateLimit
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.email_address import EmailAddress
from domain.mail.message import MessageKind
from domain.origin import Origin

MAIL_REQUEST = RateLimit(name="mail-request", burst=120, interval=timedelta(seconds=5))


class RequestMail:
    """Ask for a mail of one kind. Tells the caller nothing, not even by time (EN-1).

    Whether the address has an account that wants the mail is looked up by the worker.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[MailUnit],
        clock: Clock,
        notifications: Notifications,
        kind: MessageKind,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._notifications, self._kind = notifications, kind

    async def __call__(
        self, *, email: str, origin: Origin, asked: Mapping[str, str] | None = None
    ) -> None:
        """Return once the request is durable. Raises ValidationFailed for no address.

        ``asked`` is handed to the answer; it holds no secret.
        """
        address, now = EmailAddress.parse(email), self._clock.now()
        request = self._notifications.request(
            self._kind, address, now=now, origin=origin, asked=asked
        )
        async with self._unit_of_work() as unit:
            await unit.outbox.enqueue(request)
            await unit.commit()


type Queue[U] = Callable[[U, Origin], Awaitable[None]]
"""Queues a mail and notes it, in the unit of work that closes the request for it."""


class MailRequestAnswer[U](Protocol):
    """What is done for the account, if there is one, behind a request for a mail."""

    @abstractmethod
    async def prepare(self, address: EmailAddress, asked: Mapping[str, str]) -> Queue[U] | None:
        """Return what queues the mail; None if the address gets none.

        ``asked`` is what the request says beside that: its own words, and where it came from.

        Called outside of any unit of work, and once for each try of the request.
        """
