"""The host's clock and its source of randomness."""

import secrets
from datetime import UTC, datetime

from application.ports.clock import Clock, Randomness


class SystemClock(Clock):
    """Tells the host's time, in UTC whatever zone the host is set to."""

    def now(self) -> datetime:
        """Return the present, aware and in UTC."""
        return datetime.now(UTC)


class SystemRandomness(Randomness):
    """Draws from the operating system's cryptographically secure source (ASVS 11.5.1)."""

    def token_bytes(self, length: int) -> bytes:
        """Return that many unpredictable bytes."""
        return secrets.token_bytes(length)
