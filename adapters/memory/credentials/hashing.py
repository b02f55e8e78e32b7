"""Hashing that costs nothing and keeps the books. For tests and demonstrations only."""

import asyncio
import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from adapters.memory.store import inside_unit_of_work
from application.credentials.ports import Busy, CommonPasswords, PasswordHasher

_FORM = re.compile(r"\$fast\$v=(\d+)\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})")


class FastPasswordHasher(PasswordHasher):
    """Salted SHA-256: fast, and therefore no protection at all once the store is copied.

    It refuses to run inside an open unit of work with RuntimeError, since a real hash there
    would hold a transaction open for a tenth of a second. ``evaluations`` counts the guesses
    that were evaluated, decoys among them, and ``hashes`` the hashes made. ``capacity`` is
    how many calls may run at once; the next one gets Busy. ``version`` stands for the cost.
    """

    def __init__(self, *, version: int = 1, capacity: int | None = None) -> None:
        self.version = version
        self.capacity = capacity
        self.evaluations = 0
        self.decoys = 0
        self.hashes = 0
        self._running = 0

    async def hash(self, password: str) -> str:
        async with self._slot():
            self.hashes += 1
            salt = secrets.token_bytes(16)
            digest = _digest(salt, password)
            return f"$fast$v={self.version}${_text(salt)}${_text(digest)}"

    async def verify(self, password: str, hashed: str) -> bool:
        async with self._slot():
            self.evaluations += 1
            if (parts := _FORM.fullmatch(hashed)) is None:
                return False
            salt = b64decode(parts[2] + "==")
            return hmac.compare_digest(_text(_digest(salt, password)), parts[3])

    async def verify_decoy(self, password: str) -> None:
        async with self._slot():
            self.evaluations += 1
            self.decoys += 1
            _digest(bytes(16), password)

    def needs_rehash(self, hashed: str) -> bool:
        parts = _FORM.fullmatch(hashed)
        return parts is None or int(parts[1]) < self.version

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if inside_unit_of_work():
            raise RuntimeError("passwords are not hashed inside an open unit of work")
        if self.capacity is not None and self._running >= self.capacity:
            raise Busy
        self._running += 1
        try:
            await asyncio.sleep(0)  # a real hash lets others run meanwhile
            yield
        finally:
            self._running -= 1


class CommonPasswordSet(CommonPasswords):
    """The words that it was given."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._words = frozenset(word.lower() for word in words)

    def __contains__(self, password: object, /) -> bool:
        return password in self._words


def _digest(salt: bytes, password: str) -> bytes:
    return hashlib.sha256(salt + password.encode("utf-8", "surrogatepass")).digest()


def _text(raw: bytes) -> str:
    return b64encode(raw).rstrip(b"=").decode()
