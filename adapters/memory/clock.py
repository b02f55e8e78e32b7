"""Time and chance that do as they are told."""

import hashlib
from datetime import UTC, datetime, timedelta

from application.ports.clock import Clock, Randomness


class ManualClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 11, 1, 12, tzinfo=UTC)) -> None:
        if now.tzinfo is None:
            raise ValueError("a time needs a zone")
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the hands and return the new time. A negative step is a clock set back."""
        self._now += by
        return self._now


class SeededRandomness(Randomness):
    """Bytes that look random and are the same in every run. For tests only."""

    def __init__(self, seed: int | str = 0) -> None:
        self._seed = f"{seed}:".encode()
        self._drawn = 0

    def token_bytes(self, length: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(self._seed + str(self._drawn).encode()).digest(length)
