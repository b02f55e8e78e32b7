"""Renaming and removing one's own factors, and new recovery codes (MF-2)."""

from collections.abc import Sequence

from application.audit.recording import Recorder
from application.expectations import Expected, require_expected
from application.factors.enrolment import IN_WORDS, Enrolments
from application.factors.guard import FactorGuard
from application.factors.listing import ListedFactor, Usability
from application.factors.mails import FACTOR_REMOVED
from application.factors.ports import FactorsUnit
from application.factors.recovery import RecoveryCodeMaking
from application.factors.taking_away import take_all_away
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.factors.events import FactorRemoved, RecoveryCodesGenerated
from domain.factors.factor import Factor, FactorId, FactorNotFound, RecoveryCodes, is_second
from domain.origin import Origin
from domain.principal import Principal


class RenameFactor:
    """Give one of the caller's factors another name."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        enrolments: Enrolments,
        usability: Usability,
    ) -> None:
        self._unit_of_work, self._enrolments = unit_of_work, enrolments
        self._usability = usability

    async def __call__(
        self,
        *,
        principal: Principal,
        factor_id: FactorId,
        name: str | None,
        expected: Expected[ListedFactor] | None = None,
    ) -> ListedFactor:
        """Return the factor.

        Raises FactorNotFound, ValidationFailed, StepUpRequired and ChangedMeanwhile.
        """

        async def rename() -> Factor:
            async with self._unit_of_work() as unit:
                _, factors = await self._enrolments.load(unit, principal)
                factor = one_of(factors, factor_id)
                require_expected(ListedFactor(factor, self._usability(factor)), expected)
                factor.rename(name)
                await unit.factors.save(factor)
                await unit.commit()
            return factor

        factor = await retry_on_conflict(rename)
        return ListedFactor(factor, self._usability(factor))


class RemoveFactor:
    """Remove one of the caller's factors.

    With the last second factor the recovery codes go too: there is nothing left to recover. So
    does the link that undoes the first one; as long as any is left, that link takes it away.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        enrolments: Enrolments,
        usability: Usability,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        guard: FactorGuard,
    ) -> None:
        self._unit_of_work, self._enrolments = unit_of_work, enrolments
        self._usability, self._clock, self._recorder = usability, clock, recorder
        self._notifications, self._guard = notifications, guard

    async def __call__(
        self,
        *,
        principal: Principal,
        factor_id: FactorId,
        origin: Origin,
        expected: Expected[ListedFactor] | None = None,
    ) -> None:
        """Return once it is removed; the owner is told.

        Raises FactorNotFound, StepUpRequired and ChangedMeanwhile.
        """
        await retry_on_conflict(lambda: self._remove(principal, factor_id, origin, expected))

    async def _remove(
        self,
        principal: Principal,
        factor_id: FactorId,
        origin: Origin,
        expected: Expected[ListedFactor] | None,
    ) -> None:
        async with self._unit_of_work() as unit:
            user, factors = await self._enrolments.load(unit, principal)
            removed, now = one_of(factors, factor_id), self._clock.now()
            require_expected(ListedFactor(removed, self._usability(removed)), expected)
            left = [factor for factor in factors if factor is not removed]
            any_left = any(is_second(factor) for factor in left)
            user.factors_changed(any_left=any_left, now=now)
            await unit.users.save(user)
            going = [removed] if any_left else factors
            if any_left:
                await unit.factors.remove(removed)
                await unit.devices.remove_all(user.id)
            else:
                await take_all_away(unit, user.id, guard=self._guard)
            events = [
                FactorRemoved(
                    user_id=user.id, factor_id=factor.id, kind=factor.kind.value, occurred_at=now
                )
                for factor in going
            ]
            await self._recorder.record(unit, *events, actor=principal, origin=origin)
            words = {"factor": IN_WORDS[removed.kind]}
            notice = self._notifications.notice(
                FACTOR_REMOVED, user.email, now=now, parameters=words
            )
            await unit.outbox.enqueue(notice)
            await unit.commit()


class RenewRecoveryCodes:
    """Make new recovery codes; the older ones are void from then on."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        enrolments: Enrolments,
        clock: Clock,
        recorder: Recorder,
        codes: RecoveryCodeMaking,
    ) -> None:
        self._unit_of_work, self._enrolments = unit_of_work, enrolments
        self._clock, self._recorder, self._codes = clock, recorder, codes

    async def __call__(self, *, principal: Principal, origin: Origin) -> Sequence[str]:
        """Return ten codes, shown once. Raises StepUpRequired, and FactorNotFound for an account
        without a second factor: there is nothing that they could stand in for."""
        return await retry_on_conflict(lambda: self._renew(principal, origin))

    async def _renew(self, principal: Principal, origin: Origin) -> Sequence[str]:
        async with self._unit_of_work() as unit:
            user, factors = await self._enrolments.load(unit, principal)
            if not any(is_second(factor) for factor in factors):
                raise FactorNotFound
            now = self._clock.now()
            kept, codes = self._codes.fresh(user.id, now=now)
            # Of two renewals at once the second one finds another version of the user.
            user.factors_changed(any_left=True, now=now)
            await unit.users.save(user)
            for old in factors:
                if isinstance(old, RecoveryCodes):
                    await unit.factors.remove(old)
            await unit.factors.add(kept)
            await unit.devices.remove_all(user.id)
            event = RecoveryCodesGenerated(user_id=user.id, occurred_at=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
        return codes


def one_of(factors: Sequence[Factor], factor_id: FactorId) -> Factor:
    """Return the factor with this identifier; raise FactorNotFound if it is none of these."""
    for factor in factors:
        if factor.id == factor_id:
            return factor
    raise FactorNotFound
