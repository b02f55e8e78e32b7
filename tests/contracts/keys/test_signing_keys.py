"""What every repository of signing keys promises."""

import pytest

from adapters.memory.authenticator import MemoryAuthenticator
from adapters.memory.clock import ManualClock
from adapters.memory.keys.access_tokens import OpaqueAccessTokens
from adapters.memory.secret_box import MemorySecretBox
from adapters.system.clock import SystemRandomness
from application.audit.ports import AuditQuery
from application.audit.recording import Recorder
from application.audit.seals import Seals
from application.keys.keyring import SigningKeyring
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.errors import ConcurrentChange
from domain.keys.signing_key import SigningAlgorithm, SigningKey
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from tests.contracts.samples import HOUR, MINUTE, NOW, SECOND, a_key, in_parallel, values_of


async def test_keys_are_listed_the_oldest_first_with_every_field(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    keys = [a_key(published_at=NOW + n * MINUTE) for n in (2, 0, 1)]
    for key in keys:
        await _add(units, key)
    listed = await _list(units)
    expected = sorted(keys, key=lambda key: key.published_at)
    assert [values_of(key) for key in listed] == [values_of(key) for key in expected]


async def test_there_is_no_key_before_the_first(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    assert await _list(units) == []


async def test_a_save_writes_the_life_of_the_key_and_raises_the_version(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """TK-3."""
    key = a_key()
    await _add(units, key)
    version = key.version
    key.retire(at=NOW + MINUTE, keep=HOUR, now=NOW)
    await _save(units, key)
    assert key.version == version + 1
    assert [values_of(kept) for kept in await _list(units)] == [values_of(key)]


async def test_a_save_of_an_old_copy_conflicts_and_writes_nothing(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """TK-3: a rotation that runs late does not undo a revocation."""
    await _add(units, a_key())
    [stale], [fresh] = await _list(units), await _list(units)
    fresh.revoke(now=NOW + MINUTE)
    await _save(units, fresh)
    stale.retire(at=NOW + HOUR, keep=HOUR, now=NOW)
    with pytest.raises(ConcurrentChange):
        await _save(units, stale)
    assert [values_of(kept) for kept in await _list(units)] == [values_of(fresh)]


async def test_a_key_that_was_never_added_cannot_be_saved(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    with pytest.raises(ConcurrentChange):
        await _save(units, a_key())


async def test_the_purge_removes_keys_that_are_long_gone(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    gone, lately, living = a_key(), a_key(), a_key()
    gone.revoke(now=NOW)
    lately.revoke(now=NOW + HOUR)
    for key in (gone, lately, living):
        await _add(units, key)
    async with units() as work:
        assert await work.signing_keys.purge(gone_before=NOW - SECOND, limit=99) == 0
        assert await work.signing_keys.purge(gone_before=NOW + MINUTE, limit=99) == 1
        await work.commit()
    assert {key.kid for key in await _list(units)} == {lately.kid, living.kid}


async def test_a_purge_removes_no_more_keys_than_it_may(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    for _ in range(5):
        key = a_key()
        key.revoke(now=NOW)
        await _add(units, key)
    await _add(units, living := a_key())
    for removed, left in ((2, 4), (2, 2), (1, 1), (0, 1)):
        async with units() as work:
            assert await work.signing_keys.purge(gone_before=NOW + MINUTE, limit=2) == removed
            await work.commit()
        assert len(await _list(units)) == left
    assert [key.kid for key in await _list(units)] == [living.kid]


async def _add(units: UnitOfWorkFactory[ServiceUnit], key: SigningKey) -> None:
    async with units() as work:
        await work.signing_keys.add(key)
        await work.commit()


async def _save(units: UnitOfWorkFactory[ServiceUnit], key: SigningKey) -> None:
    async with units() as work:
        await work.signing_keys.save(key)
        await work.commit()


async def _list(units: UnitOfWorkFactory[ServiceUnit]) -> list[SigningKey]:
    async with units.read_only() as work:
        return await work.signing_keys.list_all()


async def test_who_holds_all_keys_keeps_others_out_until_the_end(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """TK-3: of instances that start together the second one finds the first one's key."""
    counts: list[int] = []

    async def start(number: int) -> None:
        async with units() as work:
            counts.append(len(await work.signing_keys.hold_all()))
            await work.signing_keys.add(a_key(kid=f"key-{number}"))
            await work.commit()

    await in_parallel(start(number) for number in range(5))
    assert sorted(counts) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("algorithm", [SigningAlgorithm.EDDSA, SigningAlgorithm.ES256])
async def test_instances_that_start_together_make_one_key_between_them(
    units: UnitOfWorkFactory[ServiceUnit], algorithm: SigningAlgorithm
) -> None:
    """TK-3: a first key, and the next after a change of algorithm; no process fails to start."""
    first = _keyring(units, SigningAlgorithm.EDDSA)
    if algorithm is not SigningAlgorithm.EDDSA:
        await first.prepare()
    keyrings = [_keyring(units, algorithm) for _ in range(4)]
    outcomes = await in_parallel(keyring.prepare() for keyring in keyrings)
    assert outcomes == [None] * 4
    made = {key.algorithm for key in await _list(units)}
    assert made == {SigningAlgorithm.EDDSA, algorithm}
    assert len(await _list(units)) == len(made)
    assert all(keyring.is_loaded for keyring in keyrings)


async def test_instances_that_see_a_key_come_to_sign_note_it_once_between_them(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """LG-3: one row, and no process's round fails."""
    clock = ManualClock()
    keyrings = [_keyring(units, SigningAlgorithm.EDDSA, clock) for _ in range(4)]
    await keyrings[0].prepare()
    await keyrings[0].rotate(actor=OPERATOR, origin=NOWHERE)
    clock.advance(HOUR)
    outcomes = await in_parallel(keyring.keep_up() for keyring in keyrings)
    assert outcomes == [None] * 4
    async with units.read_only() as work:
        rows = await work.audit.search(AuditQuery(type="signing_key.promoted"), limit=9)
    assert sorted(row.data["kid"] for row in rows) == sorted(key.kid for key in await _list(units))
    assert all(key.promoted_at == key.activates_at for key in await _list(units))


def _keyring(
    units: UnitOfWorkFactory[ServiceUnit], algorithm: SigningAlgorithm, clock: Clock | None = None
) -> SigningKeyring:
    """Return the keyring of one instance over the store."""
    return SigningKeyring(
        unit_of_work=units,
        tokens=OpaqueAccessTokens(),
        secret_box=MemorySecretBox(b"k" * 32),
        clock=clock or ManualClock(),
        recorder=Recorder(
            routine_too=False,
            randomness=SystemRandomness(),
            seals=Seals(authenticator=MemoryAuthenticator(b"k" * 32)),
        ),
        algorithm=algorithm,
        jwks_max_age=5 * MINUTE,
        access_ttl=10 * MINUTE,
    )
