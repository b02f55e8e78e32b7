"""The password of a user."""

from dataclasses import dataclass
from datetime import datetime

from domain.identifiers import UserId


@dataclass(slots=True, eq=False, kw_only=True)
class PasswordCredential:
    """A password, kept only as its hash in PHC format.

    ``contested`` says that more than one password was offered for the address before it was
    proven. Then it is not known whose the kept one is, and none of them counts (AT-7).
    """

    user_id: UserId
    hash: str
    changed_at: datetime
    contested: bool = False
    version: int = 0

    @classmethod
    def create(cls, *, user_id: UserId, hashed: str, now: datetime) -> "PasswordCredential":
        """Return the credential for a hash that was just made from an accepted password."""
        return cls(user_id=user_id, hash=hashed, changed_at=now)

    def contest(self) -> None:
        """Note that another password was offered for the same unproven address."""
        self.contested = True

    def replace(self, hashed: str, *, now: datetime) -> None:
        """Set a password for a user who has just proven the mailbox; this ends a dispute."""
        self.hash, self.changed_at, self.contested = hashed, now, False

    def change(self, hashed: str, *, now: datetime) -> None:
        """Set a password for a user who knew the old one; this ends no dispute (AT-7)."""
        self.hash, self.changed_at = hashed, now

    def rehash(self, hashed: str) -> None:
        """Keep the same password under stronger parameters (PW-1)."""
        self.hash = hashed
