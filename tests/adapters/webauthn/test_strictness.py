"""What the library lets pass and we do not, and what is no reason to refuse (MF-3)."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapters.webauthn.passkeys import WebAuthnPasskeys
from application.factors.ports import NewPasskey, PasskeyRefused, ShownPasskey
from domain.factors.factor import FactorId, Passkey
from domain.identifiers import UserId
from tests.support.soft_passkey import ATTESTED, Es256, SoftPasskey, b64, unb64

NOW = datetime(2026, 11, 5, 9, 30, 15, tzinfo=UTC)
USER = UserId.parse("01933f6a-7c1b-7d2e-8a4f-0123456789ab")
FACTOR = FactorId.parse("01933f6a-7c1b-7d2e-8a4f-0123456789ad")
ORIGIN, CHALLENGE = "https://id.example.com", b"c" * 32
PASSKEYS = WebAuthnPasskeys(rp_id="example.com", origins=[ORIGIN])


def creation() -> Any:
    return PASSKEYS.creation_options(
        user_id=USER, user_name="a", display_name="A", challenge=CHALLENGE, exclude=()
    )


async def make(response: Any) -> NewPasskey:
    return await PASSKEYS.created(response, challenge=CHALLENGE)


async def show(soft: SoftPasskey, response: Any) -> ShownPasskey:
    return await PASSKEYS.shown(response, challenge=CHALLENGE, passkey=kept(soft))


def kept(soft: SoftPasskey, public_key: bytes | None = None) -> Passkey:
    return Passkey(
        id=FACTOR,
        user_id=USER,
        name=None,
        created_at=NOW,
        credential_id=soft.id,
        public_key=public_key or soft.key.public(),
        sign_count=0,
        synced=False,
        transports=(),
        rp_id="example.com",
    )


def device(**facts: Any) -> SoftPasskey:
    return SoftPasskey(origin=ORIGIN, **facts)


class Forger(SoftPasskey):
    """Signs whatever the browser is made to say."""

    forge: Callable[[bytes], bytes]

    def _client_data(self, kind: str, options: Mapping[str, Any]) -> bytes:
        return self.forge(super()._client_data(kind, options))


def doubled(name: str, value: str) -> Callable[[bytes], bytes]:
    """Put a member in front, which is there a second time: readers differ over which one counts."""
    return lambda said: said.replace(b"{", b'{"%s": "%s", ' % (name.encode(), value.encode()), 1)


CLIENT_DATA: Mapping[str, Callable[[bytes], bytes]] = {
    "the type twice": doubled("type", "webauthn.get"),
    "the challenge twice": doubled("challenge", "x"),
    "the origin twice": doubled("origin", "https://evil.example"),
    "a stranger's name twice": lambda said: doubled("x", "1")(doubled("x", "2")(said)),
    "a name twice inside": lambda said: said.replace(b"{", b'{"x": {"y": 1, "y": 2}, ', 1),
    "UTF-16": lambda said: said.decode().encode("utf-16"),
    "UTF-32": lambda said: said.decode().encode("utf-32-le"),
    "a byte-order mark": lambda said: b"\xef\xbb\xbf" + said,
    "bytes that are no text": lambda said: said.replace(b"{", b'{"x": "\xff", ', 1),
    "something behind it": lambda said: said + b"{}",
    "no number": lambda said: said.replace(b"{", b'{"x": NaN, ', 1),
    "an array around it": lambda said: b"[" + said + b"]",
    "a text around it": lambda said: json.dumps(said.decode()).encode(),
    "nothing": lambda _: b"{}",
    "null": lambda _: b"null",
    "depth": lambda _: b"[" * 4000,
    "length": lambda said: said.replace(b"{", b'{"x": "%s", ' % (b"y" * 4096), 1),
    "a huge number": lambda said: said.replace(b"{", b'{"x": 1%s, ' % (b"0" * 3500), 1),
}
TAKEN_ALL_THE_SAME = {"a huge number"}


@pytest.mark.parametrize("what", sorted(CLIENT_DATA))
async def test_what_a_browser_says_has_one_meaning(what: str) -> None:
    """Also when the device has signed it."""
    soft = Forger(origin=ORIGIN, user_handle=USER.value.bytes)
    soft.forge = CLIENT_DATA[what]
    made, shown = soft.create(creation()), soft.get(PASSKEYS.request_options(challenge=CHALLENGE))
    if what in TAKEN_ALL_THE_SAME:
        await make(made)
        await show(soft, shown)
        return
    with pytest.raises(PasskeyRefused):
        await make(made)
    with pytest.raises(PasskeyRefused):
        await show(soft, shown)


@pytest.mark.parametrize(
    "says",
    [
        {"crossOrigin": True},
        {"crossOrigin": None},
        {"crossOrigin": 0},
        {"crossOrigin": ""},
        {"topOrigin": "https://evil.example"},
        {"topOrigin": ORIGIN},
        {"topOrigin": None},
        {"crossOrigin": True, "topOrigin": ORIGIN},
        {"tokenBinding": {"status": "present", "id": "x"}},
        {"tokenBinding": {"status": "present"}},
        {"tokenBinding": {"status": "not-supported"}},
        {"tokenBinding": {}},
        {"tokenBinding": "supported"},
        {"tokenBinding": {"status": "supported", "id": "x"}},
        {"type": ["webauthn.get"]},
        {"origin": [ORIGIN]},
        {"origin": {"x": ORIGIN}},
        {"challenge": [b64(CHALLENGE)]},
    ],
    ids=str,
)
async def test_a_page_inside_another_and_a_binding_that_never_was_are_refused(says: Any) -> None:
    soft = device(says=says, user_handle=USER.value.bytes)
    with pytest.raises(PasskeyRefused):
        await make(soft.create(creation()))
    with pytest.raises(PasskeyRefused):
        await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))


@pytest.mark.parametrize(
    "says",
    [
        {"tokenBinding": {"status": "supported"}},
        {"other_keys_can_be_added_here": "do not compare clientDataJSON against a template"},
        {"androidPackageName": "com.android.chrome"},
        {"extra": [{"x": [1, 2.5, None, True]}]},
    ],
    ids=str,
)
async def test_what_browsers_add_is_their_own_affair(says: Any) -> None:
    soft = device(says=says)
    await make(soft.create(creation()))
    await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))


async def test_old_browsers_do_not_say_whether_the_page_is_framed() -> None:
    soft = Forger(origin=ORIGIN)
    soft.forge = lambda said: said.replace(b', "crossOrigin": false', b"")
    made = soft.create(creation())
    assert b"crossOrigin" not in unb64(made["response"]["clientDataJSON"])
    await make(made)


async def test_what_a_response_has_besides_is_the_browsers_affair() -> None:
    soft = device()
    made = soft.create(creation()) | {"clientExtensionResults": {"credProps": {"rk": True}}}
    made["response"] |= {"publicKeyAlgorithm": -7, "publicKey": "AA", "authenticatorData": "AA"}
    made["authenticatorAttachment"] = "something-new"
    await make(made)


def attested(soft: SoftPasskey) -> dict[str, Any]:
    made = soft.create(creation())
    return dict(cbor2.loads(unb64(made["response"]["attestationObject"])))


def with_attestation(soft: SoftPasskey, attestation: Any) -> dict[str, Any]:
    made = soft.create(creation())
    made["response"]["attestationObject"] = b64(
        attestation if isinstance(attestation, bytes) else cbor2.dumps(attestation)
    )
    return made


@pytest.mark.parametrize(
    ("form", "statement"),
    [
        ("packed", {"alg": -7, "sig": b"not a signature"}),
        ("packed", {"alg": -7, "sig": b"s" * 70, "x5c": [b"not a certificate"] * 3}),
        ("tpm", {"ver": "2.0", "alg": -65535, "x5c": [b"x"], "certInfo": b"", "pubArea": b"p"}),
        ("android-safetynet", {"ver": "1", "response": b"a.b.c"}),
        ("fido-u2f", {"sig": b"", "x5c": []}),
        ("apple", {"x5c": [b"", b""]}),
        ("compound", [{"fmt": "packed", "attStmt": {"x5c": [b"c"]}}]),
        ("of-tomorrow", {"anything": [None, True, {"x": -1}]}),
        ("none", {"sig": b"what is this"}),
    ],
    ids=str,
)
async def test_a_statement_about_the_device_is_not_looked_at(form: str, statement: Any) -> None:
    """None was asked for; a right one is worth as much as a wrong one, and neither is a reason."""
    soft = device()
    said = attested(soft) | {"fmt": form, "attStmt": statement}
    assert (await make(with_attestation(soft, said))).public_key == soft.key.public()


ATTESTATIONS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "no form": lambda said: {name: said[name] for name in ("attStmt", "authData")},
    "a form that is no text": lambda said: said | {"fmt": 1},
    "no statement": lambda said: {name: said[name] for name in ("fmt", "authData")},
    "nothing from the device": lambda said: {name: said[name] for name in ("fmt", "attStmt")},
    "no bytes from the device": lambda said: said | {"authData": said["authData"].hex()},
    "a member more": lambda said: said | {"ep": True},
    "something behind": lambda said: cbor2.dumps(said) + b"\x00",
    "a byte less": lambda said: cbor2.dumps(said)[:-1],
    "an array": lambda said: list(said.values()),
    "one byte of the device": lambda said: said | {"authData": b"\x00"},
    "a byte behind what the device says": lambda said: (
        said | {"authData": said["authData"] + b"\x00"}
    ),
    "a byte less of what the device says": lambda said: said | {"authData": said["authData"][:-1]},
    "more than 16 KiB": lambda said: said | {"attStmt": {"x5c": [b"x" * 16 * 1024]}},
}


@pytest.mark.parametrize("what", sorted(ATTESTATIONS))
async def test_what_is_no_attestation_is_refused(what: str) -> None:
    soft = device()
    said = ATTESTATIONS[what](attested(soft))
    with pytest.raises(PasskeyRefused):
        await make(with_attestation(soft, said))


class WordyDevice(SoftPasskey):
    """Attests its key with every signature."""

    def _data(self, flags: int, attested: bytes) -> bytes:
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + self.key.public()
        return super()._data(flags | ATTESTED, attested)


async def test_a_device_attests_a_key_when_it_makes_one_and_only_then() -> None:
    soft = device(extra_flags=ATTESTED)
    made = soft.create(creation())
    await make(made)
    with pytest.raises(PasskeyRefused):
        await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))
    said = attested(soft)
    soft = WordyDevice(origin=ORIGIN, user_handle=USER.value.bytes)
    with pytest.raises(PasskeyRefused):
        await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))
    bare = bytearray(said["authData"])
    bare[32] &= ~ATTESTED
    with pytest.raises(PasskeyRefused):
        await make(with_attestation(soft, said | {"authData": bytes(bare)}))
    with pytest.raises(PasskeyRefused):
        await make(with_attestation(soft, said | {"authData": bytes(bare[:37])}))


async def test_a_passkey_is_made_under_one_name() -> None:
    soft = device()
    made = soft.create(creation())
    made["id"] = made["rawId"] = b64(b"of somebody else")
    with pytest.raises(PasskeyRefused):
        await make(made)
    made["rawId"] = b64(soft.id)
    with pytest.raises(PasskeyRefused):
        await make(made)


@pytest.mark.parametrize("size", [0, 1024, 65535])
async def test_a_name_has_1_to_1023_bytes_also_where_the_device_says_it(size: int) -> None:
    """WebAuthn, section 7.1, step 25."""
    soft = device(id=b"i" * size)
    made = soft.create(creation())
    made["id"] = made["rawId"] = b64(b"short")
    with pytest.raises(PasskeyRefused):
        await make(made)


async def test_what_devices_say_in_extensions_is_read_over() -> None:
    soft = device(extensions=cbor2.dumps({"credProtect": 2, "uvm": [[2, 4, 2]]}))
    await make(soft.create(creation()))
    await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))


async def test_what_devices_say_has_an_end() -> None:
    """A long list is read item by item: 4 KiB with each signature, 16 KiB with a new key."""
    soft = device(extensions=cbor2.dumps({"x": [1] * 3 * 1024}))
    await make(soft.create(creation()))
    await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))
    soft.extensions = cbor2.dumps({"x": [1] * 4 * 1024})
    with pytest.raises(PasskeyRefused):
        await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))
    soft.extensions = cbor2.dumps({"x": [1] * 16 * 1024})
    with pytest.raises(PasskeyRefused):
        await make(soft.create(creation()))


@pytest.mark.parametrize(
    "extensions",
    [b"\x00", b"\x80", b"\xa1", b"\xa0\x00", b"\xbf\xff", b"\xa1ax\xd8\x1c\x80", b"\xc0\xa0"],
    ids=bytes.hex,
)
async def test_what_is_no_extension_is_refused(extensions: bytes) -> None:
    soft = device(extensions=extensions)
    with pytest.raises(PasskeyRefused):
        await make(soft.create(creation()))
    with pytest.raises(PasskeyRefused):
        await show(soft, soft.get(PASSKEYS.request_options(challenge=CHALLENGE)))


class FixedKey(Es256):
    """Attests whatever it is given."""

    def __init__(self, public: bytes) -> None:
        super().__init__()
        self._public = public

    def public(self) -> bytes:
        return self._public


def _es256() -> dict[int, Any]:
    return dict(cbor2.loads(Es256().public()))


def _short_es256() -> dict[int, Any]:
    """Return the key of a point on the curve, one of whose coordinates is a byte shorter."""
    while (key := _es256())[-2][0]:
        pass
    return key | {-2: key[-2][1:]}


def _rsa(bits: int) -> dict[int, Any]:
    n = rsa.generate_private_key(65537, bits).public_key().public_numbers().n
    return {1: 3, 3: -257, -1: n.to_bytes((bits + 7) // 8), -2: b"\x01\x00\x01"}


def _p384() -> dict[int, Any]:
    point = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    return {1: 2, 3: -7, -1: 2, -2: point.x.to_bytes(48), -3: point.y.to_bytes(48)}


MODULUS = b"\xf1" * 256
KEYS: Mapping[str, Any] = {
    "ES384": lambda: _p384() | {3: -35},
    "ES512 on P-256": lambda: _es256() | {3: -36},
    "ES256 on P-384": _p384,
    "ES256K": lambda: _es256() | {3: -47, -1: 8},
    "the curve of another": lambda: _es256() | {-1: 6},
    "a point on no curve": lambda: _es256() | {-2: bytes(31) + b"\x05"},
    "a point at nowhere": lambda: _es256() | {-2: bytes(32), -3: bytes(32)},
    "a compressed point": lambda: _es256() | {-3: True},
    "a short coordinate": lambda: _es256() | {-2: b"x" * 31},
    "a coordinate without the zero in front": _short_es256,
    "a long coordinate": lambda: _es256() | {-2: b"x" * 33},
    "a coordinate that is no bytes": lambda: _es256() | {-2: "x" * 32},
    "a member more": lambda: _es256() | {2: b"kid"},
    "a private key": lambda: _es256() | {-4: b"d" * 32},
    "a symmetric key": lambda: {1: 4, 3: 5, -1: b"k" * 32},
    "Ed448": lambda: {1: 1, 3: -8, -1: 7, -2: b"x" * 57},
    "X25519": lambda: {1: 1, 3: -8, -1: 4, -2: b"x" * 32},
    "a short Ed25519 key": lambda: {1: 1, 3: -8, -1: 6, -2: b"x" * 31},
    "PS256": lambda: {1: 3, 3: -37, -1: MODULUS, -2: b"\x01\x00\x01"},
    "RS384": lambda: {1: 3, 3: -258, -1: MODULUS, -2: b"\x01\x00\x01"},
    "RS1": lambda: {1: 3, 3: -65535, -1: MODULUS, -2: b"\x01\x00\x01"},
    "RSA of 1024 bits": lambda: _rsa(1024),
    "RSA of 16384 bits": lambda: {1: 3, 3: -257, -1: b"\xf1" * 2048, -2: b"\x01\x00\x01"},
    "RSA with a zero in front": lambda: {1: 3, 3: -257, -1: b"\0" + MODULUS, -2: b"\x01\x00\x01"},
    "RSA with an even modulus": lambda: {1: 3, 3: -257, -1: b"\xf0" * 256, -2: b"\x01\x00\x01"},
    "RSA with an even exponent": lambda: {1: 3, 3: -257, -1: MODULUS, -2: b"\x02"},
    "RSA with the exponent 1": lambda: {1: 3, 3: -257, -1: MODULUS, -2: b"\x01"},
    "RSA with a long exponent": lambda: {1: 3, 3: -257, -1: MODULUS, -2: b"\xf1" * 256},
    "RSA with a number": lambda: {1: 3, 3: -257, -1: MODULUS, -2: 65537},
    "ML-DSA": lambda: {1: 7, 3: -48, -1: b"p" * 1312},
    "no algorithm": lambda: {1: 2, -1: 1, -2: b"x" * 32, -3: b"y" * 32},
    "an algorithm that is a text": lambda: _es256() | {3: "ES256"},
    "an algorithm that is true": lambda: _es256() | {3: True},
    "nothing": dict,
    "an uncompressed point": lambda: b"\x04" + b"x" * 64,
    "a key with names for numbers": lambda: bytes.fromhex("a301634f4b500327206745643235353139"),
    "no key": lambda: b"",
}


@pytest.mark.parametrize("what", sorted(KEYS))
async def test_a_key_of_another_kind_is_refused(what: str) -> None:
    """Algorithms -8, -7 and -257, with the members that each asks for, and of a sound size."""
    given = KEYS[what]()
    public = given if isinstance(given, bytes) else cbor2.dumps(given)
    with pytest.raises(PasskeyRefused):
        await make(device(key=FixedKey(public)).create(creation()))


def test_beginning_asks_for_what_is_taken_and_for_nothing_about_the_device() -> None:
    options = creation()
    assert options["pubKeyCredParams"] == [
        {"type": "public-key", "alg": -8},
        {"type": "public-key", "alg": -7},
        {"type": "public-key", "alg": -257},
    ]
    assert options["attestation"] == "none"
    assert options["timeout"] == 300_000
    assert options["rp"] == {"id": "example.com", "name": "example.com"}
    assert json.loads(json.dumps(options)) == options
    soft = device()
    shown: Any = PASSKEYS.request_options(challenge=CHALLENGE, allowed=[kept(soft)])
    assert shown["allowCredentials"] == [{"id": b64(soft.id), "type": "public-key"}]
    assert shown["timeout"] == 300_000


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ([], ()),
        (None, ()),
        (["internal", "hybrid"], ("internal", "hybrid")),
        (["usb", "usb"], ("usb",)),
        (["of-tomorrow"], ("of-tomorrow",)),
    ],
    ids=str,
)
async def test_how_a_device_is_reached_is_kept_as_it_says(given: Any, read: Any) -> None:
    made = device().create(creation())
    made["response"]["transports"] = given
    assert (await make(made)).transports == read


@pytest.mark.parametrize(
    "given", ["usb", {"usb": 1}, [1], [None], [["usb"]], ["USB"], ["a b"], ["x" * 33], ["usb"] * 9],
    ids=str,
)  # fmt: skip
async def test_what_is_no_way_to_reach_a_device_is_refused(given: Any) -> None:
    made = device().create(creation())
    made["response"]["transports"] = given
    with pytest.raises(PasskeyRefused):
        await make(made)
