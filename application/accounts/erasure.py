"""The end of an account: all personal data goes (HD-13)."""

from collections.abc import Sequence

from application.accounts.mails import ACCOUNT_ERASED
from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.credentials.password_checks import PasswordGuess
from application.credentials.reauthentication import Reauthenticate
from application.expectations import Expected, require_expected
from application.mail.notifications import Notifications
from application.owned_data import OwnedData, Owner
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.users.administrators import ensure_administrator_remains
from application.users.lookup import existing_user
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.users.permissions import USERS_DELETE
from domain.users.user import User


class Eraser[U: AccountsUnit]:
    """Removes a user and everything of theirs; the audit trail keeps the bare id."""

    def __init__(
        self,
        *,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        owned: Sequence[OwnedData[U]],
    ) -> None:
        self._clock, self._recorder = clock, recorder
        self._notifications, self._owned = notifications, owned

    async def __call__(self, unit: U, user: User, *, principal: Principal, origin: Origin) -> None:
        """Do it in the caller's unit of work, and queue the last mail.

        Raises LastAdministrator, and ConcurrentChange if the user was saved since it was loaded.
        """
        now = self._clock.now()
        await ensure_administrator_remains(unit, user)
        await unit.users.save(user)
        # First, so that the origin in the row of the erasure itself is blanked with the others.
        await self._recorder.record(unit, user.erase(now=now), actor=principal, origin=origin)
        for part in self._owned:
            await part.erase(unit, Owner(user_id=user.id, email=user.email))
        farewell = self._notifications.notice(ACCOUNT_ERASED, user.email, now=now)
        await unit.outbox.enqueue(farewell)


class EraseUser[U: AccountsUnit]:
    """Remove an account and all personal data; the audit trail keeps the bare id."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[U], eraser: Eraser[U]) -> None:
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
        principal.require(USERS_DELETE)

        async def erase() -> None:
            async with self._unit_of_work() as unit:
                user = await existing_user(unit, user_id)
                require_expected(user, expected)
                await self._eraser(unit, user, principal=principal, origin=origin)
                await unit.commit()

        await retry_on_conflict(erase)


class EraseOwnAccount[U: AccountsUnit]:
    """Remove the caller's account and all personal data; the audit trail keeps the bare id."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[U],
        reauthenticate: Reauthenticate,
        eraser: Eraser[U],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._reauthenticate, self._eraser = reauthenticate, eraser

    async def __call__(
        self,
        *,
        principal: Principal,
        password: str | None,
        origin: Origin,
        expected: Expected[User] | None = None,
    ) -> None:
        """Return once everything is gone.

        Raises LastAdministrator, ChangedMeanwhile, and all that :class:`Reauthenticate` raises.
        """
        guess = None if password is None else PasswordGuess(password)
        await retry_on_conflict(lambda: self._erase(principal, guess, origin, expected))

    async def _erase(
        self,
        principal: Principal,
        guess: PasswordGuess | None,
        origin: Origin,
        expected: Expected[User] | None,
    ) -> None:
        # Before the password: a right one would stay counted as a guess if this refused later.
        async with self._unit_of_work.read_only() as unit:
            present = await unit.users.get(principal.user_id) if principal.user_id else None
        if present is not None:
            require_expected(present, expected)
        caller = await self._reauthenticate(principal=principal, guess=guess, origin=origin)
        require_expected(caller.user, expected)
        async with self._unit_of_work() as unit:
            await caller.ensure_lasts(unit)
            await self._eraser(unit, caller.user, principal=principal, origin=origin)
            await unit.commit()
