"""JWT access tokens: what is issued, who can verify it, and all that is refused."""

import hashlib
import hmac
import itertools
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc import jwt as jose
from joserfc.jwk import KeySet
from jwt.algorithms import get_default_algorithms

from adapters.jwt import access_tokens, signing
from adapters.jwt.access_tokens import MAX_TOKEN_LENGTH, JwtAccessTokens
from application.keys.ports import (
    LEEWAY,
    MOST_ISSUED,
    AccessClaims,
    AccessTokenExpired,
    AccessTokenInvalid,
    KeyMaterial,
    UnknownSigningKey,
    VerifyingKey,
)
from domain.errors import ServiceUnavailable
from domain.keys.signing_key import SigningAlgorithm
from domain.principal import Permission, RoleName

ISSUER = "https://id.example.org"
AUDIENCE = "doorward"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLAIMS = AccessClaims(
    subject=UUID("01930000-0000-7000-8000-00000000000a"),
    sid=UUID("01930000-0000-7000-8000-00000000000b"),
    token_id="a-token-id",
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
    roles=frozenset({RoleName("user"), RoleName("administrator")}),
    permissions=frozenset({Permission("users:read"), Permission("audit:read")}),
    acr="aal2",
    amr=("pwd", "otp", "mfa"),
    authenticated_at=NOW - timedelta(hours=3),
)
EDDSA, ES256, RS256 = SigningAlgorithm
OF_LATER = {"client_id", "acr", "amr", "auth_time"}
"""The claims that the first releases did not have."""
every_algorithm = pytest.mark.parametrize("algorithm", list(SigningAlgorithm), ids=str)


def public(key: KeyMaterial) -> VerifyingKey:
    return VerifyingKey(kid=key.kid, algorithm=key.algorithm, public_jwk=key.public_jwk)


def new_tokens() -> JwtAccessTokens:
    return JwtAccessTokens(issuer=ISSUER, audience=AUDIENCE)


KEYS = {algorithm: new_tokens().generate_key(algorithm) for algorithm in SigningAlgorithm}


def tokens_with(key: KeyMaterial, *others: KeyMaterial) -> JwtAccessTokens:
    tokens = new_tokens()
    tokens.use(key, [public(other) for other in (key, *others)])
    return tokens


ALL = tokens_with(KEYS[EDDSA], KEYS[ES256], KEYS[RS256])
"""Verifies with a key of each algorithm."""
SIGNING = {algorithm: tokens_with(key) for algorithm, key in KEYS.items()}


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "==")


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def sign(key: KeyMaterial, header: object, payload: object) -> str:
    """
    Sign whatever it is with the genuine key, without any of the adapter's code.
    """
    parts = [part if isinstance(part, bytes) else compact(part) for part in (header, payload)]
    message = ".".join(map(encode, parts)).encode()
    private_key = load_der_private_key(key.private_key, None)
    signature = get_default_algorithms()[key.algorithm].sign(message, private_key)
    if key.algorithm is ES256:
        signature = signing.low(signature)
    return f"{message.decode()}.{encode(signature)}"


def header_of(key: KeyMaterial) -> dict[str, Any]:
    return {"alg": key.algorithm.value, "typ": "at+jwt", "kid": key.kid}


def genuine() -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "sub": str(CLAIMS.subject),
        "aud": AUDIENCE,
        "exp": int(CLAIMS.expires_at.timestamp()),
        "iat": int(CLAIMS.issued_at.timestamp()),
        "jti": CLAIMS.token_id,
        "client_id": "doorward",
        "sid": str(CLAIMS.sid),
        "acr": "aal2",
        "amr": ["pwd", "otp", "mfa"],
        "auth_time": int(CLAIMS.authenticated_at.timestamp()),
        "roles": ["administrator", "user"],
        "permissions": ["audit:read", "users:read"],
    }


def refused(token: str, *, by: JwtAccessTokens = ALL) -> None:
    with pytest.raises(AccessTokenInvalid):
        by.verify(token, now=NOW)


class TestWhatIsIssued:
    @every_algorithm
    def test_a_token_says_what_was_put_in(self, algorithm: SigningAlgorithm) -> None:
        tokens = tokens_with(KEYS[algorithm])
        assert tokens.verify(tokens.issue(CLAIMS), now=NOW) == CLAIMS

    @every_algorithm
    @pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # RFC 9864 names it Ed25519
    def test_any_jose_library_verifies_it_with_the_jwks_alone(
        self, algorithm: SigningAlgorithm
    ) -> None:
        """RFC 9068: header and claims are the profile's, lists are sorted, nothing else is in."""
        key = KEYS[algorithm]
        tokens = tokens_with(key)
        stock = KeySet.import_key_set({"keys": tokens.jwks()})  # type: ignore[typeddict-item]
        read = jose.decode(tokens.issue(CLAIMS), stock, algorithms=[algorithm.value])
        assert read.header == header_of(key)
        assert read.claims == genuine()

    @every_algorithm
    def test_the_longest_settings_leave_room_for_every_claim_that_is_needed(
        self, algorithm: SigningAlgorithm
    ) -> None:
        """TK-5: issuer and audience as long as settings may be, and each of them in the token."""
        issuer = f"https://{'.'.join(['a' * 63] * 4)[:254]}:65535"
        tokens = JwtAccessTokens(issuer=issuer, audience='"' * 255)
        tokens.use(KEYS[algorithm], [public(KEYS[algorithm])])
        claims = replace(
            CLAIMS,
            roles=frozenset(RoleName(f"{number:064}") for number in range(200)),
            permissions=frozenset(Permission(f"a:{number}") for number in range(500)),
        )
        token = tokens.issue(claims)
        assert len(token) <= MOST_ISSUED
        read = tokens.verify(token, now=NOW)
        assert read == replace(claims, roles=None, permissions=None)
        with pytest.raises(ValueError, match="cannot be made this short"):
            tokens.issue(replace(claims, token_id="x" * MOST_ISSUED))

    @every_algorithm
    @given(length=st.integers(1, MOST_ISSUED))
    @settings(deadline=None)
    def test_what_fits_to_the_last_byte_is_kept(
        self, algorithm: SigningAlgorithm, length: int
    ) -> None:
        """TK-5: nothing is left out that would have fitted, and the length is known beforehand."""
        tokens = SIGNING[algorithm]
        filled = replace(CLAIMS, permissions=frozenset({Permission("p" * length)}))
        token = tokens.issue(filled)
        header, _, signature = token.split(".")
        payload = encode(compact({**genuine(), "permissions": ["p" * length]}))
        whole = len(f"{header}.{payload}.{signature}")
        kept = tokens.verify(token, now=NOW).permissions is not None
        assert kept == (whole <= MOST_ISSUED)
        assert not kept or len(token) == whole

    @every_algorithm
    def test_the_kid_is_the_thumbprint(self, algorithm: SigningAlgorithm) -> None:
        """RFC 7638, as an independent library computes it."""
        key = KEYS[algorithm]
        (stock,) = KeySet.import_key_set({"keys": [dict(key.public_jwk)]}).keys
        assert stock.thumbprint() == key.kid

    @every_algorithm
    def test_the_jwks_holds_public_members_only(self, algorithm: SigningAlgorithm) -> None:
        """TK-3: no private member, not even where a stored JWK had one."""
        key = KEYS[algorithm]
        tokens = new_tokens()
        leaky = VerifyingKey(
            kid=key.kid,
            algorithm=algorithm,
            public_jwk={**key.public_jwk, "d": "secret", "p": "secret", "k": "secret"},
        )
        tokens.use(key, [leaky])
        (jwk,) = tokens.jwks()
        numbers = {EDDSA: {"crv", "x"}, ES256: {"crv", "x", "y"}, RS256: {"n", "e"}}[algorithm]
        assert jwk.keys() == numbers | {"kty", "kid", "alg", "use"}
        assert (jwk["kid"], jwk["alg"], jwk["use"]) == (key.kid, algorithm.value, "sig")

    def test_rsa_keys_have_3072_bits(self) -> None:
        assert len(decode(KEYS[RS256].public_jwk["n"])) * 8 == 3072

    def test_changing_an_answer_changes_nothing_inside(self) -> None:
        ALL.jwks()[0]["kid"] = "changed"
        assert "changed" not in {jwk["kid"] for jwk in ALL.jwks()}

    def test_es256_signatures_are_always_the_lower_of_the_two(self) -> None:
        tokens = tokens_with(KEYS[ES256])
        for number in range(20):  # by chance alone, half would be high
            token = tokens.issue(replace(CLAIMS, token_id=str(number)))
            assert tokens.verify(token, now=NOW).token_id == str(number)


class TestKeys:
    def test_without_keys_nothing_is_issued_and_nothing_accepted(self) -> None:
        tokens = new_tokens()
        with pytest.raises(ServiceUnavailable):
            tokens.issue(CLAIMS)
        with pytest.raises(UnknownSigningKey):
            tokens.verify(ALL.issue(CLAIMS), now=NOW)
        assert tokens.jwks() == []

    def test_a_published_key_verifies_before_and_after_it_signs(self) -> None:
        """TK-3: old and new tokens are accepted all through a rotation."""
        old, new = new_tokens().generate_key(EDDSA), new_tokens().generate_key(EDDSA)
        tokens = tokens_with(old, new)
        before = tokens.issue(CLAIMS)
        tokens.use(new, [public(old), public(new)])
        after = tokens.issue(CLAIMS)
        assert before != after
        assert tokens.verify(before, now=NOW) == tokens.verify(after, now=NOW) == CLAIMS

    def test_a_key_that_is_gone_is_unknown_at_once(self) -> None:
        """TK-3: also for a token that was verified, and remembered, a moment ago."""
        old, new = new_tokens().generate_key(EDDSA), new_tokens().generate_key(EDDSA)
        tokens = tokens_with(old)
        token = tokens.issue(CLAIMS)
        tokens.verify(token, now=NOW)
        tokens.use(new, [public(new)])
        with pytest.raises(UnknownSigningKey):
            tokens.verify(token, now=NOW)
        assert [jwk["kid"] for jwk in tokens.jwks()] == [new.kid]

    @every_algorithm
    def test_a_private_key_in_another_form_is_refused(self, algorithm: SigningAlgorithm) -> None:
        """TK-4: keys are made here, and kept in one form."""
        key = KEYS[algorithm]
        pem = load_der_private_key(key.private_key, None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        tokens = new_tokens()
        with pytest.raises(ValueError, match="signing key"):
            tokens.use(replace(key, private_key=pem), [])
        assert tokens.jwks() == []

    @pytest.mark.parametrize(
        "broken",
        [
            replace(KEYS[EDDSA], private_key=b"no key"),
            replace(KEYS[EDDSA], private_key=KEYS[EDDSA].private_key[:-1]),
            replace(KEYS[EDDSA], private_key=KEYS[ES256].private_key),
            replace(KEYS[EDDSA], private_key=new_tokens().generate_key(EDDSA).private_key),
            replace(KEYS[EDDSA], algorithm=ES256),
            replace(KEYS[EDDSA], public_jwk={"kty": "OKP", "crv": "Ed25519"}),
            replace(KEYS[EDDSA], public_jwk={"kty": "OKP", "crv": "Ed448", "x": "AA"}),
            replace(KEYS[ES256], public_jwk={**KEYS[ES256].public_jwk, "x": "AA"}),
            replace(KEYS[RS256], public_jwk={**KEYS[RS256].public_jwk, "n": "AQAB"}),
        ],
        ids=range(9),
    )
    def test_a_key_that_is_not_what_it_says_is_refused_and_changes_nothing(
        self, broken: KeyMaterial
    ) -> None:
        """TK-4: one key, one algorithm."""
        tokens = tokens_with(KEYS[EDDSA])
        with pytest.raises(ValueError, match="signing key"):
            tokens.use(broken, [])
        assert tokens.verify(tokens.issue(CLAIMS), now=NOW) == CLAIMS

    def test_a_weak_rsa_key_is_refused(self) -> None:
        """TK-4: at least 2048 bits, where a key was not made here."""
        weak = rsa.generate_private_key(65537, 1024)
        n = encode(weak.public_key().public_numbers().n.to_bytes(128))
        jwk = {"kty": "RSA", "n": n, "e": "AQAB"}
        with pytest.raises(ValueError, match="signing key"):
            new_tokens().use(
                KEYS[EDDSA], [VerifyingKey(kid="weak", algorithm=RS256, public_jwk=jwk)]
            )

    def test_a_key_never_shows_its_private_half(self) -> None:
        """TK-4, LG-1."""
        for key in KEYS.values():
            assert repr(key) == f"KeyMaterial(kid={key.kid!r})"


def test_the_forge_of_these_tests_makes_genuine_tokens() -> None:
    """
    Otherwise every refusal below could have another reason than the one it names.
    """
    for key in KEYS.values():
        assert ALL.verify(sign(key, header_of(key), genuine()), now=NOW) == CLAIMS
        reordered = dict(reversed(header_of(key).items()))
        assert ALL.verify(sign(key, reordered, genuine()), now=NOW) == CLAIMS


class TestHeaders:
    @pytest.mark.parametrize(
        "alg", ["none", "None", "NONE", "nOnE", "", "HS256", "EDDSA", "eddsa", "Ed25519", "PS256"]
    )
    def test_another_alg_is_refused(self, alg: str) -> None:
        """TK-1: alg none in any case, and every other name, signed or not."""
        for key in KEYS.values():
            token = sign(key, {**header_of(key), "alg": alg}, genuine())
            refused(token)
            refused(token.rpartition(".")[0] + ".")

    @pytest.mark.parametrize("alg", [None, True, 1, ["EdDSA"], {"EdDSA": 1}], ids=repr)
    def test_an_alg_that_is_no_string_is_refused(self, alg: object) -> None:
        """TK-1."""
        refused(sign(KEYS[EDDSA], {**header_of(KEYS[EDDSA]), "alg": alg}, genuine()))

    @pytest.mark.parametrize(
        ("key", "claimed"),
        [pair for pair in itertools.product(KEYS.values(), SigningAlgorithm)
         if pair[0].algorithm is not pair[1]],
        ids=lambda value: str(getattr(value, "algorithm", value)),
    )  # fmt: skip
    def test_the_alg_of_another_key_is_refused(
        self, key: KeyMaterial, claimed: SigningAlgorithm
    ) -> None:
        """TK-1: a key's algorithm is fixed with the key, and the token has no say."""
        refused(sign(key, {**header_of(key), "alg": claimed.value}, genuine()))

    def test_a_public_key_is_no_shared_secret(self) -> None:
        """TK-1: HS256 with the public key as its secret (CVE-2022-29217)."""
        for key in KEYS.values():
            x = decode(key.public_jwk.get("x") or key.public_jwk["n"])
            for secret in (x, encode(x).encode(), compact(dict(key.public_jwk))):
                header = {**header_of(key), "alg": "HS256"}
                message = f"{encode(compact(header))}.{encode(compact(genuine()))}"
                mac = hmac.digest(secret, message.encode(), hashlib.sha256)
                refused(f"{message}.{encode(mac)}")

    @every_algorithm
    def test_another_key_under_a_known_kid_is_refused(self, algorithm: SigningAlgorithm) -> None:
        """TK-1."""
        stranger = new_tokens().generate_key(algorithm)
        refused(sign(stranger, header_of(KEYS[algorithm]), genuine()))

    @every_algorithm
    def test_an_unknown_kid_is_told_apart(self, algorithm: SigningAlgorithm) -> None:
        """TK-1, TK-3: the caller may look for a newer key."""
        stranger = new_tokens().generate_key(algorithm)
        with pytest.raises(UnknownSigningKey):
            ALL.verify(sign(stranger, header_of(stranger), genuine()), now=NOW)

    @pytest.mark.parametrize(
        "extra",
        [
            {"jwk": dict(KEYS[EDDSA].public_jwk)},
            {"jku": "https://evil.example/jwks.json"},
            {"x5u": "https://evil.example/cert.pem"},
            {"x5c": ["MIIB"]},
            {"x5t": "AA"},
            {"crit": ["exp"], "exp": 1},
            {"crit": []},
            {"crit": ["b64"], "b64": True},
            {"crit": ["b64"], "b64": False},
            {"b64": False},
            {"cty": "JWT"},
            {"zip": "DEF"},
        ],
        ids=lambda extra: (
            " ".join(f"{name}={extra[name]}" for name in extra if name != "jwk") or "jwk"
        ),
    )
    def test_any_other_header_member_is_refused(self, extra: dict[str, object]) -> None:
        """TK-1: embedded and remote keys, and every extension, critical or not."""
        refused(sign(KEYS[EDDSA], {**header_of(KEYS[EDDSA]), **extra}, genuine()))

    @pytest.mark.parametrize(
        "typ", ["JWT", "jwt", "at+JWT", "AT+JWT", "application/at+jwt", "at+jwt ", "", None, 1]
    )
    def test_another_typ_is_refused(self, typ: object) -> None:
        """AT-5, TK-1: a token of another kind is no access token."""
        refused(sign(KEYS[EDDSA], {**header_of(KEYS[EDDSA]), "typ": typ}, genuine()))

    @pytest.mark.parametrize("name", ["alg", "typ", "kid"])
    def test_every_header_member_is_needed(self, name: str) -> None:
        """TK-1."""
        header = header_of(KEYS[EDDSA])
        del header[name]
        refused(sign(KEYS[EDDSA], header, genuine()))

    @pytest.mark.parametrize("kid", [None, 1, True, [], {}, "", "../../key", "' OR 1=1"], ids=repr)
    def test_a_strange_kid_is_refused(self, kid: object) -> None:
        """TK-1, TK-5."""
        refused(sign(KEYS[EDDSA], {**header_of(KEYS[EDDSA]), "kid": kid}, genuine()))

    def test_a_header_with_a_name_twice_is_refused(self) -> None:
        """TK-1: two readers could disagree about which of the two counts."""
        header = compact(header_of(KEYS[EDDSA]))[:-1] + b',"alg":"EdDSA"}'
        refused(sign(KEYS[EDDSA], header, genuine()))


class TestClaims:
    @pytest.mark.parametrize("name", sorted(genuine().keys() - OF_LATER))
    def test_every_claim_is_needed(self, name: str) -> None:
        """TK-1: a token without an expiry, an audience or a session is none."""
        claims = genuine()
        del claims[name]
        refused(sign(KEYS[EDDSA], header_of(KEYS[EDDSA]), claims))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("iss", f"{ISSUER}/"),
            ("iss", ISSUER.upper()),
            ("iss", "http://id.example.org"),
            ("iss", [ISSUER]),
            ("aud", [AUDIENCE]),
            ("aud", "another"),
            ("aud", f"{AUDIENCE} "),
            ("sub", CLAIMS.token_id),
            ("sub", str(CLAIMS.subject).upper()),
            ("sub", f"{{{CLAIMS.subject}}}"),
            ("sub", f"urn:uuid:{CLAIMS.subject}"),
            ("sub", CLAIMS.subject.hex),
            ("sub", 1),
            ("sid", ""),
            ("sid", None),
            ("sid", [str(CLAIMS.sid)]),
            ("sid", f" {CLAIMS.sid}"),
            ("client_id", "another"),
            ("client_id", ["doorward"]),
            ("client_id", None),
            ("acr", None),
            ("acr", 2),
            ("amr", "pwd"),
            ("amr", [1]),
            ("auth_time", None),
            ("auth_time", "yesterday"),
            ("jti", 1),
            ("jti", None),
            ("jti", ["a"]),
            ("roles", "administrator"),
            ("roles", {"administrator": True}),
            ("roles", [1]),
            ("roles", [["administrator"]]),
            ("roles", None),
            ("permissions", "users:read"),
            ("permissions", [None]),
            ("permissions", [True]),
            ("permissions", {}),
        ],
        ids=repr,
    )
    def test_another_value_is_refused(self, name: str, value: object) -> None:
        """TK-1: exact issuer, own audience, canonical identifiers, lists of strings."""
        refused(sign(KEYS[EDDSA], header_of(KEYS[EDDSA]), {**genuine(), name: value}))

    def test_a_token_of_an_earlier_release_is_taken(self) -> None:
        """It was issued minutes before an upgrade, which signs no user out."""
        older = {name: value for name, value in genuine().items() if name not in OF_LATER}
        key = KEYS[EDDSA]
        assert ALL.verify(sign(key, header_of(key), older), now=NOW) == replace(
            CLAIMS, acr="aal1", amr=(), authenticated_at=CLAIMS.issued_at
        )

    @pytest.mark.parametrize("names", [("permissions",), ("permissions", "roles"), ("roles",)])
    def test_a_claim_may_be_missing_only_where_the_token_says_so(
        self, names: tuple[str, ...]
    ) -> None:
        """TK-1: and may not be there if the token says that it is not."""
        key = KEYS[EDDSA]
        header = header_of(key)
        present = {name: value for name, value in genuine().items() if name not in names}
        read = ALL.verify(sign(key, header, {**present, "claims_omitted": names}), now=NOW)
        assert read.omitted == names
        refused(sign(key, header, {**genuine(), "claims_omitted": names}))
        refused(sign(key, header, present))
        for strange in ("permissions", None, [1], {"permissions": True}):
            refused(sign(key, header, {**present, "claims_omitted": strange}))

    @pytest.mark.parametrize("name", ["exp", "iat"])
    @pytest.mark.parametrize(
        "form",
        [float, str, bool, lambda _: None, lambda t: [t], lambda t: -t, lambda t: t * 10**6,
         lambda _: 10**30, lambda _: float("inf"), lambda _: float("nan"), lambda t: f" {t}"],
        ids=range(11),
    )  # fmt: skip
    def test_a_time_is_a_whole_number_of_seconds(
        self, name: str, form: Callable[[int], object]
    ) -> None:
        """TK-1, TK-5: no float, no text, no truth value, nothing beyond the calendar."""
        claims = genuine()
        claims[name] = form(claims[name])
        token = sign(KEYS[EDDSA], header_of(KEYS[EDDSA]), claims)
        with pytest.raises((AccessTokenInvalid, AccessTokenExpired)):
            ALL.verify(token, now=NOW)

    @pytest.mark.parametrize("remembered", [False, True])
    def test_times_count_with_the_leeway_and_no_further(self, *, remembered: bool) -> None:
        """TK-1, CK-1: expiry is told apart; a token from the future is not genuine."""
        tokens = tokens_with(KEYS[EDDSA])
        token = tokens.issue(CLAIMS)
        if remembered:
            tokens.verify(token, now=NOW)
        end, start = CLAIMS.expires_at + LEEWAY, CLAIMS.issued_at - LEEWAY
        assert tokens.verify(token, now=end - SECOND) == CLAIMS
        with pytest.raises(AccessTokenExpired):
            tokens.verify(token, now=end)
        assert tokens.verify(token, now=start) == CLAIMS
        with pytest.raises(AccessTokenInvalid):
            tokens.verify(token, now=start - SECOND)

    def test_a_token_that_ends_before_it_begins_is_refused(self) -> None:
        token = ALL.issue(replace(CLAIMS, expires_at=NOW - SECOND))
        refused(token)

    def test_only_a_genuine_token_is_called_expired(self) -> None:
        """TK-1: who cannot sign learns nothing about time either."""
        token = ALL.issue(CLAIMS)
        forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
        with pytest.raises(AccessTokenInvalid):
            ALL.verify(forged, now=NOW + timedelta(days=1))

    def test_a_payload_with_a_name_twice_is_refused(self) -> None:
        """TK-1."""
        payload = compact(genuine())[:-1] + b',"sub":"' + str(CLAIMS.subject).encode() + b'"}'
        refused(sign(KEYS[EDDSA], header_of(KEYS[EDDSA]), payload))

    @pytest.mark.parametrize(
        "payload", [b"", b"null", b"[]", b"1", b'"text"', b"{", b"\xff", b"[" * 4000], ids=repr
    )
    def test_a_payload_that_is_no_object_is_refused(self, payload: bytes) -> None:
        """TK-5: even under a genuine signature."""
        refused(sign(KEYS[EDDSA], header_of(KEYS[EDDSA]), payload))


ISSUED = {algorithm: tokens_with(key).issue(CLAIMS) for algorithm, key in KEYS.items()}
any_issued = st.sampled_from(list(ISSUED.values()))


class TestEncoding:
    @given(token=any_issued, data=st.data(), other=st.characters())
    def test_no_character_can_be_changed(self, token: str, data: st.DataObject, other: str) -> None:
        """TK-2: not even in the bits of the last character that encode nothing."""
        at = data.draw(st.integers(0, len(token) - 1))
        if token[at] != other:
            refused(token[:at] + other + token[at + 1 :])

    @pytest.mark.parametrize("token", ISSUED.values(), ids=list(ISSUED))
    def test_no_segment_has_a_second_spelling(self, token: str) -> None:
        """TK-2: every other last character of every segment, one by one."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        segments = token.split(".")
        for index, segment in enumerate(segments):
            for last in alphabet.replace(segment[-1], ""):
                changed = [*segments]
                changed[index] = segment[:-1] + last
                refused(".".join(changed))

    @given(token=any_issued, data=st.data(), extra=st.sampled_from([*" \t\r\n=.AZ_-+/\0é\ud800"]))
    def test_nothing_can_be_put_in(self, token: str, data: st.DataObject, extra: str) -> None:
        """TK-2: no space, no line break, no padding, no fourth part."""
        at = data.draw(st.integers(0, len(token)))
        refused(token[:at] + extra + token[at:])

    @given(token=any_issued, data=st.data())
    def test_nothing_can_be_left_out(self, token: str, data: st.DataObject) -> None:
        """TK-2."""
        at = data.draw(st.integers(0, len(token) - 1))
        end = data.draw(st.integers(at + 1, len(token)))
        refused(token[:at] + token[end:])

    @pytest.mark.parametrize("token", ISSUED.values(), ids=list(ISSUED))
    def test_padding_and_the_other_alphabet_are_refused(self, token: str) -> None:
        """TK-2: what PyJWT alone would let pass (security.md, F8)."""
        header, payload, signature = token.split(".")
        for end in ("=", "==", "===", "\n", " ", "."):
            refused(token + end)
        refused(f"{header}=.{payload}.{signature}")
        refused(f"{header}==.{payload}.{signature}")
        refused(f"{header}.{payload}==.{signature}")
        refused(f" {token}")
        refused(f"Bearer {token}")
        refused(token.swapcase())
        if set(token) & set("-_"):
            refused(token.replace("-", "+").replace("_", "/"))

    def test_an_es256_signature_has_one_form(self) -> None:
        """TK-2: not DER, not longer, and not the other of the two that verify."""
        message, _, encoded = ISSUED[ES256].rpartition(".")
        signature = decode(encoded)
        r, s = signature[:32], signature[32:]
        other = (signing._P256_ORDER - int.from_bytes(s)).to_bytes(32)
        stock = get_default_algorithms()["ES256"]
        public_key = stock.from_jwk(dict(KEYS[ES256].public_jwk))
        assert stock.verify(message.encode(), public_key, r + other)  # so it has to be refused
        for variant in (r + other, b"\0" + signature, signature + b"\0", r, b"", b"\0" * 64):
            refused(f"{message}.{encode(variant)}")


class TestGarbage:
    @given(garbage=st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
    @example(garbage="")
    @example(garbage="..")
    @example(garbage="." * 8000)
    @example(garbage="\ud800.\ud800.\ud800")
    @example(garbage="é.é.é")
    def test_any_text_is_just_refused(self, garbage: str) -> None:
        """TK-5: never another exception than the one that becomes 401."""
        refused(garbage)

    @given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=5))
    def test_well_encoded_bytes_are_just_refused(self, parts: list[bytes]) -> None:
        """TK-5."""
        refused(".".join(map(encode, parts)))

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=10,
    )

    @given(
        changes=st.dictionaries(st.sampled_from(sorted(genuine())), json_values, min_size=1),
        header=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "jwk"]), json_values),
    )
    def test_any_claims_under_a_genuine_signature_are_read_or_refused(
        self, changes: dict[str, object], header: dict[str, object]
    ) -> None:
        """TK-5: also a token that our own key signed raises nothing else."""
        key = KEYS[EDDSA]
        token = sign(key, {**header_of(key), **header}, {**genuine(), **changes})
        try:
            ALL.verify(token, now=NOW)
        except (AccessTokenInvalid, AccessTokenExpired):
            pass

    def test_a_token_above_8_kb_is_refused_unread(self) -> None:
        """TK-5: though it is genuine."""
        key = KEYS[EDDSA]
        fitting = sign(key, header_of(key), {**genuine(), "jti": "x" * 5000})
        ALL.verify(fitting, now=NOW)
        too_long = sign(key, header_of(key), {**genuine(), "jti": "x" * MAX_TOKEN_LENGTH})
        refused(too_long)

    @pytest.mark.parametrize("segment", [b"[" * 6000, b'{"a":' * 1500], ids=["lists", "objects"])
    def test_deep_nesting_is_refused(self, segment: bytes) -> None:
        """TK-5."""
        refused(f"{encode(segment)}.e30.AA")


class TestMemory:
    def test_a_remembered_token_is_not_verified_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tokens = tokens_with(KEYS[EDDSA])
        token = tokens.issue(CLAIMS)
        first = tokens.verify(token, now=NOW)
        monkeypatch.setattr(access_tokens, "_decode", None)  # no token can be read any more
        assert tokens.verify(token, now=NOW) == first

    def test_use_forgets_every_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """TK-3: a new set of keys decides anew about every token."""
        tokens = tokens_with(KEYS[EDDSA])
        token = tokens.issue(CLAIMS)
        tokens.verify(token, now=NOW)
        tokens.use(KEYS[EDDSA], [public(KEYS[EDDSA])])
        monkeypatch.setattr(signing.PublicKey, "signed", lambda *_: False)
        refused(token, by=tokens)

    def test_memory_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """TK-5: the oldest makes room, and still verifies the long way."""
        monkeypatch.setattr(access_tokens, "REMEMBERED_TOKENS", 3)
        tokens = tokens_with(KEYS[EDDSA])
        issued = [tokens.issue(replace(CLAIMS, token_id=str(number))) for number in range(6)]
        for token in issued:
            tokens.verify(token, now=NOW)
        assert tokens._keys is not None
        assert list(tokens._keys.verified) == issued[3:]
        assert tokens.verify(issued[0], now=NOW).token_id == "0"

    def test_refused_tokens_are_not_remembered(self) -> None:
        tokens = tokens_with(KEYS[EDDSA])
        token = tokens.issue(CLAIMS)
        refused(token + "A", by=tokens)
        with pytest.raises(AccessTokenExpired):
            tokens.verify(token, now=NOW + timedelta(days=1))
        assert tokens._keys is not None
        assert not tokens._keys.verified
