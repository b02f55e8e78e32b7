"""Sealed secrets: opened by the right key for the right purpose, or not at all."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.encryption.secret_box import AesGcmSecretBox
from application.ports.crypto import SealBroken

BOX = AesGcmSecretBox(b"k" * 32)


@given(plain=st.binary(max_size=4000), purpose=st.text(max_size=50))
@example(plain=b"", purpose="")
def test_what_was_sealed_comes_out(plain: bytes, purpose: str) -> None:
    assert BOX.open(BOX.seal(plain, purpose=purpose), purpose=purpose) == plain


@given(plain=st.binary(min_size=8, max_size=100))
def test_no_two_seals_are_alike_and_none_shows_the_secret(plain: bytes) -> None:
    """RF-5."""
    first, second = BOX.seal(plain, purpose="p"), BOX.seal(plain, purpose="p")
    assert first != second
    assert plain not in first


@given(plain=st.binary(max_size=100), data=st.data())
def test_no_bit_can_be_flipped(plain: bytes, data: st.DataObject) -> None:
    """TK-4: neither in the version, the nonce, the text nor the tag."""
    sealed = bytearray(BOX.seal(plain, purpose="p"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        BOX.open(bytes(sealed), purpose="p")


@given(plain=st.binary(max_size=100), data=st.data())
def test_nothing_can_be_cut_off_or_added(plain: bytes, data: st.DataObject) -> None:
    sealed = BOX.seal(plain, purpose="p")
    end = data.draw(st.integers(0, len(sealed) - 1))
    for changed in (sealed[:end], sealed[end + 1 :], sealed + b"\0", b"\1" + sealed):
        with pytest.raises(SealBroken):
            BOX.open(changed, purpose="p")


@given(garbage=st.binary(max_size=200))
def test_garbage_is_just_refused(garbage: bytes) -> None:
    for attempt in (garbage, b"\1" + garbage):
        with pytest.raises(SealBroken):
            BOX.open(attempt, purpose="p")


@given(
    purposes=st.lists(st.text(max_size=20), min_size=2, max_size=2, unique=True),
)
def test_a_box_opens_for_its_purpose_only(purposes: list[str]) -> None:
    """AT-5: a sealed signing key is no sealed mail secret."""
    sealed = BOX.seal(b"secret", purpose=purposes[0])
    with pytest.raises(SealBroken):
        BOX.open(sealed, purpose=purposes[1])


def test_a_box_opens_under_its_key_only() -> None:
    """RF-5: a copy of the database alone is worth nothing."""
    sealed = BOX.seal(b"secret", purpose="p")
    with pytest.raises(SealBroken):
        AesGcmSecretBox(b"K" * 32).open(sealed, purpose="p")
    assert AesGcmSecretBox(b"k" * 32).open(sealed, purpose="p") == b"secret"


def test_a_seal_of_today_opens_tomorrow() -> None:
    """
    The format is stored: this box was sealed by the first release.
    """
    kept = bytes.fromhex(
        "01d9989ee45417b8e063e4706df1f807a5aa1333adf6ea560107c7d7a77aaa7a8f2c4c712ec2571a85c9319fa1bd02c048f9741b54b4"
    )
    assert BOX.open(kept, purpose="signing-key") == b"made by the first release"


@pytest.mark.parametrize("short", [b"", b"changeme", b"k" * 31])
def test_a_short_key_is_refused(short: bytes) -> None:
    """CF-1: 256 bits or no start."""
    with pytest.raises(ValueError, match="32 bytes"):
        AesGcmSecretBox(short)


def test_the_key_is_not_shown() -> None:
    """LG-1."""
    assert "k" * 8 not in repr(BOX)
