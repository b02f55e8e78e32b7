"""What every repository of service accounts promises."""

from dataclasses import replace

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.access.role import Role, RoleInUse
from domain.assurance import Level
from domain.errors import ConcurrentChange
from domain.identifiers import ServiceAccountId
from domain.principal import Guards, Permission, RoleName
from domain.service_accounts.service_account import ServiceAccount, ServiceAccountAlreadyExists
from tests.contracts.samples import (
    MINUTE,
    NOW,
    a_service_account,
    an_api_key,
    in_parallel,
    keep_account,
    keep_api_key,
    keep_user,
    values_of,
)

SUPPORT, HIGH = RoleName("support"), RoleName("high")
REFUND, READ = Permission("orders:refund"), Permission("users:read")


async def load(
    units: UnitOfWorkFactory[ServiceUnit], account_id: ServiceAccountId
) -> ServiceAccount:
    """Return the account as stored."""
    async with units.read_only() as work:
        account = await work.service_accounts.get(account_id)
    assert account is not None
    return account


async def test_an_account_comes_out_as_it_went_in(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    maker = await keep_user(units)
    full = a_service_account("Straße", maker=maker)
    full.grant(SUPPORT, now=NOW + MINUTE)
    full.suspend("loud", now=NOW + MINUTE)
    bare = replace(a_service_account("bare"), description=None)
    await keep_account(units, full)
    await keep_account(units, bare)
    for account in (full, bare):
        assert values_of(await load(units, account.id)) == values_of(account)
    async with units.read_only() as work:
        unknown = a_service_account().id
        assert await work.service_accounts.get(unknown) is None
        many = await work.service_accounts.get_many([full.id, unknown, bare.id])
        assert await work.service_accounts.get_many([]) == {}
    assert {key: values_of(each) for key, each in many.items()} == {
        full.id: values_of(full),
        bare.id: values_of(bare),
    }


async def test_a_name_is_found_in_whichever_case_it_is_written(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    account = await keep_account(units, a_service_account("Straße 1"))
    async with units.read_only() as work:
        for name in ("Straße 1", "STRASSE 1", "strasse 1"):
            found = await work.service_accounts.find_by_name(name)
            assert found is not None
            assert values_of(found) == values_of(account)
        assert await work.service_accounts.find_by_name("Strasse") is None


async def test_a_name_is_given_once(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """Of any number at once, one has it; and none takes it by a change."""
    names = ["Shop", "SHOP", "shop"] * 2
    outcomes = await in_parallel(keep_account(units, a_service_account(name)) for name in names)
    refused = [type(each) for each in outcomes if not isinstance(each, ServiceAccount)]
    assert refused == [ServiceAccountAlreadyExists] * 5
    other = await keep_account(units, a_service_account("Other"))
    other.describe(name="sHop", description=None, now=NOW)
    with pytest.raises(ServiceAccountAlreadyExists):
        await save(units, other)
    assert (await load(units, other.id)).name == "Other"
    async with units.read_only() as work:
        assert await work.service_accounts.count() == 2


async def test_pages_begin_with_the_newest(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    accounts = [await keep_account(units) for _ in range(5)]
    ids = sorted((account.id for account in accounts), reverse=True)
    async with units.read_only() as work:
        first = await work.service_accounts.page(limit=2)
        second = await work.service_accounts.page(limit=9, before=first[-1].id)
        assert [each.id for each in (*first, *second)] == ids
        assert await work.service_accounts.page(limit=9, before=ids[-1]) == []
        assert await work.service_accounts.count() == 5


async def test_a_changed_account_is_saved_whole_and_once(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """Versions decide races: of several changes of one version, one is written."""
    account = await keep_account(units)
    copies = [await load(units, account.id) for _ in range(4)]
    for number, copy in enumerate(copies):
        copy.describe(name=f"Name {number}", description=None, now=NOW + MINUTE)
        copy.grant(RoleName(f"role{number}"), now=NOW + MINUTE)
        copy.suspend(None, now=NOW + MINUTE)
    outcomes = await in_parallel(save(units, copy) for copy in copies)
    refused = [type(each) for each in outcomes if each is not None]
    assert refused == [ConcurrentChange] * 3
    (won,) = (copy for copy, each in zip(copies, outcomes, strict=True) if each is None)
    kept = await load(units, account.id)
    assert values_of(kept) == values_of(won)
    kept.revoke(next(iter(kept.roles)), now=NOW + 2 * MINUTE)
    kept.reinstate(now=NOW + 2 * MINUTE)
    await save(units, kept)
    last = await load(units, account.id)
    assert values_of(last) == values_of(kept)
    assert (last.roles, last.suspended_at, last.version) == (frozenset(), None, 2)


async def test_what_its_roles_give_comes_with_an_account_and_is_never_written(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """MF-2: and from which level on; a role of a name that nothing defines gives nothing."""
    async with units() as work:
        for name, permissions, level in (
            (SUPPORT, [REFUND], None),
            (HIGH, [REFUND, READ], Level.PHR),
            (RoleName("other"), ["audit:read"], None),
        ):
            role, _ = Role.define(
                name=name, description=None, permissions=permissions, required_acr=level, now=NOW
            )
            await work.roles.add(role)
        await work.commit()
    account = a_service_account()
    for name in (SUPPORT, HIGH, RoleName("ghost")):
        account.grant(name, now=NOW)
    await keep_account(units, account)
    async with units.read_only() as work:
        found = await work.service_accounts.find_by_name(account.name)
        (paged,) = await work.service_accounts.page(limit=1)
        many = await work.service_accounts.get_many([account.id])
    assert found is not None
    for each in (found, paged, many[account.id], await load(units, account.id)):
        assert each.roles == {SUPPORT, HIGH, "ghost"}
        assert each.defined_permissions == {REFUND, READ}
        assert each.guards == Guards({HIGH: Level.PHR}, {READ: Level.PHR})
    found.revoke(HIGH, now=NOW)
    await save(units, found)
    assert (await load(units, account.id)).defined_permissions == {REFUND}


async def test_with_an_account_go_its_roles_and_its_keys_and_nothing_else(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user, other = await keep_user(units), await keep_account(units)
    account = a_service_account()
    account.grant(SUPPORT, now=NOW)
    await keep_account(units, account)
    async with units() as work:
        role, _ = Role.define(name=SUPPORT, description=None, permissions=[], now=NOW)
        await work.roles.add(role)
        await work.commit()
    keys = [an_api_key(account), an_api_key(other), an_api_key(user)]
    await keep_api_key(units, *keys)
    async with units() as work:
        with pytest.raises(RoleInUse):
            await work.roles.remove(SUPPORT, now=NOW)
    outcomes = await in_parallel(remove(units, account) for _ in range(4))
    assert sorted(map(str, outcomes)) == ["False", "False", "False", "True"]
    async with units() as work:
        assert await work.service_accounts.get(account.id) is None
        assert [await work.api_keys.get(key.id) is None for key in keys] == [True, False, False]
        await work.roles.remove(SUPPORT, now=NOW)
        await work.commit()


async def test_who_made_an_account_is_found_and_forgotten(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: the account stays as it is, and a change that is under way is not disturbed."""
    ada, bob = await keep_user(units), await keep_user(units)
    mine = [await keep_account(units, a_service_account(maker=ada)) for _ in range(3)]
    other = await keep_account(units, a_service_account(maker=bob))
    await keep_account(units)
    ids = sorted(account.id for account in mine)
    async with units.read_only() as work:
        first = await work.service_accounts.list_by(ada.id, limit=2)
        rest = await work.service_accounts.list_by(ada.id, limit=9, after=first[-1].id)
    assert [each.id for each in (*first, *rest)] == ids
    async with units() as work:
        await work.service_accounts.forget_maker(ada.id)
        await work.commit()
    async with units.read_only() as work:
        assert await work.service_accounts.list_by(ada.id, limit=9) == []
    assert values_of(await load(units, other.id)) == values_of(other)
    assert values_of(await load(units, ids[0])) == values_of(first[0]) | {"created_by": None}
    await save(units, first[0])


async def save(units: UnitOfWorkFactory[ServiceUnit], account: ServiceAccount) -> None:
    """Save the account and commit."""
    async with units() as work:
        await work.service_accounts.save(account)
        await work.commit()


async def remove(units: UnitOfWorkFactory[ServiceUnit], account: ServiceAccount) -> bool:
    """Remove the account and commit; tell whether it was there."""
    async with units() as work:
        there = await work.service_accounts.remove(account.id)
        await work.commit()
    return there
