"""Knowing that it is still the same person, before something dangerous (HD-6, MF-2, PW-6).

The password says so, as it always did, and so does a session in which the caller showed who they
are a short while ago. Where the account has a second factor, only such a session does: a password
that is given as well is looked at, and does not suffice.
"""

from dataclasses import dataclass, replace
from typing import Final

from application.credentials.password_checks import PasswordChecks, PasswordGuess
from application.credentials.ports import CredentialsUnit
from application.freshness import Freshness
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.assurance import Assurance, Evidence, Method
from domain.credentials.password import PasswordCredential
from domain.errors import ConcurrentChange, Forbidden
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.session import EndReason, Session, SessionIsOver
from domain.users.user import User


class WrongPassword(Forbidden):
    """The signed-in caller's current password is another one."""

    code = "WRONG_PASSWORD"
    message = "The password is not right."
    meaning = "The signed-in caller's current password is wrong."


_BY_PASSWORD: Final = Evidence.of(Method.PASSWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A caller of whom it is known that it is still them.

    ``session`` is the one that says so, None where the password does; ``credential`` is what the
    password was right for, None where none was given. ``shown`` is what a session that takes the
    place of the caller's may know: what the caller has shown, and nothing that was shown in their
    session since they got their token (ASVS 7.2.4).
    """

    user: User
    credential: PasswordCredential | None = None
    session: Session | None = None
    shown: Evidence | Assurance = _BY_PASSWORD

    async def save(self, unit: CredentialsUnit) -> None:
        """Write the user, in the unit of work that does what the caller was recognised for.

        Raises ConcurrentChange if anything came in between: a change of the account, or the end of
        the session that vouched for the caller. It may come only with the commit.
        """
        await unit.users.save(self.user)
        await self.ensure_lasts(unit)

    async def ensure_lasts(self, unit: CredentialsUnit) -> None:
        """Raise ConcurrentChange, as ``save`` does, if the session that vouched has ended."""
        if self.session is not None:
            await unit.sessions.save(self.session)


class Reauthenticate:
    """Make sure that it is still the same person, before something dangerous (HD-6, PW-6)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
        checks: PasswordChecks,
        freshness: Freshness,
        clock: Clock,
    ) -> None:
        self._unit_of_work, self._checks = unit_of_work, checks
        self._freshness, self._clock = freshness, clock

    async def __call__(
        self, *, principal: Principal, guess: PasswordGuess | None, origin: Origin
    ) -> Recognised:
        """Return the caller: for whom the password is right, or whose session is fresh, or both.

        Without a ``guess`` the session has to be; of an account with a second factor it has to be
        in any case, and is looked at first, so that what is refused for it costs no guess.

        ``Recognised.save`` finds out whether anything came in between, and in its commit a guess
        is to be forgiven; a use case that starts again calls this again with the same ``guess``.
        Raises StepUpRequired; WrongPassword and TooManyRequests, both counted with the sign-ins;
        SessionIsOver, ConcurrentChange and Busy.
        """
        caller, session = await self._caller(principal, guess)
        shown = _BY_PASSWORD if session is None else _shown_by(principal, session)
        if guess is None:
            return Recognised(user=caller, session=session, shown=shown)
        check = await self._checks.evaluate(caller.email, guess, actor=principal, origin=origin)
        if check.user is None or check.user.id != caller.id:
            raise ConcurrentChange  # the address is another user's by now
        if check.credential is None or not check.is_right:
            raise await self._checks.refusal(
                WrongPassword(), user=caller, actor=principal, origin=origin
            )
        # Again: this is the version of the user that is saved next, and it is younger.
        _ensure_not_suspended(check.user)
        if check.user.version != caller.version and (session or check.user.has_second_factor):
            raise ConcurrentChange  # the session vouched for an account that is another by now
        return Recognised(
            user=check.user, credential=check.credential, session=session, shown=shown
        )

    async def _caller(
        self, principal: Principal, guess: PasswordGuess | None
    ) -> tuple[User, Session | None]:
        """Return the caller; and their session, found fresh, where it has to vouch for them."""
        async with self._unit_of_work.read_only() as unit:
            caller = await unit.users.get(principal.user_id) if principal.user_id else None
            session = None
            if caller is not None and (guess is None or caller.has_second_factor):
                # After the user: what ended it since has changed that version of the account, too.
                session_id = principal.session_id
                session = await unit.sessions.get(session_id) if session_id else None
        if caller is None:
            raise SessionIsOver.because(EndReason.USER_DELETED)
        _ensure_not_suspended(caller)
        if guess is not None and not caller.has_second_factor:
            return caller, None
        self._ensure_fresh(principal, caller, session)
        return caller, session

    def _ensure_fresh(self, principal: Principal, caller: User, session: Session | None) -> None:
        """Ask about the account and the session as they are now, not as they were on entry."""
        if session is not None and (reason := session.over(self._clock.now())) is not None:
            raise SessionIsOver.because(reason)
        known = None if session is None else _shown_by(principal, session)
        self._freshness.ensure(
            replace(
                principal,
                assurance=known,
                has_second_factor=caller.has_second_factor,
            )
        )


def _shown_by(principal: Principal, session: Session) -> Assurance:
    return session.assurance.no_more_than(principal.assurance)


def _ensure_not_suspended(user: User) -> None:
    if user.suspended_at is not None:
        raise SessionIsOver.because(EndReason.USER_SUSPENDED)
