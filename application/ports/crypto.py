"""Keeping secrets at rest, and keyed digests."""

from abc import abstractmethod
from typing import Protocol


class SealBroken(Exception):
    """The box was sealed under another key or for another purpose, or was tampered with."""


class SecretBox(Protocol):
    """Keeps secrets at rest under a key that is not in the database (RF-5, TK-4)."""

    @abstractmethod
    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return the sealed bytes; two calls never return the same."""

    @abstractmethod
    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed for this purpose; raise :class:`SealBroken` otherwise."""


class Authenticator(Protocol):
    """Makes digests that take a key which is not in the database."""

    @abstractmethod
    def tag(self, message: bytes, *, purpose: str) -> bytes:
        """Return 32 bytes: the same for the same message and purpose, and for no other."""
