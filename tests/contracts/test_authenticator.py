"""What every maker of keyed digests promises."""

from typing import Protocol

import pytest

from adapters.memory.authenticator import MemoryAuthenticator
from application.ports.crypto import Authenticator

OLD, NEW = bytes(32), bytes(range(32))


class Make(Protocol):
    """Makes an authenticator under a key, and under the one before it."""

    def __call__(self, key: bytes, previous: bytes | None = None, /) -> Authenticator:
        """Return the authenticator."""


@pytest.fixture(params=["memory", "hmac"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "memory":
        return MemoryAuthenticator
    from adapters.encryption.authenticator import HmacAuthenticator

    return HmacAuthenticator


def test_a_digest_belongs_to_one_message_one_purpose_and_one_key(make: Make) -> None:
    one: Authenticator = make(NEW)
    digest = one.tag(b"message", purpose="p")
    assert len(digest) == 32
    assert digest == one.tag(b"message", purpose="p") == make(NEW).tag(b"message", purpose="p")
    assert digest == make(NEW, OLD).tag(b"message", purpose="p")
    others = {
        one.tag(b"messag", purpose="p"),
        one.tag(b"message", purpose="q"),
        one.tag(b"pmessage", purpose=""),
        make(OLD).tag(b"message", purpose="p"),
    }
    assert len(others | {digest}) == 5


def test_the_key_before_makes_the_digests_of_its_purpose_and_no_others(make: Make) -> None:
    """LG-3: what is kept of it tells nothing of the secret, nor of another purpose."""
    both: Authenticator = make(NEW, OLD)
    old: Authenticator = make(OLD)
    key = both.previous_key(purpose="p")
    assert key is not None
    assert key not in (OLD, NEW, both.previous_key(purpose="q"))
    assert both.tag_with(key, b"message") == old.tag(b"message", purpose="p")
    assert make(NEW).tag_with(key, b"message") == old.tag(b"message", purpose="p")
    assert both.tag_with(key, b"message") != old.tag(b"message", purpose="q")


def test_without_a_change_there_is_no_key_before(make: Make) -> None:
    assert make(NEW).previous_key(purpose="p") is None
