"""Looking a service account up that has to be there."""

from application.service_accounts.ports import ServiceAccountsUnit
from domain.identifiers import ServiceAccountId
from domain.service_accounts.service_account import ServiceAccount, ServiceAccountNotFound


async def existing_account(
    unit: ServiceAccountsUnit, account_id: ServiceAccountId
) -> ServiceAccount:
    """Return the account. Raises ServiceAccountNotFound."""
    account = await unit.service_accounts.get(account_id)
    if account is None:
        raise ServiceAccountNotFound
    return account
