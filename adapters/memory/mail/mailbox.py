"""A mailbox that keeps what is sent."""

from application.mail.ports import Mail, Mailbox, Mailer


class MemoryMailbox(Mailbox):
    """Keeps every mail in ``mails``, the oldest first, and hands it on to ``forward`` if given.

    A mail that fails is not kept.
    """

    def __init__(self, forward: Mailer | None = None) -> None:
        self.mails: list[Mail] = []
        self._forward = forward
        self._failures: list[Exception] = []

    async def send(self, mail: Mail) -> None:
        if self._failures:
            raise self._failures.pop(0)
        if self._forward is not None:
            await self._forward.send(mail)
        self.mails.append(mail)

    async def newest(self, *, limit: int) -> list[Mail]:
        return self.mails[::-1][:limit]

    def fail_next(self, error: Exception, times: int = 1) -> None:
        """Raise the error from the next so many calls of :meth:`send`."""
        self._failures.extend([error] * times)

    def forget(self) -> None:
        """Keep no mail that was sent so far."""
        self.mails.clear()
