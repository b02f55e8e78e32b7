"""The refresh token as text: one spelling each, and nothing about it is guessable."""

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import SessionId
from domain.sessions.refresh_token import RefreshToken, RefreshTokenInvalid
from tests.domain.samples import NOW, entropy_from

URL_SAFE = string.ascii_letters + string.digits + "-_"
ENTROPY = entropy_from("refresh tokens")
TOKEN = RefreshToken(SessionId.new(NOW, ENTROPY), 7, ENTROPY(16), ENTROPY(32))

tokens = st.builds(
    RefreshToken,
    session_id=st.builds(SessionId, st.uuids()),
    generation=st.integers(0, 2**32 - 1),
    family_secret=st.binary(min_size=16, max_size=16),
    secret=st.binary(min_size=32, max_size=32),
)


@given(tokens)
def test_a_token_is_read_back_as_it_was(token: RefreshToken) -> None:
    """TK-2: text and token are one to one, and the text is safe in JSON, cookies and shells."""
    text = str(token)
    assert text.startswith("dwr_")
    assert set(text) <= set(URL_SAFE)
    assert RefreshToken.parse(text) == token
    assert RefreshToken.parse(text).digest == token.digest


@given(tokens, st.integers(0, 94), st.characters())
def test_a_change_of_any_one_character_makes_another_token_or_none(
    token: RefreshToken, place: int, character: str
) -> None:
    """TK-2: compared whole, the two spare bits of base64 included."""
    text = str(token)
    changed = text[:place] + character + text[place + 1 :]
    if changed != text:
        assert refused(changed) or RefreshToken.parse(changed).digest != token.digest


def test_the_spare_bits_of_the_last_character_must_be_zero() -> None:
    """TK-2: a lenient decoder reads four spellings as one token; ours reads one."""
    text = str(TOKEN)
    spellings = [text[:-1] + last for last in URL_SAFE]
    read = [spelling for spelling in spellings if not refused(spelling)]
    assert text in read
    assert len(read) == len(URL_SAFE) // 4
    assert len({RefreshToken.parse(spelling).digest for spelling in read}) == len(read)


@given(st.integers(0, 94))
def test_a_truncated_token_is_refused(length: int) -> None:
    """TK-2: no prefix of a token is a token."""
    assert refused(str(TOKEN)[:length])


@given(st.text(min_size=1, max_size=4))
def test_an_extended_token_is_refused(extra: str) -> None:
    """TK-2: nothing may stand before or behind a token."""
    assert refused(str(TOKEN) + extra)
    assert refused(extra + str(TOKEN))


@pytest.mark.parametrize(
    "text",
    [
        f"{TOKEN}=",
        f"{TOKEN}==",
        f" {TOKEN}",
        f"{TOKEN} ",
        f"{TOKEN}\n",
        f"{TOKEN}\r\n",
        f"\ufeff{TOKEN}",
        f"Bearer {TOKEN}",
        str(TOKEN).upper(),
        str(TOKEN).removeprefix("dwr_"),
        str(TOKEN).replace("dwr_", "dwm_"),
        str(TOKEN).replace("dwr_", "DWR_"),
        "",
        "dwr_",
        "dwr_" + "é" * 91,
        "dwr_" + "+" * 91,
        "dwr_" + "Ａ" * 91,
        "dwm_" + "A" * 43,
        "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
    ],
)
def test_what_only_looks_like_a_token_is_refused(text: str) -> None:
    """TK-2, AT-5: padding, white space, other case, other alphabets, other kinds of token."""
    assert refused(text)


def test_a_change_of_case_makes_another_token_or_none() -> None:
    """TK-2: tokens are case-sensitive."""
    swapped = "dwr_" + str(TOKEN)[4:].swapcase()
    assert refused(swapped) or RefreshToken.parse(swapped).digest != TOKEN.digest


def test_the_digest_is_of_the_whole_text() -> None:
    """RF-5: the store keeps a hash over every part, and nothing shorter."""
    assert TOKEN.digest == hashlib.sha256(str(TOKEN).encode()).digest()


def test_a_token_shows_no_secret_where_objects_are_printed() -> None:
    """LG-1: what a log line or a traceback would show."""
    shown = f"{TOKEN!r} {[TOKEN]}"
    for secret in (TOKEN.secret, TOKEN.family_secret):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
    assert str(TOKEN) not in shown


def test_each_token_yields_a_pad_of_its_own() -> None:
    """RF-5: the pad follows from the secret; with the secret changed all the rest is no help."""
    other_secret = RefreshToken(TOKEN.session_id, 7, TOKEN.family_secret, bytes(32))
    other_family = RefreshToken(TOKEN.session_id, 7, bytes(16), TOKEN.secret)
    others = [other_secret, other_family, TOKEN.successor(TOKEN.secret)]
    assert len({pad_of(token) for token in (TOKEN, *others)}) == 4
    assert len(pad_of(TOKEN)) == len(TOKEN.secret)


def pad_of(token: RefreshToken) -> bytes:
    """Return the token's pad: what seals a secret of nothing but zeros."""
    return token.seal(token.successor(bytes(32)))


def refused(text: str) -> bool:
    """Tell whether the text is read as no token."""
    try:
        RefreshToken.parse(text)
    except RefreshTokenInvalid:
        return True
    return False
