"""What every kind of access token promises (TK-1, TK-2, TK-3, TK-5)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.memory.keys.access_tokens import OpaqueAccessTokens
from application.keys.ports import (
    LEEWAY,
    MOST_ISSUED,
    AccessClaims,
    AccessTokenExpired,
    AccessTokenInvalid,
    AccessTokens,
    KeyMaterial,
    UnknownSigningKey,
    VerifyingKey,
)
from domain.errors import ServiceUnavailable
from domain.identifiers import uuid7
from domain.keys.signing_key import SigningAlgorithm
from domain.permissions import PERMISSIONS
from domain.principal import ADMINISTRATOR, USER, Permission, RoleName

NOW = datetime(2026, 11, 5, 9, 30, 15, tzinfo=UTC)  # tokens count whole seconds
TTL = timedelta(minutes=10)
TICK = timedelta(seconds=1)
REQUIRED = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}

type MakeTokens = Callable[[], AccessTokens]


@pytest.fixture(params=["memory", "jwt"])
def make(request: pytest.FixtureRequest) -> MakeTokens:
    """Makes what stands for one of several processes."""
    if request.param == "memory":
        issued: dict[str, AccessClaims] = {}
        return lambda: OpaqueAccessTokens(issued)
    from adapters.jwt.access_tokens import JwtAccessTokens

    return lambda: JwtAccessTokens(issuer="https://id.example.com", audience="doorward")


@pytest.fixture(params=list(SigningAlgorithm), ids=lambda algorithm: str(algorithm.value))
def algorithm(request: pytest.FixtureRequest) -> SigningAlgorithm:
    return SigningAlgorithm(request.param)


@pytest.fixture
def key(make: MakeTokens, algorithm: SigningAlgorithm) -> KeyMaterial:
    return make().generate_key(algorithm)


@pytest.fixture
def tokens(make: MakeTokens, key: KeyMaterial) -> AccessTokens:
    tokens = make()
    tokens.use(key, [_public(key)])
    return tokens


def test_a_token_says_what_was_put_into_it(tokens: AccessTokens) -> None:
    for claims in (
        _claims(),
        _claims(roles=frozenset(), permissions=frozenset()),
        _claims(
            roles=frozenset({USER, ADMINISTRATOR, RoleName("x" * 64)}),
            permissions=frozenset(PERMISSIONS),
        ),
    ):
        read = tokens.verify(tokens.issue(claims), now=NOW)
        assert read == claims


def test_what_a_token_leaves_out_is_known_to_whoever_reads_it(tokens: AccessTokens) -> None:
    """None is not "no roles": a verifier has to ask."""
    for claims in _claims().shortened():
        read = tokens.verify(tokens.issue(claims), now=NOW)
        assert read == claims
        assert read.omitted == claims.omitted
    assert [claims.omitted for claims in _claims().shortened()] == [
        (),
        ("permissions",),
        ("permissions", "roles"),
    ]


words = st.integers(min_value=0, max_value=400)
lengths = st.integers(min_value=1, max_value=32)


@given(roles=words, role_length=st.integers(5, 64), permissions=words, length=lengths)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_token_that_is_issued_is_accepted_and_short_enough(
    tokens: AccessTokens, roles: int, role_length: int, permissions: int, length: int
) -> None:
    """TK-5: whatever roles and permissions there are, and no less of them than has to be."""
    claims = _claims(
        roles=frozenset(RoleName(f"{n:05}".rjust(role_length, "r")) for n in range(roles)),
        permissions=frozenset(
            Permission(f"{n:04}".rjust(length, "n") + ":" + "a" * length)
            for n in range(permissions)
        ),
    )
    token = tokens.issue(claims)
    assert len(token) <= MOST_ISSUED
    read = tokens.verify(token, now=NOW)
    shortened = list(claims.shortened())
    assert read in shortened
    for longer in shortened[: shortened.index(read)]:
        assert tokens.verify(tokens.issue(longer), now=NOW) == read, "the rule is one for all"


def test_every_process_with_the_key_takes_the_token(
    make: MakeTokens, tokens: AccessTokens, key: KeyMaterial
) -> None:
    other = make()
    other.use(key, [_public(key)])
    claims = _claims()
    assert other.verify(tokens.issue(claims), now=NOW) == claims


def test_a_token_is_valid_until_its_end_and_the_leeway(tokens: AccessTokens) -> None:
    """TK-1, CK-1."""
    claims = _claims()
    token = tokens.issue(claims)
    for _ in range(2):  # a token that was seen before is judged no milder
        assert tokens.verify(token, now=NOW + TTL + LEEWAY - TICK) == claims
        for late in (LEEWAY, LEEWAY + TICK, timedelta(days=400)):
            with pytest.raises(AccessTokenExpired):
                tokens.verify(token, now=NOW + TTL + late)


def test_a_token_from_the_future_is_refused_beyond_the_leeway(tokens: AccessTokens) -> None:
    """TK-1, CK-1."""
    claims = _claims()
    token = tokens.issue(claims)
    assert tokens.verify(token, now=NOW - LEEWAY) == claims
    with pytest.raises(AccessTokenInvalid):
        tokens.verify(token, now=NOW - LEEWAY - TICK)


def test_a_key_that_is_not_loaded_is_told_by_name(
    make: MakeTokens, tokens: AccessTokens, algorithm: SigningAlgorithm
) -> None:
    """TK-3: the caller may then look for newer keys."""
    elsewhere = make()
    other = elsewhere.generate_key(algorithm)
    elsewhere.use(other, [_public(other)])
    with pytest.raises(UnknownSigningKey):
        tokens.verify(elsewhere.issue(_claims()), now=NOW)


def test_the_old_key_is_good_until_it_is_taken_away(
    make: MakeTokens, tokens: AccessTokens, key: KeyMaterial, algorithm: SigningAlgorithm
) -> None:
    """TK-3: no token is refused while keys rotate, and a revoked key counts no more."""
    claims = _claims()
    token = tokens.issue(claims)
    assert tokens.verify(token, now=NOW) == claims
    new = tokens.generate_key(algorithm)
    tokens.use(new, [_public(key), _public(new)])
    assert tokens.verify(token, now=NOW) == claims
    newer = tokens.issue(claims)
    assert tokens.verify(newer, now=NOW) == claims

    tokens.use(new, [_public(new)])
    with pytest.raises(UnknownSigningKey):
        tokens.verify(token, now=NOW)
    assert tokens.verify(newer, now=NOW) == claims


def test_the_key_set_shows_each_key_once_and_nothing_private(
    tokens: AccessTokens, key: KeyMaterial, algorithm: SigningAlgorithm
) -> None:
    """TK-3, TK-4."""
    new = tokens.generate_key(algorithm)
    tokens.use(new, [_public(key), _public(new)])
    jwks = tokens.jwks()
    assert sorted(jwk["kid"] for jwk in jwks) == sorted([key.kid, new.kid])
    for jwk in jwks:
        assert not PRIVATE & jwk.keys()
        assert jwk["alg"] == algorithm.value
        assert jwk["use"] == "sig"
        assert jwk.keys() == {*REQUIRED[jwk["kty"]], "kid", "alg", "use"}


def test_a_key_is_named_by_its_thumbprint(key: KeyMaterial, algorithm: SigningAlgorithm) -> None:
    """RFC 7638."""
    members = {name: key.public_jwk[name] for name in REQUIRED[key.public_jwk["kty"]]}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    thumbprint = urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
    assert key.kid == thumbprint
    assert key.algorithm is algorithm
    assert not PRIVATE & key.public_jwk.keys()


def test_a_key_does_not_show_its_private_half(key: KeyMaterial) -> None:
    """TK-4, LG-1."""
    assert repr(key) == f"KeyMaterial(kid={key.kid!r})"


def test_before_the_first_key_nothing_is_issued_nothing_taken_and_nothing_shown(
    make: MakeTokens, tokens: AccessTokens
) -> None:
    fresh = make()
    assert fresh.jwks() == []
    with pytest.raises(ServiceUnavailable):
        fresh.issue(_claims())
    with pytest.raises((AccessTokenInvalid, ServiceUnavailable)):
        fresh.verify(tokens.issue(_claims()), now=NOW)


def test_any_other_spelling_of_a_token_is_refused(tokens: AccessTokens) -> None:
    """TK-2: compared whole; F8."""
    token = tokens.issue(_claims())
    tokens.verify(token, now=NOW)  # seen before, which must not make it milder
    spellings = {
        token + "==",
        token + "=",
        token + "A",
        token + "\n",
        token + " ",
        " " + token,
        token[:-1],
        token[1:],
        token.swapcase(),
        token + "." + token,
        token + ".",
        "." + token,
        token.replace(".", "..", 1),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "\x00",
        "Bearer " + token,
    }
    for spelling in spellings:
        with pytest.raises(AccessTokenInvalid):
            tokens.verify(spelling, now=NOW)


@given(
    garbage=st.one_of(
        st.text(max_size=200),
        st.text(alphabet="abcXYZ019-_.=", max_size=200),
        st.binary(max_size=64).map(lambda raw: raw.decode("latin-1")),
    )
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_garbage_is_no_token(tokens: AccessTokens, garbage: str) -> None:
    """TK-5: and never anything but AccessTokenInvalid."""
    with pytest.raises(AccessTokenInvalid):
        tokens.verify(garbage, now=NOW)


@pytest.mark.parametrize(
    "garbage",
    ["", ".", "..", "...", "a" * 100_000, "." * 10_000, "\ud800", "e30.e30.e30", "☃.☃.☃"],
)
def test_chosen_garbage_is_no_token(tokens: AccessTokens, garbage: str) -> None:
    """TK-5."""
    with pytest.raises(AccessTokenInvalid):
        tokens.verify(garbage, now=NOW)


def test_no_two_tokens_are_the_same(tokens: AccessTokens) -> None:
    issued = {tokens.issue(_claims()) for _ in range(20)}
    assert len(issued) == 20


def test_a_token_holds_neither_address_nor_name(tokens: AccessTokens) -> None:
    """TK-7: there is no room for them in what a token says."""
    read = tokens.verify(tokens.issue(_claims()), now=NOW)
    assert set(read.__slots__) == {
        "subject",
        "sid",
        "token_id",
        "issued_at",
        "expires_at",
        "roles",
        "permissions",
        "acr",
        "amr",
        "authenticated_at",
    }


def _claims(
    *,
    roles: frozenset[RoleName] | None = frozenset({USER}),
    permissions: frozenset[Permission] | None = frozenset({Permission("users:read")}),
) -> AccessClaims:
    return AccessClaims(
        subject=uuid7(NOW, secrets.token_bytes),
        sid=UUID(bytes=secrets.token_bytes(16), version=4),
        token_id=secrets.token_urlsafe(16),
        issued_at=NOW,
        expires_at=NOW + TTL,
        roles=roles,
        permissions=permissions,
        acr="aal2",
        amr=("pwd", "otp", "mfa"),
        authenticated_at=NOW - TTL,
    )


def _public(key: KeyMaterial) -> VerifyingKey:
    return VerifyingKey(kid=key.kid, algorithm=key.algorithm, public_jwk=key.public_jwk)
