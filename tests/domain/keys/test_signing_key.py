"""What a key is good for follows from its times alone (TK-3)."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.keys.signing_key import (
    KeyState,
    SigningAlgorithm,
    SigningKey,
    first_day,
    make_room,
    provided,
    signing,
    verifying,
)
from tests.domain.samples import HOUR, MINUTE, NOW, SECOND, TICK


def a_key(
    kid: str = "one", *, published_at: datetime = NOW, activates_at: datetime = NOW
) -> SigningKey:
    """Return a key in the JWKS."""
    key, _ = SigningKey.publish(
        kid=kid,
        algorithm=SigningAlgorithm.EDDSA,
        public_jwk={"kty": "OKP"},
        sealed_private_key=b"sealed",
        now=published_at,
        activates_at=activates_at,
    )
    return key


def test_a_key_is_published_active_retired_and_gone_at_the_very_moments() -> None:
    """TK-3: each state begins with its time."""
    key = a_key(activates_at=NOW + MINUTE)
    key.retire(at=NOW + HOUR, keep=11 * MINUTE, now=NOW)
    states = {
        NOW: KeyState.PUBLISHED,
        NOW + MINUTE - TICK: KeyState.PUBLISHED,
        NOW + MINUTE: KeyState.ACTIVE,
        NOW + HOUR - TICK: KeyState.ACTIVE,
        NOW + HOUR: KeyState.RETIRED,
        NOW + HOUR + 11 * MINUTE - TICK: KeyState.RETIRED,
        NOW + HOUR + 11 * MINUTE: KeyState.GONE,
    }
    assert {at: key.state(at) for at in states} == states


def test_a_rotation_leaves_no_moment_without_a_key_that_every_verifier_knows() -> None:
    """TK-3: old and new change at one time, and the old one verifies until its last token ends."""
    old, new = a_key("old"), a_key("new", activates_at=NOW + 5 * MINUTE)
    old.retire(at=new.activates_at, keep=11 * MINUTE, now=NOW)
    for second in range(20 * 60):
        now = NOW + second * SECOND
        key = signing([old, new], now=now)
        assert key is (old if second < 300 else new)
        shown = verifying([new, old], now=now)
        assert new in shown
        assert (old in shown) == (second < 300 + 660)


def test_retiring_says_so_at_the_time_of_the_decision() -> None:
    """LG-3, TK-3: the row is written when the successor is made, not when it takes over."""
    event = a_key().retire(at=NOW + HOUR, keep=HOUR, now=NOW)
    assert (event.name, event.kid, event.occurred_at) == ("signing_key.retired", "one", NOW)


def test_a_revoked_key_is_gone_at_once() -> None:
    """TK-3: an emergency waits for nothing."""
    key = a_key()
    event = key.revoke(now=NOW + HOUR)
    assert key.state(NOW + HOUR) is KeyState.GONE
    assert (event.name, event.kid) == ("signing_key.revoked", "one")
    assert signing([key], now=NOW + HOUR) is None
    assert verifying([key], now=NOW + HOUR) == []


def test_a_key_is_promoted_once_and_only_if_it_came_to_sign() -> None:
    """LG-3: with the time from which it signed, whenever that is noticed."""
    key = a_key(activates_at=NOW + MINUTE)
    assert key.promote(now=NOW + MINUTE - TICK) is None
    event = key.promote(now=NOW + HOUR)
    assert event is not None
    assert (event.name, event.kid) == ("signing_key.promoted", "one")
    assert event.occurred_at == key.promoted_at == NOW + MINUTE
    assert key.promote(now=NOW + HOUR) is None
    never = a_key(activates_at=NOW + MINUTE)
    never.revoke(now=NOW)
    assert never.promote(now=NOW + HOUR) is None
    briefly = a_key()
    briefly.revoke(now=NOW + TICK)
    assert briefly.promote(now=NOW + HOUR) is not None


def test_keys_are_provided_if_one_signs_and_one_lasts() -> None:
    """TK-3: what is neither needs a successor now."""
    old, new = a_key("old"), a_key("new", activates_at=NOW + MINUTE)
    assert not provided([], now=NOW)
    assert not provided([new], now=NOW)
    assert provided([old], now=NOW)
    old.retire(at=new.activates_at, keep=HOUR, now=NOW)
    assert provided([old, new], now=NOW)
    new.revoke(now=NOW)
    assert not provided([old, new], now=NOW)


def test_publishing_says_so() -> None:
    """LG-3: a key event names the key and no user."""
    _, event = SigningKey.publish(
        kid="k",
        algorithm=SigningAlgorithm.ES256,
        public_jwk={},
        sealed_private_key=b"",
        now=NOW,
        activates_at=NOW,
    )
    assert (event.name, event.data()) == ("signing_key.published", {"kid": "k"})
    assert event.target == ("signing_key", "k")


@given(st.permutations(["a", "b", "c"]))
def test_of_several_active_keys_every_instance_picks_the_same(order: list[str]) -> None:
    """TK-3: two instances that both made a first key agree on one, in whatever order they read."""
    keys = [a_key(kid) for kid in order]
    later = a_key("0", activates_at=NOW + SECOND)
    chosen = signing(keys, now=NOW)
    assert chosen is not None
    assert chosen.kid == "c"
    assert signing([later, *keys], now=NOW + SECOND) is later


def test_no_active_key_is_none() -> None:
    """Nothing signs before its time or after it."""
    assert signing([], now=NOW) is None
    assert signing([a_key(activates_at=NOW + TICK)], now=NOW) is None


class Keyring:
    """What is done about keys, as the use case does it, and what was written down."""

    def __init__(self) -> None:
        self.now, self.keys, self.ends = NOW, list[SigningKey](), Counter[str]()
        self.add(wait=0)

    def add(self, wait: int) -> None:
        """Publish another key, as when the algorithm is changed: also where one is due."""
        day = first_day(self.keys, wait=wait * SECOND, now=self.now)
        key = a_key(f"key {len(self.keys):03}", published_at=self.now, activates_at=day)
        changed = make_room(key, self.keys, keep=11 * MINUTE, now=self.now)
        self.keys.append(key)
        self.ends.update(event.kid for event in changed.values() if event is not None)

    def revoke(self, which: int) -> None:
        """Take any key back, and see to a successor if one is missed."""
        key = self.keys[which % len(self.keys)]
        if key.state(self.now) is not KeyState.GONE:
            key.revoke(now=self.now)
            if not provided(self.keys, now=self.now):
                self.add(wait=300)

    def pass_by(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds * SECOND


DEEDS = st.one_of(
    st.tuples(st.just(Keyring.add), st.sampled_from([1, 300, 3600])),
    st.tuples(st.just(Keyring.revoke), st.integers(0, 20)),
    st.tuples(st.just(Keyring.pass_by), st.integers(0, 2000)),
)


@given(st.lists(DEEDS, max_size=20))
def test_whatever_is_done_about_keys_one_signs_at_any_time_and_one_in_the_end(
    deeds: list[tuple[Callable[[Keyring, int], None], int]],
) -> None:
    """TK-3, LG-3: no gap, no key that is forgotten in the JWKS, and no end told twice."""
    ring = Keyring()
    for deed, number in deeds:
        deed(ring, number)
        changes = {time for key in ring.keys for time in (key.activates_at, key.retires_at) if time}
        for moment in {ring.now, *(time for time in changes if time > ring.now)}:
            assert signing(ring.keys, now=moment) is not None
        end = max(changes) + HOUR
        assert verifying(ring.keys, now=end) == [signing(ring.keys, now=end)]
        assert max(ring.ends.values(), default=0) <= 1
