"""The host's clock and its source of randomness."""

import secrets
from datetime import UTC, datetime, timedelta

from application.ports.clock import Clock, Randomness


class SystemClock(Clock):
    """Tells the host's time, in UTC whatever zone the host is set to."""

    def now(self) -> datetime:
        """Return the present, aware and in UTC."""
        return datetime.now(UTC)


class MovableClock(SystemClock):
    """Runs as the host's clock does, and can be set to another time: for tests of products."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the host's time and what this clock is ahead of it."""
        return super().now() + self._ahead

    def set(self, now: datetime) -> None:
        """Go on from this time; OverflowError if no clock can show it."""
        self._ahead = now - super().now()

    def reset(self) -> None:
        """Tell the host's time again."""
        self._ahead = timedelta()


class SystemRandomness(Randomness):
    """Draws from the operating system's cryptographically secure source (ASVS 11.5.1)."""

    def token_bytes(self, length: int) -> bytes:
        """Return that many unpredictable bytes."""
        return secrets.token_bytes(length)
