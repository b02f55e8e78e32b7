"""Messages for the outbox, and the mails that are made of them.

A message in the outbox names its mail and keeps the secret sealed; only when it is about to be
sent are the two put together. Links are built from the configured origin and from nothing that
a request said (AT-2).
"""

from collections.abc import Mapping, Set
from dataclasses import asdict
from datetime import datetime, timedelta

from application.mail.ports import Mail
from application.mail.texts import MailText, filled_in
from application.ports.clock import Randomness
from application.ports.crypto import SealBroken, SecretBox
from domain.email_address import EmailAddress
from domain.mail.code import code_of
from domain.mail.message import MessageId, MessageKind, OutboxMessage
from domain.origin import Origin

SEAL_PURPOSE = "mailed-secret"


class Notifications:
    """Makes outbox messages, and mails out of them."""

    def __init__(
        self,
        *,
        secret_box: SecretBox,
        randomness: Randomness,
        link_base_url: str,
        texts: Mapping[MessageKind, MailText],
    ) -> None:
        self._secret_box, self._randomness = secret_box, randomness
        self._link_base_url, self._texts = link_base_url, texts

    @property
    def kinds(self) -> Set[MessageKind]:
        """The kinds that a mail can be made of."""
        return self._texts.keys()

    def secret(
        self,
        kind: MessageKind,
        to: EmailAddress,
        *,
        secret: str,
        now: datetime,
        ttl: timedelta,
        parameters: Mapping[str, str] | None = None,
    ) -> OutboxMessage:
        """Return the message that will bring ``secret`` to the one mailbox, if in time."""
        return OutboxMessage(
            id=MessageId.new(now, self._randomness.token_bytes),
            kind=kind,
            to=to.value,
            parameters={
                "time": f"{now:%Y-%m-%d %H:%M} UTC",
                "lifetime": _in_words(ttl),
                **(parameters or {}),
            },
            sealed_secret=self._secret_box.seal(secret.encode(), purpose=SEAL_PURPOSE),
            queued_at=now,
            expires_at=now + ttl,
        )

    def notice(
        self,
        kind: MessageKind,
        to: EmailAddress,
        *,
        now: datetime,
        parameters: Mapping[str, str] | None = None,
    ) -> OutboxMessage:
        """Return a message without a secret."""
        return OutboxMessage(
            id=MessageId.new(now, self._randomness.token_bytes),
            kind=kind,
            to=to.value,
            parameters={"time": f"{now:%Y-%m-%d %H:%M} UTC", **(parameters or {})},
            sealed_secret=None,
            queued_at=now,
            expires_at=None,
        )

    def request(
        self,
        kind: MessageKind,
        to: EmailAddress,
        *,
        now: datetime,
        origin: Origin,
        asked: Mapping[str, str] | None = None,
    ) -> OutboxMessage:
        """Return a message that asks the worker to look whether a mail is due.

        ``asked`` is what the answer has to know beside the address; it holds no secret.
        """
        return OutboxMessage(
            id=MessageId.new(now, self._randomness.token_bytes),
            kind=kind,
            to=to.value,
            parameters={
                **{key: value for key, value in asdict(origin).items() if value is not None},
                **(asked or {}),
            },
            sealed_secret=None,
            queued_at=now,
            expires_at=None,
        )

    def secret_in(self, message: OutboxMessage) -> str:
        """Return the secret that the message brings; raise SealBroken if it cannot be opened."""
        if message.sealed_secret is None:
            raise SealBroken
        return self._secret_box.open(message.sealed_secret, purpose=SEAL_PURPOSE).decode()

    def compose(self, message: OutboxMessage) -> Mail:
        """Return the mail, secret and all. Raises SealBroken if it cannot be opened."""
        # A process that sends nothing has no use for it.
        from application.mail.layout import mail_page

        text = self._texts[message.kind]
        token, link, words = None, None, dict(message.parameters)
        if message.sealed_secret is not None and text.path is None:
            words["code"] = code_of(self.secret_in(message))
        elif message.sealed_secret is not None:
            token = self.secret_in(message)
            link = f"{self._link_base_url}{text.path}?token={token}"
            words["code"] = code_of(token)
        before = list(filled_in(text.before, words))
        after = list(filled_in(text.after, words))
        return Mail(
            message_id=str(message.id),
            to=message.to,
            subject=text.subject,
            text="\n\n".join([*before, *([link] if link else []), *after]) + "\n",
            html=mail_page(text.subject, before=before, link=link, action=text.action, after=after),
            queued_at=message.queued_at,
            link=link,
            token=token,
        )


def _in_words(span: timedelta) -> str:
    """Return the span in its largest unit that divides it: ``2 days``, ``1 hour``."""
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}" + ("" if count == 1 else "s")
    return f"{seconds} second" + ("" if seconds == 1 else "s")
