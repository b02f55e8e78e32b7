"""The text of an API key: its form, its checksum, and what is refused before the store is asked."""

import hashlib
import re
from collections.abc import Callable
from itertools import count
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.api_keys.key_text import PREFIXES, ApiKeyInvalid, KeyKind, KeyText, is_key_like
from tests.domain.samples import entropy_from

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = re.compile(r"dw[ks]_[0-9A-Za-z]{49}")
# Whose, the random bytes, and the text that they give. Written down once: scanners rely on them.
VECTORS = [
    (KeyKind.PERSONAL, bytes(32), "dwk_00000000000000000000000000000000000000000002mVjxC"),
    (KeyKind.SERVICE, b"\xff" * 32, "dws_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10SlVGd"),
    (KeyKind.PERSONAL, (932).to_bytes(32), "dwk_00000000000000000000000000000000000000000F200gnjq"),
    (KeyKind.SERVICE, bytes(range(32)), "dws_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf2vSL3z"),
]


def spelled(number: int, width: int) -> str:
    """Return a number in base 62, as the contract says it, by other means."""
    text = ""
    while number:
        text = DIGITS[number % 62] + text
        number //= 62
    return text.rjust(width, "0")


def refused(text: str) -> bool:
    """Tell whether the text is no key."""
    try:
        KeyText.parse(text)
    except ApiKeyInvalid:
        return True
    return False


@pytest.mark.parametrize(("kind", "secret", "text"), VECTORS)
def test_the_vectors_are_what_they_were(kind: KeyKind, secret: bytes, text: str) -> None:
    """They are in the documentation, and stay for good."""
    made = KeyText.new(kind, lambda length: secret if length == 32 else b"")
    assert made.text == text
    assert KeyText.parse(text) == made
    assert (made.kind, made.hint) == (kind, text[:8])
    assert made.digest == hashlib.sha256(text.encode()).digest()


def test_one_of_the_vectors_has_a_checksum_that_begins_with_zeros() -> None:
    """A scanner that leaves them out misses such keys (trap 6)."""
    assert [text for _, _, text in VECTORS if text[47:].startswith("00")]


@given(st.sampled_from(KeyKind), st.binary(min_size=32, max_size=32))
@example(KeyKind.PERSONAL, bytes(32))
@example(KeyKind.SERVICE, b"\xff" * 32)
def test_a_key_has_the_form_and_the_checksum_of_the_contract(kind: KeyKind, secret: bytes) -> None:
    """256 bits fit into 43 digits, whatever they are; the checksum is over all that is before."""
    text = KeyText.new(kind, lambda _: secret).text
    assert FORM.fullmatch(text)
    assert len(text) == 53
    assert text.startswith(kind.value)
    assert text[4:47] == spelled(int.from_bytes(secret), 43)
    assert text[47:] == spelled(crc32(text[:47].encode()), 6)
    assert KeyText.parse(text).kind is kind
    assert is_key_like(text)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 52), st.sampled_from(DIGITS + "_-"))
def test_a_character_that_was_changed_is_refused(secret: bytes, at: int, other: str) -> None:
    """Wherever it stands: a burst of 32 bits and less never escapes a CRC-32."""
    text = KeyText.new(KeyKind.PERSONAL, lambda _: secret).text
    changed = text[:at] + other + text[at + 1 :]
    assert refused(changed) is (changed != text)


@given(st.binary(min_size=32, max_size=32), st.integers(4, 51))
def test_neighbours_that_were_swapped_are_refused(secret: bytes, at: int) -> None:
    text = KeyText.new(KeyKind.SERVICE, lambda _: secret).text
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    assert refused(swapped) is (swapped != text)


def test_the_prefix_is_covered() -> None:
    """A key of a person is not made one of a program by three letters (trap 6)."""
    text = KeyText.new(KeyKind.PERSONAL, entropy_from("prefix")).text
    assert refused(KeyKind.SERVICE.value + text[4:])
    body = KeyKind.SERVICE.value + text[4:47]
    assert not refused(body + spelled(crc32(body.encode()), 6))


def good(body: str) -> str:
    """Return the text with its checksum, whatever the text is."""
    return body + spelled(crc32(body.encode()), 6)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text + " ",
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text.upper(),
        lambda text: text.lower(),
        lambda text: text.replace("_", "-"),
        lambda text: text[:47] + text[47:].lstrip("0"),
        lambda text: good(text[:46]),
        lambda text: good(text[:47] + "0"),
        lambda text: good("dwr_" + text[4:47]),
        lambda text: good("DWK_" + text[4:47]),
        lambda text: good(text[:46] + "_"),
        lambda text: text[:46] + "\N{FULLWIDTH DIGIT ONE}" + text[47:],
        lambda text: text[:46] + "\N{ARABIC-INDIC DIGIT ONE}" + text[47:],
        lambda text: text[:4] + "\x00" + text[5:],
        lambda text: "Bearer " + text,
        lambda _: "",
        lambda _: "dwk_",
    ],
    ids=count(),
)
def test_only_the_one_spelling_is_read(change: Callable[[str], str]) -> None:
    """Nothing is trimmed, folded or filled up; another prefix of ours is none of a key."""
    assert refused(change(VECTORS[2][2]))


@given(st.text())
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    assert refused(text)
    assert is_key_like(text) is text.startswith(PREFIXES)


def test_a_key_is_not_shown_by_accident() -> None:
    """LG-1: what ends up in a log or a traceback is the hint, which its owner knows it by."""
    key = KeyText.new(KeyKind.PERSONAL, entropy_from("shown"))
    assert repr(key) == f"KeyText({key.text[:8]})"
    assert str(key) == key.text
    assert key.text not in repr([key])


def test_each_key_is_another_one() -> None:
    entropy = entropy_from("many")
    assert len({KeyText.new(KeyKind.PERSONAL, entropy).text for _ in range(100)}) == 100
