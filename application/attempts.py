"""Guarding an account against guessing, over every door that takes its password (RL-1)."""

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork
from application.recording import Recorder
from domain.access import Principal
from domain.audit import Origin
from domain.email_address import EmailAddress
from domain.events import AttemptsLimited, SessionRefused, UserLocked
from domain.identifiers import UserId
from domain.sign_in_attempts import AttemptPolicy, TooManyRequests, attempt_key


class AttemptGuard:
    """Reserves guesses before they are evaluated and gives them back after a right one."""

    def __init__(self, *, policy: AttemptPolicy, clock: Clock, recorder: Recorder) -> None:
        self._policy, self._clock, self._recorder = policy, clock, recorder

    async def reserve(
        self,
        unit: UnitOfWork,
        address: EmailAddress,
        *,
        user_id: UserId | None,
        actor: Principal,
        origin: Origin,
    ) -> TooManyRequests | None:
        """Take one guess at the address; the caller commits before evaluating it.

        Returns the refusal, to be raised *after* the commit that records it, while the
        address is locked; else None.
        """
        if self._policy.attempts == 0:
            return None
        now = self._clock.now()
        attempts = await unit.attempts.hold(attempt_key(address))
        try:
            was_last = attempts.reserve(self._policy, now=now)
        except TooManyRequests as refusal:
            refused = SessionRefused(user_id=user_id, because=refusal.code, occurred_at=now)
            await self._recorder.record(unit, refused, actor=actor, origin=origin)
            return refusal
        await unit.attempts.save(attempts)
        if was_last:
            locked = (
                AttemptsLimited(occurred_at=now)
                if user_id is None
                else UserLocked(user_id=user_id, occurred_at=now)
            )
            await self._recorder.record(unit, locked, actor=actor, origin=origin)
        return None

    async def give_back(self, unit: UnitOfWork, address: EmailAddress) -> None:
        """Take back one reservation whose guess was never evaluated."""
        if self._policy.attempts:
            attempts = await unit.attempts.hold(attempt_key(address))
            attempts.give_back(self._policy)
            await unit.attempts.save(attempts)

    async def forgive(self, unit: UnitOfWork, address: EmailAddress) -> None:
        """Forget all guesses at the address: the right password, or its owner, came."""
        if self._policy.attempts:
            await unit.attempts.clear(attempt_key(address))
