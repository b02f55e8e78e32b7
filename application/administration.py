"""What an administrator does to another account: suspend, reinstate, give and take roles."""

from application.administrators import keep_one_administrator
from application.attempts import AttemptGuard
from application.erasing import Eraser
from application.expectations import UNCHANGED, Expected, Unchanged, require_expected
from application.mailed_secrets import MailedSecrets
from application.notifications import Notifications
from application.ports.clock import Clock
from application.ports.outbox import MessageKind
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.role_grants import grantable_roles, hold_roles
from application.session_ending import end_sessions
from domain.access import ADMINISTRATOR, Permission, Principal
from domain.audit import Origin
from domain.events import PasswordResetRequested, UserUnlocked
from domain.identifiers import UserId
from domain.one_time_token import Purpose
from domain.session import EndReason
from domain.user import User, UserNotFound

WRITE = Permission("users:write")
DELETE = Permission("users:delete")


class SuspendUser:
    """Lock an account out: sessions and mailed secrets end in the same commit (AT-4, SE-1)."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, user_id: UserId, reason: str, origin: Origin
    ) -> User:
        """Return the suspended user; one who is already stays as they are.

        Raises PermissionDenied, ValidationFailed, UserNotFound and LastAdministrator.
        """
        principal.require(WRITE)
        return await retry_on_conflict(lambda: self._suspend(principal, user_id, reason, origin))

    async def _suspend(
        self, principal: Principal, user_id: UserId, reason: str, origin: Origin
    ) -> User:
        async with self._unit_of_work() as unit:
            user = await _existing(unit, user_id)
            await keep_one_administrator(unit, user)
            now = self._clock.now()
            suspended = user.suspend(reason, now=now)
            if suspended is None:
                return user
            await unit.users.save(user)
            ended = await end_sessions(unit, user.id, EndReason.USER_SUSPENDED, now=now)
            await unit.one_time_tokens.discard(user.id, list(Purpose))
            await self._recorder.record(unit, ended, suspended, actor=principal, origin=origin)
            await unit.commit()
        return user


class ReinstateUser:
    """Lift a suspension. What it ended stays ended."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(self, *, principal: Principal, user_id: UserId, origin: Origin) -> User:
        """Return the user as it is now. Raises PermissionDenied and UserNotFound."""
        principal.require(WRITE)
        return await retry_on_conflict(lambda: self._reinstate(principal, user_id, origin))

    async def _reinstate(self, principal: Principal, user_id: UserId, origin: Origin) -> User:
        async with self._unit_of_work() as unit:
            user = await _existing(unit, user_id)
            event = user.reinstate(now=self._clock.now())
            if event is not None:
                await unit.users.save(user)
                await self._recorder.record(unit, event, actor=principal, origin=origin)
                await unit.commit()
        return user


class EditUser:
    """Change what an administrator may set of a user: the display name (AT-9, AZ-4)."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        user_id: UserId,
        display_name: str | Unchanged | None,
        expected: Expected[User] | None,
        origin: Origin,
    ) -> User:
        """Return the user as it is now.

        Raises PermissionDenied, UserNotFound, ChangedMeanwhile and ValidationFailed.
        """
        principal.require(WRITE)

        async def change() -> User:
            async with self._unit_of_work() as unit:
                user = await _existing(unit, user_id)
                require_expected(user, expected)
                event = None
                if display_name is not UNCHANGED:
                    event = user.rename(display_name, now=self._clock.now())
                if event is not None:
                    await unit.users.save(user)
                    await self._recorder.record(unit, event, actor=principal, origin=origin)
                    await unit.commit()
            return user

        return await retry_on_conflict(change)


class EraseUser:
    """Remove an account and all personal data; the audit trail keeps the bare id."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, eraser: Eraser) -> None:
        self._unit_of_work, self._eraser = unit_of_work, eraser

    async def __call__(
        self,
        *,
        principal: Principal,
        user_id: UserId,
        expected: Expected[User] | None,
        origin: Origin,
    ) -> None:
        """Return once everything is gone.

        Raises PermissionDenied, UserNotFound, ChangedMeanwhile and LastAdministrator.
        """
        principal.require(DELETE)

        async def erase() -> None:
            async with self._unit_of_work() as unit:
                user = await _existing(unit, user_id)
                require_expected(user, expected)
                await self._eraser(unit, user, principal=principal, origin=origin)
                await unit.commit()

        await retry_on_conflict(erase)


class UnlockUser:
    """Forget the wrong guesses at an account, so that its owner need not wait (RL-2)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        recorder: Recorder,
        guard: AttemptGuard,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._guard = recorder, guard

    async def __call__(self, *, principal: Principal, user_id: UserId, origin: Origin) -> User:
        """Return the user. Raises PermissionDenied and UserNotFound."""
        principal.require(WRITE)
        async with self._unit_of_work() as unit:
            user = await _existing(unit, user_id)
            await self._guard.forgive(unit, user.email)
            event = UserUnlocked(user_id=user.id, occurred_at=self._clock.now())
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
        return user


class StartPasswordReset:
    """Mail a user a link to set a new password; whoever asks sees neither (AZ-4)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
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
        principal.require(WRITE)
        async with self._unit_of_work() as unit:
            user = await _existing(unit, user_id)
            user.may_hold_sessions(verified_only=False)
            now = self._clock.now()
            await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
            event = PasswordResetRequested(user_id=user.id, occurred_at=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


class SetRole:
    """Give a user a role or take it away; either takes the permissions that it gives (AZ-3)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._notifications = recorder, notifications

    async def __call__(
        self,
        *,
        principal: Principal,
        user_id: UserId,
        role: str,
        held: bool,
        origin: Origin,
        expected: Expected[User] | None = None,
    ) -> None:
        """Return once the user has the role, or has it no more; the owner is told (HD-7).

        Raises PermissionDenied, ValidationFailed, RoleNotFound, UserNotFound, ChangedMeanwhile
        and LastAdministrator.
        """
        await retry_on_conflict(lambda: self._set(principal, user_id, role, held, origin, expected))

    async def _set(
        self,
        principal: Principal,
        user_id: UserId,
        name: str,
        held: bool,
        origin: Origin,
        expected: Expected[User] | None,
    ) -> None:
        async with self._unit_of_work() as unit:
            (role,) = await grantable_roles(unit, principal, [name])
            await hold_roles(unit, [role])
            user, now = await _existing(unit, user_id), self._clock.now()
            require_expected(user, expected)
            if not held and role == ADMINISTRATOR.name:
                await keep_one_administrator(unit, user)
            event = user.grant(role, now=now) if held else user.revoke(role, now=now)
            if event is None:
                return
            await unit.users.save(user)
            notice = self._notifications.notice(
                MessageKind.ROLES_CHANGED,
                user.email,
                now=now,
                parameters={"role": role, "change": "given to" if held else "taken from"},
            )
            await unit.outbox.enqueue(notice)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


async def _existing(unit: UnitOfWork, user_id: UserId) -> User:
    user = await unit.users.get(user_id)
    if user is None:
        raise UserNotFound
    return user
