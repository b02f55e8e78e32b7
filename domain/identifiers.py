"""Identifiers are UUIDv7 (RFC 9562, section 5.7), made here and never by a database.

They sort by the time when they were made, are never reused, and tell nothing but that time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

type Entropy = Callable[[int], bytes]
"""Returns that many bytes from a cryptographically secure source."""


def uuid7(now: datetime, entropy: Entropy) -> UUID:
    """Return a UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = int(now.timestamp() * 1000)
    random = int.from_bytes(entropy(10)) & ((1 << 74) - 1)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low)


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """A UUID that knows what it identifies; two kinds are never equal."""

    value: UUID

    @classmethod
    def new(cls, now: datetime, entropy: Entropy) -> Self:
        """Return a fresh identifier that holds the time ``now``."""
        return cls(uuid7(now, entropy))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the canonical lower-case form; raise ``ValueError`` for any other spelling."""
        identifier = cls(UUID(text))
        if str(identifier) != text:
            raise ValueError("not a canonical UUID")
        return identifier

    def __str__(self) -> str:
        return str(self.value)


class UserId(Identifier):
    """Identifies a user."""

    __slots__ = ()


class SessionId(Identifier):
    """Identifies a session, and with it its refresh-token family."""

    __slots__ = ()


class ServiceAccountId(Identifier):
    """Identifies a service account."""

    __slots__ = ()


class ApiKeyId(Identifier):
    """Identifies an API key; not what a caller proves to have one with."""

    __slots__ = ()
