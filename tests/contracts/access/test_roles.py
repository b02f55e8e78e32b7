"""What every repository of roles promises."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.access.role import Role, RoleAlreadyExists, RoleInUse
from domain.assurance import Level
from domain.errors import ConcurrentChange
from domain.principal import ADMINISTRATOR, UNGUARDED, USER, Guards, Permission, RoleName
from domain.users.user import User
from tests.contracts.samples import (
    MINUTE,
    NOW,
    a_user,
    an_invitation,
    in_parallel,
    keep_session,
    keep_user,
    load_user,
    save_user,
    values_of,
)

SUPPORT = RoleName("support")
REFUND, READ = Permission("orders:refund"), Permission("users:read")


def a_role(
    name: str = "support",
    permissions: Iterable[str] = (REFUND, READ),
    required_acr: Level | None = None,
) -> Role:
    """Return a new role."""
    role, _ = Role.define(
        name=name,
        description="Helps.",
        permissions=permissions,
        required_acr=required_acr,
        now=NOW,
    )
    return role


async def test_a_role_comes_out_as_it_went_in(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    full, bare = a_role(), a_role("bare", [])
    await _add(units, full, bare)
    async with units.read_only() as work:
        kept = await work.roles.get(SUPPORT)
        assert kept is not None
        assert values_of(kept) == values_of(full)
        assert [values_of(role) for role in await work.roles.list_all()] == [
            values_of(bare), values_of(full),
        ]  # fmt: skip
        assert await work.roles.get(RoleName("nobody")) is None


async def test_many_are_found_by_their_names_and_no_others(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    await _add(units, a_role(), a_role("bare", []), a_role("other"))
    async with units.read_only() as work:
        bare, nobody = RoleName("bare"), RoleName("nobody")
        found = await work.roles.get_many({SUPPORT, bare, nobody})
        assert found.keys() == {SUPPORT, bare}
        assert found[SUPPORT].permissions == {REFUND, READ}
        assert found[bare].permissions == frozenset()
        kept = await work.roles.get(SUPPORT)
        assert kept is not None
        assert values_of(found[SUPPORT]) == values_of(kept)
        assert await work.roles.get_many([]) == {}
        assert await work.roles.get_many({nobody}) == {}


async def test_a_name_is_given_once(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    outcomes = await in_parallel(_add(units, a_role()) for _ in range(8))
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RoleAlreadyExists] * 7


async def test_a_changed_role_is_saved_whole_and_once(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """Versions decide races here too."""
    await _add(units, a_role())
    async with units() as work:
        role, copy = await work.roles.get(SUPPORT), await work.roles.get(SUPPORT)
        assert role is not None
        assert copy is not None
        role.redefine(
            description=None, permissions=["users:read"], required_acr=None, now=NOW + MINUTE
        )
        await work.roles.save(role)
        with pytest.raises(ConcurrentChange):
            await work.roles.save(copy)
        await work.commit()
    async with units.read_only() as work:
        kept = await work.roles.get(SUPPORT)
    assert kept is not None
    assert values_of(kept) == values_of(role)
    assert (kept.permissions, kept.description, kept.version) == (frozenset({READ}), None, 1)


async def test_what_a_role_gives_comes_with_the_user(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """TK-7: wherever the user is loaded from, and as the role is now."""
    await _add(units, a_role(), a_role("auditor", ["audit:read"]))
    user, nobody = await keep_user(units, _with(SUPPORT)), await keep_user(units)
    session, _ = await keep_session(units, user)
    assert (await load_user(units, user.id)).defined_permissions == {REFUND, READ}
    assert (await load_user(units, nobody.id)).defined_permissions == set()
    async with units.read_only() as work:
        found = await work.users.find_by_email(user.email)
        both = await work.sessions.get_with_user(session.id)
    assert found is not None
    assert both is not None
    assert found.defined_permissions == both[1].defined_permissions == {REFUND, READ}
    async with units() as work:
        role = await work.roles.hold(SUPPORT)
        assert role is not None
        role.redefine(description=None, permissions=[], required_acr=None, now=NOW)
        await work.roles.save(role)
        await work.commit()
    assert (await load_user(units, user.id)).defined_permissions == set()


async def test_an_administrator_has_no_list_but_what_other_roles_give(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-1: that role gives everything by its name, also what stands in no list."""
    user = await keep_user(units, _with(ADMINISTRATOR))
    await _add(units, a_role())
    loaded = await load_user(units, user.id)
    assert loaded.defined_permissions == set()
    assert loaded.may(REFUND)


async def test_the_level_that_a_role_asks_for_is_kept_changed_and_taken_off(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """MF-2."""
    await _add(units, a_role(required_acr=Level.AAL2), a_role("bare", []))
    for level in (Level.PHR, None, Level.AAL2):
        async with units() as work:
            role = await work.roles.hold(SUPPORT)
            assert role is not None
            role.redefine(description=None, permissions=[], required_acr=level, now=NOW)
            await work.roles.save(role)
            await work.commit()
        async with units.read_only() as work:
            kept = {role.name: role.required_acr for role in await work.roles.list_all()}
            assert kept == {SUPPORT: level, "bare": None}
            assert (await work.roles.get_many({SUPPORT}))[SUPPORT].required_acr is level


async def test_from_which_level_on_roles_count_comes_with_the_user(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """MF-2: wherever the user is loaded from; a permission counts as early as one role gives it."""
    keys, audit = Permission("keys:manage"), Permission("audit:read")
    await _add(
        units,
        a_role("low", [audit]),
        a_role("middle", [audit, REFUND, READ], required_acr=Level.AAL2),
        a_role("high", [audit, READ, keys], required_acr=Level.PHR),
        a_role("empty", [], required_acr=Level.PHR),
        a_role("other", [audit], required_acr=Level.PHR),
    )
    user = a_user()
    for name in ("low", "middle", "high", "empty"):
        user.grant(RoleName(name), now=NOW)
    await keep_user(units, user)
    nobody = await keep_user(units, _with(ADMINISTRATOR))
    session, _ = await keep_session(units, user)
    async with units.read_only() as work:
        found = await work.users.find_by_email(user.email)
        both = await work.sessions.get_with_user(session.id)
        many = await work.users.get_many([user.id])
    assert found is not None
    assert both is not None
    for each in (found, both[1], many[user.id], await load_user(units, user.id)):
        assert each.roles == {"user", "low", "middle", "high", "empty"}
        assert each.defined_permissions == {audit, REFUND, READ, keys}
        assert each.guards == Guards(
            {RoleName("middle"): Level.AAL2, RoleName("high"): Level.PHR,
             RoleName("empty"): Level.PHR},
            {REFUND: Level.AAL2, READ: Level.AAL2, keys: Level.PHR},
        )  # fmt: skip
    assert (await load_user(units, nobody.id)).guards == UNGUARDED


async def test_what_a_role_gave_is_not_written_with_the_user(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    await _add(units, a_role())
    user = await load_user(units, (await keep_user(units, _with(SUPPORT))).id)
    user.revoke(SUPPORT, now=NOW)
    await save_user(units, user)
    assert (await load_user(units, user.id)).defined_permissions == set()


async def test_a_role_that_somebody_has_cannot_be_removed(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    await _add(units, a_role())
    user = await keep_user(units, _with(SUPPORT))
    async with units() as work:
        with pytest.raises(RoleInUse):
            await work.roles.remove(SUPPORT, now=NOW)
    async with units() as work:
        await work.users.remove(user.id)
        await work.roles.remove(SUPPORT, now=NOW)
        await work.commit()
    async with units.read_only() as work:
        assert await work.roles.get(SUPPORT) is None


async def test_a_role_that_a_living_invitation_names_cannot_be_removed(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-3: until it expires, its mailbox has an account, or its inviter is suspended."""
    await _add(units, a_role())
    inviter, invitee = await keep_user(units), a_user("bob@example.com")
    for sender in (None, inviter):
        invitation = replace(an_invitation(inviter=sender), roles=frozenset({SUPPORT, USER}))
        async with units() as work:
            await work.invitations.put(invitation)
            await work.commit()
        async with units() as work:
            with pytest.raises(RoleInUse):
                await work.roles.remove(SUPPORT, now=NOW)
        async with units() as work:
            await work.roles.remove(SUPPORT, now=invitation.expires_at)
        async with units() as work:
            await work.users.add(invitee)  # unproven: it does not keep the mailbox
            with pytest.raises(RoleInUse):
                await work.roles.remove(SUPPORT, now=NOW)
            invitee.verify_email(now=NOW)
            await work.users.save(invitee)
            await work.roles.remove(SUPPORT, now=NOW)
        invitee = a_user("bob@example.com")
    async with units() as work:
        inviter.suspend("spam", now=NOW)
        await work.users.save(inviter)
        await work.roles.remove(SUPPORT, now=NOW)
        await work.commit()
    async with units.read_only() as work:
        assert await work.roles.get(SUPPORT) is None
        assert await work.invitations.list_by(inviter.id, limit=9)


async def test_an_invitation_keeps_no_role_whose_name_is_only_like_its_own(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    await _add(units, a_role())
    near = frozenset({RoleName(f"{SUPPORT}s"), RoleName(f"x{SUPPORT}")})
    async with units() as work:
        await work.invitations.put(replace(an_invitation(), roles=near))
        await work.roles.remove(SUPPORT, now=NOW)
        await work.commit()


async def test_a_role_that_is_held_is_not_removed_meanwhile(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """Of a grant and a removal at once, one comes first, and the other one notices."""
    await _add(units, a_role())
    user = await keep_user(units)

    async def grant() -> str:
        async with units() as work:
            if await work.roles.hold(SUPPORT) is None:
                return "gone"
            loaded = await work.users.get(user.id)
            assert loaded is not None
            loaded.grant(SUPPORT, now=NOW)
            await work.users.save(loaded)
            await work.commit()
        return "granted"

    async def remove() -> str:
        async with units() as work:
            try:
                await work.roles.remove(SUPPORT, now=NOW)
            except RoleInUse:
                return "in use"
            await work.commit()
        return "removed"

    outcomes = await in_parallel([grant(), remove()])
    assert outcomes in (["granted", "in use"], ["gone", "removed"])


def _with(role: RoleName) -> User:
    user = a_user()
    user.grant(role, now=NOW)
    return user


async def _add(units: UnitOfWorkFactory[ServiceUnit], *roles: Role) -> None:
    async with units() as work:
        for role in roles:
            await work.roles.add(role)
        await work.commit()
