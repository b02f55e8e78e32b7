"""Giving roles to service accounts, and taking them away (AZ-3)."""

from application.access.granting import RoleGrants
from application.access.ports import AccessUnit
from application.audit.recording import Recorder
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.service_accounts.lookup import existing_account
from domain.identifiers import ServiceAccountId
from domain.origin import Origin
from domain.principal import Principal


class SetServiceRole:
    """Give a service account a role or take it away; by the same rules as a user's."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccessUnit],
        clock: Clock,
        recorder: Recorder,
        grants: RoleGrants,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._grants = recorder, grants

    async def __call__(
        self,
        *,
        principal: Principal,
        account_id: ServiceAccountId,
        role: str,
        held: bool,
        origin: Origin,
    ) -> None:
        """Return once the account has the role, or has it no more.

        Raises PermissionDenied, StepUpRequired, PersonRequired, ValidationFailed, RoleNotFound and
        ServiceAccountNotFound.
        """
        await retry_on_conflict(lambda: self._set(principal, account_id, role, held, origin))

    async def _set(
        self,
        principal: Principal,
        account_id: ServiceAccountId,
        name: str,
        held: bool,
        origin: Origin,
    ) -> None:
        async with self._unit_of_work() as unit:
            (role,) = await self._grants.grantable(
                unit, principal, [name], away=not held, field="name"
            )
            await self._grants.hold(unit, [role])
            account, now = await existing_account(unit, account_id), self._clock.now()
            event = account.grant(role, now=now) if held else account.revoke(role, now=now)
            if event is None:
                return
            await unit.service_accounts.save(account)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
