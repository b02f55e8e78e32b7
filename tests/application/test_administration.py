"""What administrators do to other accounts (AZ-1, AZ-3, SE-1, HD-7)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from domain.access import (
    ADMINISTRATOR,
    OPERATOR,
    Permission,
    PermissionDenied,
    Principal,
    PrincipalKind,
    RoleNotFound,
)
from domain.errors import ValidationFailed
from domain.identifiers import UserId
from domain.one_time_token import InvalidToken
from domain.session import SessionIsOver
from domain.user import LastAdministrator, User, UserNotFound, UserStatus
from tests.application.service import ADA, ORIGIN, PASSWORD, Service, kinds, principal_of

BOB, ROOT = "bob@example.com", "root@example.com"


async def two_administrators(service: Service) -> tuple[User, User]:
    """Make two administrators."""
    return (
        await service.operator_makes(OPERATOR, ROOT, roles=["administrator"]),
        await service.operator_makes(OPERATOR, BOB, roles=["administrator"]),
    )


def with_permissions(*names: str) -> Principal:
    """Return somebody signed in who may do just that."""
    identifier = UserId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a")
    permissions = frozenset(Permission(name) for name in names)
    return Principal(kind=PrincipalKind.USER, user_id=identifier, permissions=permissions)


async def set_role(service: Service, user: User, role: str, *, held: bool,
                   principal: Principal = OPERATOR) -> None:  # fmt: skip
    await service.set_role(
        principal=principal, user_id=user.id, role=role, held=held, origin=ORIGIN
    )


async def suspend(service: Service, user: User, reason: str = "spam") -> User:
    return await service.suspend_user(
        principal=OPERATOR, user_id=user.id, reason=reason, origin=ORIGIN
    )


async def test_a_suspension_ends_sessions_and_every_mailed_secret_for_good() -> None:
    """AT-4, SE-1, RF-4: also once it is lifted."""
    service = Service()
    grant = await service.signed_in_user()
    reset = await service.forgotten_password()
    suspended = await suspend(service, service.user())
    assert suspended.status is UserStatus.SUSPENDED
    with pytest.raises(SessionIsOver):
        await service.authenticate(grant)
    await service.reinstate_user(principal=OPERATOR, user_id=suspended.id, origin=ORIGIN)
    with pytest.raises(SessionIsOver):
        await service.refresh(grant.refresh_token)
    with pytest.raises(InvalidToken):
        await service.reset_password(reset)
    await service.sign_in(ADA, PASSWORD)
    rows = service.audited("session.ended", "user.suspended", "user.reinstated")
    assert kinds(rows) == ["session.ended", "user.suspended", "user.reinstated"]


async def test_doing_it_twice_is_doing_it_once() -> None:
    service = Service()
    user = await service.verified_user()
    await suspend(service, user)
    await set_role(service, user, "administrator", held=True)
    async with service.unchanged():
        await suspend(service, user, "another reason")
        await set_role(service, user, "administrator", held=True)
    await service.reinstate_user(principal=OPERATOR, user_id=user.id, origin=ORIGIN)
    await set_role(service, user, "user", held=False)
    async with service.unchanged():
        await service.reinstate_user(principal=OPERATOR, user_id=user.id, origin=ORIGIN)
        await set_role(service, user, "user", held=False)


async def test_a_role_counts_from_the_next_request_and_the_owner_is_told() -> None:
    """TK-7, HD-7: given and taken."""
    service = Service()
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    grant = await service.signed_in_user()
    for held, words in ((True, "given to"), (False, "taken from")):
        await set_role(service, grant.user, "administrator", held=held)
        caller = await service.authenticate(grant)
        assert (ADMINISTRATOR.name in caller.principal.roles) is held
        assert (Permission("users:write") in caller.principal.permissions) is held
        mail = (await service.mails())[-1]
        assert mail.subject == "Your roles were changed"
        assert f"the role administrator was {words} your account" in mail.text
    assert kinds(service.audited("role.granted", "role.revoked"))[-2:] == [
        "role.granted", "role.revoked",
    ]  # fmt: skip


async def test_nobody_changes_what_they_may_not() -> None:
    """AZ-1, AZ-3: and nobody gives or takes permissions that they lack."""
    service = Service()
    user = await service.verified_user()
    async with service.unchanged():
        for principal in (with_permissions(), with_permissions("roles:grant")):
            for held in (True, False):
                with pytest.raises(PermissionDenied):
                    await set_role(service, user, "administrator", held=held, principal=principal)
        with pytest.raises(PermissionDenied):
            await service.suspend_user(
                principal=with_permissions("users:read"), user_id=user.id, reason="x", origin=ORIGIN
            )
        with pytest.raises(PermissionDenied):
            await service.reinstate_user(
                principal=with_permissions("users:read"), user_id=user.id, origin=ORIGIN
            )
        with pytest.raises(RoleNotFound):
            await set_role(service, user, "nobody", held=True)
        with pytest.raises(ValidationFailed):
            await suspend(service, user, "  ")


async def test_who_is_not_there_is_not_found() -> None:
    service = Service()
    user = await service.verified_user()
    await service.erase()
    for deed in (
        suspend(service, user),
        set_role(service, user, "administrator", held=True),
        service.reinstate_user(principal=OPERATOR, user_id=user.id, origin=ORIGIN),
    ):
        with pytest.raises(UserNotFound):
            await deed


type Removal = Callable[[Service, User], Awaitable[object]]


async def demote(service: Service, user: User) -> None:
    await set_role(service, user, "administrator", held=False)


async def erase(service: Service, user: User) -> None:
    grant = await service.sign_in(user.email.value)
    await service.erase_own_account(principal=principal_of(grant), password=PASSWORD, origin=ORIGIN)


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
    left = [user for user in service.store.users.rows.values() if user.administrates]
    assert len(left) == 1


async def test_who_cannot_sign_in_is_no_administrator_to_rely_on() -> None:
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
