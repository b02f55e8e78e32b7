"""The profile: what a user may say about themselves, and what an administrator may set."""

from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.expectations import UNCHANGED, Expected, Unchanged, require_expected
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.users.lookup import existing_user
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.users.permissions import USERS_WRITE
from domain.users.user import User, UserNotFound


class EditProfile:
    """Change what may be said about a user: the display name, and nothing else (AT-9, AZ-4)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        display_name: str | Unchanged | None,
        expected: Expected[User] | None,
        origin: Origin,
        user_id: UserId | None = None,
    ) -> User:
        """Return the user as it is now, with what is ``UNCHANGED`` left as it was found.

        Without ``user_id`` it is the caller, which takes no permission. ``expected`` is asked
        about the present state first; if it says no, ChangedMeanwhile is raised and nothing is
        written. Raises PermissionDenied, UserNotFound and ValidationFailed.
        """
        if user_id is not None:
            principal.require(USERS_WRITE)
        meant = principal.user_id if user_id is None else user_id
        if meant is None:
            raise UserNotFound

        async def change() -> User:
            async with self._unit_of_work() as unit:
                user = await existing_user(unit, meant)
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
