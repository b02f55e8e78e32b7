"""What every secret box promises (RF-5, TK-4)."""

from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory.secret_box import MemorySecretBox
from application.ports.crypto import SealBroken, SecretBox


class MakeBox(Protocol):
    """Makes a box under a key, and under the one before it."""

    def __call__(self, key: bytes, previous: bytes | None = None, /) -> SecretBox:
        """Return the box."""


@pytest.fixture(params=["memory", "aes-gcm"])
def make(request: pytest.FixtureRequest) -> MakeBox:
    if request.param == "memory":
        return MemorySecretBox
    from adapters.encryption.secret_box import AesGcmSecretBox

    return AesGcmSecretBox


@pytest.fixture
def box(make: MakeBox) -> SecretBox:
    return make(bytes(range(32)))


@given(plain=st.binary(max_size=300), purpose=st.text(max_size=30).filter(str.isprintable))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_sealed_can_be_opened(box: SecretBox, plain: bytes, purpose: str) -> None:
    assert box.open(box.seal(plain, purpose=purpose), purpose=purpose) == plain


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 64, 5000])
def test_secrets_of_any_length_fit(box: SecretBox, length: int) -> None:
    plain = bytes(n % 251 for n in range(length))
    assert box.open(box.seal(plain, purpose="p"), purpose="p") == plain


def test_two_seals_are_never_the_same_and_show_nothing_of_the_secret(box: SecretBox) -> None:
    """RF-5."""
    sealed = {box.seal(b"a secret of some length", purpose="p") for _ in range(50)}
    assert len(sealed) == 50
    assert not any(b"secret" in each for each in sealed)


def test_a_box_for_another_purpose_stays_shut(box: SecretBox) -> None:
    """AT-5."""
    sealed = box.seal(b"secret", purpose="outbox")
    for purpose in ("", "outbo", "outbox ", "Outbox", "signing-key"):
        with pytest.raises(SealBroken):
            box.open(sealed, purpose=purpose)


def test_a_box_under_another_key_stays_shut(make: MakeBox, box: SecretBox) -> None:
    """RF-5, TK-4."""
    with pytest.raises(SealBroken):
        make(bytes(32)).open(box.seal(b"secret", purpose="p"), purpose="p")


def test_the_same_key_opens_it_after_a_restart(make: MakeBox, box: SecretBox) -> None:
    again = make(bytes(range(32)))
    assert again.open(box.seal(b"secret", purpose="p"), purpose="p") == b"secret"


def test_a_box_with_any_bit_turned_stays_shut(box: SecretBox) -> None:
    sealed = box.seal(b"secret", purpose="p")
    for place in range(len(sealed)):
        turned = bytearray(sealed)
        turned[place] ^= 1
        with pytest.raises(SealBroken):
            box.open(bytes(turned), purpose="p")


def test_a_box_cut_or_extended_stays_shut(box: SecretBox) -> None:
    sealed = box.seal(b"secret", purpose="p")
    pieces = [sealed[:length] for length in range(len(sealed))]
    for piece in [*pieces, sealed + b"\x00", sealed + sealed, b"\x00" * 100]:
        with pytest.raises(SealBroken):
            box.open(piece, purpose="p")


def test_while_the_key_is_changed_both_open_and_the_present_one_seals(make: MakeBox) -> None:
    """RF-5, TK-4."""
    old, new, both = make(bytes(32)), make(bytes(range(32))), make(bytes(range(32)), bytes(32))
    assert both.open(old.seal(b"secret", purpose="p"), purpose="p") == b"secret"
    assert new.open(both.seal(b"secret", purpose="p"), purpose="p") == b"secret"
    stranger = make(b"s" * 32).seal(b"secret", purpose="p")
    for sealed, purpose in ((stranger, "p"), (old.seal(b"secret", purpose="p"), "q"), (b"", "p")):
        with pytest.raises(SealBroken):
            both.open(sealed, purpose=purpose)


def test_what_is_renewed_needs_the_old_key_no_more(make: MakeBox) -> None:
    old, new, both = make(bytes(32)), make(bytes(range(32))), make(bytes(range(32)), bytes(32))
    renewed = both.renew(old.seal(b"secret", purpose="p"), purpose="p")
    assert renewed is not None
    assert new.open(renewed, purpose="p") == b"secret"
    for box in (new, both):
        assert box.renew(renewed, purpose="p") is None
    for sealed in (make(b"s" * 32).seal(b"secret", purpose="p"), b"", b"\x01" * 99):
        for box in (new, both):
            with pytest.raises(SealBroken):
                box.renew(sealed, purpose="p")
