"""What every unit of work promises: all of a change or nothing, and nothing by accident."""

import asyncio
from functools import cached_property

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.errors import ConcurrentChange
from tests.contracts.samples import (
    NOW,
    a_credential,
    a_message,
    a_user,
    an_audit_event,
    in_parallel,
    keep_user,
    load_user,
    save_user,
    waiting_messages,
)


class Unexpected(Exception):
    """Something that no use case foresees."""


async def test_leaving_without_a_commit_undoes_everything(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = a_user()
    async with units() as work:
        await work.users.add(user)
        await work.credentials.add(a_credential(user))
        await work.outbox.enqueue(a_message())
        await work.audit.append(an_audit_event(actor=user.id))

    async with units.read_only() as work:
        assert await work.users.get(user.id) is None
        assert await work.users.find_by_email(user.email) is None
        assert await work.credentials.get(user.id) is None
        assert await waiting_messages(work) == 0
        assert await work.audit.about(user.id, limit=10) == []


async def test_an_exception_undoes_everything_and_passes_through(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = a_user()

    async def fail_half_way() -> None:
        async with units() as work:
            await work.users.add(user)
            raise Unexpected

    with pytest.raises(Unexpected):
        await fail_half_way()
    async with units.read_only() as work:
        assert await work.users.get(user.id) is None


async def test_a_cancelled_unit_leaves_nothing_and_lets_others_write(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """DU-5: a client that hangs up half way leaves no trace and takes no connection along."""
    user = a_user()
    written, never = asyncio.Event(), asyncio.Event()

    async def hang_up_half_way() -> None:
        async with units() as work:
            await work.users.add(user)
            written.set()
            await never.wait()

    for _ in range(12):  # more often than the pool has connections
        task = asyncio.create_task(hang_up_half_way())
        async with asyncio.timeout(10):
            await written.wait()
        written.clear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async with asyncio.timeout(10):
        await keep_user(units, user)
    assert (await load_user(units, user.id)).email == user.email


async def test_everything_is_visible_to_others_after_the_commit_and_nothing_before(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = a_user()
    async with units() as work:
        await work.users.add(user)
        await work.outbox.enqueue(a_message())
        assert await work.users.get(user.id) is not None  # one's own change is seen at once
        async with units.read_only() as other:
            assert await other.users.get(user.id) is None
            assert await other.users.find_by_email(user.email) is None
            assert await waiting_messages(other) == 0
        await work.commit()

    async with units.read_only() as other:
        assert await other.users.get(user.id) is not None
        assert await other.users.find_by_email(user.email) is not None
        assert await waiting_messages(other) == 1


async def test_a_reader_never_waits_for_a_writer(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    async with units() as work:
        user.rename("Renamed", now=NOW)
        await work.users.save(user)
        async with asyncio.timeout(5):
            seen = await load_user(units, user.id)
        assert seen.display_name != "Renamed"


async def test_a_read_only_unit_cannot_commit(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    async with units.read_only() as work:
        with pytest.raises(RuntimeError):
            await work.commit()


async def test_a_read_only_unit_sees_what_is_committed_meanwhile(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """Each of its statements stands for itself."""
    user = a_user()
    async with units.read_only() as work:
        assert await work.users.get(user.id) is None
        await keep_user(units, user)
        assert await work.users.get(user.id) is not None


async def test_a_change_that_was_not_saved_is_invisible(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    async with units() as work:
        loaded = await work.users.get(user.id)
        assert loaded is not None
        loaded.rename("Never saved", now=NOW)
        again = await work.users.get(user.id)
        assert again is not None
        assert again.display_name == "Ada Lovelace"
        await work.commit()
    assert (await load_user(units, user.id)).display_name == "Ada Lovelace"


async def test_a_change_made_after_the_save_is_invisible(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = a_user()
    async with units() as work:
        await work.users.add(user)
        user.rename("After the add", now=NOW)
        await work.commit()
    user.rename("After the commit", now=NOW)
    assert (await load_user(units, user.id)).display_name == "Ada Lovelace"


async def test_a_conflict_undoes_what_was_written_before_it(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    stale, fresh = await load_user(units, user.id), await load_user(units, user.id)
    await save_user(units, fresh)
    other = a_user()

    async def conflict_at_the_end() -> None:
        async with units() as work:
            await work.users.add(other)
            await work.outbox.enqueue(a_message())
            await work.users.save(stale)
            await work.commit()

    with pytest.raises(ConcurrentChange):
        await conflict_at_the_end()
    async with units.read_only() as work:
        assert await work.users.get(other.id) is None
        assert await waiting_messages(work) == 0


async def test_after_the_commit_the_unit_is_over(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """What came after it would be lost, or would stand outside of any transaction."""
    user = a_user()
    async with units() as work:
        await work.users.add(user)
        await work.commit()
        with pytest.raises(RuntimeError):
            await work.users.remove(user.id)
        with pytest.raises(RuntimeError):
            await work.users.get(user.id)
        with pytest.raises(RuntimeError):
            await work.commit()
    with pytest.raises(RuntimeError):
        await work.users.get(user.id)
    assert (await load_user(units, user.id)).version == user.version


async def test_a_read_only_unit_cannot_write(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    async with units.read_only() as work:
        with pytest.raises(RuntimeError):
            await work.users.remove(user.id)
        with pytest.raises(RuntimeError):
            await work.outbox.enqueue(a_message())
        with pytest.raises(RuntimeError):
            await work.users.save(user)
    assert (await load_user(units, user.id)).version == 0


async def test_a_unit_without_a_change_may_commit(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    async with units() as work:
        await work.commit()


async def test_many_more_units_at_once_than_connections_all_get_their_turn(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    users = [a_user() for _ in range(40)]
    outcomes = await in_parallel(keep_user(units, user) for user in users)
    assert [o for o in outcomes if isinstance(o, BaseException)] == []
    async with units.read_only() as work:
        assert all([await work.users.get(user.id) for user in users])


REPOSITORIES = sorted(
    name for name in dir(ServiceUnit) if isinstance(getattr(ServiceUnit, name), property)
)


def made_in(work: ServiceUnit) -> set[str]:
    """Return the repositories that the unit of work has made so far."""
    return set(REPOSITORIES) & set(vars(work))


async def test_a_unit_has_the_repositories_of_all_capabilities_and_no_others(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    kind = type(units())
    lazy = {name for name in dir(kind) if isinstance(getattr(kind, name), cached_property)}
    assert lazy == set(REPOSITORIES)


@pytest.mark.parametrize("name", REPOSITORIES)
async def test_a_repository_is_made_when_it_is_first_asked_for(
    units: UnitOfWorkFactory[ServiceUnit], name: str
) -> None:
    """A request that looks one user up does not pay for all the other repositories."""
    for work in (units(), units.read_only()):
        assert made_in(work) == set()
        async with work:
            assert made_in(work) == set()
            first = getattr(work, name)
            assert made_in(work) == {name}
            assert getattr(work, name) is first
            assert made_in(work) == {name}


async def test_no_two_units_share_a_repository(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    async with units.read_only() as one, units.read_only() as other:
        assert one.users is not other.users
