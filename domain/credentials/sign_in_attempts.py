"""How many guesses an account allows (RL-1, RL-2, EN-2).

A guess is *reserved before* it is evaluated, so that two hundred at once evaluate no more
than the limit; a right password gives everything back. Counted per canonical address,
whether or not it has an account, and kept under a hash of it: people type passwords into
the wrong field.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.email_address import EmailAddress
from domain.errors import TooManyRequests

LONGEST_LOCK = timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPolicy:
    """How many guesses before a lock, and how long the first lock lasts. 0 lifts the lock."""

    attempts: int
    first_lock: timedelta


def attempt_key(email: EmailAddress) -> bytes:
    """Return the key under which guesses at this address are counted."""
    return hashlib.sha256(b"sign-in:" + email.key.encode()).digest()


@dataclass(slots=True, eq=False, kw_only=True)
class SignInAttempts:
    """The guesses at one address since the last right one."""

    key: bytes
    failures: int = 0
    locks: int = 0
    locked_until: datetime | None = None
    last_attempt_at: datetime | None = None
    version: int = 0

    def reserve(self, policy: AttemptPolicy, *, now: datetime) -> bool:
        """Take one guess, to be evaluated now. True if it is the last one before a lock.

        Raises :class:`TooManyRequests` while locked; that changes nothing, so that guesses
        during a lock never prolong it. Each lock is twice as long as the one before, up to
        an hour; after a day without a guess everything is forgotten.
        """
        if self.last_attempt_at is not None and now - self.last_attempt_at >= FORGOTTEN_AFTER:
            self.failures, self.locks, self.locked_until = 0, 0, None
        if self.locked_until is not None and now < self.locked_until:
            raise TooManyRequests(retry_after=self.locked_until - now)
        self.last_attempt_at = now
        self.failures += 1
        if self.failures < policy.attempts:
            return False
        # Doubling stops at the cap before the number grows beyond what a timedelta holds.
        delay = min(policy.first_lock * 2 ** min(self.locks, 16), LONGEST_LOCK)
        self.failures, self.locks, self.locked_until = 0, self.locks + 1, now + delay
        return True

    def give_back(self, policy: AttemptPolicy) -> None:
        """Undo the reservation of a guess that was not evaluated, and the lock that it led to."""
        if self.failures > 0:
            self.failures -= 1
        elif self.locked_until is not None:
            self.failures = policy.attempts - 1
            self.locks, self.locked_until = max(self.locks - 1, 0), None
