"""What every repository of factors promises."""

from dataclasses import replace

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.errors import ConcurrentChange
from domain.factors.factor import Factor, FactorAlreadyEnrolled
from tests.contracts.samples import (
    HOUR,
    NOW,
    a_passkey,
    a_totp,
    a_user,
    in_parallel,
    keep_user,
    some_recovery_codes,
    values_of,
)

Units = UnitOfWorkFactory[ServiceUnit]


async def keep(units: Units, *factors: Factor) -> None:
    """Add the factors and commit."""
    async with units() as work:
        for factor in factors:
            await work.factors.add(factor)
        await work.commit()


async def test_factors_of_a_user_come_back_whole_the_oldest_first(units: Units) -> None:
    user, other = await keep_user(units), await keep_user(units)
    mine: list[Factor] = [a_totp(user), a_passkey(user), some_recovery_codes(user)]
    await keep(units, *mine, a_totp(other))
    async with units.read_only() as work:
        found = await work.factors.list_of(user.id)
        assert await work.factors.list_of(a_user().id) == []
    assert [values_of(factor) for factor in found] == [
        values_of(factor) for factor in sorted(mine, key=lambda factor: factor.id)
    ]


async def test_a_saved_factor_keeps_every_field(units: Units) -> None:
    user = await keep_user(units)
    app, passkey, codes = a_totp(user), a_passkey(user), some_recovery_codes(user)
    await keep(units, app, passkey, codes)
    app.use(77, now=NOW + HOUR)
    app.rename("Another")
    passkey.sign_count, passkey.synced, passkey.last_used_at = 9, False, NOW
    codes.spend(next(iter(codes.tags)), now=NOW)
    async with units() as work:
        for factor in (app, passkey, codes):
            await work.factors.save(factor)
        await work.commit()
    async with units.read_only() as work:
        found = {factor.id: factor for factor in await work.factors.list_of(user.id)}
    for factor in (app, passkey, codes):
        assert values_of(found[factor.id]) == values_of(factor)
        assert factor.version == 1


async def test_of_ten_savers_at_once_one_succeeds(units: Units) -> None:
    """MF-1: two uses of one code are decided by the version."""
    user = await keep_user(units)
    app = a_totp(user)
    await keep(units, app)

    async def use() -> bool:
        mine = replace(app)
        mine.use(5, now=NOW)
        try:
            async with units() as work:
                await work.factors.save(mine)
                await work.commit()
        except ConcurrentChange:
            return False
        return True

    assert (await in_parallel(use() for _ in range(10))).count(True) == 1


async def test_a_factor_that_was_removed_is_neither_saved_nor_removed_again(units: Units) -> None:
    user = await keep_user(units)
    app = a_totp(user)
    await keep(units, app)
    async with units() as work:
        await work.factors.remove(app)
        await work.commit()

    async def again(method: str) -> None:
        async with units() as work:
            await getattr(work.factors, method)(replace(app))
            await work.commit()

    for method in ("save", "remove"):
        with pytest.raises(ConcurrentChange):
            await again(method)
    async with units.read_only() as work:
        assert await work.factors.list_of(user.id) == []


async def test_a_passkey_has_one_owner(units: Units) -> None:
    """MF-3: a credential id is unique over all users."""
    user, other = await keep_user(units), await keep_user(units)
    passkey = a_passkey(user)
    await keep(units, passkey)
    for thief in (user, other):
        with pytest.raises(FactorAlreadyEnrolled):
            await keep(units, a_passkey(thief, credential_id=passkey.credential_id))
    async with units.read_only() as work:
        found = await work.factors.find_passkey(passkey.credential_id)
        assert found is not None
        assert values_of(found) == values_of(passkey)
        for wrong in (passkey.credential_id[:-1], passkey.credential_id + b"\x00", b""):
            assert await work.factors.find_passkey(wrong) is None


async def test_a_factor_of_nobody_is_refused(units: Units) -> None:
    with pytest.raises(ConcurrentChange):
        await keep(units, a_totp(a_user()))


async def test_all_factors_of_a_user_can_be_removed_and_no_others(units: Units) -> None:
    user, other = await keep_user(units), await keep_user(units)
    await keep(units, a_totp(user), a_passkey(user), a_totp(other))
    async with units() as work:
        await work.factors.remove_all(user.id)
        await work.factors.remove_all(user.id)
        await work.commit()
    async with units.read_only() as work:
        assert await work.factors.list_of(user.id) == []
        assert len(await work.factors.list_of(other.id)) == 1


async def test_factors_go_with_their_user(units: Units) -> None:
    """AZ-7, HD-13"""
    user = await keep_user(units)
    passkey = a_passkey(user)
    await keep(units, passkey)
    async with units() as work:
        await work.users.remove(user.id)
        await work.commit()
    async with units.read_only() as work:
        assert await work.factors.find_passkey(passkey.credential_id) is None


async def test_what_is_sealed_is_listed_page_by_page(units: Units) -> None:
    """TK-4: a new SECRET_KEY has to find it all."""
    user = await keep_user(units)
    sealed: list[Factor] = [a_totp(user), some_recovery_codes(user)]
    await keep(units, *sealed, a_passkey(user))
    found: list[Factor] = []
    async with units.read_only() as work:
        while page := await work.factors.list_sealed(
            after=found[-1].id if found else None, limit=1
        ):
            assert len(page) == 1
            found += page
    mine = [factor.id for factor in found if factor.user_id == user.id]
    assert mine == sorted(factor.id for factor in sealed)


async def test_passkeys_of_another_domain_are_counted(units: Units) -> None:
    user = await keep_user(units)
    await keep(units, a_passkey(user), a_totp(user))
    async with units.read_only() as work:
        before = await work.factors.count_passkeys(but_for="doorward.example")
        assert await work.factors.count_passkeys(but_for="elsewhere.example") == before + 1
