"""Issuing the secrets that travel by mail: record and message in one commit (AT-4, OB-1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.outbox import MessageKind
from application.ports.unit_of_work import UnitOfWork
from domain.one_time_token import OneTimeToken, Purpose
from domain.user import User

_MAIL_FOR = {
    Purpose.EMAIL_VERIFICATION: MessageKind.VERIFY_EMAIL,
    Purpose.PASSWORD_RESET: MessageKind.RESET_PASSWORD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLifetimes:
    """How long each kind of mailed secret can be spent."""

    email_verification: timedelta
    password_reset: timedelta

    def of(self, purpose: Purpose) -> timedelta:
        """Return the lifetime for one purpose."""
        lifetime: timedelta = getattr(self, purpose.value)
        return lifetime


class MailedSecrets:
    """Puts a fresh secret in place of any older one and queues its mail."""

    def __init__(
        self,
        *,
        notifications: Notifications,
        clock: Clock,
        randomness: Randomness,
        lifetimes: SecretLifetimes,
    ) -> None:
        self._notifications, self._clock = notifications, clock
        self._randomness, self._lifetimes = randomness, lifetimes

    async def issue(self, unit: UnitOfWork, user: User, purpose: Purpose, *, now: datetime) -> None:
        """Queue a mail to the user's stored address, and to nothing that anybody typed (AT-3)."""
        ttl = self._lifetimes.of(purpose)
        token, secret = OneTimeToken.issue(
            user_id=user.id,
            purpose=purpose,
            email=user.email,
            ttl=ttl,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        await unit.one_time_tokens.put(token)
        # Of two issues at once the second one waits up there until the first is committed. Its
        # mail is dated after that, so that the newest mail holds the token that is left.
        queued_at = max(now, self._clock.now())
        message = self._notifications.secret(
            _MAIL_FOR[purpose], user.email, secret=secret, now=queued_at, ttl=ttl
        )
        await unit.outbox.enqueue(message)
