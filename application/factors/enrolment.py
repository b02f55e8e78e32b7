"""Adding a factor, of whatever kind: who may, how many there may be, and what follows (MF-2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from application.audit.recording import Recorder
from application.factors.address_proof import AddressProofs, is_needed
from application.factors.mails import FACTOR_ENROLLED, FIRST_FACTOR_ENROLLED
from application.factors.ports import FactorsUnit
from application.factors.recovery import RecoveryCodeMaking
from application.freshness import Freshness
from application.mail.allowance import AdditionAllowance
from application.mail.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.credentials.one_time_token import OneTimeToken, Purpose
from domain.errors import ConcurrentChange
from domain.factors.challenge import Challenge, InvalidChallenge
from domain.factors.events import FactorEnrolled, RecoveryCodesGenerated
from domain.factors.factor import (
    MOST_FACTORS,
    Factor,
    FactorAlreadyEnrolled,
    FactorKind,
    InvalidProof,
    Passkey,
    RecoveryCodes,
    TooManyFactors,
    Totp,
    is_second,
)
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.session import EndReason, SessionIsOver
from domain.users.user import User

UNDO_TTL = timedelta(days=7)
"""How long the first factor can be undone by mail."""

IN_WORDS = {
    FactorKind.TOTP: "An authenticator app",
    FactorKind.PASSKEY: "A passkey",
    FactorKind.RECOVERY_CODES: "A set of recovery codes",
}
"""How a mail names a factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """The new factor; with the user's first one the recovery codes, which are shown once."""

    factor: Factor
    recovery_codes: Sequence[str] | None = field(default=None, repr=False)


class Enrolments:
    """What every kind of factor is added by."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        freshness: Freshness,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        notifications: Notifications,
        codes: RecoveryCodeMaking,
        address_proofs: AddressProofs,
        count_addition: AdditionAllowance,
    ) -> None:
        self._unit_of_work, self._freshness = unit_of_work, freshness
        self._clock, self._randomness, self._recorder = clock, randomness, recorder
        self._notifications, self._codes = notifications, codes
        self._address_proofs, self._count_addition = address_proofs, count_addition

    async def permitted(self, principal: Principal) -> tuple[User, list[Factor]]:
        """Return the caller and their factors, if they have shown recently who they are.

        With a factor, that takes a factor: a password that was stolen adds none (MF-2). Raises
        StepUpRequired and SessionIsOver.
        """
        async with self._unit_of_work.read_only() as unit:
            return await self.load(unit, principal)

    async def ask_mailbox(
        self, principal: Principal, user: User, factors: Sequence[Factor], challenge: Challenge
    ) -> None:
        """Mail the code that ``add`` will want, where this factor would wake a role (MF-2)."""
        if is_needed(principal, factors):
            await self._address_proofs.ask(user, challenge)

    def ensure_room(self, factors: Sequence[Factor], kind: type[Factor]) -> None:
        """Raise FactorAlreadyEnrolled for a second authenticator app, and TooManyFactors."""
        if kind is Totp and any(isinstance(factor, Totp) for factor in factors):
            raise FactorAlreadyEnrolled
        if sum(is_second(factor) for factor in factors) >= MOST_FACTORS:
            raise TooManyFactors

    async def add(
        self,
        factor: Factor,
        challenge: Challenge,
        *,
        principal: Principal,
        origin: Origin,
        email_code: str | None,
    ) -> Enrolled:
        """Keep the factor and spend its challenge.

        Where it would wake a role it takes the mailed code: ValidationFailed without one, and
        InvalidProof for a wrong one, which is counted.

        With the first one come recovery codes, and a mail with which the owner can undo it for a
        week; with each further one, a notice. Raises what ``permitted`` and ``ensure_room`` raise,
        InvalidChallenge for one that was used, FactorAlreadyEnrolled for a passkey that has an
        owner, and TooManyRequests.
        """
        user, needs_code = await self._addable(factor, challenge, principal)
        code = None
        if needs_code:
            code = await self._address_proofs.reserve(
                user, email_code, principal=principal, origin=origin
            )
        await self._count_addition(principal)
        try:
            return await retry_on_conflict(
                lambda: self._add(factor, challenge, principal, origin, code)
            )
        except InvalidProof as wrong:
            if not needs_code:
                raise
            raise await self._address_proofs.refusal(
                user, principal=principal, origin=origin
            ) from wrong

    async def _addable(
        self, factor: Factor, challenge: Challenge, principal: Principal
    ) -> tuple[User, bool]:
        """Return the caller, and whether the factor takes a mailed code; refuse what cannot be.

        So that what is refused uses up nothing of what the user may add.
        """
        async with self._unit_of_work.read_only() as unit:
            user, factors = await self.load(unit, principal)
            if await unit.spent_challenges.is_spent(challenge.nonce):
                raise InvalidChallenge
            if isinstance(factor, Passkey):
                taken = await unit.factors.find_passkey(factor.credential_id)
                if taken is not None:
                    raise FactorAlreadyEnrolled
        self.ensure_room(factors, type(factor))
        return user, is_needed(principal, factors)

    async def _add(
        self,
        factor: Factor,
        challenge: Challenge,
        principal: Principal,
        origin: Origin,
        code: str | None,
    ) -> Enrolled:
        async with self._unit_of_work() as unit:
            user, factors = await self.load(unit, principal)
            self.ensure_room(factors, type(factor))
            if is_needed(principal, factors):
                if code is None:
                    raise ConcurrentChange  # the last factor went since the question was asked
                await self._address_proofs.take(unit, user, challenge, code)
            now, codes = self._clock.now(), None
            is_first = not any(is_second(kept) for kept in factors)
            await unit.spent_challenges.spend(challenge.nonce, expires_at=challenge.expires_at)
            # Of two factors at once the second one finds another version of the user, and counts
            # anew; and so does a sign-in that is under way with the password alone.
            user.factors_changed(any_left=True, now=now)
            await unit.users.save(user)
            await unit.factors.add(factor)
            await unit.devices.remove_all(user.id)
            if is_first:
                # It was asked for with less than the account takes from now on (MF-2).
                await unit.one_time_tokens.discard(user.id, [Purpose.EMAIL_CHANGE])
            events = [
                FactorEnrolled(
                    user_id=user.id, factor_id=factor.id, kind=factor.kind.value, occurred_at=now
                ),
            ]
            await self._recorder.record(unit, *events, actor=principal, origin=origin)
            if is_first:
                kept, codes = self._codes.fresh(user.id, now=now)
                for old in factors:
                    if isinstance(old, RecoveryCodes):
                        await unit.factors.remove(old)
                await unit.factors.add(kept)
                generated = RecoveryCodesGenerated(user_id=user.id, occurred_at=now)
                await self._recorder.record(unit, generated, actor=principal, origin=origin)
            await self._tell(unit, user, factor, is_first=is_first)
            await unit.commit()
        return Enrolled(factor=factor, recovery_codes=codes)

    async def _tell(self, unit: FactorsUnit, user: User, factor: Factor, *, is_first: bool) -> None:
        now, words = self._clock.now(), {"factor": IN_WORDS[factor.kind]}
        if not is_first:
            notice = self._notifications.notice(
                FACTOR_ENROLLED, user.email, now=now, parameters=words
            )
            await unit.outbox.enqueue(notice)
            return
        token, secret = OneTimeToken.issue(
            user_id=user.id,
            purpose=Purpose.FACTOR_UNDO,
            email=user.email,
            ttl=UNDO_TTL,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        await unit.one_time_tokens.put(token)
        message = self._notifications.secret(
            FIRST_FACTOR_ENROLLED,
            user.email,
            secret=secret,
            now=max(now, self._clock.now()),
            ttl=UNDO_TTL,
            parameters=words,
        )
        await unit.outbox.enqueue(message)

    async def load(self, unit: FactorsUnit, principal: Principal) -> tuple[User, list[Factor]]:
        """Return the caller and their factors, as ``permitted`` does, in a unit of work.

        The account and the session are asked as they are now, and not as they were on entry: of a
        session that has ended since, or of one from before a factor, nothing is taken. What ended
        it later changes the user, and is found out by the version.
        """
        session_id = principal.session_id
        found = await unit.sessions.get_with_user(session_id) if session_id else None
        if found is None:
            raise SessionIsOver.because(EndReason.USER_DELETED)
        session, user = found
        if (reason := session.over(self._clock.now())) is not None:
            raise SessionIsOver.because(reason)
        if user.suspended_at is not None:
            raise SessionIsOver.because(EndReason.USER_SUSPENDED)
        self._freshness.ensure(
            replace(
                principal,
                assurance=session.assurance.no_more_than(principal.assurance),
                has_second_factor=user.has_second_factor,
            )
        )
        return user, await unit.factors.list_of(user.id)
