"""Who may define roles, and what that changes for the users who have them (AZ-3, TK-7)."""

from collections.abc import Sequence

import pytest

from application.expectations import ChangedMeanwhile
from application.paging import PageRequest
from domain.access.role import Role, RoleAlreadyExists, RoleInUse, RoleNotFound
from domain.credentials.one_time_token import InvalidToken
from domain.principal import OPERATOR, Permission, PermissionDenied, Principal
from tests.application.service import DAY
from tests.application.stories import ORIGIN, Service, kinds, principal_of, with_permissions

FIRST = PageRequest(50)
REFUND = Permission("orders:refund")


async def change(
    service: Service, permissions: Sequence[str], *, principal: Principal = OPERATOR
) -> Role:
    return await service.access.change_role(
        principal=principal,
        name="support",
        description=None,
        permissions=permissions,
        expected=None,
        origin=ORIGIN,
    )


async def remove(service: Service, name: str, principal: Principal = OPERATOR) -> None:
    await service.access.remove_role(principal=principal, name=name, expected=None, origin=ORIGIN)


async def test_a_products_permission_counts_from_the_next_request_and_stands_in_tokens() -> None:
    """TK-7: given, changed and taken away."""
    service = Service()
    grant = await service.signed_in_user()
    await service.define_role()
    await service.set_role(grant.user, "support", held=True)
    caller = await service.authenticate(grant)
    assert caller.principal.permissions == {REFUND, Permission("users:read")}
    fresh = await service.sign_in()
    said = service.ports.access_tokens.verify(fresh.access_token, now=service.clock.now())
    assert said.permissions == frozenset({REFUND, Permission("users:read")})
    await change(service, ["users:read"])
    assert REFUND not in (await service.authenticate(fresh)).principal.permissions
    rows = service.audited("role.defined", "role.changed", "role.granted")
    assert kinds(rows) == ["role.defined", "role.granted", "role.changed"]


async def test_an_administrator_hands_out_what_no_role_gave_before() -> None:
    """AZ-3: `administrator` has every permission; who lacks one of ours has just theirs."""
    service = Service()
    await service.operator_makes(OPERATOR, roles=["administrator"])
    grant = await service.sign_in()
    await service.define_role(principal=principal_of(grant))
    assert (await service.authenticate(grant)).principal.may(REFUND)
    limited = with_permissions("roles:write", "users:read")
    await service.define_role("reader", ["users:read"], principal=limited)
    with pytest.raises(PermissionDenied):
        await service.define_role("refunder", ["orders:refund"], principal=limited)


async def test_no_user_defines_changes_or_removes_what_they_lack() -> None:
    """AZ-3: neither adding a permission to a role nor taking one from it."""
    service = Service()
    await service.define_role()
    async with service.unchanged():
        for principal in (with_permissions("roles:read"), with_permissions("roles:write")):
            with pytest.raises(PermissionDenied):
                await service.define_role("other", ["users:write"], principal=principal)
            with pytest.raises(PermissionDenied):
                await change(service, [], principal=principal)
            with pytest.raises(PermissionDenied):
                await remove(service, "support", principal)
        for deed in (
            service.access.list_roles(principal=with_permissions(), asked=FIRST),
            service.access.show_role(principal=with_permissions(), name="support"),
            service.access.list_permissions(principal=with_permissions(), asked=FIRST),
        ):
            with pytest.raises(PermissionDenied):
                await deed


async def test_the_built_in_roles_stay_what_they_are() -> None:
    """Not even an operator changes or removes them."""
    service = Service()
    with pytest.raises(RoleAlreadyExists):
        await service.define_role("user")
    for name in ("administrator", "user"):
        with pytest.raises(PermissionDenied):
            await remove(service, name)
        with pytest.raises(PermissionDenied):
            await service.access.change_role(
                principal=OPERATOR, name=name, description=None, permissions=[],
                expected=None, origin=ORIGIN,
            )  # fmt: skip


async def test_lists_have_everything_by_name() -> None:
    service = Service()
    await service.define_role("zebra", ["zoo:feed"])
    await service.define_role("alpha", [])
    roles = await service.access.list_roles(principal=OPERATOR, asked=FIRST)
    assert [role.name for role in roles.items] == ["administrator", "alpha", "user", "zebra"]
    permissions = await service.access.list_permissions(principal=OPERATOR, asked=FIRST)
    assert permissions.items[0] == "api-keys:read"
    assert permissions.items[-1] == "zoo:feed"
    assert (await service.access.show_role(principal=OPERATOR, name="user")).permissions == set()
    assert (await service.access.show_role(principal=OPERATOR, name="zebra")).name == "zebra"


async def test_what_is_not_there_is_not_found_and_what_is_held_stays() -> None:
    service = Service()
    user = await service.verified_user()
    await service.define_role()
    await service.set_role(user, "support", held=True)
    with pytest.raises(RoleInUse):
        await remove(service, "support")
    await service.set_role(user, "support", held=False)
    await remove(service, "support")
    for deed in (
        remove(service, "support"),
        change(service, []),
        service.access.show_role(principal=OPERATOR, name="support"),
        service.set_role(user, "support", held=True),
    ):
        with pytest.raises(RoleNotFound):
            await deed
    assert kinds(service.audited("role.removed")) == ["role.removed"]


async def test_only_the_expected_state_is_changed() -> None:
    """RFC 9110, 13.1.1."""
    service = Service()
    await service.define_role()
    async with service.unchanged():
        with pytest.raises(ChangedMeanwhile):
            await service.access.change_role(
                principal=OPERATOR, name="support", description=None, permissions=[],
                expected=lambda role: role.version == 7, origin=ORIGIN,
            )  # fmt: skip
        with pytest.raises(ChangedMeanwhile):
            await service.access.remove_role(
                principal=OPERATOR, name="support", expected=lambda _: False, origin=ORIGIN
            )
        await change(service, ["users:read", REFUND])


async def test_a_role_that_an_invitation_promises_stays_until_that_is_over() -> None:
    """AZ-3: what was promised by mail is kept."""
    service = Service()
    await service.define_role()
    for end in ("withdrawn", "expired", "accepted"):
        invitation = await service.invite(OPERATOR, f"{end}@example.com", ["support"])
        with pytest.raises(RoleInUse):
            await remove(service, "support")
        if end == "withdrawn":
            await service.accounts.withdraw_invitation(
                principal=OPERATOR, invitation_id=invitation.id, origin=ORIGIN
            )
        elif end == "expired":
            service.clock.advance(8 * DAY)
        else:
            user = await service.accept_invitation(await service.mailed_token(f"{end}@example.com"))
            with pytest.raises(RoleInUse):
                await remove(service, "support")
            await service.set_role(user, "support", held=False)
        await remove(service, "support")
        await service.define_role()


async def test_an_invitation_into_a_role_that_is_gone_is_dead() -> None:
    """AZ-3: and into one that gives more by now, unless the inviter has that too."""
    service = Service()
    await service.define_role()
    inviter = await service.operator_makes(OPERATOR, "ada@example.com", roles=["administrator"])
    await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    grant = await service.sign_in()
    await service.invite(principal_of(grant), "bob@example.com", ["support"])
    token = await service.mailed_token("bob@example.com")
    await service.operator_suspends(inviter)
    await remove(service, "support")
    await service.operator_reinstates(inviter)
    with pytest.raises(InvalidToken):
        await service.accept_invitation(token)
    asked = PageRequest(9)
    assert (await service.accounts.list_invitations(principal=OPERATOR, asked=asked)).items == []
    await service.define_role()
    user = await service.accept_invitation(token)
    assert "support" in user.roles
