"""Service accounts: making, seeing, describing, suspending and removing them."""

from application.audit.recording import Recorder
from application.expectations import UNCHANGED, Expected, Unchanged, require_expected
from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service_accounts.changes import ChangeServiceAccount
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
        """Return a page, the newest first.

        Raises PermissionDenied, StepUpRequired and InvalidCursor.
        """
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
        """Return the account.

        Raises PermissionDenied, StepUpRequired and ServiceAccountNotFound.
        """
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


class DescribeServiceAccount:
    """Give a service account another name, or another description."""

    def __init__(self, *, change: ChangeServiceAccount) -> None:
        self._change = change

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

        Raises PermissionDenied, StepUpRequired, ValidationFailed, ServiceAccountNotFound,
        ChangedMeanwhile and ServiceAccountAlreadyExists.
        """
        return await self._change(
            lambda account, now: account.describe(
                name=account.name if name is UNCHANGED else name,
                description=account.description if description is UNCHANGED else description,
                now=now,
            ),
            principal=principal,
            account_id=account_id,
            expected=expected,
            origin=origin,
        )


class SuspendServiceAccount:
    """Refuse the keys of a service account, from their next use on."""

    def __init__(self, *, change: ChangeServiceAccount) -> None:
        self._change = change

    async def __call__(
        self,
        *,
        principal: Principal,
        account_id: ServiceAccountId,
        reason: str | None,
        origin: Origin,
    ) -> ServiceAccount:
        """Return the account; one that is suspended already is not changed.

        Raises PermissionDenied, StepUpRequired, ValidationFailed and ServiceAccountNotFound.
        """
        return await self._change(
            lambda account, now: account.suspend(reason, now=now),
            principal=principal,
            account_id=account_id,
            origin=origin,
        )


class ReinstateServiceAccount:
    """Lift a suspension: the keys that have not expired count again."""

    def __init__(self, *, change: ChangeServiceAccount) -> None:
        self._change = change

    async def __call__(
        self, *, principal: Principal, account_id: ServiceAccountId, origin: Origin
    ) -> ServiceAccount:
        """Return the account; one that is not suspended is not changed.

        Raises PermissionDenied, StepUpRequired and ServiceAccountNotFound.
        """
        return await self._change(
            lambda account, now: account.reinstate(now=now),
            principal=principal,
            account_id=account_id,
            origin=origin,
        )


class RemoveServiceAccount:
    """Remove a service account with its roles and keys; audit rows keep the bare id."""

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
        *,
        principal: Principal,
        account_id: ServiceAccountId,
        expected: Expected[ServiceAccount] | None = None,
        origin: Origin,
    ) -> None:
        """Return once it is gone.

        Raises PermissionDenied, StepUpRequired, ServiceAccountNotFound and ChangedMeanwhile.
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
