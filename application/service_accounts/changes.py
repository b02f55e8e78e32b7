"""What every change of a service account that is there has in common."""

from collections.abc import Callable
from datetime import datetime

from application.audit.recording import Recorder
from application.expectations import Expected, require_expected
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.service_accounts.lookup import existing_account
from application.service_accounts.ports import ServiceAccountsUnit
from domain.identifiers import ServiceAccountId
from domain.origin import Origin
from domain.principal import Principal
from domain.service_accounts.events import ServiceAccountEvent
from domain.service_accounts.permissions import SERVICE_ACCOUNTS_WRITE
from domain.service_accounts.service_account import ServiceAccount

type Change = Callable[[ServiceAccount, datetime], ServiceAccountEvent | None]
"""Changes the account at this time and returns the event; None if there was nothing to change."""


class ChangeServiceAccount:
    """Change an account and record it, once more where another change was faster."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ServiceAccountsUnit],
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        change: Change,
        *,
        principal: Principal,
        account_id: ServiceAccountId,
        expected: Expected[ServiceAccount] | None = None,
        origin: Origin,
    ) -> ServiceAccount:
        """Return the account as it is now; without an event nothing is written.

        Raises PermissionDenied, StepUpRequired, ServiceAccountNotFound, ChangedMeanwhile,
        ServiceAccountAlreadyExists, and what ``change`` raises.
        """
        principal.require(SERVICE_ACCOUNTS_WRITE)

        async def attempt() -> ServiceAccount:
            async with self._unit_of_work() as unit:
                account = await existing_account(unit, account_id)
                require_expected(account, expected)
                event = change(account, self._clock.now())
                if event is not None:
                    await unit.service_accounts.save(account)
                    await self._recorder.record(unit, event, actor=principal, origin=origin)
                    await unit.commit()
            return account

        return await retry_on_conflict(attempt)
