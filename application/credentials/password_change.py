"""A new password, for a caller who is surely the user (AT-6, HD-6, PW-6)."""

from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.devices import ForgetDevices
from application.credentials.mails import API_KEYS, PASSKEYS, PASSWORD_CHANGED, keys_in_words
from application.credentials.passkeys import TellPasskeys
from application.credentials.password_checks import PasswordGuess
from application.credentials.ports import CredentialsUnit, PasswordHasher
from application.credentials.reauthentication import Reauthenticate, Recognised
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from application.sessions.token_grants import SessionStarts, TokenGrant
from domain.credentials.events import PasswordChanged
from domain.credentials.one_time_token import OF_THE_PASSWORD
from domain.credentials.password import PasswordCredential
from domain.credentials.password_policy import PasswordPolicy, PasswordRejected, normalise_password
from domain.errors import Violation
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.session import EndReason


class ChangePassword[U: CredentialsUnit]:
    """Set a new password, by a caller who knows the present one or has just shown who they are.

    Every session, every mailed secret and every trusted device of the user ends; the caller gets
    a new session.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[U],
        reauthenticate: Reauthenticate,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        guard: AttemptGuard,
        session_starts: SessionStarts,
        forget_devices: ForgetDevices[U],
        tell_passkeys: TellPasskeys[U],
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
        self._forget_devices = forget_devices
        self._tell_passkeys = tell_passkeys

    async def __call__(
        self,
        *,
        principal: Principal,
        current_password: str | None,
        new_password: str,
        origin: Origin,
    ) -> TokenGrant:
        """Return both tokens of a new session, under a new id (SE-2).

        The session knows no more of its user than was shown: the password that came along, or what
        the session that vouched for the caller knows, with its time.

        Raises PasswordRejected, which costs no guess, and all that :class:`Reauthenticate`
        raises.
        """
        guess = None if current_password is None else PasswordGuess(current_password)
        new = normalise_password(new_password)
        await self._check(principal, guess, new)
        hashed: str | None = None

        async def change() -> TokenGrant:
            nonlocal hashed
            caller = await self._reauthenticate(principal=principal, guess=guess, origin=origin)
            hashed = hashed or await self._hasher.hash(new)
            return await self._save(caller, hashed, principal, origin)

        return await retry_on_conflict(change)

    async def _check(self, principal: Principal, guess: PasswordGuess | None, new: str) -> None:
        """Look at the new password before the old one: a refusal here must cost no guess.

        Without the old one, nothing is said about whether the new one is the same: that would
        answer a guess that nobody counts.
        """
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.get(principal.user_id) if principal.user_id else None
        email = user.email if user else None
        found = self._policy.violations(new, email=email, field="new_password")
        if guess is not None and new == guess.password:
            message = "Choose another one than before."
            found.append(Violation("new_password", "SAME_AS_BEFORE", message))
        if found:
            raise PasswordRejected(details=found)

    async def _save(
        self, caller: Recognised, hashed: str, principal: Principal, origin: Origin
    ) -> TokenGrant:
        async with self._unit_of_work() as unit:
            user, now = caller.user, self._clock.now()
            user.credentials_changed(now=now)
            await caller.save(unit)
            await self._put(unit, caller, hashed)
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
            changed = PasswordChanged(user_id=user.id, occurred_at=now)
            await self._recorder.record(unit, ended, changed, actor=principal, origin=origin)
            grant = await self._session_starts(
                unit, user, evidence=caller.shown, origin=origin, now=now
            )
            await unit.commit()
        return grant

    async def _put(self, unit: U, caller: Recognised, hashed: str) -> None:
        """Write the new hash; of an account that had no password, its first one."""
        user_id, now = caller.user.id, self._clock.now()
        credential = caller.credential or await unit.credentials.get(user_id)
        if credential is None:
            first = PasswordCredential.create(user_id=user_id, hashed=hashed, now=now)
            await unit.credentials.add(first)
        else:
            credential.change(hashed, now=now)
            await unit.credentials.save(credential)
