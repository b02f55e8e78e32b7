"""Evaluating a password, wherever one is asked for: bounded, counted, and never in a hurry (RL-1).

Three steps, and the slow one holds nothing: reserve a guess (and commit it, so that no crash and
no parallel request gives it back), evaluate it, and let the caller write down how it ended.
"""

from dataclasses import dataclass

from application.attempts import AttemptGuard
from application.ports.clock import Clock
from application.ports.passwords import Busy, PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from application.recording import Recorder
from domain.access import Principal
from domain.audit import Origin
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange, DomainError, Forbidden
from domain.events import SessionRefused
from domain.password_policy import LONGEST_EVER, normalise_password
from domain.session import EndReason, SessionIsOver
from domain.user import User


class WrongPassword(Forbidden):
    """The signed-in caller's current password is another one."""

    code = "WRONG_PASSWORD"
    message = "The password is not right."


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """Whose password was evaluated, if anybody's, and whether it was right."""

    user: User | None
    credential: PasswordCredential | None
    is_right: bool


class PasswordChecks:
    """Takes one guess at an address's password, and notes a refusal."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        hasher: PasswordHasher,
        clock: Clock,
        recorder: Recorder,
        guard: AttemptGuard,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._clock = clock
        self._recorder = recorder
        self._guard = guard

    async def evaluate(
        self, address: EmailAddress, password: str, *, actor: Principal, origin: Origin
    ) -> PasswordCheck:
        """Return how the guess ended; it stays counted until ``AttemptGuard.forgive``.

        Raises TooManyRequests, alike for existing and missing accounts, and Busy.
        """
        user, credential = await self._reserve(address, actor, origin)
        try:
            is_right = await self._is_right(password, credential)
        except Busy:
            await self._give_back(address)
            raise
        return PasswordCheck(user, credential, is_right and credential is not None)

    async def refusal[E: DomainError](
        self,
        error: E,
        *,
        user: User | None,
        actor: Principal,
        origin: Origin,
        forgive: EmailAddress | None = None,
    ) -> E:
        """Commit what there is to note of the refusal and return it, to be raised then (F2)."""
        user_id, now = user.id if user else None, self._clock.now()
        event = SessionRefused(user_id=user_id, because=error.code, occurred_at=now)
        async with self._unit_of_work() as unit:
            if forgive is not None:
                await self._guard.forgive(unit, forgive)
            await self._recorder.record(unit, event, actor=actor, origin=origin)
            await unit.commit()
        return error

    async def _reserve(
        self, address: EmailAddress, actor: Principal, origin: Origin
    ) -> tuple[User | None, PasswordCredential | None]:
        async with self._unit_of_work() as unit:
            user = await unit.users.find_by_email(address)
            credential = await unit.credentials.get(user.id) if user else None
            user_id = user.id if user else None
            refusal = await self._guard.reserve(
                unit, address, user_id=user_id, actor=actor, origin=origin
            )
            await unit.commit()
        if refusal is not None:
            raise refusal
        return user, credential

    async def _give_back(self, address: EmailAddress) -> None:
        """Nothing was evaluated, so nothing was guessed; the client is told to come back."""
        async with self._unit_of_work() as unit:
            await self._guard.give_back(unit, address)
            await unit.commit()

    async def _is_right(self, password: str, credential: PasswordCredential | None) -> bool:
        # A password that could never have been set is not worth a hash (PW-2). The policy may
        # have become shorter since, so it is not asked.
        if len(password) > LONGEST_EVER:
            return False
        if credential is None:
            await self._hasher.verify_decoy(password)
            return False
        return await self._hasher.verify(password, credential.hash)


class Reauthenticate:
    """Ask a signed-in caller for the password again, before something dangerous (HD-6, PW-6)."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, checks: PasswordChecks) -> None:
        self._unit_of_work, self._checks = unit_of_work, checks

    async def __call__(
        self, *, principal: Principal, password: str, origin: Origin
    ) -> tuple[User, PasswordCredential]:
        """Return the caller and their credential, as they were when the password was right.

        Whoever saves the user next finds out whether anything came in between, and has to
        ``forgive`` the guess in the same commit. Raises WrongPassword and TooManyRequests, both
        counted with the sign-ins, SessionIsOver, ConcurrentChange and Busy.
        """
        async with self._unit_of_work.read_only() as unit:
            caller = await unit.users.get(principal.user_id) if principal.user_id else None
        if caller is None:
            raise SessionIsOver.because(EndReason.USER_DELETED)
        if caller.suspended_at is not None:
            raise SessionIsOver.because(EndReason.USER_SUSPENDED)
        check = await self._checks.evaluate(
            caller.email, normalise_password(password), actor=principal, origin=origin
        )
        if check.user is None or check.user.id != caller.id:
            raise ConcurrentChange  # the address is somebody else's by now
        if check.credential is None or not check.is_right:
            raise await self._checks.refusal(
                WrongPassword(), user=caller, actor=principal, origin=origin
            )
        return check.user, check.credential
