"""Times, addresses and entropy that the domain's tests are made of."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from domain.email_address import EmailAddress
from domain.errors import ValidationFailed
from domain.identifiers import Entropy
from domain.users.user import User

NOW = datetime(2026, 11, 5, 9, 30, 15, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

ADA = EmailAddress.parse("ada@example.com")
BOB = EmailAddress.parse("bob@example.com")


def entropy_from(seed: object = "tests") -> Entropy:
    """Return a source whose bytes look random and are the same in every run."""
    numbers = count()

    def draw(length: int) -> bytes:
        return hashlib.shake_256(f"{seed}:{next(numbers)}".encode()).digest(length)

    return draw


def a_user(email: EmailAddress = ADA, *, name: str | None = "Ada Lovelace") -> User:
    """Return a new, unverified user."""
    user, _ = User.register(email=email, display_name=name, now=NOW, entropy=entropy_from())
    return user


def refusal_of(call: Callable[[], object]) -> tuple[str, str]:
    """Return the field and the code of the one violation that the call is refused for."""
    try:
        result = call()
    except ValidationFailed as refusal:
        (violation,) = refusal.details
        return violation.field, violation.code
    raise AssertionError(f"not refused: {result!r}")
