"""The service never loses its last administrator (AZ-3)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.users.tables import USERS
from domain.principal import OPERATOR
from domain.users.user import LastAdministrator, User
from tests.application.stories import ADA, ORIGIN, PASSWORD, Service, principal_of

BOB, ROOT = "bob@example.com", "root@example.com"


async def two_administrators(service: Service) -> tuple[User, User]:
    """Make two administrators."""
    return (
        await service.operator_makes(OPERATOR, ROOT, roles=["administrator"]),
        await service.operator_makes(OPERATOR, BOB, roles=["administrator"]),
    )


type Removal = Callable[[Service, User], Awaitable[object]]


async def suspend(service: Service, user: User) -> None:
    await service.operator_suspends(user)


async def demote(service: Service, user: User) -> None:
    await service.set_role(user, "administrator", held=False)


async def erase(service: Service, user: User) -> None:
    grant = await service.sign_in(user.email.value)
    await service.accounts.erase_own_account(
        principal=principal_of(grant), password=PASSWORD, origin=ORIGIN
    )


REMOVALS: list[Removal] = [suspend, demote, erase]


@pytest.mark.parametrize("remove", REMOVALS)
async def test_the_last_administrator_stays(remove: Removal) -> None:
    """AZ-3: neither suspended nor demoted nor erased; one of two may go."""
    service = Service()
    root, bob = await two_administrators(service)
    await remove(service, bob)
    with pytest.raises(LastAdministrator):
        await remove(service, root)
    assert service.user(ROOT).administrates


@pytest.mark.parametrize("first", REMOVALS)
@pytest.mark.parametrize("second", REMOVALS)
async def test_of_two_who_go_at_once_one_stays(first: Removal, second: Removal) -> None:
    """AZ-3: in parallel, whatever way each of them goes."""
    service = Service()
    root, bob = await two_administrators(service)
    outcomes = await asyncio.gather(
        first(service, root), second(service, bob), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, LastAdministrator)]
    assert len(refused) == 1
    left = [user for user in service.store.committed(USERS).rows.values() if user.administrates]
    assert len(left) == 1


async def test_a_user_who_cannot_sign_in_is_no_administrator_to_rely_on() -> None:
    """AZ-3: an unproven or suspended one does not count."""
    service = Service()
    root, bob = await two_administrators(service)
    await service.operator_makes(OPERATOR, ADA, roles=["administrator"], verified=False)
    await suspend(service, bob)
    with pytest.raises(LastAdministrator):
        await demote(service, root)


@pytest.mark.parametrize("remove", [suspend, demote])
async def test_the_last_administrator_stays_also_with_an_address_that_is_not_proven(
    remove: Removal,
) -> None:
    """AZ-3: where REQUIRE_VERIFIED_EMAIL is off she administrates all the same."""
    service = Service()
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"], verified=False)
    with pytest.raises(LastAdministrator):
        await remove(service, service.user(ROOT))
    await service.operator_makes(OPERATOR, ADA, roles=["administrator"])
    await remove(service, service.user(ROOT))


@pytest.mark.parametrize("remove", REMOVALS)
async def test_an_administrator_who_never_had_a_password_is_none_to_rely_on(
    remove: Removal,
) -> None:
    """AZ-3: made by an operator, proven even, and never signed in: the other one stays."""
    service = Service()
    root = await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    await service.operator_makes(
        OPERATOR, BOB, password=None, roles=["administrator"], verified=True
    )
    with pytest.raises(LastAdministrator):
        await remove(service, root)
    await service.reset_password(await service.mailed_token(BOB))
    await remove(service, root)


async def test_an_administrator_without_a_password_is_the_last_one_all_the_same() -> None:
    """AZ-3: a reset would let them in; without them there is none at all."""
    service = Service()
    bob = await service.operator_makes(
        OPERATOR, BOB, password=None, roles=["administrator"], verified=True
    )
    with pytest.raises(LastAdministrator):
        await suspend(service, bob)
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    await suspend(service, bob)
