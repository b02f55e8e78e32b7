"""Argon2id: what a hash is, how many run at once, and what a flood gets."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import argon2
import pytest

from adapters.argon2.hasher import Argon2PasswordHasher
from application.credentials.ports import Busy

PASSWORD = "a long enough password"


def cheap(*, concurrency: int = 1, queue: int = 4, time_cost: int = 1) -> Argon2PasswordHasher:
    return Argon2PasswordHasher(
        memory_kib=64, time_cost=time_cost, parallelism=1, concurrency=concurrency, queue=queue
    )


@pytest.fixture
def hasher() -> Iterator[Argon2PasswordHasher]:
    made = cheap()
    yield made
    made.close()


class Gate:
    """
    Holds back hashing threads until it is opened, and counts them.
    """

    def __init__(self) -> None:
        self.inside = 0
        self.most_inside = 0
        self.started = 0
        self._lock = threading.Lock()
        self._open = threading.Event()
        self.entered = threading.Semaphore(0)

    @contextmanager
    def passing(self) -> Iterator[None]:
        with self._lock:
            self.inside += 1
            self.started += 1
            self.most_inside = max(self.most_inside, self.inside)
        self.entered.release()
        self._open.wait(timeout=60)
        try:
            yield
        finally:
            with self._lock:
                self.inside -= 1

    def open(self) -> None:
        self._open.set()

    async def wait_for(self, threads: int) -> None:
        for _ in range(threads):
            assert await asyncio.to_thread(self.entered.acquire, timeout=60)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    really = argon2.PasswordHasher.hash

    def hold_back(self: argon2.PasswordHasher, password: bytes) -> str:
        with made.passing():
            return really(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", hold_back)
    yield made
    made.open()


async def until_free(hasher: Argon2PasswordHasher) -> str:
    """
    Hash as soon as a slot is free: a thread gives it back a moment after its answer.
    """
    async with asyncio.timeout(60):
        while True:
            try:
                return await hasher.hash(PASSWORD)
            except Busy:
                await asyncio.sleep(0)


class TestHashes:
    async def test_a_hash_is_argon2id_in_phc_format(self, hasher: Argon2PasswordHasher) -> None:
        """PW-1."""
        hashed = await hasher.hash(PASSWORD)
        assert hashed.startswith("$argon2id$v=19$m=64,t=1,p=1$")
        assert argon2.PasswordHasher().verify(hashed, PASSWORD)
        assert argon2.extract_parameters(hashed).salt_len == 16

    async def test_every_hash_has_a_salt_of_its_own(self, hasher: Argon2PasswordHasher) -> None:
        """PW-1."""
        assert await hasher.hash(PASSWORD) != await hasher.hash(PASSWORD)

    @pytest.mark.parametrize(
        ("password", "other"),
        [
            ("x" * 72 + "a", "x" * 72 + "b"),
            ("ü" * 36 + "a", "ü" * 36 + "b"),
            ("x" * 255 + "a", "x" * 255 + "b"),
            ("before\0after", "before\0other"),
            ("before\0", "before"),
            ("trailing ", "trailing"),
            ("Case matters", "case matters"),
            ("\ud800 lone", "\ud801 lone"),
            ("", " "),
        ],
        ids=ascii,
    )
    async def test_every_byte_counts(
        self, hasher: Argon2PasswordHasher, password: str, other: str
    ) -> None:
        """PW-3: nothing is cut after byte 72, at a NUL or at the end."""
        hashed = await hasher.hash(password)
        assert await hasher.verify(password, hashed)
        assert not await hasher.verify(other, hashed)

    async def test_a_hash_with_other_parameters_still_verifies(
        self, hasher: Argon2PasswordHasher
    ) -> None:
        """PW-1: raising the cost locks no user out, and is noticed at the next sign-in."""
        costlier = cheap(time_cost=2)
        old = await hasher.hash(PASSWORD)
        assert await costlier.verify(PASSWORD, old)
        assert costlier.needs_rehash(old)
        stronger = await costlier.hash(PASSWORD)
        assert not costlier.needs_rehash(stronger)
        assert not hasher.needs_rehash(stronger)
        costlier.close()


FOREIGN = [
    "",
    "plain text",
    "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
    "pbkdf2_sha256$1000$salt$hash",
    "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$argon2id$",
    "$argon2id$v=19$m=64,t=1,p=1$c2FsdA",
    "$argon2id$v=19$m=64,t=1,p=1$%%%%$%%%%",
    "$argon2id$v=19$m=x,t=y,p=z$c29tZXNhbHRzb21lc2FsdA$AAAA",
    "$argon2id$ünïcode",
    "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA\0",
]


class TestForeignHashes:
    @pytest.mark.parametrize("foreign", FOREIGN, ids=range(len(FOREIGN)))
    async def test_they_match_nothing_and_need_a_rehash(
        self, hasher: Argon2PasswordHasher, foreign: str
    ) -> None:
        """PW-1: no exception, whatever the column holds."""
        assert not await hasher.verify(PASSWORD, foreign)
        assert hasher.needs_rehash(foreign)

    @pytest.mark.parametrize("foreign", FOREIGN, ids=range(len(FOREIGN)))
    async def test_they_cost_one_verification(
        self, hasher: Argon2PasswordHasher, foreign: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """EN-1: such an account cannot be told from others by time."""
        assert await self.work_of(lambda: hasher.verify(PASSWORD, foreign), monkeypatch) == 1

    async def test_a_decoy_costs_one_verification_with_the_same_parameters(
        self, hasher: Argon2PasswordHasher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """EN-1: an account that does not exist takes what an existing one takes."""
        assert await self.work_of(lambda: hasher.verify_decoy(PASSWORD), monkeypatch) == 1
        assert not hasher.needs_rehash(hasher._decoy)
        assert hasher._decoy != cheap()._decoy

    @staticmethod
    async def work_of(call: object, monkeypatch: pytest.MonkeyPatch) -> int:
        """
        Count the verifications that argon2 really carried out.
        """
        done = 0
        really = argon2.PasswordHasher.verify

        def counting(self: argon2.PasswordHasher, hashed: str, password: bytes) -> bool:
            nonlocal done
            try:
                return really(self, hashed, password)
            except argon2.exceptions.VerifyMismatchError:
                done += 1
                raise

        monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
        assert callable(call)
        await call()
        return done


async def test_a_lack_of_memory_is_no_wrong_password(
    hasher: Argon2PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RL-1: our own failure is not counted as a guess."""
    hashed = await hasher.hash(PASSWORD)

    def exhausted(*_: object) -> None:
        raise argon2.exceptions.VerificationError("Memory allocation error")

    monkeypatch.setattr(argon2.PasswordHasher, "verify", exhausted)
    with pytest.raises(argon2.exceptions.VerificationError):
        await hasher.verify(PASSWORD, hashed)


class TestBounds:
    async def test_no_more_hashes_run_at_once_than_allotted(self, gate: Gate) -> None:
        """PW-2: memory is bounded by the number of threads."""
        hasher = cheap(concurrency=2, queue=6)
        waiting = [asyncio.create_task(hasher.hash(PASSWORD)) for _ in range(8)]
        await gate.wait_for(2)
        gate.open()
        assert len(set(await asyncio.gather(*waiting))) == 8
        assert gate.most_inside == 2
        hasher.close()

    async def test_what_does_not_fit_is_refused_before_any_work(self, gate: Gate) -> None:
        """PW-2: at once, with a time to come back, and for every method alike."""
        hasher = cheap(concurrency=1, queue=2)
        fitting = [asyncio.create_task(hasher.hash(PASSWORD)) for _ in range(3)]
        await gate.wait_for(1)
        for refused in (
            hasher.hash(PASSWORD),
            hasher.verify(PASSWORD, "$argon2id$"),
            hasher.verify_decoy(PASSWORD),
        ):
            with pytest.raises(Busy) as raised:
                await refused
            assert raised.value.retry_after == timedelta(seconds=1)
        gate.open()
        await asyncio.gather(*fitting)
        assert gate.started == 3
        hasher.close()

    async def test_without_a_queue_one_at_a_time(self, gate: Gate) -> None:
        """PW-2."""
        hasher = cheap(concurrency=1, queue=0)
        fitting = asyncio.create_task(hasher.hash(PASSWORD))
        await gate.wait_for(1)
        with pytest.raises(Busy):
            await hasher.hash(PASSWORD)
        gate.open()
        await fitting
        await until_free(hasher)
        hasher.close()

    async def test_a_cancelled_request_keeps_its_slot_until_the_thread_is_done(
        self, gate: Gate
    ) -> None:
        """PW-2: hanging up does not buy an attacker more threads, and loses none for good."""
        hasher = cheap(concurrency=1, queue=0)
        cancelled = asyncio.create_task(hasher.hash(PASSWORD))
        await gate.wait_for(1)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        with pytest.raises(Busy):
            await hasher.hash(PASSWORD)
        gate.open()
        await until_free(hasher)
        hasher.close()

    async def test_a_cancelled_request_leaves_the_queue_at_once(self, gate: Gate) -> None:
        """PW-2: no hash is computed for a client that has left."""
        hasher = cheap(concurrency=1, queue=1)
        running = asyncio.create_task(hasher.hash(PASSWORD))
        await gate.wait_for(1)
        queued = asyncio.create_task(hasher.hash(PASSWORD))
        await asyncio.sleep(0)
        queued.cancel()
        with pytest.raises(asyncio.CancelledError):
            await queued
        follower = asyncio.create_task(hasher.hash(PASSWORD))
        gate.open()
        await asyncio.gather(running, follower)
        assert gate.started == 2
        hasher.close()

    async def test_an_error_in_the_thread_gives_the_slot_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PW-2."""
        hasher = cheap(concurrency=1, queue=0)
        with monkeypatch.context() as patch:
            patch.setattr(argon2.PasswordHasher, "hash", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await hasher.hash(PASSWORD)
        await until_free(hasher)
        hasher.close()

    async def test_the_event_loop_goes_on_while_hashes_are_computed(self, gate: Gate) -> None:
        """PW-2: hashing never stands on the loop."""
        hasher = cheap()
        hashing = asyncio.create_task(hasher.hash(PASSWORD))
        await gate.wait_for(1)
        assert threading.current_thread() is threading.main_thread()
        assert not hashing.done()
        gate.open()
        await hashing
        hasher.close()

    @pytest.mark.skipif(sys.platform != "linux", reason="priorities are per thread on Linux only")
    async def test_hashing_threads_let_others_go_first(
        self, hasher: Argon2PasswordHasher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PW-2: the loop's own priority stays."""
        seen: list[int] = []

        def look(*_: object) -> str:
            seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return ""

        before = os.getpriority(os.PRIO_PROCESS, 0)
        monkeypatch.setattr(argon2.PasswordHasher, "hash", look)
        await hasher.hash(PASSWORD)
        assert seen == [max(before, 10)]
        assert os.getpriority(os.PRIO_PROCESS, 0) == before

    async def test_a_host_that_forbids_priorities_hashes_all_the_same(
        self, hasher: Argon2PasswordHasher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def forbidden(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "setpriority", forbidden)
        assert await hasher.hash(PASSWORD)

    async def test_closing_ends_what_is_under_way_and_takes_no_more(self, gate: Gate) -> None:
        """DU-2: in-flight requests finish."""
        hasher = cheap(concurrency=1, queue=1)
        under_way = [asyncio.create_task(hasher.hash(PASSWORD)) for _ in range(2)]
        await gate.wait_for(1)
        hasher.close()
        gate.open()
        assert all(await asyncio.gather(*under_way))
        for _ in range(5):  # and no slot is lost on the way
            with pytest.raises(Busy):
                await hasher.hash(PASSWORD)
