"""Argon2id in bounded numbers (PW-1, PW-2; OWASP Password Storage Cheat Sheet)."""

import asyncio
import os
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from argon2 import PasswordHasher as Argon2
from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from application.credentials.ports import Busy, PasswordHasher

SALT_BYTES = 16
HASH_BYTES = 32
_PREFIX = "$argon2id$"
_NICENESS = 10
_RETRY_AFTER = timedelta(seconds=1)


class Argon2PasswordHasher(PasswordHasher):
    """Hashes on threads of its own, and refuses work above what was allotted.

    Never more than ``concurrency`` hashes are computed at once, so the memory that a flood
    of sign-ins can take is ``concurrency`` × ``memory_kib``. Up to ``queue`` more wait;
    the next one gets :class:`Busy` at once.
    """

    def __init__(
        self, *, memory_kib: int, time_cost: int, parallelism: int, concurrency: int, queue: int
    ) -> None:
        self._argon2 = Argon2(
            time_cost=time_cost,
            memory_cost=memory_kib,
            parallelism=parallelism,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._decoy = _decoy(memory_kib, time_cost, parallelism)
        self._slots = threading.BoundedSemaphore(concurrency + queue)
        self._threads = ThreadPoolExecutor(
            concurrency, thread_name_prefix="argon2", initializer=_let_others_go_first
        )

    async def hash(self, password: str) -> str:
        """Return an argon2id hash in PHC format with a fresh 128-bit salt."""
        secret = _encode(password)
        return await self._run(lambda: self._argon2.hash(secret))

    async def verify(self, password: str, hashed: str) -> bool:
        """Tell whether the hash was made from the password.

        A hash in a foreign or broken format gives False after the time of one verification.
        """
        secret = _encode(password)
        return await self._run(lambda: self._matches(secret, hashed))

    async def verify_decoy(self, password: str) -> None:
        """Do the work of one verification, for an account that does not exist (EN-1)."""
        secret = _encode(password)
        await self._run(lambda: self._matches(secret, self._decoy))

    def needs_rehash(self, hashed: str) -> bool:
        """Tell whether the hash was made in another format or with weaker parameters.

        Stronger ones stay: two instances in the middle of a change would undo each other.
        """
        if not hashed.startswith(_PREFIX):
            return True
        try:
            made_with = extract_parameters(hashed)
        except InvalidHashError:
            return True
        return (
            made_with.memory_cost < self._argon2.memory_cost
            or made_with.time_cost < self._argon2.time_cost
            or made_with.hash_len < HASH_BYTES
        )

    def close(self) -> None:
        """Take no more work. What is under way ends by itself; it is not waited for."""
        self._threads.shutdown(wait=False)

    async def _run[T](self, work: Callable[[], T]) -> T:
        """Return what the work returns, done on a hashing thread; raise Busy if all are taken."""
        if not self._slots.acquire(blocking=False):
            raise Busy(retry_after=_RETRY_AFTER)
        try:
            future = self._threads.submit(work)
        except RuntimeError:  # closed
            self._slots.release()
            raise Busy(retry_after=_RETRY_AFTER) from None
        # A request that is cancelled while its hash is computed cannot stop the thread. The slot
        # stays taken until the thread is done, however the waiting ended.
        future.add_done_callback(lambda _: self._slots.release())
        return await asyncio.wrap_future(future)

    def _matches(self, secret: bytes, hashed: str) -> bool:
        if hashed.startswith(_PREFIX):
            try:
                return self._argon2.verify(hashed, secret)
            except VerifyMismatchError:
                return False
            except (VerificationError, InvalidHashError, UnicodeEncodeError):
                pass  # broken: refused before any work was done
        try:
            # Any other error than a mismatch is ours (no memory left), and not a wrong password.
            self._argon2.verify(self._decoy, secret)
        except VerifyMismatchError:
            pass
        return False


def _encode(password: str) -> bytes:
    """Return the password's bytes, all of them (PW-3).

    A lone surrogate has no UTF-8 form. The policy refuses it in a new password; here it is
    only kept from turning a wrong guess into a crash.
    """
    return password.encode("utf-8", "surrogatepass")


def _decoy(memory_kib: int, time_cost: int, parallelism: int) -> str:
    """Return a hash that no password has, and that costs as much to verify as any other.

    Its digest is drawn, not computed, so that it is there from the start at no price.
    """
    salt, digest = (
        b64encode(os.urandom(length)).rstrip(b"=").decode() for length in (SALT_BYTES, HASH_BYTES)
    )
    cost = f"m={memory_kib},t={time_cost},p={parallelism}"
    return f"{_PREFIX}v=19${cost}${salt}${digest}"


def _let_others_go_first() -> None:
    """Lower the priority of the calling thread, so that the event loop answers before it.

    Linux alone takes a thread's id here; elsewhere the number would name another process.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        try:
            niceness = max(os.getpriority(os.PRIO_PROCESS, thread), _NICENESS)
            os.setpriority(os.PRIO_PROCESS, thread, niceness)
        except OSError:
            pass  # a sandbox may forbid it, and hashing works without
