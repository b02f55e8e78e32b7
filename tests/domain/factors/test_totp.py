"""The arithmetic of one-time passwords, judged by the RFC, by pyotp and by oathtool."""

import subprocess
from datetime import UTC, datetime

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationFailed
from domain.factors.totp import Algorithm, TotpSettings, read_secret, shown_secret
from tests.support.debian import DebianProgram, program_of

OATHTOOL = DebianProgram("oathtool", packages=("oathtool", "liboath0"))
ASCII = b"12345678901234567890"
SECRETS = {
    Algorithm.SHA1: ASCII,
    Algorithm.SHA256: (ASCII * 2)[:32],
    Algorithm.SHA512: (ASCII * 4)[:64],
}
# RFC 6238, appendix B.
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    for algorithm, expected in zip(Algorithm, (sha1, sha256, sha512), strict=True):
        settings = TotpSettings(algorithm, digits=8)
        secret = SECRETS[algorithm]
        assert settings.code(secret, settings.counter_at(now)) == expected
        assert settings.match(secret, expected, now=now, after=-1) == settings.counter_at(now)


@given(
    secret=st.binary(min_size=20, max_size=64),
    moment=st.integers(0, 2**35),
    digits=st.sampled_from([6, 8]),
    period=st.integers(15, 60),
    algorithm=st.sampled_from(Algorithm),
)
def test_it_agrees_with_pyotp(
    secret: bytes, moment: int, digits: int, period: int, algorithm: Algorithm
) -> None:
    settings = TotpSettings(algorithm, digits, period)
    judge = pyotp.TOTP(
        shown_secret(secret), digits=digits, interval=period, digest=algorithm.value.lower()
    )
    now = datetime.fromtimestamp(moment, UTC)
    assert settings.code(secret, settings.counter_at(now)) == judge.at(now)


def test_it_agrees_with_oathtool() -> None:
    """Every hash and length that it knows, thirty codes in a row for each."""
    program, libraries = program_of(OATHTOOL)
    found = {"LD_LIBRARY_PATH": str(libraries[0].parent)} if libraries else {}
    for algorithm, secret in SECRETS.items():
        for digits in (6, 8):
            settings = TotpSettings(algorithm, digits)
            first = settings.counter_at(datetime.fromtimestamp(1_234_567_890, UTC))
            command = [
                str(program),
                f"--totp={algorithm.value.lower()}",
                f"--digits={digits}",
                "--now=@1234567890",
                "--window=29",
                secret.hex(),
            ]
            told = subprocess.run(command, env=found, capture_output=True, text=True, check=True)
            codes = [settings.code(secret, first + number) for number in range(30)]
            assert told.stdout.split() == codes


@given(
    secret=st.binary(min_size=20, max_size=20),
    moment=st.integers(10**9, 2**33),
    aside=st.integers(-4, 4),
    after=st.integers(-5, 5),
)
def test_only_neighbours_behind_the_last_one_count(
    secret: bytes, moment: int, aside: int, after: int
) -> None:
    """MF-1: whatever was used last, and whatever is shown."""
    settings, now = TotpSettings(), datetime.fromtimestamp(moment, UTC)
    present = settings.counter_at(now)
    code = settings.code(secret, present + aside)
    found = settings.match(secret, code, now=now, after=present + after)
    if found is not None:
        assert abs(found - present) <= 1
        assert found > present + after
        assert settings.code(secret, found) == code
    elif abs(aside) <= 1:
        assert aside <= after


@pytest.mark.parametrize(("digits", "period"), [(5, 30), (7, 30), (9, 30), (6, 14), (6, 61)])
def test_settings_that_no_app_has_are_refused(digits: int, period: int) -> None:
    with pytest.raises(ValidationFailed):
        TotpSettings(digits=digits, period=period)


@given(secret=st.binary(min_size=10, max_size=64))
def test_a_secret_is_read_as_it_is_shown(secret: bytes) -> None:
    shown = shown_secret(secret)
    grouped = " ".join(shown[place : place + 4] for place in range(0, len(shown), 4))
    for text in (shown, shown.lower(), grouped, shown + "=" * (-len(shown) % 8)):
        assert read_secret(text) == secret


@pytest.mark.parametrize("text", ["", "A", "01234567890189", "GEZDGNBV", "ß" * 32, "A" * 200])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed):
        read_secret(text)
