"""A new password by mail: one mail, and one request that carries its secret (AT-1, AT-6)."""

from collections.abc import Mapping, Sequence
from functools import partial

from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.devices import ForgetDevices
from application.credentials.mailed_secrets import MailedSecrets
from application.credentials.mails import API_KEYS, PASSKEYS, PASSWORD_CHANGED, keys_in_words
from application.credentials.passkeys import TellPasskeys
from application.credentials.planted import ForgetPlanted
from application.credentials.ports import CredentialsUnit, PasswordHasher
from application.mail.allowance import RESET_MAIL, MailAllowance
from application.mail.notifications import Notifications
from application.mail.request import MailRequestAnswer, Queue
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from application.users.lookup import existing_user
from domain.credentials.events import PasswordReset, PasswordResetRequested
from domain.credentials.one_time_token import (
    OF_THE_PASSWORD,
    InvalidToken,
    OneTimeToken,
    Purpose,
    digest_of,
)
from domain.credentials.password import PasswordCredential
from domain.credentials.password_policy import PasswordPolicy, normalise_password
from domain.email_address import EmailAddress
from domain.events import DomainEvent
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import ANONYMOUS, Principal
from domain.sessions.session import EndReason
from domain.users.permissions import USERS_WRITE
from domain.users.user import User, UserStatus


class StartPasswordReset:
    """Mail a user a link to set a new password; the administrator sees neither (AZ-4)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
        clock: Clock,
        recorder: Recorder,
        secrets: MailedSecrets,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._secrets = recorder, secrets

    async def __call__(self, *, principal: Principal, user_id: UserId, origin: Origin) -> None:
        """Return once the mail is queued.

        Raises PermissionDenied, UserNotFound, and UserIsSuspended for an account that no
        password opens.
        """
        principal.require(USERS_WRITE)
        async with self._unit_of_work() as unit:
            user = await existing_user(unit, user_id)
            user.ensure_may_sign_in(verified_only=False)
            now = self._clock.now()
            await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
            event = PasswordResetRequested(user_id=user.id, occurred_at=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


class AnswerPasswordResetRequest(MailRequestAnswer[CredentialsUnit]):
    """What asking for a reset leads to: a mail, if the account may have one."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
        secrets: MailedSecrets,
        clock: Clock,
        recorder: Recorder,
        mail_allowance: MailAllowance,
    ) -> None:
        self._unit_of_work, self._secrets, self._clock = unit_of_work, secrets, clock
        self._recorder, self._mail_allowance = recorder, mail_allowance

    async def prepare(
        self, address: EmailAddress, _asked: Mapping[str, str]
    ) -> Queue[CredentialsUnit] | None:
        """Return what queues a mail, if the account is in good standing and within its limit."""
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.find_by_email(address)
        if user is None or user.status is UserStatus.SUSPENDED:
            return None
        if not await self._mail_allowance(RESET_MAIL, user.email):
            return None
        return partial(self._queue, user)

    async def _queue(self, user: User, unit: CredentialsUnit, origin: Origin) -> None:
        """Queue a mail with a fresh secret, which replaces the older one."""
        now = self._clock.now()
        await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
        event = PasswordResetRequested(user_id=user.id, occurred_at=now)
        await self._recorder.record(unit, event, actor=ANONYMOUS, origin=origin)


class ResetPassword[U: CredentialsUnit]:
    """Set a new password with the mailed secret, which also proves the address.

    Everything that the old password allowed ends in the same commit: all sessions, every
    other mailed secret and every trusted device (AT-6); and where the address is proven by it for
    the first time, every second factor and every API key (AT-7); else those stay, and the mail
    says which. The owner is told.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[U],
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        guard: AttemptGuard,
        forget_devices: ForgetDevices[U],
        tell_passkeys: TellPasskeys[U],
        forget_planted: ForgetPlanted[U],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._recorder = recorder
        self._notifications = notifications
        self._guard, self._forget_devices = guard, forget_devices
        self._forget_planted, self._tell_passkeys = forget_planted, tell_passkeys

    async def __call__(self, *, token: str, new_password: str, origin: Origin) -> None:
        """Return once the new password is durable.

        Raises InvalidToken for any secret that cannot be spent, PasswordRejected (and the
        secret stays good), and Busy.
        """
        digest = digest_of(token, Purpose.PASSWORD_RESET)
        async with self._unit_of_work.read_only() as unit:
            user = await self._proven(unit, await unit.one_time_tokens.find(digest))
        password = normalise_password(new_password)
        self._policy.check(password, email=user.email, field="new_password")
        hashed = await self._hasher.hash(password)
        await retry_on_conflict(lambda: self._reset(digest, hashed, origin))

    async def _reset(self, digest: bytes, hashed: str, origin: Origin) -> None:
        async with self._unit_of_work() as unit:
            user = await self._proven(unit, await unit.one_time_tokens.take(digest))
            now = self._clock.now()
            verified = user.verify_email(now=now)
            user.credentials_changed(now=now)
            removed = await self._save(unit, user, is_first_proof=verified is not None)
            await self._replace(unit, user, hashed)
            ended = await end_sessions(unit, user.id, EndReason.PASSWORD_CHANGED, now=now)
            await unit.one_time_tokens.discard(user.id, OF_THE_PASSWORD)
            await self._forget_devices(unit, user.id)
            await self._guard.forgive(unit, user.email)
            keys = await unit.api_keys.count_usable(user.id, now=now)
            left = {PASSKEYS: await self._tell_passkeys(unit, user), API_KEYS: keys_in_words(keys)}
            notice = self._notifications.notice(
                PASSWORD_CHANGED, user.email, now=now, parameters=left
            )
            await unit.outbox.enqueue(notice)
            reset = PasswordReset(user_id=user.id, occurred_at=now)
            events = [ended, verified, *removed, reset]
            await self._recorder.record(unit, *events, actor=ANONYMOUS, origin=origin)
            await unit.commit()

    async def _save(self, unit: U, user: User, *, is_first_proof: bool) -> Sequence[DomainEvent]:
        if is_first_proof:
            return await self._forget_planted(unit, user, now=self._clock.now())
        await unit.users.save(user)
        return []

    async def _replace(self, unit: U, user: User, hashed: str) -> None:
        now = self._clock.now()
        credential = await unit.credentials.get(user.id)
        if credential is None:
            fresh = PasswordCredential.create(user_id=user.id, hashed=hashed, now=now)
            await unit.credentials.add(fresh)
        else:
            credential.replace(hashed, now=now)
            await unit.credentials.save(credential)

    async def _proven(self, unit: U, record: OneTimeToken | None) -> User:
        user = await unit.users.get(record.user_id) if record else None
        if record is None or user is None or user.status is UserStatus.SUSPENDED:
            raise InvalidToken
        record.ensure_proves(user.email, now=self._clock.now())
        return user
