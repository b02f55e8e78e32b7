"""Issuing the secrets that travel by mail: record and message in one commit (AT-4, OB-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from application.credentials.mails import CONFIRM_EMAIL_CHANGE, RESET_PASSWORD, VERIFY_EMAIL
from application.credentials.ports import CredentialsUnit
from application.mail.notifications import Notifications
from application.mail.ports import MailUnit
from application.mail.relay import SecretCheck
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.credentials.one_time_token import OneTimeToken, Purpose, digest_of
from domain.email_address import EmailAddress
from domain.mail.message import MessageKind
from domain.users.user import User

_MAIL_FOR = {
    Purpose.EMAIL_VERIFICATION: VERIFY_EMAIL,
    Purpose.PASSWORD_RESET: RESET_PASSWORD,
    Purpose.EMAIL_CHANGE: CONFIRM_EMAIL_CHANGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLifetimes:
    """How long each kind of mailed secret can be spent."""

    email_verification: timedelta
    password_reset: timedelta
    email_change: timedelta
    invitation: timedelta

    def of(self, purpose: Purpose) -> timedelta:
        """Return the lifetime for one purpose."""
        lifetime: timedelta = getattr(self, purpose.value)
        return lifetime


class MailedSecrets:
    """Puts a fresh secret in place of any older one and queues its mail."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
        notifications: Notifications,
        clock: Clock,
        randomness: Randomness,
        lifetimes: SecretLifetimes,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._notifications, self._clock = notifications, clock
        self._randomness, self._lifetimes = randomness, lifetimes

    async def issue(
        self,
        unit: CredentialsUnit,
        user: User,
        purpose: Purpose,
        *,
        now: datetime,
        email: EmailAddress | None = None,
    ) -> None:
        """Queue a mail to the user's stored address, and to nothing that a caller typed (AT-3).

        Only a change of the address is mailed to another one: to that which it has to prove.
        """
        address = email or user.email
        token, secret = OneTimeToken.issue(
            user_id=user.id,
            purpose=purpose,
            email=address,
            ttl=self._lifetimes.of(purpose),
            now=now,
            entropy=self._randomness.token_bytes,
        )
        await unit.one_time_tokens.put(token)
        await self.queue(unit, purpose, _MAIL_FOR[purpose], address, secret, now=now)

    async def queue(
        self,
        unit: MailUnit,
        purpose: Purpose,
        kind: MessageKind,
        to: EmailAddress,
        secret: str,
        *,
        now: datetime,
    ) -> None:
        """Queue the mail that brings a secret whose record was just put in place.

        Of two issues at once the second one waits for the first one's commit before it gets here.
        Its mail is dated after that, so that the newest mail holds the secret that is left.
        """
        queued_at = max(now, self._clock.now())
        message = self._notifications.secret(
            kind, to, secret=secret, now=queued_at, ttl=self._lifetimes.of(purpose)
        )
        await unit.outbox.enqueue(message)

    def checks(self) -> Mapping[MessageKind, SecretCheck]:
        """Return how to tell, for each kind of mail, whether its secret can still be spent."""
        return {kind: self.check_for(purpose) for purpose, kind in _MAIL_FOR.items()}

    def check_for(self, purpose: Purpose) -> SecretCheck:
        """Return how to tell whether a secret for this purpose can still be spent."""
        return partial(self._is_live, purpose)

    async def _is_live(self, purpose: Purpose, secret: str) -> bool:
        async with self._unit_of_work.read_only() as unit:
            return await unit.one_time_tokens.find(digest_of(secret, purpose)) is not None
