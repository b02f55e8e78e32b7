"""Ten thousand responses that are nearly right: each is refused, or is right after all (MF-3)."""

import copy
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import cbor2
import pytest

from application.factors.ports import NewPasskey, PasskeyRefused
from tests.adapters.webauthn.test_strictness import (
    CHALLENGE,
    ORIGIN,
    PASSKEYS,
    USER,
    creation,
    device,
    kept,
    make,
    show,
)
from tests.support.soft_passkey import EdDsa, Es256, KeyPair, Rs256, b64, unb64

MUTANTS = 10_000 // 6
"""For each of three kinds of key and two ceremonies."""

type Mutation = Callable[[random.Random, Any], Any]

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**64, 1.5, "", "A", "AA", "AA==", "é", "\0", "x" * 2000,
    [], [[]], {}, {"a": 1},
)  # fmt: skip
BOMBS = (
    b"\x81" * 5000,
    b"\xa1\x00" * 2000,
    b"\x9b" + b"\xff" * 8,
    b"\xbb" + b"\xff" * 8,
    b"\x5b" + b"\xff" * 8,
    b"\xd8\x1c\x82" + b"\x82" * 20 + b"\xd8\x1d\x00" * 21,
    b"\xc2\x59\x10\x00" + b"\xff" * 4096,
    b"\xc5\x82\x1b\x00\x00\x01\x00\x00\x00\x00\x00\x01",
    b"\xc4\x82\x1b\x00\x00\x01\x00\x00\x00\x00\x00\x01",
    b"\xd8\x23\x78\x1d((((a{999}){999}){999}){999})",
    b"\xa3" + b"\x01\x02" * 2 + b"\x03\x04",
)


def bent(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes with one thing wrong, or several."""
    way = rng.randrange(7)
    if way == 0 or not data:
        return rng.randbytes(rng.randrange(80))
    place = rng.randrange(len(data))
    changed = bytearray(data)
    if way == 1:
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif way == 2:
        del changed[place:]
    elif way == 3:
        changed[place:place] = rng.randbytes(rng.randrange(1, 5))
    elif way == 4:
        del changed[place : place + rng.randrange(1, 5)]
    elif way == 5:
        changed[place] = rng.choice((0x00, 0x1B, 0x3B, 0x5B, 0x7F, 0x9F, 0xBF, 0xC2, 0xD8, 0xFF))
    else:
        changed[place:] = rng.choice(BOMBS)
    return bytes(changed)


def with_bytes_bent(rng: random.Random, response: Any) -> Any:
    """Bend what stands in one of the texts."""
    inside = response["response"]
    name = rng.choice([name for name in inside if isinstance(inside[name], str)])
    inside[name] = b64(bent(rng, unb64(inside[name])))
    return response


def with_a_text_bent(rng: random.Random, response: Any) -> Any:
    """Bend one of the texts as it is written."""
    inside = rng.choice([response, response["response"]])
    name = rng.choice([name for name in inside if isinstance(inside[name], str)])
    text = inside[name]
    place = rng.randrange(len(text) + 1)
    inside[name] = text[:place] + rng.choice("A-_=+/ \n\0é") + text[place + rng.randrange(2) :]
    return response


def with_something_odd(rng: random.Random, response: Any) -> Any:
    """Put something of another type in the place of a member, or leave it out."""
    inside = rng.choice([response, response["response"]])
    name = rng.choice(list(inside))
    if rng.random() < 0.2:
        del inside[name]
    else:
        inside[name] = rng.choice(ODD)
    return response


def with_another_attestation(rng: random.Random, response: Any) -> Any:
    """Bend what the device says, in a well-formed attestation object."""
    inside = response["response"]
    if "attestationObject" not in inside:
        return with_bytes_bent(rng, response)
    said = dict(cbor2.loads(unb64(inside["attestationObject"])))
    name = rng.choice(list(said))
    if name == "authData":
        said[name] = bent(rng, said[name])
    else:
        said[name] = rng.choice((*ODD[:-1], b"", b"x", [b"c"] * 3))
    inside["attestationObject"] = b64(cbor2.dumps(said))
    return response


MUTATIONS: tuple[Mutation, ...] = (
    with_bytes_bent,
    with_bytes_bent,
    with_a_text_bent,
    with_something_odd,
    with_another_attestation,
)


def mutants(response: Any, seed: int) -> Iterator[Any]:
    rng = random.Random(seed)
    for _ in range(MUTANTS):
        yield rng.choice(MUTATIONS)(rng, copy.deepcopy(response))


@pytest.fixture(params=[Es256, EdDsa, Rs256], ids=lambda kind: str(kind.__name__))
def key(request: pytest.FixtureRequest) -> KeyPair:
    made: KeyPair = request.param()
    return made


@pytest.fixture
def seed(key: KeyPair, request: pytest.FixtureRequest) -> int:
    return sum(request.node.name.encode())


async def test_what_is_shown_is_signed_or_refused(key: KeyPair, seed: int) -> None:
    """Nothing that was signed can be changed, and nothing else of it counts."""
    soft = device(key=key, user_handle=USER.value.bytes)
    right = soft.get(PASSKEYS.request_options(challenge=CHALLENGE))
    proven = await show(soft, right)
    refused = 0
    for response in mutants(right, seed):
        try:
            found = await show(soft, response)
        except PasskeyRefused:
            refused += 1
            continue
        assert found == proven
        assert PASSKEYS.claimed(response).user_id in {None, USER}
        for name in ("clientDataJSON", "authenticatorData"):
            assert response["response"][name] == right["response"][name]
        assert {response["id"], response["rawId"]} == {right["id"]}
    assert refused > MUTANTS / 2


async def test_what_was_made_is_what_the_device_says_or_refused(key: KeyPair, seed: int) -> None:
    """Nothing signs it yet: another key is taken if it is one. Another reader is the judge."""
    soft = device(key=key)
    right = soft.create(creation())
    refused = 0
    for response in mutants(right, seed):
        try:
            found = await make(response)
        except PasskeyRefused:
            refused += 1
            continue
        _ensure_said(response, found)
        await _ensure_usable(found, soft)
    assert refused > MUTANTS / 2


def _ensure_said(response: Any, found: NewPasskey) -> None:
    inside = response["response"]
    client = json.loads(unb64(inside["clientDataJSON"]))
    assert (client["type"], client["origin"]) == ("webauthn.create", ORIGIN)
    assert client["challenge"] == b64(CHALLENGE)
    assert not client.get("crossOrigin")
    data = cbor2.loads(unb64(inside["attestationObject"]))["authData"]
    assert data[:32] == hashlib.sha256(b"example.com").digest()
    assert data[32] & 0x41 == 0x41
    assert (found.user_verified, found.synced) == (bool(data[32] & 4), bool(data[32] & 8))
    assert found.sign_count == int.from_bytes(data[33:37])
    end = 55 + int.from_bytes(data[53:55])
    assert unb64(response["id"]) == unb64(response["rawId"]) == data[55:end] == found.credential_id
    assert data[end:].startswith(found.public_key)
    assert cbor2.loads(found.public_key)[3] in {-7, -8, -257}


async def _ensure_usable(found: NewPasskey, soft: Any) -> None:
    """Its key is one that can be asked: it says no to another's signature, and fails at nothing."""
    if found.public_key == soft.key.public():
        return
    stranger = device(id=found.credential_id, user_handle=USER.value.bytes)
    response = stranger.get(PASSKEYS.request_options(challenge=CHALLENGE))
    with pytest.raises(PasskeyRefused):
        await PASSKEYS.shown(
            response, challenge=CHALLENGE, passkey=kept(stranger, found.public_key)
        )
