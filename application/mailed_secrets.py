"""Issuing the secrets that travel by mail: record and message in one commit (AT-4, OB-1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.outbox import MessageKind, OutboxMessage
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Principal, RoleName
from domain.email_address import EmailAddress
from domain.events import UserInvited
from domain.invitation import Invitation
from domain.one_time_token import OneTimeToken, Purpose, digest_of
from domain.user import User

_MAIL_FOR = {
    Purpose.EMAIL_VERIFICATION: MessageKind.VERIFY_EMAIL,
    Purpose.PASSWORD_RESET: MessageKind.RESET_PASSWORD,
    Purpose.EMAIL_CHANGE: MessageKind.CONFIRM_EMAIL_CHANGE,
    Purpose.INVITATION: MessageKind.INVITATION,
}
LATE = timedelta(minutes=1)
_PURPOSE_OF = {kind: purpose for purpose, kind in _MAIL_FOR.items()}


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
        unit_of_work: UnitOfWorkFactory,
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
        unit: UnitOfWork,
        user: User,
        purpose: Purpose,
        *,
        now: datetime,
        email: EmailAddress | None = None,
    ) -> None:
        """Queue a mail to the user's stored address, and to nothing that anybody typed (AT-3).

        Only a change of the address is mailed to another one: to that which it has to prove.
        """
        address, ttl = email or user.email, self._lifetimes.of(purpose)
        token, secret = OneTimeToken.issue(
            user_id=user.id,
            purpose=purpose,
            email=address,
            ttl=ttl,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        await unit.one_time_tokens.put(token)
        await self._queue(unit, purpose, address, secret, now)

    async def invite(
        self,
        unit: UnitOfWork,
        email: EmailAddress,
        *,
        roles: frozenset[RoleName],
        inviter: Principal,
        now: datetime,
    ) -> tuple[Invitation, UserInvited]:
        """Keep and mail an invitation; return it, and what to record."""
        invitation, secret, event = Invitation.issue(
            email=email,
            roles=roles,
            inviter=inviter,
            ttl=self._lifetimes.invitation,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        await unit.invitations.put(invitation)
        await self._queue(unit, Purpose.INVITATION, email, secret, now)
        return invitation, event

    async def is_live(self, message: OutboxMessage) -> bool:
        """Tell whether what the message brings can still be spent; True if it brings nothing.

        A secret that was replaced, spent or discarded while its mail waited for a server that
        was away is not worth a mail. Asked only of mail that is late: in the ordinary run of
        things the newer mail is right behind the older one. Raises SealBroken for a secret that
        was sealed under another key.
        """
        purpose = _PURPOSE_OF.get(message.kind)
        if purpose is None or self._clock.now() - message.queued_at < LATE:
            return True
        digest = digest_of(self._notifications.secret_in(message), purpose)
        async with self._unit_of_work.read_only() as unit:
            if purpose is Purpose.INVITATION:
                return await unit.invitations.find(digest) is not None
            return await unit.one_time_tokens.find(digest) is not None

    async def _queue(
        self, unit: UnitOfWork, purpose: Purpose, to: EmailAddress, secret: str, now: datetime
    ) -> None:
        # Of two issues at once the second one waits for the first one's commit before it gets
        # here. Its mail is dated after that, so that the newest mail holds the token that is left.
        queued_at = max(now, self._clock.now())
        message = self._notifications.secret(
            _MAIL_FOR[purpose], to, secret=secret, now=queued_at, ttl=self._lifetimes.of(purpose)
        )
        await unit.outbox.enqueue(message)
