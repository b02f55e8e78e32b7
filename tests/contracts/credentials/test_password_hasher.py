"""What every password hasher promises."""

import asyncio
import re
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.memory.credentials.hashing import FastPasswordHasher
from adapters.memory.service_unit import MemoryUnitOfWork
from adapters.memory.store import MemoryStore
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from application.credentials.ports import Busy, PasswordHasher
from tests.contracts.samples import in_parallel

PHC = re.compile(
    r"\$[a-z0-9-]+(\$v=\d+)?(\$[a-z]+=\d+(,[a-z]+=\d+)*)?\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"
)
FOREIGN = [
    "",
    "plain text",
    "$",
    "$$$$",
    "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
    "$argon2id$v=19$m=32,t=1,p=1$!!!$???",
    "$argon2i$v=19$m=16,t=2,p=1$c29tZXNhbHQ$MDEyMzQ1Njc4OTAxMjM0NQ",
    "$fast$v=1$short$digest",
    "$fast$v=1$" + "A" * 22 + "$" + "A" * 42 + "é",
]

type MakeHasher = Callable[[], PasswordHasher]


@pytest.fixture(params=["memory", "argon2"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def hasher(kind: str) -> Iterator[PasswordHasher]:
    if kind == "memory":
        yield FastPasswordHasher()
        return
    argon2 = _argon2(concurrency=2, queue=100)
    yield argon2
    argon2.close()


@pytest.fixture
def small(kind: str) -> Iterator[PasswordHasher]:
    """One that takes two calls at once and no third."""
    if kind == "memory":
        yield FastPasswordHasher(capacity=2)
        return
    argon2 = _argon2(concurrency=1, queue=1)
    yield argon2
    argon2.close()


@pytest.fixture
def costlier(kind: str) -> Iterator[PasswordHasher]:
    """One with other parameters."""
    if kind == "memory":
        yield FastPasswordHasher(version=2)
        return
    argon2 = _argon2(concurrency=1, queue=1, time_cost=2)
    yield argon2
    argon2.close()


async def test_a_hash_verifies_its_own_password_and_no_other(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash("correct horse battery")
    assert await hasher.verify("correct horse battery", hashed) is True
    for wrong in ("", "correct horse batter", "correct horse battery ", "Correct horse battery"):
        assert await hasher.verify(wrong, hashed) is False


async def test_a_hash_is_in_phc_format_and_never_the_same_twice(hasher: PasswordHasher) -> None:
    """PW-1: salted."""
    hashes = {await hasher.hash("correct horse battery") for _ in range(3)}
    assert len(hashes) == 3
    assert all(PHC.fullmatch(hashed) for hashed in hashes)
    assert not any("correct" in hashed for hashed in hashes)


@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("x" * 72 + "a", "x" * 72 + "b"),
        ("x" * 255 + "a", "x" * 255 + "b"),
        ("with\x00nul", "with\x00lun"),
        ("пароль и пробел", "пароль и пробеЛ"),
        ("🙂" * 64, "🙂" * 63 + "🙃"),
        ("é", "e\u0301"),
        (string.printable, string.printable[:-1]),
        ("lone \ud800", "lone \ud801"),
    ],
)
async def test_every_character_counts(hasher: PasswordHasher, password: str, other: str) -> None:
    """PW-3: no truncation, at byte 72 or at a NUL, and no character is too strange."""
    hashed = await hasher.hash(password)
    assert await hasher.verify(password, hashed) is True
    assert await hasher.verify(other, hashed) is False


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_foreign_hash_matches_nothing_and_breaks_nothing(
    hasher: PasswordHasher, foreign: str
) -> None:
    assert await hasher.verify("password", foreign) is False
    assert await hasher.verify("", foreign) is False
    assert hasher.needs_rehash(foreign) is True


async def test_a_decoy_takes_any_password(hasher: PasswordHasher) -> None:
    """EN-1."""
    for password in ("", "correct horse battery", "\x00", "🙂" * 64):
        await hasher.verify_decoy(password)


async def test_a_hash_needs_rehashing_once_it_is_weaker_than_new_ones(
    hasher: PasswordHasher, costlier: PasswordHasher
) -> None:
    """PW-1: it still verifies until then; and a stronger one is never made weaker."""
    hashed = await hasher.hash("correct horse battery")
    assert hasher.needs_rehash(hashed) is False
    assert costlier.needs_rehash(hashed) is True
    stronger = await costlier.hash("correct horse battery")
    assert costlier.needs_rehash(stronger) is False
    assert hasher.needs_rehash(stronger) is False
    assert await costlier.verify("correct horse battery", hashed) is True


async def test_calls_above_the_capacity_are_refused_at_once(small: PasswordHasher) -> None:
    """PW-2: hash, verification and decoy share the same slots."""
    hashed = await small.hash("correct horse battery")
    calls: list[Any] = []
    for _ in range(4):
        calls += [small.hash("a"), small.verify("a", hashed), small.verify_decoy("a")]
    outcomes = await in_parallel(calls)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Busy)]
    assert not [o for o in outcomes if isinstance(o, BaseException) and o not in refused]
    assert refused
    assert len(refused) < len(outcomes)


async def test_a_flood_leaves_nothing_behind(small: PasswordHasher) -> None:
    """PW-2: once it is over, the next call is served as ever."""
    await in_parallel(small.hash("a") for _ in range(12))
    hashed = await small.hash("correct horse battery")
    assert await small.verify("correct horse battery", hashed)


async def test_the_fast_hasher_refuses_to_run_inside_a_unit_of_work() -> None:
    hasher = FastPasswordHasher()
    hashed = await hasher.hash("a")
    units = MemoryUnitOfWorkFactory(MemoryStore(), MemoryUnitOfWork)
    async with units():
        for call in (hasher.hash("a"), hasher.verify("a", hashed), hasher.verify_decoy("a")):
            with pytest.raises(RuntimeError):
                await call
        with pytest.raises(RuntimeError):
            await asyncio.create_task(hasher.hash("a"))
    async with units.read_only():
        assert await hasher.verify("a", hashed)
    assert await hasher.verify("a", hashed)


async def test_a_unit_of_work_in_another_task_does_not_stop_the_fast_hasher() -> None:
    hasher = FastPasswordHasher()
    units = MemoryUnitOfWorkFactory(MemoryStore(), MemoryUnitOfWork)
    opened, done = asyncio.Event(), asyncio.Event()

    async def work_elsewhere() -> None:
        async with units():
            opened.set()
            await done.wait()

    elsewhere = asyncio.create_task(work_elsewhere())
    await opened.wait()
    await hasher.hash("a")
    done.set()
    await elsewhere


async def test_the_fast_hasher_counts_guesses_and_decoys_alike() -> None:
    """EN-1, RL-1: so that tests can say how many guesses were evaluated."""
    hasher = FastPasswordHasher()
    hashed = await hasher.hash("a")
    assert (hasher.hashes, hasher.evaluations) == (1, 0)
    await hasher.verify("a", hashed)
    await hasher.verify("b", hashed)
    await hasher.verify_decoy("b")
    assert (hasher.hashes, hasher.evaluations, hasher.decoys) == (1, 3, 1)


def _argon2(*, concurrency: int, queue: int, time_cost: int = 1) -> Any:
    from adapters.argon2.hasher import Argon2PasswordHasher

    return Argon2PasswordHasher(
        memory_kib=64, time_cost=time_cost, parallelism=1, concurrency=concurrency, queue=queue
    )
