"""
Passkeys over HTTP: real signatures, from the first options to the last flag (MF-2, MF-3).
"""

import asyncio
import json
from typing import Any

import pytest

from tests.http.client import Api, Tokens, data_of, refusal_of
from tests.http.conftest import Start, every_store
from tests.support.soft_passkey import EdDsa, Es256, Rs256, SoftPasskey, b64, unb64

PASSKEYS = "/api/v1/users/me/factors/passkeys"
FACTORS = "/api/v1/users/me/factors"
SESSIONS = "/api/v1/sessions"


def session_of(tokens: Tokens) -> tuple[str, list[str]]:
    """
    Return what the access token says of the sign-in.
    """
    claims = json.loads(unb64(tokens.access.split(".")[1]))
    return claims["acr"], claims["amr"]


async def challenged(api: Api) -> dict[str, Any]:
    """
    Show the password alone; return the challenge.
    """
    answer = await api.try_sign_in()
    assert refusal_of(answer) == (401, "SECOND_FACTOR_REQUIRED")
    assert answer.headers["cache-control"] == "no-store"
    challenge: dict[str, Any] = answer.json()["error"]["challenge"]
    return challenge


async def completed(api: Api, challenge: dict[str, Any], device: SoftPasskey, **more: Any) -> Any:
    proof = {"passkey": device.get(challenge["passkey_options"])}
    return await api.post(SESSIONS, {"challenge": challenge["token"], "proof": proof, **more})


@every_store
@pytest.mark.parametrize("key", [Es256, EdDsa, Rs256], ids=lambda kind: str(kind.__name__))
async def test_a_passkey_from_the_first_options_to_the_last_session(
    api: Api, key: type[Es256 | EdDsa | Rs256]
) -> None:
    tokens = await api.signed_in_user()
    device, added = await api.enrol_passkey(
        tokens, api.device(key=key(), synced=True), name="My phone"
    )
    factor = added["factor"]
    assert (factor["kind"], factor["name"], factor["synced"], factor["usable"]) == (
        "passkey",
        "My phone",
        True,
        True,
    )
    assert len(added["recovery_codes"]) == 10
    alone = await api.sign_in_with(device)
    assert session_of(alone) == ("phr", ["swk", "mfa"])
    challenge = await challenged(api)
    assert challenge["methods"] == ["passkey", "recovery_code"]
    device.synced = False
    both = Tokens(data_of(await completed(api, challenge, device), 201))
    assert session_of(both) == ("phr", ["pwd", "hwk", "mfa"])
    listed = data_of(await api.get(FACTORS, access=both.access))
    (passkey,) = [each for each in listed if each["kind"] == "passkey"]
    assert (passkey["synced"], passkey["last_used_at"] is None) == (False, False)
    assert session_of(await api.refresh(both)) == ("phr", ["pwd", "hwk", "mfa"])
    removed = await api.delete(f"{FACTORS}/{factor['id']}", access=both.access)
    assert removed.status_code == 204
    assert refusal_of(await api.try_sign_in_with(device)) == (401, "INVALID_PROOF")
    assert session_of(await api.sign_in()) == ("aal1", ["pwd"])


@every_store
async def test_the_longest_names_are_kept_and_no_longer_ones(api: Api) -> None:
    """
    1,023 bytes, under which two that differ in the last one are two.
    """
    tokens = await api.signed_in_user()
    devices = [api.device(id=b"i" * 1022 + last) for last in (b"1", b"2")]
    await api.enrol_passkey(tokens, devices[0])
    tokens = await api.sign_in_with(devices[0])
    await api.enrol_passkey(tokens, devices[1])
    await api.sign_in_with(devices[1])
    begun = data_of(await api.post(PASSKEYS, access=tokens.access))
    longer = api.device(id=b"i" * 1024).create(begun["options"])
    body = {"enrolment": begun["enrolment"], "credential": longer}
    answer = await api.post(f"{PASSKEYS}/confirm", body, access=tokens.access)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")


async def test_the_options_are_those_that_browsers_read(api: Api) -> None:
    """
    The user's handle is the 16 bytes of the identifier; algorithms -8, -7, -257; no attestation.
    """
    tokens = await api.signed_in_user()
    answer = await api.post(PASSKEYS, access=tokens.access)
    assert answer.headers["cache-control"] == "no-store"
    begun = data_of(answer)
    assert begun.keys() == {"enrolment", "options", "expires_at"}
    options = begun["options"]
    assert options["rp"]["id"] == "id.example.com"
    assert unb64(options["user"]["id"]).hex() == tokens.user_id.replace("-", "")
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-8, -7, -257]
    assert options["attestation"] == "none"
    assert options["excludeCredentials"] == []
    assert options["authenticatorSelection"]["userVerification"] == "required"
    answer = await api.post("/api/v1/passkeys/challenges")
    assert answer.headers["cache-control"] == "no-store"
    begun = data_of(answer)
    assert begun.keys() == {"challenge", "options", "expires_at"}
    assert begun["options"]["allowCredentials"] == []
    assert begun["options"]["userVerification"] == "required"
    assert begun["options"]["rpId"] == "id.example.com"


async def test_a_sign_in_in_cookies(api: Api) -> None:
    tokens = await api.signed_in_user()
    device, _ = await api.enrol_passkey(tokens)
    begun = data_of(await api.post("/api/v1/passkeys/challenges"))
    body = {
        "challenge": begun["challenge"],
        "proof": {"passkey": device.get(begun["options"])},
        "transport": "cookie",
    }
    own = {"origin": api.settings.public_url, "sec-fetch-site": "same-origin"}
    answer = await api.post(SESSIONS, body, headers=own)
    assert "csrf_token" in data_of(answer, 201)
    assert "set-cookie" in answer.headers


@every_store
async def test_of_ten_with_one_challenge_one_gets_in(start: Start) -> None:
    api = await start(sign_in_attempts=0)
    device, _ = await api.enrol_passkey(await api.signed_in_user())
    begun = data_of(await api.post("/api/v1/passkeys/challenges"))
    body = {"challenge": begun["challenge"], "proof": {"passkey": device.get(begun["options"])}}
    answers = await asyncio.gather(*(api.post(SESSIONS, body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201, *[400] * 9]
    assert {refusal_of(each)[1] for each in answers if each.status_code == 400} == {
        "INVALID_CHALLENGE"
    }


@every_store
async def test_a_passkey_is_added_once_over_all_users(api: Api) -> None:
    """
    Also at the same moment: of two users with one passkey one has it.
    """
    users = [await api.signed_in_user(f"{name}@example.com") for name in ("ada", "bob")]
    device = api.device()
    bodies = []
    for tokens in users:
        begun = data_of(await api.post(PASSKEYS, access=tokens.access))
        credential = device.create(begun["options"])
        bodies.append({"enrolment": begun["enrolment"], "credential": credential})
    answers = await asyncio.gather(
        *(
            api.post(f"{PASSKEYS}/confirm", body, access=tokens.access)
            for body, tokens in zip(bodies, users, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (lost,) = [answer for answer in answers if answer.status_code == 409]
    assert refusal_of(lost) == (409, "FACTOR_ALREADY_ENROLLED")


@every_store
async def test_a_counter_that_regressed_is_refused_and_recorded(api: Api) -> None:
    tokens = await api.signed_in_user()
    device, added = await api.enrol_passkey(tokens, api.device(count=40))
    device.counts, device.count = False, 7
    assert refusal_of(await api.try_sign_in_with(device)) == (401, "INVALID_PROOF")
    (row,) = await api.audit(tokens.user_id, "passkey.counter_regressed", "factor.refused")
    assert row.type == "passkey.counter_regressed"
    assert row.data["factor_id"] == added["factor"]["id"]
    device.count = 42
    await api.sign_in_with(device)


@every_store
async def test_there_are_twenty_factors_at_most(api: Api) -> None:
    device, _ = await api.enrol_passkey(await api.signed_in_user())
    tokens = await api.sign_in_with(device)
    for _ in range(19):
        await api.enrol_passkey(tokens)
    answer = await api.post(PASSKEYS, access=tokens.access)
    assert refusal_of(answer) == (409, "TOO_MANY_FACTORS")


@pytest.mark.parametrize(
    "facts",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://id.example.com:8443"},
        {"rp_id": "example.com"},
        {"present": False},
        {"says": {"crossOrigin": True}},
        {"says": {"challenge": b64(b"c" * 32)}},
        {"says": {"topOrigin": "https://evil.example"}},
        {"verified": False},
    ],
    ids=str,
)
async def test_what_was_made_elsewhere_or_by_nobody_is_refused(
    api: Api, facts: dict[str, Any]
) -> None:
    """
    MF-3: adding it is 422 and says which field, showing it is 401 and tells nothing apart.
    """
    tokens = await api.signed_in_user()
    begun = data_of(await api.post(PASSKEYS, access=tokens.access))
    body = {
        "enrolment": begun["enrolment"],
        "credential": api.device(**facts).create(begun["options"]),
    }
    answer = await api.post(f"{PASSKEYS}/confirm", body, access=tokens.access)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
    assert [each["field"] for each in answer.json()["error"]["details"]] == ["credential"]
    device, _ = await api.enrol_passkey(tokens)
    for name, value in facts.items():
        setattr(device, name, value)
    assert refusal_of(await api.try_sign_in_with(device)) == (401, "INVALID_PROOF")


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
        {"response": {"clientDataJSON": "A" * 30_000}},
        {"id": 1, "rawId": [], "type": {}, "response": "x"},
        {"x": {"y": {"z": [[[[[]]]]]}}},
    ],
    ids=lambda given: str(given)[:40],
)
async def test_what_is_no_passkey_is_refused_and_not_repeated(api: Api, credential: Any) -> None:
    tokens = await api.signed_in_user()
    begun = data_of(await api.post(PASSKEYS, access=tokens.access))
    body = {"enrolment": begun["enrolment"], "credential": credential}
    answer = await api.post(f"{PASSKEYS}/confirm", body, access=tokens.access)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
    assert "AAAA" not in answer.text
    begun = data_of(await api.post("/api/v1/passkeys/challenges"))
    body = {"challenge": begun["challenge"], "proof": {"passkey": credential}}
    assert refusal_of(await api.post(SESSIONS, body)) == (401, "INVALID_PROOF")


@pytest.mark.parametrize("credential", [None, "text", 1, True, [], [{}]], ids=str)
async def test_a_passkey_is_an_object(api: Api, credential: Any) -> None:
    """
    IN-5
    """
    tokens = await api.signed_in_user()
    begun = data_of(await api.post(PASSKEYS, access=tokens.access))
    body = {"enrolment": begun["enrolment"], "credential": credential}
    answer = await api.post(f"{PASSKEYS}/confirm", body, access=tokens.access)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
    begun = data_of(await api.post("/api/v1/passkeys/challenges"))
    body = {"challenge": begun["challenge"], "proof": {"passkey": credential}}
    assert refusal_of(await api.post(SESSIONS, body)) == (422, "VALIDATION_ERROR")


async def test_a_challenge_is_for_one_thing(api: Api) -> None:
    """
    AT-5: not one kind of token where another is expected.
    """
    tokens = await api.signed_in_user()
    begun = data_of(await api.post(PASSKEYS, access=tokens.access))
    sign_in = data_of(await api.post("/api/v1/passkeys/challenges"))
    credential = api.device().create(begun["options"])
    for enrolment in (sign_in["challenge"], tokens.access, tokens.refresh, "dwc_AAAA", ""):
        body = {"enrolment": enrolment, "credential": credential}
        answer = await api.post(f"{PASSKEYS}/confirm", body, access=tokens.access)
        assert refusal_of(answer) == (400, "INVALID_CHALLENGE")
    device, _ = await api.enrol_passkey(tokens)
    for challenge in (begun["enrolment"], tokens.access, "dwc_AAAA"):
        body = {
            "challenge": challenge,
            "proof": {"passkey": device.get(sign_in["options"])},
        }
        assert refusal_of(await api.post(SESSIONS, body)) == (400, "INVALID_CHALLENGE")


async def test_beginning_to_sign_in_keeps_nothing_and_asks_nobody(api: Api) -> None:
    """
    There is no row for anybody to fill the database with.
    """
    before = _rows(api)
    for _ in range(20):
        data_of(await api.post("/api/v1/passkeys/challenges"))
    assert _rows(api) == before


def _rows(api: Api) -> dict[str, int]:
    store = api.container.memory_store()
    return {table.name: len(store.committed(table).rows) for table in store.tables}


@every_store
async def test_the_mail_about_a_new_password_lists_the_passkeys_that_open_the_account(
    api: Api,
) -> None:
    """
    AT-6: they survive a reset, and the owner hears of it; in words that are no link.
    """
    tokens = await api.signed_in_user()
    device, added = await api.enrol_passkey(tokens, name="My key @ evil.example")
    assert (await api.reset(await api.reset_token())).status_code == 204
    (mail,) = [
        mail
        for mail in await api.mails("ada@example.com")
        if mail["subject"] == "Your password was changed"
    ]
    line = f"“My key evil example”, added {added['factor']['created_at'][:10]}"
    assert line in mail["text"].split("\n\n")
    assert "evil.example" not in mail["text"]
    await api.sign_in_with(device)


async def test_pages_of_all_named_origins_and_of_no_other(start: Start) -> None:
    api = await start(
        passkey_rp_id="example.com",
        passkey_origins=("https://id.example.com", "https://shop.example.org"),
    )
    tokens = await api.signed_in_user()
    device, _ = await api.enrol_passkey(tokens, api.device(origin="https://shop.example.org"))
    device.origin = "https://id.example.com"
    await api.sign_in_with(device)
    device.origin = "https://app.example.com"
    assert refusal_of(await api.try_sign_in_with(device)) == (401, "INVALID_PROOF")
    answer = await api.get("/.well-known/webauthn")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"origins": ["https://shop.example.org"]}


async def test_without_related_origins_there_are_none(api: Api) -> None:
    assert (await api.get("/.well-known/webauthn")).json() == {"origins": []}


async def test_a_changed_domain_leaves_passkeys_without_use(start: Start) -> None:
    """
    They are shown as not usable, offered to no browser, and taken from none.
    """
    one = await start(passkey_rp_id="example.com")
    tokens = await one.signed_in_user()
    device, added = await one.enrol_passkey(tokens)
    other = await start(beside=one)
    challenge = await challenged(other)
    assert challenge["methods"] == ["recovery_code"]
    assert "passkey_options" not in challenge
    device.rp_id = "id.example.com"
    assert refusal_of(await other.try_sign_in_with(device)) == (401, "INVALID_PROOF")
    code = {"recovery_code": added["recovery_codes"][0]}
    body = {"challenge": challenge["token"], "proof": code}
    tokens = Tokens(data_of(await other.post(SESSIONS, body), 201))
    listed = data_of(await other.get(FACTORS, access=tokens.access))
    assert [each["usable"] for each in listed if each["kind"] == "passkey"] == [False]
    for api, orphaned in ((one, 0), (other, 1)):
        assert await api.container.service().factors.count_orphaned_passkeys() == orphaned
