"""Idempotency keys for one process."""

from dataclasses import dataclass
from datetime import datetime

from application.ports.idempotency import Claim, IdempotencyStore


@dataclass(slots=True)
class _Entry:
    fingerprint: bytes
    claimed_at: datetime
    answer: bytes | None = None


class MemoryIdempotencyStore(IdempotencyStore):
    """Keys in a dictionary. There is no await between looking and taking."""

    def __init__(self) -> None:
        self._entries: dict[bytes, _Entry] = {}

    async def claim(
        self, key: bytes, fingerprint: bytes, *, now: datetime, stale: datetime, expired: datetime
    ) -> Claim:
        entry = self._entries.get(key)
        over = entry is None or (entry.claimed_at < (stale if entry.answer is None else expired))
        if entry is None or over:
            self._entries[key] = _Entry(fingerprint, now)
            return Claim(is_ours=True, fingerprint=fingerprint)
        return Claim(is_ours=False, fingerprint=entry.fingerprint, answer=entry.answer)

    async def complete(self, key: bytes, answer: bytes, *, claimed_at: datetime) -> bool:
        entry = self._entries.get(key)
        if entry is None or entry.claimed_at != claimed_at:
            return False
        entry.answer = answer
        return True

    async def release(self, key: bytes, *, claimed_at: datetime) -> None:
        entry = self._entries.get(key)
        if entry is not None and entry.claimed_at == claimed_at and entry.answer is None:
            del self._entries[key]

    async def purge(self, *, before: datetime, limit: int) -> int:
        old = [key for key, entry in self._entries.items() if entry.claimed_at < before][:limit]
        for key in old:
            del self._entries[key]
        return len(old)

    def forget(self) -> None:
        """Take every key for one that was never used."""
        self._entries.clear()
