"""Asking a signed-in caller for the password again (HD-6, PW-6)."""

from application.credentials.password_checks import PasswordChecks, PasswordGuess
from application.credentials.ports import CredentialsUnit
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.credentials.password import PasswordCredential
from domain.errors import ConcurrentChange, Forbidden
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.session import EndReason, SessionIsOver
from domain.users.user import User


class WrongPassword(Forbidden):
    """The signed-in caller's current password is another one."""

    code = "WRONG_PASSWORD"
    message = "The password is not right."
    meaning = "The signed-in caller's current password is wrong."


class Reauthenticate:
    """Ask a signed-in caller for the password again, before something dangerous (HD-6, PW-6)."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[CredentialsUnit], checks: PasswordChecks
    ) -> None:
        self._unit_of_work, self._checks = unit_of_work, checks

    async def __call__(
        self, *, principal: Principal, guess: PasswordGuess, origin: Origin
    ) -> tuple[User, PasswordCredential]:
        """Return the caller and their credential, for which the password is right.

        The next save of the user finds out whether anything came in between, and in its commit
        the guess is to be forgiven; a use case that starts again calls this again with the same
        ``guess``. Raises WrongPassword and TooManyRequests, both counted with the sign-ins,
        SessionIsOver, ConcurrentChange and Busy.
        """
        async with self._unit_of_work.read_only() as unit:
            caller = await unit.users.get(principal.user_id) if principal.user_id else None
        if caller is None:
            raise SessionIsOver.because(EndReason.USER_DELETED)
        _ensure_not_suspended(caller)
        check = await self._checks.evaluate(caller.email, guess, actor=principal, origin=origin)
        if check.user is None or check.user.id != caller.id:
            raise ConcurrentChange  # the address is another user's by now
        if check.credential is None or not check.is_right:
            raise await self._checks.refusal(
                WrongPassword(), user=caller, actor=principal, origin=origin
            )
        # Again: this is the version of the user that is saved next, and it is younger.
        _ensure_not_suspended(check.user)
        return check.user, check.credential


def _ensure_not_suspended(user: User) -> None:
    if user.suspended_at is not None:
        raise SessionIsOver.because(EndReason.USER_SUSPENDED)
