"""Mailed secrets: one purpose, one user, one address, one time (AT-1, AT-4, AT-5)."""

import hashlib
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.credentials.one_time_token import (
    SECRET_BYTES,
    InvalidToken,
    OneTimeToken,
    Purpose,
    digest_of,
)
from domain.email_address import EmailAddress
from tests.domain.samples import ADA, BOB, HOUR, NOW, TICK, a_user, entropy_from

USER = a_user()


def issued(
    purpose: Purpose = Purpose.PASSWORD_RESET, *, seed: object = 0, ttl: timedelta = HOUR
) -> tuple[OneTimeToken, str]:
    """Return a record and its secret."""
    return OneTimeToken.issue(
        user_id=USER.id,
        purpose=purpose,
        email=ADA,
        ttl=ttl,
        now=NOW,
        entropy=entropy_from(seed),
    )


def test_a_secret_has_256_random_bits_and_only_its_hash_is_kept() -> None:
    """AT-4, RF-5: the record alone is of no use."""
    drawn: list[int] = []

    def counting(length: int) -> bytes:
        drawn.append(length)
        return bytes(range(length))

    record, secret = OneTimeToken.issue(
        user_id=USER.id,
        purpose=Purpose.PASSWORD_RESET,
        email=ADA,
        ttl=HOUR,
        now=NOW,
        entropy=counting,
    )
    assert drawn == [SECRET_BYTES] == [32]
    assert re.fullmatch(r"dwm_[A-Za-z0-9_-]{43}", secret)
    assert secret not in repr(record)
    assert bytes(range(32)) != record.digest
    assert record.digest == hashlib.sha256(f"password_reset:{secret}".encode()).digest()
    assert record.expires_at == NOW + HOUR
    assert (record.user_id, record.email, record.purpose) == (USER.id, ADA, Purpose.PASSWORD_RESET)


def test_two_secrets_are_never_the_same() -> None:
    """AT-4: each issue draws anew."""
    assert issued(seed=1)[1] != issued(seed=2)[1]


def test_a_secret_is_good_for_its_own_purpose_only() -> None:
    """AT-5: one text, four purposes, four digests; none leads to another's record."""
    record, secret = issued(Purpose.EMAIL_VERIFICATION)
    digests = {purpose: digest_of(secret, purpose) for purpose in Purpose}
    assert len(set(digests.values())) == len(Purpose)
    assert [p for p, digest in digests.items() if digest == record.digest] == [
        Purpose.EMAIL_VERIFICATION
    ]


@given(st.integers(0, 46), st.characters())
def test_a_change_of_any_one_character_is_another_secret(place: int, character: str) -> None:
    """TK-2: whole and exact, the spare bits of base64 included."""
    record, secret = issued()
    changed = secret[:place] + character + secret[place + 1 :]
    if changed != secret:
        assert _digest_or_none(changed) != record.digest


@given(st.text(max_size=60))
def test_any_text_has_a_digest_or_is_an_invalid_token(text: str) -> None:
    """IN-1, AT-1: nothing else ever comes of what a caller sends."""
    assert _digest_or_none(text) != issued()[0].digest


@pytest.mark.parametrize("change", ["{0} ", " {0}", "{0}=", "{0}\n", "{0}A", "{0}\0", "x{0}"])
def test_a_secret_with_something_around_it_is_none(change: str) -> None:
    """TK-2: trimmed, padded, extended: refused."""
    with pytest.raises(InvalidToken):
        digest_of(change.format(issued()[1]), Purpose.PASSWORD_RESET)


@pytest.mark.parametrize("text", ["", "null", "None", "dwm_", "dwr_" + "A" * 91, "dwr_" + "A" * 43])
def test_what_is_no_mailed_secret_is_refused(text: str) -> None:
    """AT-1, AT-5: missing, empty or of another kind."""
    with pytest.raises(InvalidToken):
        digest_of(text, Purpose.PASSWORD_RESET)


def test_truncated_secrets_are_refused() -> None:
    """TK-2: no prefix is enough."""
    secret = issued()[1]
    for length in range(len(secret)):
        with pytest.raises(InvalidToken):
            digest_of(secret[:length], Purpose.PASSWORD_RESET)


def test_a_secret_proves_its_address_until_the_very_moment_of_its_end() -> None:
    """AT-4, CK-1: the end is not part of the life."""
    record, _ = issued()
    record.ensure_proves(ADA, now=NOW)
    record.ensure_proves(ADA, now=NOW + HOUR - TICK)
    with pytest.raises(InvalidToken):
        record.ensure_proves(ADA, now=NOW + HOUR)
    with pytest.raises(InvalidToken):
        record.ensure_proves(ADA, now=NOW + 1000 * HOUR)


def test_a_secret_proves_no_other_address() -> None:
    """AT-4: it dies when the account's address changes, though not by a change of case."""
    record, _ = issued()
    record.ensure_proves(EmailAddress.parse("ADA@EXAMPLE.com"), now=NOW)
    with pytest.raises(InvalidToken):
        record.ensure_proves(BOB, now=NOW)


def _digest_or_none(text: str) -> bytes | None:
    try:
        return digest_of(text, Purpose.PASSWORD_RESET)
    except InvalidToken:
        return None
