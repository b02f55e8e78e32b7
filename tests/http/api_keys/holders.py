"""
Keys to come with: of a user, and of a product's service account.
"""

from domain.identifiers import ServiceAccountId, UserId
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from tests.http.client import Api

INTROSPECT = "/oauth2/introspect"
ACCESS_TOKENS = "/api/v1/access-tokens"
LEAKED_KEYS = "/api/v1/leaked-keys"
ME = "/api/v1/users/me"


async def give_role(api: Api, user_id: str, *permissions: str, name: str = "support") -> None:
    """
    Have a role with these permissions, and give it to the user.
    """
    access = api.container.service().access
    await access.define_role(
        principal=OPERATOR, name=name, description=None, permissions=permissions, origin=NOWHERE
    )
    await access.set_role(
        principal=OPERATOR, user_id=UserId.parse(user_id), role=name, held=True, origin=NOWHERE
    )


async def key_of_user(
    api: Api, user_id: str, *permissions: str, expires_in: int | None = None
) -> str:
    """
    Return a key of the user's, made by an operator.
    """
    made = await api.container.service().api_keys.create(
        principal=OPERATOR,
        owner=UserId.parse(user_id),
        name="CI",
        permissions=permissions,
        expires_in=expires_in,
        origin=NOWHERE,
    )
    return str(made.text)


async def program(
    api: Api, *permissions: str, name: str = "Shop", expires_in: int | None = None
) -> tuple[ServiceAccountId, str]:
    """
    Return a service account whose one role gives these permissions, and a key of it.
    """
    service, role = api.container.service(), name.lower()
    account = await service.service_accounts.create(
        principal=OPERATOR, name=name, description=None, origin=NOWHERE
    )
    if permissions:
        await service.access.define_role(
            principal=OPERATOR, name=role, description=None, permissions=permissions, origin=NOWHERE
        )
        await service.access.set_service_role(
            principal=OPERATOR, account_id=account.id, role=role, held=True, origin=NOWHERE
        )
    made = await service.api_keys.create(
        principal=OPERATOR,
        owner=account.id,
        name="CI",
        permissions=permissions,
        expires_in=expires_in,
        origin=NOWHERE,
    )
    return account.id, str(made.text)


async def revoke(api: Api, key: str) -> None:
    """
    Take the key back, as its owner or an administrator would.
    """
    service = api.container.service()
    found = (await service.api_keys.authenticate(key)).key
    await service.api_keys.revoke(
        principal=OPERATOR, owner=found.owner, key_id=found.id, origin=NOWHERE
    )
