"""Mail: what leaves, and what happens when it cannot."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class MailRefused(Exception):
    """The server will never take this message (an SMTP 5xx). ``reply`` is its status only."""


class MailNotSent(Exception):
    """The message may be taken later (a 4xx)."""


class MailServerAway(MailNotSent):
    """No message would be taken now: no connection, no answer, or no sign-in to the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message to exactly one mailbox (AT-3), as text and as HTML.

    ``link`` and ``token`` repeat what the text holds, for the development mailbox.
    ``message_id`` is stable over retries, so that a receiver can drop a duplicate (OB-3).
    """

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    queued_at: datetime
    link: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return f"Mail(message_id={self.message_id!r})"


class Mailer(Protocol):
    """Hands a mail over to whoever delivers it."""

    @abstractmethod
    async def send(self, mail: Mail) -> None:
        """Return once the mail is accepted.

        Raises :class:`MailNotSent` if it is worth another try, :class:`MailServerAway` if no
        other mail is worth one now either, and :class:`MailRefused` if it never will be.
        """


class Mailbox(Mailer, Protocol):
    """A mailer that keeps the mails and shows them; development only."""

    @abstractmethod
    async def newest(self, *, limit: int) -> list[Mail]:
        """Return up to that many mails, the newest first."""
