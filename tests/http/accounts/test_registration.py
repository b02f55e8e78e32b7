"""
Signing up and proving the address: what is refused, and that no other person gains by it.
"""

import asyncio
from typing import Any

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    data_of,
    details_of,
    reason_of,
    refusal_of,
)
from tests.http.conftest import Start, every_store

SIGN_UP = {"email": "ada@example.com", "password": PASSWORD}


BODIES: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"password": PASSWORD}, {("email", "MISSING")}),
    ({"email": "ada@example.com"}, {("password", "MISSING")}),
    ({}, {("email", "MISSING")}),
    ({**SIGN_UP, "email": None}, {("email", "WRONG_TYPE")}),
    ({**SIGN_UP, "email": 1}, {("email", "WRONG_TYPE")}),
    ({**SIGN_UP, "email": True}, {("email", "WRONG_TYPE")}),
    ({**SIGN_UP, "password": 123456789012345678}, {("password", "WRONG_TYPE")}),
    ({**SIGN_UP, "password": True}, {("password", "WRONG_TYPE")}),
    ({**SIGN_UP, "display_name": 7}, {("display_name", "WRONG_TYPE")}),
    ({**SIGN_UP, "display_name": ["Ada"]}, {("display_name", "WRONG_TYPE")}),
    ({**SIGN_UP, "nickname": "ada"}, {("nickname", "UNKNOWN_FIELD")}),
    ({**SIGN_UP, "email": ""}, {("email", "INVALID_EMAIL")}),
    ({**SIGN_UP, "email": "ada"}, {("email", "INVALID_EMAIL")}),
    ({**SIGN_UP, "display_name": "a" * 101}, {("display_name", "TOO_LONG")}),
    ({**SIGN_UP, "display_name": "a\u202eb"}, {("display_name", "CONTROL_CHARACTER")}),
    ({**SIGN_UP, "display_name": "a\nb"}, {("display_name", "CONTROL_CHARACTER")}),
]


async def test_a_body_is_taken_strictly(api: Api) -> None:
    """
    IN-5: no coercion, no unknown field; each field is named, and no account is made.
    """
    for body, expected in BODIES:
        answer = await api.post("/api/v1/users", body)
        assert refusal_of(answer) == (422, "VALIDATION_ERROR"), body
        assert details_of(answer) == expected, body
    assert await api.mails() == []
    assert await api.user("ada@example.com") is None


NO_ADDRESSES: list[Any] = [
    ["ada@example.com", "eve@example.com"],
    {"0": "ada@example.com"},
    "ada@example.com,eve@example.com",
    "ada@example.com;eve@example.com",
    "ada@example.com eve@example.com",
    "ada@example.com\r\nBcc: eve@example.com",
    "ada@example.com\nBcc: eve@example.com",
    "ada@example.com%0d%0aBcc:eve@example.com",
    "ada@example.com\t",
    " ada@example.com",
    "ada@eve@example.com",
    "Ada <ada@example.com>",
    '"ada@example.com, eve"@example.com',
    "ada(comment)@example.com",
    "ada@[203.0.113.9]",
    "ada@localhost",
    "ada\u0130@example.com",
    "ａda@example.com",
]


async def test_only_one_plain_address_is_an_address(api: Api) -> None:
    """
    AT-3: arrays, separators and line ends are refused, and no mail is sent.
    """
    for email in NO_ADDRESSES:
        for path, more in (
            ("/api/v1/users", {"password": PASSWORD}),
            ("/api/v1/password-resets", {}),
            ("/api/v1/email-verifications", {}),
            ("/api/v1/sessions", {"password": PASSWORD}),
        ):
            answer = await api.post(path, {"email": email, **more})
            assert refusal_of(answer) == (422, "VALIDATION_ERROR"), (path, email)
            assert {field for field, _ in details_of(answer)} == {"email"}
            assert "eve" not in answer.text
    assert await api.mails() == []


async def test_a_key_that_stands_twice_is_refused(api: Api) -> None:
    """
    AT-3: else it would be a guess which of two addresses counts.
    """
    await api.verified_user()
    before = len(await api.mails())
    raw = b'{"email": "ada@example.com", "email": "eve@example.com"}'
    headers = {"content-type": "application/json"}
    for path in ("/api/v1/password-resets", "/api/v1/email-verifications"):
        answer = await api.send("POST", path, content=raw, headers=headers)
        assert refusal_of(answer) == (400, "MALFORMED_REQUEST")
    assert len(await api.mails()) == before


@every_store
async def test_mail_goes_to_the_address_that_is_stored(api: Api) -> None:
    """
    AT-3: not to the spelling that was typed, even where both are one mailbox.
    """
    await api.verified_user("Ada@example.com")
    data_of(await api.post("/api/v1/password-resets", {"email": "aDA@EXAMPLE.com"}), 202)
    newest = (await api.mails())[0]
    assert newest["subject"] == "Set a new password"
    assert newest["to"] == "Ada@example.com"


@every_store
async def test_sign_ups_of_one_mailbox_in_parallel_make_one_account(api: Api) -> None:
    """
    AT-10, DU-4: case and IDNA variants are one mailbox; every answer looks alike.
    """
    local_parts = ("ada", "Ada", "aDA", "ADA")
    domains = ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE")
    spellings = [f"{local}@{domain}" for local in local_parts for domain in domains]
    answers = await asyncio.gather(
        *(api.post("/api/v1/users", {"email": e, "password": PASSWORD}) for e in spellings)
    )
    for spelling, answer in zip(spellings, answers, strict=True):
        local = spelling.partition("@")[0]
        assert data_of(answer, 201) == {
            "email": f"{local}@xn--bcher-kva.example",
            "display_name": None,
            "status": "unverified",
        }
    (user_id,) = {await _id_of(api, spelling) for spelling in spellings}
    assert len(await api.audit(user_id, "user.registered")) == 1
    # Sixteen times the same password contests nothing: the owner may use it.
    token = await api.mailed_token("ada@xn--bcher-kva.example")
    assert (await api.confirm(token))["password_reset_required"] is False
    await api.sign_in("ada@bücher.example")


@every_store
async def test_what_differs_stays_different(api: Api) -> None:
    """
    AT-10: no tag or dot is dropped, and ß is not ss: each is a mailbox of its own.
    """
    plain = ("ada@example.com", "ada@strasse.example")
    others = ("ada+tag@example.com", "a.da@example.com", "ada@straße.example")
    for email in (*plain, *others):
        await api.sign_up(email)
    assert len({await _id_of(api, email) for email in (*plain, *others)}) == 5


@every_store
async def test_a_mailed_token_is_spent_once_even_in_parallel(api: Api) -> None:
    """
    AT-4: of twenty confirmations at once exactly one succeeds.
    """
    await api.sign_up()
    token = await api.mailed_token()
    path = "/api/v1/email-verifications/confirm"
    answers = await asyncio.gather(*(api.post(path, {"token": token}) for _ in range(20)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [400] * 19
    assert {refusal_of(a)[1] for a in answers if a.status_code == 400} == {"INVALID_TOKEN"}
    assert refusal_of(await api.post(path, {"token": token})) == (400, "INVALID_TOKEN")


async def test_a_newer_mail_replaces_the_older_token(api: Api) -> None:
    """
    AT-4: a token dies when the next one is issued.
    """
    await api.sign_up()
    older = await api.mailed_token()
    data_of(await api.post("/api/v1/email-verifications", {"email": "ada@example.com"}), 202)
    newer = await api.mailed_token()
    assert newer != older
    path = "/api/v1/email-verifications/confirm"
    assert refusal_of(await api.post(path, {"token": older})) == (400, "INVALID_TOKEN")
    await api.confirm(newer)


async def test_a_verified_address_gets_no_other_verification_mail(api: Api) -> None:
    await api.verified_user()
    before = len(await api.mails())
    data_of(await api.post("/api/v1/email-verifications", {"email": "ada@example.com"}), 202)
    data_of(await api.post("/api/v1/email-verifications", {"email": "eve@example.com"}), 202)
    assert len(await api.mails()) == before


async def test_a_planted_password_gives_nothing(api: Api) -> None:
    """
    AT-7: with two passwords offered before the proof, none counts; the reader of the
    mailbox sets one.
    """
    await api.sign_up(password=WRONG_PASSWORD, display_name="Mallory")
    await api.sign_up(password=PASSWORD)
    verified = await api.confirm(await api.mailed_token())
    assert verified["password_reset_required"] is True
    for password in (PASSWORD, WRONG_PASSWORD):
        refused = await api.try_sign_in(password=password)
        assert refusal_of(refused) == (401, "INVALID_CREDENTIALS")
    token = await api.mailed_token(path="/reset-password")
    assert (await api.reset(token)).status_code == 204
    await api.sign_in(password=NEW_PASSWORD)


async def test_a_session_from_before_the_proof_ends_with_it(start: Start) -> None:
    """
    AT-7: even where unverified users may sign in, a squatter's session is no foothold.
    """
    api = await start(require_verified_email=False)
    await api.sign_up(password=WRONG_PASSWORD)
    squatter = await api.sign_in(password=WRONG_PASSWORD)
    await api.sign_up(password=PASSWORD)
    assert (await api.confirm(await api.mailed_token()))["password_reset_required"] is True
    assert reason_of(await api.try_refresh(squatter)) == "PASSWORD_CHANGED"
    gone = await api.get("/api/v1/users/me", access=squatter.access)
    assert reason_of(gone) == "PASSWORD_CHANGED"


async def test_a_reset_also_ends_what_was_planted(api: Api) -> None:
    """
    AT-7: a reset proves the mailbox, and no token from before works afterwards.
    """
    await api.sign_up(password=WRONG_PASSWORD)
    verification = await api.mailed_token()
    assert (await api.reset(await api.reset_token())).status_code == 204
    path = "/api/v1/email-verifications/confirm"
    assert refusal_of(await api.post(path, {"token": verification})) == (400, "INVALID_TOKEN")
    refused = await api.try_sign_in(password=WRONG_PASSWORD)
    assert refusal_of(refused) == (401, "INVALID_CREDENTIALS")
    tokens = await api.sign_in(password=NEW_PASSWORD)
    assert (await api.me(tokens))["status"] == "active"


async def test_signing_up_again_changes_nothing_for_the_owner(api: Api) -> None:
    """
    AT-7: on a verified address a second sign-up is a mail to its owner and nothing else.
    """
    before = await api.verified_user(display_name="Ada")
    await api.sign_up(password=WRONG_PASSWORD, display_name="Mallory")
    newest = (await api.mails())[0]
    assert (newest["subject"], newest["link"]) == ("You already have an account", None)
    assert "Mallory" not in newest["text"] + newest["html"]
    tokens = await api.sign_in()
    after = await api.me(tokens)
    assert (after["display_name"], after["updated_at"]) == ("Ada", before["updated_at"])
    refused = await api.try_sign_in(password=WRONG_PASSWORD)
    assert refusal_of(refused) == (401, "INVALID_CREDENTIALS")


FORBIDDEN_FIELDS = {
    "id": "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a",
    "status": "active",
    "roles": ["administrator"],
    "permissions": ["users:write"],
    "email_verified_at": "2026-01-01T00:00:00Z",
    "verified": True,
    "suspended_at": None,
    "password_hash": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
    "created_at": "2026-01-01T00:00:00Z",
    "session_id": "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a",
    "version": 7,
}


async def test_a_sign_up_gives_no_more_than_a_user(api: Api) -> None:
    """
    AT-9: whatever is not one's own to set is refused, and no account is made.
    """
    for field, value in FORBIDDEN_FIELDS.items():
        answer = await api.post("/api/v1/users", {**SIGN_UP, field: value})
        assert refusal_of(answer) == (422, "VALIDATION_ERROR")
        assert details_of(answer) == {(field, "UNKNOWN_FIELD")}
    assert await api.user("ada@example.com") is None


async def test_a_user_edits_no_more_than_a_name(api: Api) -> None:
    """
    AT-9: the same on PATCH; the account stays as it was to the last byte.
    """
    tokens = await api.signed_in_user()
    before = await api.get("/api/v1/users/me", access=tokens.access)
    fields: dict[str, Any] = {**FORBIDDEN_FIELDS, "email": "eve@example.com", "password": "x" * 20}
    for field, value in fields.items():
        body = {"display_name": "Mallory", field: value}
        answer = await api.patch("/api/v1/users/me", body, access=tokens.access)
        assert refusal_of(answer) == (422, "VALIDATION_ERROR"), field
    after = await api.get("/api/v1/users/me", access=tokens.access)
    assert after.json()["data"] == before.json()["data"]
    assert after.headers["etag"] == before.headers["etag"]


async def _id_of(api: Api, email: str) -> str:
    user = await api.user(email)
    assert user is not None, email
    return str(user.id)
