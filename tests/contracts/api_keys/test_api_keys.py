"""What every repository of API keys promises."""

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.access.role import Role
from domain.api_keys.api_key import ApiKey
from domain.assurance import Level
from domain.errors import ConcurrentChange
from domain.principal import ADMINISTRATOR, RoleName
from domain.service_accounts.service_account import ServiceAccount
from domain.users.user import User
from tests.contracts.samples import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_service_account,
    a_user,
    an_api_key,
    in_parallel,
    keep_account,
    keep_api_key,
    keep_user,
    values_of,
)

type Units = UnitOfWorkFactory[ServiceUnit]


async def load(units: Units, key: ApiKey) -> ApiKey | None:
    """Return the key as stored, or None."""
    async with units.read_only() as work:
        return await work.api_keys.get(key.id)


async def there(units: Units, key: ApiKey) -> ApiKey:
    """Return the key as stored."""
    found = await load(units, key)
    assert found is not None
    return found


async def test_a_key_comes_out_as_it_went_in(units: Units) -> None:
    user, account = await keep_user(units), await keep_account(units)
    used = replace(
        an_api_key(user, maker=user), last_used_at=NOW + MINUTE, last_used_ip="2001:db8::1"
    )
    bare = replace(an_api_key(account, permissions=[], lifetime=None), acr=Level.AAL1)
    ended = replace(an_api_key(account, maker=user), rotated_at=NOW, acr=Level.PHR)
    await keep_api_key(units, used, bare, ended)
    for key in (used, bare, ended):
        assert values_of(await there(units, key)) == values_of(key)
    assert await load(units, an_api_key(user)) is None


async def test_a_key_needs_an_owner_who_is_there(units: Units) -> None:
    """So a key is not made for somebody who is being erased."""
    for nobody in (a_user(), a_service_account()):
        with pytest.raises(ConcurrentChange):
            await keep_api_key(units, an_api_key(nobody))


async def test_no_two_keys_have_one_digest(units: Units) -> None:
    user, account = await keep_user(units), await keep_account(units)
    digest = secrets.token_bytes(32)
    keys = [replace(an_api_key(owner), digest=digest) for owner in (user, account, user)]
    outcomes = await in_parallel(keep_api_key(units, key) for key in keys)
    assert [type(each) for each in outcomes if each is not None] == [ConcurrentChange] * 2


async def test_a_key_is_found_with_its_owner_by_digest_and_by_identifier(units: Units) -> None:
    """MF-2: the owner comes as from its own repository, with what its roles give and when."""
    async with units() as work:
        for name, level in (("support", None), ("high", Level.PHR)):
            role, _ = Role.define(
                name=name,
                description=None,
                permissions=[f"orders:{name}", "users:read"],
                required_acr=level,
                now=NOW,
            )
            await work.roles.add(role)
        await work.commit()
    user, account = a_user(), a_service_account()
    holders: tuple[User | ServiceAccount, ...] = (user, account)
    for owner in holders:
        for name in ("support", "high", ADMINISTRATOR):
            owner.grant(RoleName(name), now=NOW)
        owner.suspend("spam", now=NOW)
    await keep_user(units, user)
    await keep_account(units, account)
    mine, its = an_api_key(user), an_api_key(account, maker=user)
    await keep_api_key(units, mine, its)
    async with units.read_only() as work:
        owners: dict[ApiKey, User | ServiceAccount | None] = {
            mine: await work.users.get(user.id),
            its: await work.service_accounts.get(account.id),
        }
        for key, holder in owners.items():
            assert holder is not None
            assert holder.defined_permissions == {"orders:support", "orders:high", "users:read"}
            for found in (
                await work.api_keys.find(key.digest),
                await work.api_keys.find_by_id(key.id),
            ):
                assert found is not None
                assert values_of(found[0]) == values_of(key)
                assert type(found[1]) is type(holder)
                assert values_of(found[1]) == values_of(holder)
        assert await work.api_keys.find(secrets.token_bytes(32)) is None
        assert await work.api_keys.find_by_id(an_api_key(user).id) is None


async def test_an_owners_keys_are_listed_the_newest_first_and_those_that_count_are_counted(
    units: Units,
) -> None:
    for owner, other in (
        (await keep_user(units), await keep_account(units)),
        (await keep_account(units), await keep_user(units)),
    ):
        keys = [
            an_api_key(owner, lifetime=lifetime, now=NOW + number * SECOND)
            for number, lifetime in enumerate((SECOND, HOUR, None))
        ]
        await keep_api_key(units, *keys, an_api_key(other))
        async with units.read_only() as work:
            found = await work.api_keys.list_of(owner.id)
            assert [each.id for each in found] == [key.id for key in reversed(keys)]
            assert values_of(found[0]) == values_of(keys[2])
            for now, usable in ((NOW, 3), (NOW + SECOND, 2), (NOW + HOUR + SECOND, 1)):
                assert await work.api_keys.count_usable(owner.id, now=now) == usable
        stranger = a_user()
        async with units.read_only() as work:
            assert await work.api_keys.list_of(stranger.id) == []
            assert await work.api_keys.count_usable(stranger.id, now=NOW) == 0


async def test_a_changed_key_is_saved_once_and_what_is_for_life_stays(units: Units) -> None:
    """Versions decide races; a use that is noted meanwhile disturbs nothing and is not lost."""
    user = await keep_user(units)
    key = an_api_key(user)
    await keep_api_key(units, key)
    copies = [await there(units, key) for _ in range(4)]
    await note_use(units, key, ip_address="192.0.2.1")
    for number, copy in enumerate(copies):
        copy.rename(f"Name {number}")
        copy.rotated_at, copy.expires_at = NOW + MINUTE, NOW + 2 * MINUTE
    outcomes = await in_parallel(save(units, copy) for copy in copies)
    assert [type(each) for each in outcomes if each is not None] == [ConcurrentChange] * 3
    (won,) = (copy for copy, each in zip(copies, outcomes, strict=True) if each is None)
    assert values_of(await there(units, key)) == values_of(won) | {
        "last_used_at": NOW + MINUTE,
        "last_used_ip": "192.0.2.1",
    }
    gone = an_api_key(user)
    with pytest.raises(ConcurrentChange):
        await save(units, gone)


async def test_of_several_who_remove_a_key_one_is_told_so(units: Units) -> None:
    user = await keep_user(units)
    key, other = an_api_key(user), an_api_key(user)
    await keep_api_key(units, key, other)

    async def remove() -> bool:
        async with units() as work:
            removed = await work.api_keys.remove(key)
            await work.commit()
        return removed

    outcomes = await in_parallel(remove() for _ in range(4))
    assert sorted(map(str, outcomes)) == ["False", "False", "False", "True"]
    assert await load(units, key) is None
    assert await load(units, other) is not None


async def test_of_several_who_take_a_key_back_one_commits(units: Units) -> None:
    key = an_api_key(await keep_user(units))
    await keep_api_key(units, key)

    async def take_back() -> None:
        async with units() as work:
            await work.api_keys.take_back(key)
            await work.commit()

    outcomes = await in_parallel(take_back() for _ in range(4))
    assert sorted(type(each).__name__ for each in outcomes) == [
        *["ConcurrentChange"] * 3, "NoneType",
    ]  # fmt: skip
    assert await load(units, key) is None


async def test_all_keys_of_an_owner_go_and_no_other(units: Units) -> None:
    for owner, other in (
        (await keep_user(units), await keep_account(units)),
        (await keep_account(units), await keep_user(units)),
    ):
        keys = [an_api_key(owner), an_api_key(owner, lifetime=None)]
        left = an_api_key(other)
        await keep_api_key(units, *keys, left)
        async with units() as work:
            await work.api_keys.remove_all(owner.id)
            await work.commit()
        assert [await load(units, key) for key in keys] == [None, None]
        assert await load(units, left) is not None


async def test_of_an_owners_expired_keys_those_that_ended_last_stay(units: Units) -> None:
    user, other, account = await keep_user(units), await keep_user(units), await keep_account(units)
    for owner, rest in ((user, (other, account)), (account, (user, other))):
        ended = [replace(an_api_key(owner), expires_at=NOW + n * SECOND) for n in (3, 1, 0, 2)]
        at_once = [replace(an_api_key(owner), expires_at=NOW) for _ in range(2)]
        living = [
            replace(an_api_key(owner), expires_at=NOW + 4 * SECOND),
            an_api_key(owner, lifetime=None),
        ]
        of_others = [replace(an_api_key(each), expires_at=NOW - SECOND) for each in rest]
        await keep_api_key(units, *ended, *at_once, *living, *of_others)
        # The newest of those that ended in one moment is the last of them.
        left = [ended[1], ended[3], ended[0], max([ended[2], *at_once], key=lambda key: key.id)]
        for keep, kept in ((9, [*ended, *at_once]), (4, left), (4, left), (1, [ended[0]]), (0, [])):
            async with units() as work:
                await work.api_key_upkeep.drop_expired(owner.id, now=NOW + 3 * SECOND, keep=keep)
                await work.commit()
            for key in (*ended, *at_once):
                assert (await load(units, key) is not None) == (key in kept), keep
        for key in (*living, *of_others):
            await there(units, key)


async def test_keys_go_with_their_user(units: Units) -> None:
    """HD-13: a key that the user made for a program is the program's."""
    user, account = await keep_user(units), await keep_account(units)
    mine, its = an_api_key(user, maker=user), an_api_key(account, maker=user)
    await keep_api_key(units, mine, its)
    async with units() as work:
        await work.users.remove(user.id)
        await work.commit()
    assert await load(units, mine) is None
    assert await load(units, its) is not None


# --- what is done beside their use ----------------------------------------------------------------


async def test_a_use_is_noted_if_the_one_before_was_long_enough_ago(units: Units) -> None:
    """However many arrive at once, and in whatever order."""
    user = await keep_user(units)
    key, other = an_api_key(user), an_api_key(user)
    await keep_api_key(units, key, other)
    for after, ip_address, noted in (
        (MINUTE, "192.0.2.1", (MINUTE, "192.0.2.1")),
        (MINUTE + 59 * SECOND, "192.0.2.2", (MINUTE, "192.0.2.1")),
        (timedelta(0), "192.0.2.3", (MINUTE, "192.0.2.1")),
        (2 * MINUTE, None, (2 * MINUTE, None)),
    ):
        await note_use(units, key, after=after, ip_address=ip_address)
        kept = await there(units, key)
        assert (kept.last_used_at, kept.last_used_ip) == (NOW + noted[0], noted[1])
        assert kept.version == 0
    outcomes = await in_parallel(
        note_use(units, key, after=HOUR, ip_address=f"192.0.2.{number}") for number in range(4)
    )
    assert outcomes == [None] * 4
    assert (await there(units, key)).last_used_at == NOW + HOUR
    assert (await there(units, other)).last_used_at is None
    await note_use(units, an_api_key(a_user()))  # gone by then: nothing happens


async def test_of_two_instances_that_note_a_use_the_first_is_heard(units: Units) -> None:
    """Both saw the key within a minute, and write it down in any order."""
    user = await keep_user(units)
    keys = [an_api_key(user) for _ in range(6)]
    await keep_api_key(units, *keys)

    async def instance(address: str) -> None:
        async with units() as work:
            for key in sorted(keys, key=lambda each: each.id):
                await work.api_key_upkeep.note_use(key.id, at=NOW, ip_address=address, every=MINUTE)
            await work.commit()

    addresses = {f"2001:db8::{n}" for n in range(1, 5)}
    assert await in_parallel(instance(each) for each in addresses) == [None] * len(addresses)
    noted = [await there(units, key) for key in keys]
    assert {key.last_used_at for key in noted} == {NOW}
    (heard,) = {key.last_used_ip for key in noted}
    assert heard in addresses


async def test_keys_that_end_soon_are_found_once_the_soonest_first(units: Units) -> None:
    user, account = await keep_user(units), await keep_account(units)
    soon, later, now, far, for_good, rotated = (
        an_api_key(owner, lifetime=lifetime)
        for owner, lifetime in (
            (user, 20 * MINUTE), (account, HOUR), (user, MINUTE),
            (user, HOUR + SECOND), (user, None), (user, 30 * MINUTE),
        )
    )  # fmt: skip
    await keep_api_key(units, later, soon, now, far, for_good, replace(rotated, rotated_at=NOW))
    at, until = NOW + MINUTE, NOW + HOUR
    async with units.read_only() as work:
        found = await work.api_key_upkeep.expiring(now=at, until=until, limit=9)
        assert [values_of(each) for each in found] == [values_of(soon), values_of(later)]
        (first,) = await work.api_key_upkeep.expiring(now=at, until=until, limit=1)
        assert first.id == soon.id

    async def note() -> bool:
        async with units() as work:
            noted = await work.api_key_upkeep.note_notice(soon.id, at=at)
            await work.commit()
        return noted

    outcomes = await in_parallel(note() for _ in range(4))
    assert sorted(map(str, outcomes)) == ["False", "False", "False", "True"]
    renamed = await there(units, soon)
    renamed.rename("Other")
    await save(units, renamed)  # a change does not make it forget
    async with units.read_only() as work:
        found = await work.api_key_upkeep.expiring(now=at, until=until, limit=9)
        assert [each.id for each in found] == [later.id]
    async with units() as work:
        assert not await work.api_key_upkeep.note_notice(an_api_key(user).id, at=at)


async def test_keys_that_ended_long_ago_are_removed_in_batches(units: Units) -> None:
    user = await keep_user(units)
    over = [an_api_key(user, lifetime=SECOND) for _ in range(3)]
    living = [an_api_key(user, lifetime=MINUTE), an_api_key(user, lifetime=None)]
    await keep_api_key(units, *over, *living)
    for expected in (2, 1, 0):
        async with units() as work:
            removed = await work.api_key_upkeep.purge(expired_before=NOW + MINUTE, limit=2)
            await work.commit()
        assert removed == expected
    async with units.read_only() as work:
        left = await work.api_keys.list_of(user.id)
    assert {each.id for each in left} == {key.id for key in living}


async def test_who_made_a_key_of_a_program_is_forgotten(units: Units) -> None:
    """HD-13: the key stays; a user's own keys are no others' business."""
    ada, bob, account = await keep_user(units), await keep_user(units), await keep_account(units)
    its, others, hers = (
        an_api_key(account, maker=ada), an_api_key(account, maker=bob), an_api_key(ada, maker=ada)
    )  # fmt: skip
    await keep_api_key(units, its, others, hers)
    async with units() as work:
        await work.api_key_upkeep.forget_maker(ada.id)
        await work.commit()
    assert values_of(await there(units, its)) == values_of(its) | {"created_by": None}
    assert values_of(await there(units, others)) == values_of(others)
    assert values_of(await there(units, hers)) == values_of(hers)
    await save(units, its)


async def save(units: Units, key: ApiKey) -> None:
    """Save the key and commit."""
    async with units() as work:
        await work.api_keys.save(key)
        await work.commit()


async def note_use(
    units: Units, key: ApiKey, *, after: timedelta = MINUTE, ip_address: str | None = None
) -> None:
    """Note a use of the key and commit."""
    async with units() as work:
        await work.api_key_upkeep.note_use(
            key.id, at=NOW + after, ip_address=ip_address, every=MINUTE
        )
        await work.commit()
