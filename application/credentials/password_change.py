"""A new password, knowing the present one (AT-6, PW-6)."""

from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.mails import PASSWORD_CHANGED
from application.credentials.password_checks import PasswordGuess
from application.credentials.ports import CredentialsUnit, PasswordHasher
from application.credentials.reauthentication import Reauthenticate
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from application.sessions.token_grants import SessionStarts, TokenGrant
from domain.assurance import Evidence, Method
from domain.credentials.events import PasswordChanged
from domain.credentials.one_time_token import OF_THE_PASSWORD
from domain.credentials.password import PasswordCredential
from domain.credentials.password_policy import PasswordPolicy, PasswordRejected, normalise_password
from domain.errors import Violation
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.session import EndReason
from domain.users.user import User


class ChangePassword:
    """Set a new password, knowing the present one.

    Every session and every mailed secret of the user ends; the caller gets a new session.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
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
        guess, new = PasswordGuess(current_password), normalise_password(new_password)
        await self._check(principal, guess.password, new)
        hashed: str | None = None

        async def change() -> TokenGrant:
            nonlocal hashed
            user, credential = await self._reauthenticate(
                principal=principal, guess=guess, origin=origin
            )
            hashed = hashed or await self._hasher.hash(new)
            return await self._save(user, credential, hashed, principal, origin)

        return await retry_on_conflict(change)

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

    async def _save(
        self,
        user: User,
        credential: PasswordCredential,
        hashed: str,
        principal: Principal,
        origin: Origin,
    ) -> TokenGrant:
        async with self._unit_of_work() as unit:
            now = self._clock.now()
            user.credentials_changed(now=now)
            await unit.users.save(user)
            credential.change(hashed, now=now)
            await unit.credentials.save(credential)
            ended = await end_sessions(unit, user.id, EndReason.PASSWORD_CHANGED, now=now)
            await unit.one_time_tokens.discard(user.id, OF_THE_PASSWORD)
            await self._guard.forgive(unit, user.email)
            notice = self._notifications.notice(PASSWORD_CHANGED, user.email, now=now)
            await unit.outbox.enqueue(notice)
            changed = PasswordChanged(user_id=user.id, occurred_at=now)
            await self._recorder.record(unit, ended, changed, actor=principal, origin=origin)
            grant = await self._session_starts(
                unit, user, evidence=Evidence.of(Method.PASSWORD), origin=origin, now=now
            )
            await unit.commit()
        return grant
