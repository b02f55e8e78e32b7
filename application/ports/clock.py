"""Time and randomness, which use cases take from outside."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the one time that expiries and windows are decided by (CK-1)."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present, aware and in UTC."""


class Randomness(Protocol):
    """Draws secrets and identifiers."""

    @abstractmethod
    def token_bytes(self, length: int) -> bytes:
        """Return that many bytes from a cryptographically secure source."""
