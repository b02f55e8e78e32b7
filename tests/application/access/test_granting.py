"""Giving roles to users, and taking them away (AZ-1, AZ-3, HD-7, TK-7)."""

import pytest

from domain.access.role import RoleNotFound
from domain.permissions import PERMISSIONS
from domain.principal import ADMINISTRATOR, OPERATOR, Permission, PermissionDenied
from domain.users.user import UserNotFound
from tests.application.stories import Service, kinds, principal_of, with_permissions

ROOT = "root@example.com"


async def test_a_role_counts_from_the_next_request_and_the_owner_is_told() -> None:
    """TK-7, HD-7: given and taken."""
    service = Service()
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    grant = await service.signed_in_user()
    for held, words in ((True, "given to"), (False, "taken from")):
        await service.set_role(grant.user, "administrator", held=held)
        caller = await service.authenticate(grant)
        assert (ADMINISTRATOR in caller.principal.roles) is held
        assert caller.principal.may(Permission("users:write")) is held
        mail = (await service.mails())[-1]
        assert mail.subject == "Your roles were changed"
        assert f"the role administrator was {words} your account" in mail.text
    assert kinds(service.audited("role.granted", "role.revoked"))[-2:] == [
        "role.granted", "role.revoked",
    ]  # fmt: skip


async def test_doing_it_twice_is_doing_it_once() -> None:
    service = Service()
    user = await service.verified_user()
    await service.set_role(user, "administrator", held=True)
    async with service.unchanged():
        await service.set_role(user, "administrator", held=True)
    await service.set_role(user, "user", held=False)
    async with service.unchanged():
        await service.set_role(user, "user", held=False)


async def test_no_user_gives_or_takes_permissions_that_they_lack() -> None:
    """AZ-1, AZ-3: nor a role that there is not."""
    service = Service()
    user = await service.verified_user()
    async with service.unchanged():
        for principal in (with_permissions(), with_permissions("roles:grant")):
            for held in (True, False):
                with pytest.raises(PermissionDenied):
                    await service.set_role(user, "administrator", held=held, principal=principal)
        with pytest.raises(RoleNotFound):
            await service.set_role(user, "nobody", held=True)


async def test_a_role_of_all_our_permissions_is_handed_on_and_makes_no_administrator() -> None:
    """AZ-3: `administrator` is given and taken by administrators alone."""
    service = Service()
    user = await service.verified_user()
    await service.define_role("deputy", PERMISSIONS)
    deputy = with_permissions(*PERMISSIONS)
    async with service.unchanged():
        for held in (True, False):
            with pytest.raises(PermissionDenied):
                await service.set_role(user, "administrator", held=held, principal=deputy)
    await service.set_role(user, "deputy", principal=deputy)
    await service.operator_makes(OPERATOR, ROOT, roles=["administrator"])
    administrator = principal_of(await service.sign_in(ROOT))
    await service.set_role(user, "administrator", principal=administrator)
    assert service.user().roles == {"user", "deputy", "administrator"}


async def test_a_user_who_is_gone_is_not_found() -> None:
    service = Service()
    user = await service.verified_user()
    await service.erase()
    with pytest.raises(UserNotFound):
        await service.set_role(user, "administrator", held=True)
