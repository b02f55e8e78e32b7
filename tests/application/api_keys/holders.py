"""Keys to try things with: of a user with some roles, and of a product's service account."""

from collections.abc import Sequence

import pytest

from application.api_keys.making import NewKey
from domain.identifiers import ServiceAccountId
from domain.principal import OPERATOR
from domain.service_accounts.service_account import ServiceAccount
from domain.users.user import User
from tests.application.doubles import CountingUnits
from tests.application.stories import ADA, ORIGIN, Service


async def user_with(service: Service, *permissions: str, email: str = ADA) -> User:
    """Return a verified user whose one role gives these permissions."""
    if not service.keys.keyring.is_loaded:
        await service.keys.keyring.prepare()
    user = await service.verified_user(email)
    if permissions:
        await service.define_role("support", permissions)
        await service.set_role(user, "support")
    return service.user(email)


async def key_of(
    service: Service,
    owner: User | ServiceAccount,
    *permissions: str,
    expires_in: int | None = None,
) -> NewKey:
    """Return a key of the owner's, made by an operator."""
    return await service.api_keys.create(
        principal=OPERATOR,
        owner=owner.id,
        name="CI",
        permissions=permissions,
        expires_in=expires_in,
        origin=ORIGIN,
    )


async def program(
    service: Service, *permissions: str, name: str = "Shop"
) -> tuple[ServiceAccount, NewKey]:
    """Return a service account with these permissions, and a key that gives all of them."""
    if not service.keys.keyring.is_loaded:
        await service.keys.keyring.prepare()
    account = await service.service_accounts.create(
        principal=OPERATOR, name=name, description=None, origin=ORIGIN
    )
    await give(service, account.id, name.lower(), permissions)
    return account, await key_of(service, account, *permissions)


async def give(
    service: Service, account_id: ServiceAccountId, role: str, permissions: Sequence[str]
) -> None:
    """Give the account a new role with these permissions."""
    await service.define_role(role, permissions)
    await service.access.set_service_role(
        principal=OPERATOR, account_id=account_id, role=role, held=True, origin=ORIGIN
    )


async def revoke(service: Service, key: NewKey) -> None:
    """Take the key back."""
    await service.api_keys.revoke(
        principal=OPERATOR, owner=key.shown.key.owner, key_id=key.shown.key.id, origin=ORIGIN
    )


def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store be asked nothing from now on."""

    def ask(*_: object) -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(CountingUnits, "__call__", ask)
    monkeypatch.setattr(CountingUnits, "read_only", ask)
