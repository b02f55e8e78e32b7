"""What every session repository promises."""

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.errors import ConcurrentChange
from domain.identifiers import SessionId
from domain.sessions.refresh_token import RefreshToken
from domain.sessions.session import (
    EndReason,
    Replayed,
    Reused,
    Rotated,
    Rotation,
    Session,
    SessionPolicy,
)
from domain.users.user import User
from tests.contracts.samples import (
    HOUR,
    MINUTE,
    NOW,
    POLICY,
    SECOND,
    a_session,
    a_user,
    in_parallel,
    keep_session,
    keep_user,
    load_session,
    retrying,
    save_session,
    until_a_writer_waits,
    values_of,
)

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine

STRICT = SessionPolicy(
    idle=POLICY.idle, absolute=POLICY.absolute, grace=timedelta(), per_user=POLICY.per_user
)


async def test_a_session_is_kept_with_its_user(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    session, _ = await keep_session(units, user)
    async with units.read_only() as work:
        loaded = await work.sessions.get(session.id)
        both = await work.sessions.get_with_user(session.id)
    assert loaded is not None
    assert both is not None
    assert values_of(loaded) == values_of(both[0]) == values_of(session)
    assert values_of(both[1]) == values_of(user)


async def test_all_that_is_kept_of_a_user_is_listed_the_newest_first(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: living or over, and no other user's."""
    user, other = await keep_user(units), await keep_user(units)
    first, _ = await keep_session(units, user)
    second, _ = await keep_session(units, user, now=NOW + SECOND)
    await keep_session(units, other)
    first.end(EndReason.SIGNED_OUT, now=NOW + MINUTE)
    await save_session(units, first)
    async with units.read_only() as work:
        kept = await work.sessions.list_kept(user.id, limit=9)
    assert [values_of(session) for session in kept] == [values_of(second), values_of(first)]


async def test_what_is_kept_of_a_user_is_listed_in_pages(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: a user may have any number of sessions; no page is longer than it was asked for."""
    user, other = await keep_user(units), await keep_user(units)
    sessions = [(await keep_session(units, user, now=NOW + n * SECOND))[0] for n in range(5)]
    theirs, _ = await keep_session(units, other, now=NOW + SECOND)
    sessions[3].end(EndReason.SIGNED_OUT, now=NOW + MINUTE)
    await save_session(units, sessions[3])
    newest_first = [session.id for session in reversed(sessions)]

    async def page(before: SessionId | None) -> list[SessionId]:
        async with units.read_only() as work:
            kept = await work.sessions.list_kept(user.id, limit=2, before=before)
        return [session.id for session in kept]

    assert await page(None) == newest_first[:2]
    assert await page(newest_first[1]) == newest_first[2:4]
    assert await page(newest_first[3]) == newest_first[4:]
    assert await page(newest_first[4]) == []
    async with units.read_only() as work:
        [only] = await work.sessions.list_kept(other.id, limit=9)
    assert only.id == theirs.id


async def test_a_session_that_was_never_started_is_none(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    session, _ = a_session(a_user())
    async with units.read_only() as work:
        assert await work.sessions.get(session.id) is None
        assert await work.sessions.get_with_user(session.id) is None


async def test_a_session_that_is_over_can_still_be_read(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """The holder of its tokens is told why it ended."""
    user = await keep_user(units)
    session, _ = await keep_session(units, user)
    session.end(EndReason.SIGNED_OUT, now=NOW + MINUTE)
    await save_session(units, session)
    loaded = await load_session(units, session)
    assert loaded.end_reason is EndReason.SIGNED_OUT
    assert loaded.ended_at == NOW + MINUTE
    async with units.read_only() as work:
        assert await work.sessions.get_with_user(session.id) is not None


async def test_a_save_writes_every_field_and_raises_the_version(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    session, token = await keep_session(units, user)
    version = session.version
    _rotate(session, token)
    await save_session(units, session)
    assert session.version == version + 1
    assert values_of(await load_session(units, session)) == values_of(session)


async def test_a_save_of_an_old_copy_conflicts_and_writes_nothing(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    session, token = await keep_session(units, user)
    stale = await load_session(units, session)
    _rotate(session, token)
    await save_session(units, session)
    _rotate(stale, token)
    with pytest.raises(ConcurrentChange):
        await save_session(units, stale)
    assert values_of(await load_session(units, session)) == values_of(session)


async def test_a_session_that_was_never_added_cannot_be_saved(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    session, _ = a_session(await keep_user(units))
    with pytest.raises(ConcurrentChange):
        await save_session(units, session)


async def test_nobody_who_is_gone_gets_a_session(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """RF-4: a sign-in that ends after the user was erased leaves nothing."""
    with pytest.raises(ConcurrentChange):
        await keep_session(units, a_user())


async def test_fifty_rotations_at_once_advance_the_session_by_exactly_one(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-1: a caller that comes too late conflicts, or already sees the one successor."""
    user = await keep_user(units)
    session, token = await keep_session(units, user)
    outcomes = await in_parallel(_rotate_and_save(units, session, token) for _ in range(50))
    rotated = [outcome for outcome in outcomes if isinstance(outcome, Rotated)]
    repeated = [outcome for outcome in outcomes if isinstance(outcome, Replayed)]
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, ConcurrentChange)]
    assert len(rotated) == 1
    assert len(rotated) + len(repeated) + len(conflicts) == 50
    loaded = await load_session(units, session)
    assert loaded.generation == 2
    assert loaded.current_digest == rotated[0].token.digest
    assert loaded.end_reason is None
    assert {str(outcome.token) for outcome in repeated} <= {str(rotated[0].token)}


async def test_all_of_many_rotations_get_the_same_successor_in_the_end(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-1, RF-3: with one retry per conflict, ten tabs of one browser stay signed in."""
    user = await keep_user(units)
    session, token = await keep_session(units, user)
    outcomes: list[Rotation | BaseException] = await in_parallel(
        retrying(lambda: _rotate_and_save(units, session, token)) for _ in range(10)
    )
    successors = {
        str(outcome.token) for outcome in outcomes if isinstance(outcome, Rotated | Replayed)
    }
    assert [type(outcome) for outcome in outcomes].count(Rotated) == 1
    assert len(successors) == 1
    assert (await load_session(units, session)).generation == 2


async def test_without_grace_exactly_one_of_many_rotations_succeeds(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-1 with a grace of zero."""
    user = await keep_user(units)
    session, token = await keep_session(units, user)
    outcomes = await in_parallel(_rotate_and_save(units, session, token, STRICT) for _ in range(10))
    assert sum(isinstance(outcome, Rotated) for outcome in outcomes) == 1
    assert (await load_session(units, session)).generation == 2


async def test_a_session_that_reuse_has_ended_stays_ended(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-2: and the newest token is as dead as the stolen one."""
    user = await keep_user(units)
    session, first = await keep_session(units, user)
    second = _rotate(session, first)
    await save_session(units, session)
    assert isinstance(second, Rotated)

    session = await load_session(units, session)
    outcome = _rotate(session, first, now=NOW + HOUR)
    assert isinstance(outcome, Reused)
    await save_session(units, session)

    loaded = await load_session(units, session)
    assert loaded.over(NOW + HOUR) is EndReason.REFRESH_TOKEN_REUSED
    assert loaded.sealed_successor is None
    async with units.read_only() as work:
        assert await work.sessions.list_living(user.id, now=NOW + HOUR, limit=100) == []


async def test_only_living_sessions_of_the_user_are_listed_the_newest_first(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """SE-4."""
    user, other = await keep_user(units), await keep_user(units)
    await keep_session(units, other)
    first, _ = await keep_session(units, user, now=NOW)
    third, _ = await keep_session(units, user, now=NOW + 2 * MINUTE)
    second, _ = await keep_session(units, user, now=NOW + MINUTE)
    ended, _ = await keep_session(units, user, now=NOW + 3 * MINUTE)
    ended.end(EndReason.SIGNED_OUT, now=NOW + HOUR)
    await save_session(units, ended)
    assert await _living(units, user, NOW + HOUR) == [third.id, second.id, first.id]


async def test_no_more_sessions_are_listed_than_asked(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """SE-5: five thousand sessions make no page of five thousand lines."""
    user = await keep_user(units)
    sessions = [(await keep_session(units, user, now=NOW + n * SECOND))[0] for n in range(5)]
    async with units.read_only() as work:
        listed = await work.sessions.list_living(user.id, now=NOW + HOUR, limit=2)
    assert [session.id for session in listed] == [sessions[4].id, sessions[3].id]


async def test_the_list_goes_on_behind_any_session_even_one_that_is_over(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-6: a page is stable while sessions come and go."""
    user = await keep_user(units)
    sessions = [(await keep_session(units, user, now=NOW + n * SECOND))[0] for n in range(6)]
    newest_first = [session.id for session in reversed(sessions)]
    sessions[3].end(EndReason.SIGNED_OUT, now=NOW + MINUTE)
    await save_session(units, sessions[3])
    await keep_session(units, user, now=NOW + HOUR)  # came while the first page was read

    async def page(before: SessionId) -> list[SessionId]:
        async with units.read_only() as work:
            listed = await work.sessions.list_living(
                user.id, now=NOW + HOUR, limit=2, before=before
            )
        return [session.id for session in listed]

    assert await page(newest_first[1]) == [sessions[2].id, sessions[1].id]
    assert await page(sessions[3].id) == [sessions[2].id, sessions[1].id]
    assert await page(sessions[1].id) == [sessions[0].id]
    assert await page(sessions[0].id) == []


async def test_sessions_born_in_one_moment_are_listed_in_the_order_of_their_identifiers(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    sessions = [(await keep_session(units, user))[0] for _ in range(6)]
    expected = sorted((session.id for session in sessions), reverse=True)
    assert await _living(units, user, NOW) == expected
    async with units.read_only() as work:
        rest = await work.sessions.list_living(user.id, now=NOW, limit=9, before=expected[2])
    assert [session.id for session in rest] == expected[3:]


async def test_a_session_leaves_the_list_the_moment_it_is_over(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """SE-3: idle or at the end of its life, in the list as in the domain."""
    user = await keep_user(units)
    idle, _ = await keep_session(units, user)
    edge = idle.idle_expires_at
    assert await _living(units, user, edge - timedelta(microseconds=1)) == [idle.id]
    assert await _living(units, user, edge) == []

    old, _ = a_session(user)
    old.idle_expires_at = old.absolute_expires_at + HOUR
    async with units() as work:
        await work.sessions.add(old)
        await work.commit()
    edge = old.absolute_expires_at
    assert await _living(units, user, edge - timedelta(microseconds=1)) == [old.id]
    assert await _living(units, user, edge) == []


async def test_all_living_sessions_of_the_user_end_at_once_and_nobody_elses(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """SE-1, AT-6."""
    user, other = await keep_user(units), await keep_user(units)
    theirs, _ = await keep_session(units, other)
    sessions = [(await keep_session(units, user, now=NOW + n * SECOND)) for n in range(3)]
    session, token = sessions[0]
    _rotate(session, token)
    await save_session(units, session)

    ended = await _end_all(units, user, EndReason.PASSWORD_CHANGED)

    assert ended == 3
    assert await _living(units, user, NOW + HOUR) == []
    assert await _living(units, other, NOW + HOUR) == [theirs.id]
    for session, _ in sessions:
        loaded = await load_session(units, session)
        assert loaded.end_reason is EndReason.PASSWORD_CHANGED
        assert loaded.ended_at == NOW + HOUR
        assert loaded.sealed_successor is None


async def test_sessions_that_were_over_keep_their_own_reason(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    signed_out, _ = await keep_session(units, user)
    signed_out.end(EndReason.SIGNED_OUT, now=NOW + MINUTE)
    await save_session(units, signed_out)
    idle, _ = await keep_session(units, user, now=NOW - POLICY.idle)

    assert await _end_all(units, user, EndReason.REVOKED_BY_ADMIN) == 0

    assert values_of(await load_session(units, signed_out)) == values_of(signed_out)
    assert (await load_session(units, idle)).over(NOW + HOUR) is EndReason.IDLE


async def test_the_session_to_keep_is_kept(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """PW-6, SE-4: all the others end."""
    user = await keep_user(units)
    sessions = [(await keep_session(units, user, now=NOW + n * SECOND))[0] for n in range(4)]
    async with units() as work:
        ended = await work.sessions.end_all(
            user.id, EndReason.REVOKED_BY_USER, now=NOW + HOUR, keep=sessions[1].id
        )
        await work.commit()
    assert ended == 3
    assert await _living(units, user, NOW + HOUR) == [sessions[1].id]


@pytest.mark.parametrize("keep_newest", [1, 3, 4, 9])
async def test_as_many_of_the_newest_as_asked_are_kept(
    units: UnitOfWorkFactory[ServiceUnit], keep_newest: int
) -> None:
    """SE-4: the cap per user evicts the oldest."""
    user = await keep_user(units)
    oldest_first = [(await keep_session(units, user, now=NOW + n * SECOND))[0].id for n in range(4)]
    async with units() as work:
        ended = await work.sessions.end_all(
            user.id, EndReason.REVOKED_BY_USER, now=NOW + HOUR, keep_newest=keep_newest
        )
        await work.commit()
    assert ended == max(0, 4 - keep_newest)
    assert await _living(units, user, NOW + HOUR) == oldest_first[::-1][:keep_newest]


async def test_sessions_that_are_over_are_not_among_the_newest_to_keep(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    kept, _ = await keep_session(units, user)
    newer, _ = await keep_session(units, user, now=NOW + MINUTE)
    newer.end(EndReason.SIGNED_OUT, now=NOW + 2 * MINUTE)
    await save_session(units, newer)
    async with units() as work:
        await work.sessions.end_all(
            user.id, EndReason.REVOKED_BY_USER, now=NOW + HOUR, keep_newest=1
        )
        await work.commit()
    assert await _living(units, user, NOW + HOUR) == [kept.id]


async def test_a_session_added_in_the_same_unit_counts(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """SE-4: a sign-in adds its session, then evicts down to the cap."""
    user = await keep_user(units)
    old, _ = await keep_session(units, user)
    session, _ = a_session(user, now=NOW + MINUTE)
    async with units() as work:
        await work.sessions.add(session)
        ended = await work.sessions.end_all(
            user.id, EndReason.REVOKED_BY_USER, now=NOW + MINUTE, keep_newest=1
        )
        await work.commit()
    assert ended == 1
    assert await _living(units, user, NOW + MINUTE) == [session.id]
    assert (await load_session(units, old)).end_reason is EndReason.REVOKED_BY_USER


async def test_a_rotation_that_loaded_before_end_all_cannot_bring_the_session_back(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-4: never resurrected."""
    user = await keep_user(units)
    session, token = await keep_session(units, user)
    stale = await load_session(units, session)
    await _end_all(units, user, EndReason.USER_SUSPENDED)
    _rotate(stale, token)
    with pytest.raises(ConcurrentChange):
        await save_session(units, stale)
    assert (await load_session(units, session)).end_reason is EndReason.USER_SUSPENDED


async def test_no_session_survives_end_all_however_rotations_race_it(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-4, SE-1."""

    async def end_them(user: User) -> None:
        await retrying(lambda: _end_all(units, user, EndReason.PASSWORD_CHANGED, now=NOW))

    async def rotate_it(session: Session, token: RefreshToken) -> None:
        await retrying(lambda: _rotate_and_save(units, session, token))

    for turn in range(12):
        user = await keep_user(units)
        sessions = [await keep_session(units, user) for _ in range(3)]
        calls = [rotate_it(session, token) for session, token in sessions]
        calls.insert(turn % 4, end_them(user))
        await in_parallel(calls)
        assert await _living(units, user, NOW) == []


async def test_ending_all_sessions_of_nobody_ends_none(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    assert await _end_all(units, a_user(), EndReason.REVOKED_BY_ADMIN) == 0


async def test_the_purge_removes_what_was_over_before_and_nothing_else(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    before = NOW - POLICY.idle
    idle_long, _ = await keep_session(units, user, now=before - POLICY.idle - SECOND)
    ended_long, _ = await keep_session(units, user, now=before - HOUR)
    ended_long.end(EndReason.SIGNED_OUT, now=before - SECOND)
    await save_session(units, ended_long)
    ended_lately, _ = await keep_session(units, user, now=before - HOUR)
    ended_lately.end(EndReason.SIGNED_OUT, now=before + SECOND)
    await save_session(units, ended_lately)
    absolute, _ = a_session(user, now=before - POLICY.absolute - SECOND)
    absolute.idle_expires_at = NOW + HOUR
    living, _ = await keep_session(units, user, now=NOW)
    async with units() as work:
        await work.sessions.add(absolute)
        await work.commit()

    async with units() as work:
        removed = await work.sessions.purge(over_before=before, limit=99)
        await work.commit()

    assert removed == 3
    async with units.read_only() as work:
        for gone in (idle_long, ended_long, absolute):
            assert await work.sessions.get(gone.id) is None
        for kept in (ended_lately, living):
            assert await work.sessions.get(kept.id) is not None


async def test_sealed_successors_are_wiped_once_their_grace_has_passed(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-5: and leaves the session, and a fresh successor, alone."""
    user = await keep_user(units)
    old, old_token = await keep_session(units, user)
    new, new_token = await keep_session(units, user)
    for session, token, at in ((old, old_token, NOW), (new, new_token, NOW + HOUR)):
        _rotate(session, token, now=at)
        await save_session(units, session)

    async with units() as work:
        assert await work.sessions.purge(over_before=NOW - HOUR, limit=99) == 0
        assert await work.sessions.wipe_successors(rotated_before=NOW + MINUTE, limit=99) == 1
        await work.commit()

    wiped, kept = await load_session(units, old), await load_session(units, new)
    assert wiped.sealed_successor is None
    assert wiped.current_digest == old.current_digest
    assert wiped.over(NOW + HOUR) is None
    assert kept.sealed_successor == new.sealed_successor
    await save_session(units, old)  # a copy from before the wipe is still the newest version


async def test_a_successor_from_that_very_moment_is_not_wiped(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """RF-3: its grace ends with the moment and not before."""
    session, token = await keep_session(units, await keep_user(units))
    _rotate(session, token, now=NOW + SECOND)
    await save_session(units, session)
    tick = timedelta(microseconds=1)
    for moment, wiped in ((NOW + SECOND, 0), (NOW + SECOND + tick, 1), (NOW + HOUR, 0)):
        async with units() as work:
            assert await work.sessions.wipe_successors(rotated_before=moment, limit=9) == wiped
            await work.commit()


async def test_no_more_successors_are_wiped_than_asked(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user, sessions = await keep_user(units), []
    for _ in range(5):
        session, token = await keep_session(units, user)
        _rotate(session, token)
        await save_session(units, session)
        sessions.append(session)
    await keep_session(units, user)  # has none
    for wiped, left in ((2, 3), (2, 1), (1, 0), (0, 0)):
        async with units() as work:
            counted = await work.sessions.wipe_successors(rotated_before=NOW + HOUR, limit=2)
            await work.commit()
        kept = [await load_session(units, session) for session in sessions]
        assert counted == wiped
        assert sum(session.sealed_successor is not None for session in kept) == left


async def test_a_successor_that_a_wipe_waits_for_is_not_wiped(
    units: UnitOfWorkFactory[ServiceUnit], engine: "Engine | None"
) -> None:
    """RF-3: another rotation came in between, and its grace has only begun."""
    session, token = await keep_session(units, await keep_user(units))
    first = _rotate(session, token)
    await save_session(units, session)
    assert isinstance(first, Rotated)

    async def wipe() -> int:
        async with units() as work:
            wiped = await work.sessions.wipe_successors(rotated_before=NOW + MINUTE, limit=9)
            await work.commit()
        return wiped

    async with units() as work:
        loaded = await work.sessions.get(session.id)
        assert loaded is not None
        _rotate(loaded, first.token, now=NOW + HOUR)
        await work.sessions.save(loaded)
        wiping = asyncio.create_task(wipe())
        await until_a_writer_waits(engine)
        await work.commit()
    assert await wiping == 0
    assert (await load_session(units, session)).sealed_successor == loaded.sealed_successor


async def test_a_purge_removes_no_more_sessions_than_it_may(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    user = await keep_user(units)
    for n in range(5):
        await keep_session(units, user, now=NOW - 2 * POLICY.idle + n * SECOND)
    living, _ = await keep_session(units, user)
    for removed, left in ((2, 4), (2, 2), (1, 1), (0, 1)):
        async with units() as work:
            assert await work.sessions.purge(over_before=NOW, limit=2) == removed
            await work.commit()
        async with units.read_only() as work:
            assert len(await work.sessions.list_kept(user.id, limit=9)) == left
    assert await _living(units, user, NOW) == [living.id]


def _rotate(
    session: Session,
    token: RefreshToken,
    policy: SessionPolicy = POLICY,
    *,
    now: datetime = NOW + SECOND,
) -> Rotation:
    return session.rotate(token, policy=policy, now=now, entropy=secrets.token_bytes)


async def _rotate_and_save(
    units: UnitOfWorkFactory[ServiceUnit],
    session: Session,
    token: RefreshToken,
    policy: SessionPolicy = POLICY,
) -> Rotation:
    async with units() as work:
        loaded = await work.sessions.get(session.id)
        assert loaded is not None
        outcome = _rotate(loaded, token, policy)
        if isinstance(outcome, Rotated):
            await work.sessions.save(loaded)
            await work.commit()
        return outcome


async def _living(
    units: UnitOfWorkFactory[ServiceUnit], user: User, now: datetime
) -> list[SessionId]:
    """Return the identifiers in the list, which are as many as are counted."""
    async with units.read_only() as work:
        living = await work.sessions.list_living(user.id, now=now, limit=100)
        assert await work.sessions.count_living(user.id, now=now) == len(living)
    return [session.id for session in living]


async def _end_all(
    units: UnitOfWorkFactory[ServiceUnit],
    user: User,
    reason: EndReason,
    *,
    now: datetime = NOW + HOUR,
) -> int:
    async with units() as work:
        ended = await work.sessions.end_all(user.id, reason, now=now)
        await work.commit()
    return ended
