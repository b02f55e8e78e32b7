"""What every adapter for passkeys promises (MF-3, TK-2)."""

import dataclasses
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.memory.factors.passkeys import MemoryPasskeys
from adapters.webauthn.passkeys import WebAuthnPasskeys
from application.factors.ports import NewPasskey, PasskeyRefused, Passkeys
from domain.factors.factor import FactorId, Passkey
from domain.identifiers import UserId
from tests.support.soft_passkey import (
    BACKED_UP,
    EdDsa,
    Es256,
    KeyPair,
    MemoryKey,
    Rs256,
    SoftPasskey,
    b64,
    unb64,
)

NOW = datetime(2026, 11, 5, 9, 30, 15, tzinfo=UTC)
USER = UserId.parse("01933f6a-7c1b-7d2e-8a4f-0123456789ab")
STRANGER = UserId.parse("01933f6a-7c1b-7d2e-8a4f-0123456789ac")
FACTOR = FactorId.parse("01933f6a-7c1b-7d2e-8a4f-0123456789ad")
RP_ID, ORIGIN, OTHER_ORIGIN = "example.com", "https://id.example.com", "https://app.example.com"
CHALLENGE, OTHER_CHALLENGE = b"c" * 32, b"d" * 32

type Device = Callable[..., SoftPasskey]


@pytest.fixture(params=["memory", "webauthn-ES256", "webauthn-EdDSA", "webauthn-RS256"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def passkeys(kind: str) -> Passkeys:
    adapter: type[MemoryPasskeys | WebAuthnPasskeys] = (
        MemoryPasskeys if kind == "memory" else WebAuthnPasskeys
    )
    return adapter(rp_id=RP_ID, origins=[ORIGIN, OTHER_ORIGIN])


@pytest.fixture
def device(kind: str) -> Device:
    """Make a device, and the browser around it."""
    keys: Mapping[str, Callable[[], KeyPair]] = {
        "memory": MemoryKey,
        "webauthn-ES256": Es256,
        "webauthn-EdDSA": EdDsa,
        "webauthn-RS256": Rs256,
    }

    def make(**facts: Any) -> SoftPasskey:
        chosen: dict[str, Any] = {"origin": ORIGIN, "key": keys[kind]()} | facts
        return SoftPasskey(**chosen)

    return make


async def created(
    passkeys: Passkeys, device: SoftPasskey, challenge: bytes = CHALLENGE
) -> NewPasskey:
    return await passkeys.created(device.create(creation(passkeys)), challenge=challenge)


def creation(passkeys: Passkeys, *exclude: Passkey) -> Mapping[str, Any]:
    return passkeys.creation_options(
        user_id=USER,
        user_name="ada@example.com",
        display_name="Ada Lovelace",
        challenge=CHALLENGE,
        exclude=exclude,
    )


def request(passkeys: Passkeys) -> Mapping[str, Any]:
    return passkeys.request_options(challenge=CHALLENGE)


def kept(new: NewPasskey, *, user_id: UserId = USER) -> Passkey:
    """Return the passkey as it is kept."""
    return Passkey(
        id=FACTOR,
        user_id=user_id,
        name=None,
        created_at=NOW,
        credential_id=new.credential_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        synced=new.synced,
        transports=new.transports,
        rp_id=RP_ID,
    )


async def enrolled(passkeys: Passkeys, device: SoftPasskey) -> Passkey:
    return kept(await created(passkeys, device))


def test_it_is_for_one_domain_and_these_origins(passkeys: Passkeys) -> None:
    assert passkeys.rp_id == RP_ID
    assert list(passkeys.origins) == [ORIGIN, OTHER_ORIGIN]


def test_a_device_is_asked_for_a_discoverable_key_and_a_verified_user(passkeys: Passkeys) -> None:
    options = creation(passkeys)
    assert options["rp"]["id"] == RP_ID
    assert unb64(options["user"]["id"]) == USER.value.bytes
    assert options["user"]["name"] == "ada@example.com"
    assert options["user"]["displayName"] == "Ada Lovelace"
    assert unb64(options["challenge"]) == CHALLENGE
    selection = options["authenticatorSelection"]
    assert selection["residentKey"] == "required"
    assert selection["userVerification"] == "required"


async def test_a_device_is_told_what_it_may_have_already(
    passkeys: Passkeys, device: Device
) -> None:
    passkey = await enrolled(passkeys, device())
    (named,) = creation(passkeys, passkey)["excludeCredentials"]
    assert named["type"] == "public-key"
    assert unb64(named["id"]) == passkey.credential_id
    assert list(named["transports"]) == ["internal"]


async def test_a_device_is_asked_for_one_of_those_allowed(
    passkeys: Passkeys, device: Device
) -> None:
    passkey = await enrolled(passkeys, device())
    options: Mapping[str, Any] = passkeys.request_options(challenge=CHALLENGE, allowed=[passkey])
    assert [unb64(each["id"]) for each in options["allowCredentials"]] == [passkey.credential_id]
    assert options["userVerification"] == "required"


def test_a_device_offers_whatever_it_has(passkeys: Passkeys) -> None:
    options = request(passkeys)
    assert options["rpId"] == RP_ID
    assert unb64(options["challenge"]) == CHALLENGE
    assert not options["allowCredentials"]
    assert options["userVerification"] == "required"


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("synced", [True, False])
@pytest.mark.parametrize("origin", [ORIGIN, OTHER_ORIGIN])
async def test_a_passkey_is_made_and_shown(
    passkeys: Passkeys, device: Device, verified: bool, synced: bool, origin: str
) -> None:
    """Whether its user was verified, and whether it may be copied, is what the device signs."""
    soft = device(verified=verified, synced=synced, origin=origin, transports=("usb", "nfc"))
    new = await created(passkeys, soft)
    assert new.credential_id == soft.id
    assert (new.user_verified, new.synced, new.sign_count) == (verified, synced, 1)
    assert new.transports == ("usb", "nfc")
    response = soft.get(request(passkeys))
    claimed = passkeys.claimed(response)
    assert (claimed.credential_id, claimed.user_id) == (soft.id, USER)
    shown = await passkeys.shown(response, challenge=CHALLENGE, passkey=kept(new))
    assert (shown.user_verified, shown.synced, shown.sign_count) == (verified, synced, 2)


async def test_a_key_that_is_not_discoverable_does_not_know_whose_it_is(
    passkeys: Passkeys, device: Device
) -> None:
    soft = device()
    passkey = await enrolled(passkeys, soft)
    soft.user_handle = None
    response = soft.get(request(passkeys))
    assert passkeys.claimed(response).user_id is None
    await passkeys.shown(response, challenge=CHALLENGE, passkey=passkey)


@pytest.mark.parametrize("count", [0, 1, 41, 42, 2**32 - 1])
async def test_a_counter_is_handed_out_as_it_is(
    passkeys: Passkeys, device: Device, count: int
) -> None:
    soft = device(count=41)
    passkey = await enrolled(passkeys, soft)
    assert passkey.sign_count == 42
    soft.counts, soft.count = False, count
    shown = await passkeys.shown(soft.get(request(passkeys)), challenge=CHALLENGE, passkey=passkey)
    assert shown.sign_count == count


@pytest.mark.parametrize(("then", "now"), [(True, False), (False, True)])
async def test_a_device_may_begin_and_cease_to_copy_its_key(
    passkeys: Passkeys, device: Device, then: bool, now: bool
) -> None:
    soft = device(synced=then)
    passkey = await enrolled(passkeys, soft)
    soft.synced = now
    shown = await passkeys.shown(soft.get(request(passkeys)), challenge=CHALLENGE, passkey=passkey)
    assert shown.synced is now


async def test_flags_about_copies_that_contradict_each_other_are_no_reason_to_refuse(
    passkeys: Passkeys, device: Device
) -> None:
    soft = device(extra_flags=BACKED_UP)
    passkey = await enrolled(passkeys, soft)
    response = soft.get(request(passkeys))
    shown = await passkeys.shown(response, challenge=CHALLENGE, passkey=passkey)
    assert shown.synced is False
    forged = device(extra_flags=BACKED_UP, id=soft.id).get(request(passkeys))
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(forged, challenge=CHALLENGE, passkey=passkey)


async def test_identifiers_have_up_to_1023_bytes(passkeys: Passkeys, device: Device) -> None:
    soft = device(id=b"i" * 1023)
    passkey = await enrolled(passkeys, soft)
    await passkeys.shown(soft.get(request(passkeys)), challenge=CHALLENGE, passkey=passkey)
    longer = device(id=b"i" * 1024)
    with pytest.raises(PasskeyRefused):
        await created(passkeys, longer)
    with pytest.raises(PasskeyRefused):
        passkeys.claimed(longer.get(request(passkeys)))


WRONG: Mapping[str, dict[str, Any]] = {
    "another page": {"origin": "https://evil.example"},
    "the domain itself": {"origin": "https://example.com"},
    "another port": {"origin": f"{ORIGIN}:8443"},
    "another scheme": {"origin": ORIGIN.replace("https", "http")},
    "an origin that begins alike": {"origin": f"{ORIGIN}.evil.example"},
    "an origin in capital letters": {"origin": ORIGIN.upper()},
    "a slash behind the origin": {"origin": f"{ORIGIN}/"},
    "no text for an origin": {"origin": None},
    "another domain": {"rp_id": "id.example.com"},
    "nobody there": {"present": False},
    "framed by another page": {"says": {"crossOrigin": True}},
    "framed, in other words": {"says": {"crossOrigin": "false"}},
    "another challenge": {"says": {"challenge": b64(OTHER_CHALLENGE)}},
    "a challenge in another spelling": {"says": {"challenge": b64(CHALLENGE) + "="}},
    "no challenge": {"says": {"challenge": None}},
    "a payment": {"says": {"type": "payment.get"}},
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
async def test_what_was_made_for_anything_else_is_refused(
    passkeys: Passkeys, device: Device, wrong: str
) -> None:
    with pytest.raises(PasskeyRefused):
        await created(passkeys, device(**WRONG[wrong]))
    soft = device()
    passkey = await enrolled(passkeys, soft)
    right = dataclasses.replace(soft)
    for name, value in WRONG[wrong].items():
        setattr(soft, name, value)
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(soft.get(request(passkeys)), challenge=CHALLENGE, passkey=passkey)
    await passkeys.shown(right.get(request(passkeys)), challenge=CHALLENGE, passkey=passkey)


async def test_a_ceremony_is_not_taken_for_the_other(passkeys: Passkeys, device: Device) -> None:
    making = device(says={"type": "webauthn.get"})
    with pytest.raises(PasskeyRefused):
        await created(passkeys, making)
    soft = device()
    passkey = await enrolled(passkeys, soft)
    soft.says = {"type": "webauthn.create"}
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(soft.get(request(passkeys)), challenge=CHALLENGE, passkey=passkey)
    made = device().create(creation(passkeys))
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(made, challenge=CHALLENGE, passkey=passkey)
    with pytest.raises(PasskeyRefused):
        await passkeys.created(
            device(user_handle=b"u" * 16).get(request(passkeys)), challenge=CHALLENGE
        )


async def test_a_challenge_is_the_one_that_was_given(passkeys: Passkeys, device: Device) -> None:
    soft = device()
    with pytest.raises(PasskeyRefused):
        await created(passkeys, soft, challenge=OTHER_CHALLENGE)
    passkey = await enrolled(passkeys, soft)
    response = soft.get(request(passkeys))
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(response, challenge=OTHER_CHALLENGE, passkey=passkey)


async def test_another_passkey_proves_nothing(passkeys: Passkeys, device: Device) -> None:
    """Not with its own identifier, and not with that of the right one."""
    soft, other = device(), device(user_handle=USER.value.bytes)
    passkey = await enrolled(passkeys, soft)
    for name in (other.id, soft.id):
        other.id = name
        response = other.get(request(passkeys))
        with pytest.raises(PasskeyRefused):
            await passkeys.shown(response, challenge=CHALLENGE, passkey=passkey)


async def test_a_passkey_of_another_user_proves_nothing(passkeys: Passkeys, device: Device) -> None:
    """It was made for one user, whose handle the device keeps and tells."""
    soft = device()
    new = await created(passkeys, soft)
    theirs = kept(new, user_id=STRANGER)
    response = soft.get(request(passkeys))
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(response, challenge=CHALLENGE, passkey=theirs)
    await passkeys.shown(response, challenge=CHALLENGE, passkey=kept(new))


@pytest.mark.parametrize("part", ["authenticatorData", "clientDataJSON", "signature"])
async def test_every_bit_of_what_is_signed_counts(
    passkeys: Passkeys, device: Device, part: str
) -> None:
    soft = device()
    passkey = await enrolled(passkeys, soft)
    response = soft.get(request(passkeys))
    right = unb64(response["response"][part])
    for place in range(len(right)):
        bent = bytearray(right)
        bent[place] ^= 1 << place % 8
        response["response"][part] = b64(bytes(bent))
        with pytest.raises(PasskeyRefused):
            await passkeys.shown(response, challenge=CHALLENGE, passkey=passkey)


@pytest.mark.parametrize("handle", [b"", b"u" * 15, b"u" * 17, b"u" * 64])
def test_a_handle_is_that_of_a_user(passkeys: Passkeys, device: Device, handle: bytes) -> None:
    """It has 16 bytes; where a device has none, some browsers say so with an empty one."""
    response = device(user_handle=handle).get(request(passkeys))
    if not handle:
        assert passkeys.claimed(response).user_id is None
        return
    with pytest.raises(PasskeyRefused):
        passkeys.claimed(response)


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "padded": lambda text: text + "=" * (-len(text) % 4 or 4),
    "longer": lambda text: text + "A",
    "a space behind": lambda text: f"{text} ",
    "a line behind": lambda text: f"{text}\n",
    "another character in between": lambda text: f"{text[:2]}!{text[2:]}",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
@pytest.mark.parametrize("part", ["id", "clientDataJSON", "authenticatorData", "signature"])
async def test_each_value_has_one_spelling(
    passkeys: Passkeys, device: Device, part: str, spelling: str
) -> None:
    """TK-2."""
    soft = device()
    passkey = await enrolled(passkeys, soft)
    response = soft.get(request(passkeys))
    inside = response if part == "id" else response["response"]
    inside[part] = SPELLINGS[spelling](inside[part])
    if part == "id":
        response["rawId"] = response["id"]
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(response, challenge=CHALLENGE, passkey=passkey)


@pytest.mark.parametrize("part", ["id", "clientDataJSON", "authenticatorData", "signature"])
async def test_no_bits_are_left_over(passkeys: Passkeys, device: Device, part: str) -> None:
    """TK-2: the last character can hold bits that no byte needs; they are zero."""
    soft, alphabet = device(), string.ascii_uppercase + string.ascii_lowercase + "0123456789-_"
    passkey = await enrolled(passkeys, soft)
    response = soft.get(request(passkeys))
    inside = response if part == "id" else response["response"]
    while len(inside[part]) % 4 == 0:  # of signatures of ES256, one in three
        soft.says = {"more": soft.says.get("more", "") + "x"}
        response = soft.get(request(passkeys))
        inside = response if part == "id" else response["response"]
    last = alphabet.index(inside[part][-1])
    inside[part] = inside[part][:-1] + alphabet[last + 1]
    if part == "id":
        response["rawId"] = response["id"]
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(response, challenge=CHALLENGE, passkey=passkey)


ODD: tuple[Any, ...] = (None, True, 0, 1.5, "", "x", b"x", [], ["x"], {}, {"x": "y"})


@pytest.mark.parametrize(
    "place",
    [
        ("id",),
        ("rawId",),
        ("type",),
        ("response",),
        ("response", "clientDataJSON"),
        ("response", "authenticatorData"),
        ("response", "signature"),
        ("response", "attestationObject"),
    ],
    ids=".".join,
)
async def test_what_is_no_response_is_refused(
    passkeys: Passkeys, device: Device, place: tuple[str, ...]
) -> None:
    """Whatever stands there, and when nothing does."""
    soft = device()
    passkey = await enrolled(passkeys, soft)
    for odd in (*ODD, KeyError):
        made, shown = device().create(creation(passkeys)), soft.get(request(passkeys))
        for response in (made, shown):
            inside = response
            for name in place[:-1]:
                inside = inside[name]
            if odd is KeyError:
                inside.pop(place[-1], None)
            else:
                inside[place[-1]] = odd
        if place[-1] not in {"authenticatorData", "signature"}:
            with pytest.raises(PasskeyRefused):
                await passkeys.created(made, challenge=CHALLENGE)
        if place[-1] != "attestationObject":
            with pytest.raises(PasskeyRefused):
                await passkeys.shown(shown, challenge=CHALLENGE, passkey=passkey)
        if place[0] != "response":
            with pytest.raises(PasskeyRefused):
                passkeys.claimed(shown)


@pytest.mark.parametrize("odd", ODD, ids=repr)
async def test_what_is_no_object_is_refused(passkeys: Passkeys, device: Device, odd: Any) -> None:
    passkey = await enrolled(passkeys, device())
    with pytest.raises(PasskeyRefused):
        passkeys.claimed(odd)
    with pytest.raises(PasskeyRefused):
        await passkeys.created(odd, challenge=CHALLENGE)
    with pytest.raises(PasskeyRefused):
        await passkeys.shown(odd, challenge=CHALLENGE, passkey=passkey)
