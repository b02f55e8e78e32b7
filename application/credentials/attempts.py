"""Guarding an account against guessing, at every route that takes its password (RL-1)."""

from collections.abc import Sequence

from application.audit.recording import Recorder
from application.credentials.ports import CredentialsUnit, Guessed
from application.ports.clock import Clock
from domain.credentials.events import AttemptsLimited, UserLocked
from domain.credentials.sign_in_attempts import AttemptPolicy, attempt_key
from domain.email_address import EmailAddress
from domain.errors import TooManyRequests
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.events import SessionRefused


class AttemptGuard:
    """Reserves guesses before they are evaluated and gives them back after a right one."""

    def __init__(self, *, policy: AttemptPolicy, clock: Clock, recorder: Recorder) -> None:
        self._policy, self._clock, self._recorder = policy, clock, recorder

    async def reserve(
        self,
        unit: CredentialsUnit,
        guessed: Guessed,
        *,
        actor: Principal,
        origin: Origin,
    ) -> TooManyRequests | None:
        """Take one guess; the caller commits before evaluating it.

        Returns the refusal, to be raised *after* the commit that records it, while the address is
        locked; else None. Raises ConcurrentChange where another guess was counted meanwhile.
        """
        if self._policy.attempts == 0:
            return None
        now, attempts = self._clock.now(), guessed.attempts
        user_id = guessed.user.id if guessed.user else None
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

    async def give_back(self, unit: CredentialsUnit, address: EmailAddress) -> None:
        """Take back one reservation whose guess was never evaluated."""
        if self._policy.attempts:
            attempts = await unit.attempts.hold(attempt_key(address))
            attempts.give_back(self._policy)
            await unit.attempts.save(attempts)

    async def forgive(
        self, unit: CredentialsUnit, address: EmailAddress, *, also: Sequence[bytes] = ()
    ) -> None:
        """Forget all guesses at the address, and end its lock; and those under other keys."""
        if self._policy.attempts:
            await unit.attempts.clear(attempt_key(address), *also)
