"""The service accounts capability, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.audit.wiring import Audit
from application.kernel import Kernel
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service_accounts.changes import ChangeServiceAccount
from application.service_accounts.management import (
    CreateServiceAccount,
    DescribeServiceAccount,
    ListServiceAccounts,
    ReinstateServiceAccount,
    RemoveServiceAccount,
    ShowServiceAccount,
    SuspendServiceAccount,
)
from application.service_accounts.owned import ServiceAccountsData
from application.service_accounts.ports import ServiceAccountsUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccounts:
    """What the service accounts capability offers to entrypoints."""

    create: CreateServiceAccount
    list: ListServiceAccounts
    show: ShowServiceAccount
    describe: DescribeServiceAccount
    suspend: SuspendServiceAccount
    reinstate: ReinstateServiceAccount
    remove: RemoveServiceAccount
    owned: Sequence[OwnedData[ServiceAccountsUnit]]


def service_accounts(
    *, kernel: Kernel, audit: Audit, units: UnitOfWorkFactory[ServiceAccountsUnit]
) -> ServiceAccounts:
    """Return the capability over these ports."""
    clock, recorder = kernel.clock, audit.recorder
    change = ChangeServiceAccount(unit_of_work=units, clock=clock, recorder=recorder)
    return ServiceAccounts(
        create=CreateServiceAccount(
            unit_of_work=units, clock=clock, randomness=kernel.randomness, recorder=recorder
        ),
        list=ListServiceAccounts(unit_of_work=units, cursors=kernel.cursors),
        show=ShowServiceAccount(unit_of_work=units),
        describe=DescribeServiceAccount(change=change),
        suspend=SuspendServiceAccount(change=change),
        reinstate=ReinstateServiceAccount(change=change),
        remove=RemoveServiceAccount(unit_of_work=units, clock=clock, recorder=recorder),
        owned=(ServiceAccountsData(unit_of_work=units),),
    )
