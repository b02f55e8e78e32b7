"""Service accounts: making, seeing, describing, suspending and removing them."""

from application.audit.recording import Recorder
from application.expectations import UNCHANGED, Expected, Unchanged, require_expected
from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.service_accounts.lookup import existing_account
from application.service_accounts.ports import ServiceAccountsUnit
from domain.identifiers import ServiceAccountId
from domain.origin import Origin
from domain.principal import Principal
from domain.service_accounts.permissions import SERVICE_ACCOUNTS_READ, SERVICE_ACCOUNTS_WRITE
from domain.service_accounts.service_account import ServiceAccount, ServiceAccountNotFound


class CreateServiceAccount:
    """Make a service account, which has no role and no key yet."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ServiceAccountsUnit],
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._randomness, self._recorder = randomness, recorder

    async def __call__(
        self, *, principal: Principal, name: str, description: str | None, origin: Origin
    ) -> ServiceAccount:
        """Return the new account.

        Raises PermissionDenied, StepUpRequired, ValidationFailed and ServiceAccountAlreadyExists.
        """
        principal.require(SERVICE_ACCOUNTS_WRITE)
        account, created = ServiceAccount.create(
            name=name,
            description=description,
            created_by=principal.user_id,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
        )
        async with self._unit_of_work() as unit:
            await unit.service_accounts.add(account)
            await self._recorder.record(unit, created, actor=principal, origin=origin)
            await unit.commit()
        return account


class ListServiceAccounts:
    """Show all service accounts."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[ServiceAccountsUnit], cursors: Cursors
    ) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[ServiceAccount]:
        """Return a page, the newest first. Raises PermissionDenied, InvalidCursor."""
        principal.require(SERVICE_ACCOUNTS_READ)
        query = f"service accounts for {principal.account_id}"
        before = self._cursors.start(asked, query=query, place=ServiceAccountId.parse)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.service_accounts.page(limit=asked.limit + 1, before=before)
            count = await unit.service_accounts.count() if asked.counted else None
        return self._cursors.page(
            found, asked, query=query, position=lambda each: str(each.id), count=count
        )


class ShowServiceAccount:
    """Show one service account."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[ServiceAccountsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(
        self, *, principal: Principal, account_id: ServiceAccountId
    ) -> ServiceAccount:
        """Return the account. Raises PermissionDenied and ServiceAccountNotFound."""
        principal.require(SERVICE_ACCOUNTS_READ)
        async with self._unit_of_work.read_only() as unit:
            return await existing_account(unit, account_id)

    async def named(self, *, principal: Principal, name: str) -> ServiceAccount:
        """Return the account of this name. Raises as for an identifier."""
        principal.require(SERVICE_ACCOUNTS_READ)
        async with self._unit_of_work.read_only() as unit:
            account = await unit.service_accounts.find_by_name(name)
        if account is None:
            raise ServiceAccountNotFound
        return account


class _Change:
    """What every change of an account that is there needs."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ServiceAccountsUnit],
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder


class DescribeServiceAccount(_Change):
    """Give a service account another name, or another description."""

    async def __call__(
        self,
        *,
        principal: Principal,
        account_id: ServiceAccountId,
        name: str | Unchanged = UNCHANGED,
        description: str | Unchanged | None = UNCHANGED,
        expected: Expected[ServiceAccount] | None = None,
        origin: Origin,
    ) -> ServiceAccount:
        """Return the account as it is now; what is left out stays.

        Raises PermissionDenied, ValidationFailed, ServiceAccountNotFound, ChangedMeanwhile and
        ServiceAccountAlreadyExists.
        """
        principal.require(SERVICE_ACCOUNTS_WRITE)

        async def describe() -> ServiceAccount:
            async with self._unit_of_work() as unit:
                account = await existing_account(unit, account_id)
                require_expected(account, expected)
                event = account.describe(
                    name=account.name if name is UNCHANGED else name,
                    description=account.description if description is UNCHANGED else description,
                    now=self._clock.now(),
                )
                if event is not None:
                    await unit.service_accounts.save(account)
                    await self._recorder.record(unit, event, actor=principal, origin=origin)
                    await unit.commit()
            return account

        return await retry_on_conflict(describe)


class SuspendServiceAccount(_Change):
    """Refuse the keys of a service account, from their next use on."""

    async def __call__(
        self,
        *,
        principal: Principal,
        account_id: ServiceAccountId,
        reason: str | None,
        origin: Origin,
    ) -> ServiceAccount:
        """Return the account; one that is suspended already is not changed.

        Raises PermissionDenied, ValidationFailed and ServiceAccountNotFound.
        """
        principal.require(SERVICE_ACCOUNTS_WRITE)

        async def suspend() -> ServiceAccount:
            async with self._unit_of_work() as unit:
                account = await existing_account(unit, account_id)
                event = account.suspend(reason, now=self._clock.now())
                if event is not None:
                    await unit.service_accounts.save(account)
                    await self._recorder.record(unit, event, actor=principal, origin=origin)
                    await unit.commit()
            return account

        return await retry_on_conflict(suspend)


class ReinstateServiceAccount(_Change):
    """Lift a suspension: the keys that have not expired count again."""

    async def __call__(
        self, *, principal: Principal, account_id: ServiceAccountId, origin: Origin
    ) -> ServiceAccount:
        """Return the account as it is now. Raises PermissionDenied, ServiceAccountNotFound."""
        principal.require(SERVICE_ACCOUNTS_WRITE)

        async def reinstate() -> ServiceAccount:
            async with self._unit_of_work() as unit:
                account = await existing_account(unit, account_id)
                event = account.reinstate(now=self._clock.now())
                if event is not None:
                    await unit.service_accounts.save(account)
                    await self._recorder.record(unit, event, actor=principal, origin=origin)
                    await unit.commit()
            return account

        return await retry_on_conflict(reinstate)


class RemoveServiceAccount(_Change):
    """Remove a service account with its roles and keys; audit rows keep the bare id."""

    async def __call__(
        self,
        *,
        principal: Principal,
        account_id: ServiceAccountId,
        expected: Expected[ServiceAccount] | None = None,
        origin: Origin,
    ) -> None:
        """Return once it is gone.

        Raises PermissionDenied, ServiceAccountNotFound and ChangedMeanwhile.
        """
        principal.require(SERVICE_ACCOUNTS_WRITE)
        async with self._unit_of_work() as unit:
            account = await existing_account(unit, account_id)
            require_expected(account, expected)
            if not await unit.service_accounts.remove(account_id):
                raise ServiceAccountNotFound
            event = account.removed(now=self._clock.now())
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
