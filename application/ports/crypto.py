"""Keeping secrets at rest, and keyed digests."""

from abc import abstractmethod
from typing import Protocol


class SealBroken(Exception):
    """The box was sealed under another key or for another purpose, or was tampered with."""


class SecretBox(Protocol):
    """Keeps secrets at rest under a key that is not in the database (RF-5, TK-4).

    While the key is being changed, a box also opens what was sealed under the key before it.
    """

    @abstractmethod
    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return the bytes, sealed under the present key; two calls never return the same."""

    @abstractmethod
    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed for this purpose; raise :class:`SealBroken` otherwise."""

    @abstractmethod
    def renew(self, sealed: bytes, *, purpose: str) -> bytes | None:
        """Return the same secret sealed under the present key; None if it is that already.

        Raises :class:`SealBroken` for what cannot be opened.
        """


class Authenticator(Protocol):
    """Makes digests that take a key which is not in the database."""

    @abstractmethod
    def tag(self, message: bytes, *, purpose: str) -> bytes:
        """Return 32 bytes: the same for the same message and purpose, and for no other."""

    @abstractmethod
    def previous_key(self, *, purpose: str) -> bytes | None:
        """Return the key of this purpose's digests from before the present one.

        None where the key is not being changed. It serves no other purpose, and what it was derived
        from does not follow from it.
        """

    @abstractmethod
    def tag_with(self, key: bytes, message: bytes) -> bytes:
        """Return the digest that ``tag`` made of the message for the purpose that has this key."""
