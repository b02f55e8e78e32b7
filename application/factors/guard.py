"""Guarding an account against guessing at its second factors (RL-1, MF-1).

One counter for each account, whatever is guessed and wherever: a new challenge brings no new
guesses. It is not that of the password, so neither can be used to lift the other.
"""

import hashlib
from dataclasses import dataclass

from application.audit.recording import Recorder
from application.factors.mails import FACTOR_LOCKED
from application.factors.ports import FactorsUnit
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.credentials.sign_in_attempts import AttemptPolicy
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange, Forbidden, TooManyRequests
from domain.factors.events import FactorLocked, FactorRefused
from domain.factors.factor import InvalidProof
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import ANONYMOUS, Principal
from domain.sessions.events import SessionRefused
from domain.users.user import User


def factor_key(user_id: UserId) -> bytes:
    """Return the key under which guesses at this user's factors are counted."""
    return hashlib.sha256(b"factors:" + user_id.value.bytes).digest()


def mailbox_key(email: EmailAddress) -> bytes:
    """Return the key under which guesses at codes that were mailed there are counted."""
    return hashlib.sha256(b"mailed-codes:" + email.key.encode()).digest()


@dataclass(frozen=True, slots=True)
class FactorGuard:
    """Reserves a guess before it is evaluated, and forgets all of them after a right one."""

    unit_of_work: UnitOfWorkFactory[FactorsUnit]
    policy: AttemptPolicy
    clock: Clock
    recorder: Recorder
    notifications: Notifications

    async def reserve(self, user: User, *, actor: Principal, origin: Origin) -> None:
        """Take one guess, durably; raise TooManyRequests while the account's factors are locked.

        With the last guess before a lock the owner is told: whoever is guessing knows the
        password.
        """
        if self.policy.attempts == 0:
            return
        try:
            refusal = await self._take_guess(user, actor, origin, held=False)
        except ConcurrentChange:
            # Another guess at this account was counted meanwhile: now this one waits its turn.
            refusal = await self._take_guess(user, actor, origin, held=True)
        if refusal is not None:
            raise refusal

    async def _take_guess(
        self, user: User, actor: Principal, origin: Origin, *, held: bool
    ) -> TooManyRequests | None:
        """Return the refusal, to be raised after the commit that records it."""
        key = factor_key(user.id)
        async with self.unit_of_work() as unit:
            attempts = await (unit.attempts.hold(key) if held else unit.attempts.find(key))
            now = self.clock.now()
            try:
                was_last = attempts.reserve(self.policy, now=now)
            except TooManyRequests as locked:
                refused = FactorRefused(user_id=user.id, method=locked.code, occurred_at=now)
                await self.recorder.record(unit, refused, actor=actor, origin=origin)
                await unit.commit()
                return locked
            await unit.attempts.save(attempts)
            if was_last:
                event = FactorLocked(user_id=user.id, occurred_at=now)
                await self.recorder.record(unit, event, actor=actor, origin=origin)
                notice = self.notifications.notice(FACTOR_LOCKED, user.email, now=now)
                await unit.outbox.enqueue(notice)
            await unit.commit()
        return None

    async def reserve_at_mailbox(self, email: EmailAddress) -> None:
        """Take one guess at a code that was mailed there; alike where it has no account (EN-1).

        Anybody may ask for such a code. So these guesses have a counter of their own, or strangers
        could lock an owner's factors. Raises TooManyRequests.
        """
        if self.policy.attempts == 0:
            return
        try:
            refusal = await self._take_guess_at(email, held=False)
        except ConcurrentChange:
            refusal = await self._take_guess_at(email, held=True)
        if refusal is not None:
            raise refusal

    async def _take_guess_at(self, email: EmailAddress, *, held: bool) -> TooManyRequests | None:
        key = mailbox_key(email)
        async with self.unit_of_work() as unit:
            attempts = await (unit.attempts.hold(key) if held else unit.attempts.find(key))
            try:
                attempts.reserve(self.policy, now=self.clock.now())
            except TooManyRequests as locked:
                return locked
            await unit.attempts.save(attempts)
            await unit.commit()
        return None

    async def refusal(
        self,
        user: User | None,
        method: str,
        *,
        actor: Principal,
        origin: Origin,
        refused: InvalidProof | None = None,
    ) -> InvalidProof:
        """Record that a proof was wrong, commit, and return the error for the caller to raise.

        ``refused`` may know better what happened. Without a user, a sign-in was refused.
        """
        now, event = self.clock.now(), refused.event if refused else None
        if user is None:
            event = SessionRefused(because=InvalidProof.code, occurred_at=now)
        elif event is None:
            event = FactorRefused(user_id=user.id, method=method, occurred_at=now)
        async with self.unit_of_work() as unit:
            await self.recorder.record(unit, event, actor=actor, origin=origin)
            await unit.commit()
        return InvalidProof()

    async def admit(self, user: User, *, verified_only: bool, origin: Origin) -> None:
        """Return if the account is open to the user, whose proof was right.

        Else raises EmailNotVerified or UserIsSuspended, which is on record then (LG-3); the guess
        was none.
        """
        try:
            user.ensure_may_sign_in(verified_only=verified_only)
        except Forbidden as refusal:
            now = self.clock.now()
            refused = SessionRefused(user_id=user.id, because=refusal.code, occurred_at=now)
            async with self.unit_of_work() as unit:
                await self.forgive(unit, user.id)
                await self.recorder.record(unit, refused, actor=ANONYMOUS, origin=origin)
                await unit.commit()
            raise

    async def forgive_mailbox(self, unit: FactorsUnit, email: EmailAddress) -> None:
        """Forget all guesses at codes that were mailed there, and end their lock."""
        if self.policy.attempts:
            await unit.attempts.clear(mailbox_key(email))

    async def forgive(self, unit: FactorsUnit, user_id: UserId) -> None:
        """Forget all guesses at the user's factors, and end their lock."""
        if self.policy.attempts:
            await unit.attempts.clear(factor_key(user_id))
