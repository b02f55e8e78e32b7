"""A new password: with the old one, or with one mail and one request that carries its secret.

Either way everything that the old one allowed ends in the same commit, and the owner is told
(AT-1, AT-6, PW-6).
"""

from application.attempts import AttemptGuard
from application.limits import RESET_MAIL, MailAllowance
from application.mail_requests import MailRequestAnswer
from application.mailed_secrets import MailedSecrets
from application.notifications import Notifications
from application.password_checks import Reauthenticate
from application.ports.clock import Clock
from application.ports.outbox import MessageKind
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.session_ending import end_sessions
from application.token_grants import SessionStarts, TokenGrant
from domain.access import ANONYMOUS, Principal
from domain.audit import Origin
from domain.credential import PasswordCredential
from domain.errors import Violation
from domain.events import PasswordChanged, PasswordReset, PasswordResetRequested
from domain.one_time_token import InvalidToken, OneTimeToken, Purpose, digest_of
from domain.password_policy import PasswordPolicy, PasswordRejected, normalise_password
from domain.session import EndReason
from domain.user import User, UserStatus


class AnswerPasswordResetRequest(MailRequestAnswer):
    """What asking for a reset leads to: a mail, if the account may have one."""

    def __init__(
        self,
        *,
        secrets: MailedSecrets,
        clock: Clock,
        recorder: Recorder,
        mail_allowance: MailAllowance,
    ) -> None:
        self._secrets, self._clock = secrets, clock
        self._recorder, self._mail_allowance = recorder, mail_allowance

    async def is_due(self, user: User) -> bool:
        """Tell whether the account is in good standing and its mailbox may get another mail."""
        good = user.status is not UserStatus.SUSPENDED
        return good and await self._mail_allowance(RESET_MAIL, user.email)

    async def queue(self, unit: UnitOfWork, user: User, origin: Origin) -> None:
        """Queue a mail with a fresh secret, which replaces the older one."""
        now = self._clock.now()
        await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
        event = PasswordResetRequested(user_id=user.id, occurred_at=now)
        await self._recorder.record(unit, event, actor=ANONYMOUS, origin=origin)


class ResetPassword:
    """Set a new password with the mailed secret, which also proves the address.

    Everything that the old password allowed ends in the same commit: all sessions and every
    other mailed secret (AT-6). The owner is told.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        guard: AttemptGuard,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._recorder = recorder
        self._notifications = notifications
        self._guard = guard

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
            await unit.users.save(user)
            await self._replace(unit, user, hashed)
            ended = await end_sessions(unit, user.id, EndReason.PASSWORD_CHANGED, now=now)
            await unit.one_time_tokens.discard(user.id, list(Purpose))
            await self._guard.forgive(unit, user.email)
            notice = self._notifications.notice(MessageKind.PASSWORD_CHANGED, user.email, now=now)
            await unit.outbox.enqueue(notice)
            reset = PasswordReset(user_id=user.id, occurred_at=now)
            events = [ended, verified, reset]
            await self._recorder.record(unit, *events, actor=ANONYMOUS, origin=origin)
            await unit.commit()

    async def _replace(self, unit: UnitOfWork, user: User, hashed: str) -> None:
        now = self._clock.now()
        credential = await unit.credentials.get(user.id)
        if credential is None:
            fresh = PasswordCredential.create(user_id=user.id, hashed=hashed, now=now)
            await unit.credentials.add(fresh)
        else:
            credential.replace(hashed, now=now)
            await unit.credentials.save(credential)

    async def _proven(self, unit: UnitOfWork, record: OneTimeToken | None) -> User:
        user = await unit.users.get(record.user_id) if record else None
        if record is None or user is None or user.status is UserStatus.SUSPENDED:
            raise InvalidToken
        record.proves(user.email, now=self._clock.now())
        return user


class ChangePassword:
    """Set a new password, knowing the present one.

    Every session and every mailed secret of the user ends; the caller gets a new session.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        reauthenticate: Reauthenticate,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        guard: AttemptGuard,
        session_starts: SessionStarts,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._reauthenticate = reauthenticate
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._recorder = recorder
        self._notifications = notifications
        self._guard = guard
        self._session_starts = session_starts

    async def __call__(
        self, *, principal: Principal, current_password: str, new_password: str, origin: Origin
    ) -> TokenGrant:
        """Return both tokens of a new session, under a new id (SE-2).

        Raises PasswordRejected, which costs no guess, and all that :class:`Reauthenticate`
        raises.
        """
        new = normalise_password(new_password)
        await self._check(principal, normalise_password(current_password), new)
        return await retry_on_conflict(
            lambda: self._change(principal, current_password, new, origin)
        )

    async def _check(self, principal: Principal, current: str, new: str) -> None:
        """Look at the new password before the old one: a refusal here must cost no guess."""
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.get(principal.user_id) if principal.user_id else None
        email = user.email if user else None
        found = self._policy.violations(new, email=email, field="new_password")
        if new == current:
            message = "Choose another one than before."
            found.append(Violation("new_password", "SAME_AS_BEFORE", message))
        if found:
            raise PasswordRejected(details=found)

    async def _change(
        self, principal: Principal, current: str, new: str, origin: Origin
    ) -> TokenGrant:
        user, credential = await self._reauthenticate(
            principal=principal, password=current, origin=origin
        )
        hashed = await self._hasher.hash(new)
        async with self._unit_of_work() as unit:
            now = self._clock.now()
            user.credentials_changed(now=now)
            await unit.users.save(user)
            credential.change(hashed, now=now)
            await unit.credentials.save(credential)
            ended = await end_sessions(unit, user.id, EndReason.PASSWORD_CHANGED, now=now)
            await unit.one_time_tokens.discard(user.id, list(Purpose))
            await self._guard.forgive(unit, user.email)
            notice = self._notifications.notice(MessageKind.PASSWORD_CHANGED, user.email, now=now)
            await unit.outbox.enqueue(notice)
            changed = PasswordChanged(user_id=user.id, occurred_at=now)
            await self._recorder.record(unit, ended, changed, actor=principal, origin=origin)
            grant = await self._session_starts(unit, user, origin=origin, now=now)
            await unit.commit()
        return grant
