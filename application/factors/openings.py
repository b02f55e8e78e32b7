"""Whose sign-in it is, where the challenge does not say."""

from abc import abstractmethod
from typing import Protocol

from application.factors.proofs import Proof
from domain.email_address import EmailAddress
from domain.factors.challenge import Challenge
from domain.users.user import User


class Opening(Protocol):
    """Finds whose sign-in a challenge without a user is about, by the proof that comes with it."""

    @abstractmethod
    async def user_of(self, challenge: Challenge, proof: Proof) -> User | None:
        """Return the user whom the proof names; None if there is none. Nothing is proven yet."""

    @abstractmethod
    def mailbox_of(self, challenge: Challenge) -> EmailAddress | None:
        """Return the mailbox that the challenge is about, whether or not it has an account."""
