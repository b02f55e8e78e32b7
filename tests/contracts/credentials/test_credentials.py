"""What every credential repository promises."""

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.credentials.password import PasswordCredential
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from tests.contracts.samples import (
    MINUTE,
    NOW,
    a_credential,
    a_user,
    in_parallel,
    keep_user,
    values_of,
)


async def test_a_user_without_a_password_has_no_credential(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    assert await _load(units, user.id) is None


async def test_a_credential_is_kept(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    credential = a_credential(user)
    await _add(units, credential)
    loaded = await _load(units, user.id)
    assert loaded is not None
    assert values_of(loaded) == values_of(credential)


async def test_a_second_credential_for_one_user_is_refused(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-7: of two passwords set at once one is kept, and the other caller hears of it."""
    user = await keep_user(units)
    hashes = [f"$fast$v=1$salt$digest{n}" for n in range(8)]
    outcomes = await in_parallel(_add(units, a_credential(user, hashed)) for hashed in hashes)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ConcurrentChange) for outcome in outcomes) == 7
    loaded = await _load(units, user.id)
    assert loaded is not None
    assert loaded.hash == hashes[outcomes.index(None)]


async def test_a_save_writes_every_field_and_raises_the_version(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    credential = a_credential(user)
    await _add(units, credential)
    version = credential.version
    credential.replace("$fast$v=2$other$digest", now=NOW + MINUTE)
    credential.contest()
    await _save(units, credential)
    assert credential.version == version + 1
    loaded = await _load(units, user.id)
    assert loaded is not None
    assert values_of(loaded) == values_of(credential)


async def test_a_save_of_an_old_copy_conflicts_and_writes_nothing(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """A rehash that was computed meanwhile never puts an old password back."""
    user = await keep_user(units)
    await _add(units, a_credential(user))
    stale, fresh = await _load(units, user.id), await _load(units, user.id)
    assert stale is not None
    assert fresh is not None
    fresh.replace("new password", now=NOW + MINUTE)
    await _save(units, fresh)
    stale.rehash("old password, rehashed")
    with pytest.raises(ConcurrentChange):
        await _save(units, stale)
    loaded = await _load(units, user.id)
    assert loaded is not None
    assert values_of(loaded) == values_of(fresh)


async def test_a_removed_credential_is_gone_and_may_be_added_anew(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    credential = a_credential(user)
    await _add(units, credential)
    async with units() as work:
        await work.credentials.remove(user.id)
        await work.credentials.remove(user.id)  # nothing there any more, and no error
        await work.commit()
    assert await _load(units, user.id) is None
    with pytest.raises(ConcurrentChange):
        await _save(units, credential)
    await _add(units, a_credential(user, "another"))


async def test_nothing_can_be_added_for_a_user_who_is_gone(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-7: who was erased meanwhile gets no password."""
    with pytest.raises(ConcurrentChange):
        await _add(units, a_credential(a_user()))


async def _add(units: UnitOfWorkFactory[ServiceUnit], credential: PasswordCredential) -> None:
    async with units() as work:
        await work.credentials.add(credential)
        await work.commit()


async def _save(units: UnitOfWorkFactory[ServiceUnit], credential: PasswordCredential) -> None:
    async with units() as work:
        await work.credentials.save(credential)
        await work.commit()


async def _load(
    units: UnitOfWorkFactory[ServiceUnit], user_id: UserId
) -> PasswordCredential | None:
    async with units.read_only() as work:
        return await work.credentials.get(user_id)
