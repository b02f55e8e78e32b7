"""What the invitations of programs, and of users with a key, are worth (AZ-3)."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from application.api_keys.making import NewKey
from application.paging import PageRequest
from domain.accounts.invitation import Invitation
from domain.credentials.one_time_token import InvalidToken
from domain.identifiers import ServiceAccountId
from domain.principal import (
    ADMINISTRATOR,
    OPERATOR,
    Permission,
    PermissionDenied,
    Principal,
    RoleName,
)
from tests.application.api_keys.holders import key_of, program, user_with
from tests.application.stories import ORIGIN, Service

BOB = "bob@example.com"
MAY = ("users:invite", "roles:grant", "orders:read")


async def comes_with(service: Service, key: NewKey) -> Principal:
    """Return the caller with this key."""
    return (await service.api_keys.authenticate(key.text.text)).principal


async def acceptable(service: Service) -> Sequence[Invitation]:
    """Return the invitations that can be accepted now."""
    asked = PageRequest(9)
    return (await service.accounts.list_invitations(principal=OPERATOR, asked=asked)).items


async def test_a_programs_invitation_is_accepted_and_is_told_to_be_the_programs() -> None:
    service = Service()
    account, key = await program(service, *MAY)
    await service.define_role("reader", ["orders:read"])
    invitation = await service.invite(await comes_with(service, key), BOB, ["reader"])
    assert (invitation.invited_by, invitation.inviter_id) == (None, account.id)
    user = await service.accept_invitation(await service.mailed_token(BOB))
    assert RoleName("reader") in user.roles


async def gives(service: Service, role: str, permissions: Sequence[str]) -> None:
    """Let the role give these permissions from now on."""
    await service.access.change_role(
        principal=OPERATOR,
        name=role,
        description=None,
        permissions=permissions,
        expected=None,
        origin=ORIGIN,
    )


async def suspended(service: Service, account_id: ServiceAccountId) -> None:
    await service.service_accounts.suspend(
        principal=OPERATOR, account_id=account_id, reason=None, origin=ORIGIN
    )


async def removed(service: Service, account_id: ServiceAccountId) -> None:
    await service.service_accounts.remove(principal=OPERATOR, account_id=account_id, origin=ORIGIN)


async def demoted(service: Service, account_id: ServiceAccountId) -> None:
    await service.access.set_service_role(
        principal=OPERATOR, account_id=account_id, role="shop", held=False, origin=ORIGIN
    )


@pytest.mark.parametrize("happens", [suspended, removed, demoted])
async def test_it_is_worth_no_more_than_the_program_is_now(
    happens: Callable[[Service, ServiceAccountId], Awaitable[None]],
) -> None:
    """AZ-3: None as the inviting user is not an operator's word."""
    service = Service()
    account, key = await program(service, *MAY)
    invitation = await service.invite(await comes_with(service, key), BOB)
    assert await acceptable(service) == [invitation]
    await happens(service, account.id)
    assert await acceptable(service) == []
    with pytest.raises(InvalidToken):
        await service.accept_invitation(await service.mailed_token(BOB))


@pytest.mark.parametrize("of_a_person", [True, False])
async def test_it_promises_no_more_than_the_key_gave(of_a_person: bool) -> None:
    """AZ-3: the owner has what the role came to give, and the key does not."""
    service = Service()
    everything = (*MAY, "orders:refund")
    if of_a_person:
        key = await key_of(service, await user_with(service, *everything), *MAY)
    else:
        account, _ = await program(service, *everything)
        key = await key_of(service, account, *MAY)
    await service.define_role("reader", ["orders:read"])
    caller = await comes_with(service, key)
    await service.define_role("refunder", ["orders:refund"])
    for role in ("administrator", "refunder"):
        with pytest.raises(PermissionDenied):
            await service.invite(caller, BOB, [role])
    invitation = await service.invite(caller, BOB, ["reader"])
    assert invitation.limited_to == frozenset(map(Permission, MAY))
    await gives(service, "reader", ["orders:read", "orders:refund"])
    assert await acceptable(service) == []
    with pytest.raises(InvalidToken):
        await service.accept_invitation(await service.mailed_token(BOB))
    await gives(service, "reader", ["orders:read"])
    user = await service.accept_invitation(await service.mailed_token(BOB))
    assert ADMINISTRATOR not in user.roles
