"""Hashing passwords and knowing the common ones."""

from abc import abstractmethod
from typing import Protocol

from domain.errors import Unavailable


class Busy(Unavailable):
    """All hashing slots are taken and the queue is full (PW-2)."""

    code = "BUSY"
    message = "Too many requests at once. Try again shortly."


class PasswordHasher(Protocol):
    """Turns passwords into hashes, slowly and in bounded numbers.

    Never awaited inside an open unit of work. Passwords come in normalised and short enough
    (:mod:`domain.password_policy`). Every method but ``needs_rehash`` raises :class:`Busy`
    when the queue is full, before any work is done.
    """

    @abstractmethod
    async def hash(self, password: str) -> str:
        """Return a salted hash in PHC format; two calls never return the same."""

    @abstractmethod
    async def verify(self, password: str, hashed: str) -> bool:
        """Tell whether the hash was made from the password; False for a foreign hash."""

    @abstractmethod
    async def verify_decoy(self, password: str) -> None:
        """Take as long as :meth:`verify`, for an account that does not exist (EN-1)."""

    @abstractmethod
    def needs_rehash(self, hashed: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's (PW-1)."""


class CommonPasswords(Protocol):
    """The passwords that attackers try first, in lower case; works without a network (PW-4)."""

    @abstractmethod
    def __contains__(self, password: object, /) -> bool:
        """Tell whether the lower-case password is among them."""
