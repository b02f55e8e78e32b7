"""Making API keys on every store, at once (the limit holds, and so does an end meanwhile)."""

import pytest

from application.api_keys.making import NewKey
from application.service import Service, ServiceUnit
from domain.api_keys.api_key import MOST_KEYS, KeyOwner, TooManyApiKeys
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from tests.contracts.samples import NOW, a_service_account, a_user, an_api_key, in_parallel

BEFORE, AT_ONCE = MOST_KEYS - 2, 6


@pytest.mark.parametrize("of_program", [False, True])
async def test_there_are_never_more_than_fifty(
    service: Service[ServiceUnit], of_program: bool
) -> None:
    """Of many at once just so many come through as there is room for."""
    owner: KeyOwner
    async with service.ports.units() as unit:
        if of_program:
            account = a_service_account()
            await unit.service_accounts.add(account)
            owner, keys = account.id, [an_api_key(account, lifetime=None) for _ in range(BEFORE)]
        else:
            user = a_user()
            await unit.users.add(user)
            owner, keys = user.id, [an_api_key(user, lifetime=None) for _ in range(BEFORE)]
        for key in keys:
            await unit.api_keys.add(key)
        await unit.commit()

    outcomes = await in_parallel(
        service.api_keys.create(
            principal=OPERATOR, owner=owner, name="CI", permissions=[], origin=NOWHERE
        )
        for _ in range(AT_ONCE)
    )
    made = [each for each in outcomes if isinstance(each, NewKey)]
    refused = [type(each) for each in outcomes if not isinstance(each, NewKey)]
    assert refused == [TooManyApiKeys] * (AT_ONCE - 2)
    assert len(made) == 2
    async with service.ports.units.read_only() as unit:
        assert await unit.api_keys.count_usable(owner, now=NOW) == MOST_KEYS
