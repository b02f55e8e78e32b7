"""``doorward service-accounts …``: accounts of programs, and what they may do."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from cyclopts import App, Parameter

from domain.origin import NOWHERE
from domain.principal import OPERATOR
from domain.service_accounts.service_account import ServiceAccount
from entrypoints.cli.exits import USAGE, say
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.subject import Service, found_service
from entrypoints.cli.whole_lists import every
from entrypoints.representations.service_accounts import service_account_body

service_accounts = App(name="service-accounts")
_COLUMNS = ("id", "name", "status", "roles", "created_at", "description")


@service_accounts.command(name="list")
def list_service_accounts(*, json: bool = False) -> None:
    """List all service accounts, the newest first."""
    listed = in_service(
        lambda services: every(
            lambda asked: services.service_accounts.list(principal=OPERATOR, asked=asked),
            unit="service accounts",
        )
    )
    rows = [service_account_body(account) for account in listed]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


@service_accounts.command
def create(name: str, *, description: str | None = None, json: bool = False) -> None:
    """Make a service account. It has no role and no key yet.

    Parameters
    ----------
    name:
        By this name commands find it; no two have the same.
    description:
        What it is for.
    json:
        Print the account as JSON.
    """
    account = in_service(
        lambda services: services.service_accounts.create(
            principal=OPERATOR, name=name, description=description, origin=NOWHERE
        )
    )
    _print(account, as_json=json)


@service_accounts.command
def show(service: Service, *, json: bool = False) -> None:
    """Show one service account."""
    account = in_service(lambda services: found_service(services, service))
    if json:
        print_json(service_account_body(account))
    else:
        print_table([service_account_body(account)], _COLUMNS)


@service_accounts.command
def suspend(service: Service, *, reason: str | None = None, json: bool = False) -> None:
    """Refuse all its keys from their next use on, until it is reinstated.

    Parameters
    ----------
    reason:
        Why, for later readers.
    """
    account = in_service(
        _changing(
            service,
            lambda services, account: services.service_accounts.suspend(
                principal=OPERATOR, account_id=account.id, reason=reason, origin=NOWHERE
            ),
        )
    )
    _print(account, as_json=json)


@service_accounts.command
def reinstate(service: Service, *, json: bool = False) -> None:
    """Lift a suspension: its keys count again."""
    account = in_service(
        _changing(
            service,
            lambda services, account: services.service_accounts.reinstate(
                principal=OPERATOR, account_id=account.id, origin=NOWHERE
            ),
        )
    )
    _print(account, as_json=json)


@service_accounts.command
def remove(service: Service, *, yes: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Remove a service account with its roles and all its keys. It does not come back.

    Parameters
    ----------
    yes:
        Really.
    """
    if not yes:
        say("All its keys go with it, and do not come back. Say --yes.")
        raise SystemExit(USAGE)

    async def do(services: Services) -> ServiceAccount:
        account = await found_service(services, service)
        await services.service_accounts.remove(
            principal=OPERATOR, account_id=account.id, origin=NOWHERE
        )
        return account

    print(f"{in_service(do).id} removed.")


@service_accounts.command
def grant(service: Service, role: str) -> None:
    """Give a service account a role."""
    in_service(lambda services: _set(services, service, role, held=True))
    print(f"{service} has {role}.")


@service_accounts.command
def revoke(service: Service, role: str) -> None:
    """Take a role away, effective on the next use of its keys."""
    in_service(lambda services: _set(services, service, role, held=False))
    print(f"{service} does not have {role}.")


async def _set(services: Services, service: str, role: str, *, held: bool) -> None:
    account = await found_service(services, service)
    await services.access.set_service_role(
        principal=OPERATOR, account_id=account.id, role=role, held=held, origin=NOWHERE
    )


def _changing(
    service: str, change: Callable[[Services, ServiceAccount], Awaitable[ServiceAccount]]
) -> Callable[[Services], Awaitable[ServiceAccount]]:
    """Return the job that finds the account and changes it."""

    async def do(services: Services) -> ServiceAccount:
        return await change(services, await found_service(services, service))

    return do


def _print(account: ServiceAccount, *, as_json: bool) -> None:
    if as_json:
        print_json(service_account_body(account))
    else:
        print(f"{account.id}  {account.name}  {account.status.value}")
