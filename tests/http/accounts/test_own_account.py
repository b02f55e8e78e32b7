"""
The owner's hand on the account: password, address, copy, events, end.
"""

import asyncio

import pytest

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    Api,
    data_of,
    reason_of,
    refusal_of,
    without_request_id,
)
from tests.http.conftest import every_store

ME = "/api/v1/users/me"


async def test_an_address_is_moved_once_the_new_one_is_proven(api: Api) -> None:
    """
    AT-8: nothing changes before; the old mailbox is told, before and after.
    """
    tokens = await api.signed_in_user()
    assert data_of(await api.ask_to_move(tokens, "Lovelace@Example.org"), 202) is None
    assert (await api.me(tokens))["email"] == "ada@example.com"
    token = await api.mailed_token("lovelace@example.org", "/confirm-email-change")
    moved = data_of(await api.post("/api/v1/email-changes/confirm", {"token": token}))
    assert (moved["email"], moved["status"]) == ("Lovelace@example.org", "active")
    assert (await api.me(tokens))["email"] == "Lovelace@example.org"
    again = await api.post("/api/v1/email-changes/confirm", {"token": token})
    assert refusal_of(again) == (400, "INVALID_TOKEN")
    subjects = [mail["subject"] for mail in await api.mails("ada@example.com")]
    assert subjects[:2] == [
        "Your e-mail address was changed",
        "Your e-mail address is about to change",
    ]
    assert refusal_of(await api.try_sign_in()) == (401, "INVALID_CREDENTIALS")
    await api.sign_in("lovelace@example.org")


async def test_a_move_to_a_taken_address_looks_like_any_other(api: Api) -> None:
    """
    EN-1: status, body and headers.
    """
    await api.verified_user("bobby@example.com")
    tokens = await api.signed_in_user()
    free = await api.ask_to_move(tokens, "carol@example.com")
    taken = await api.ask_to_move(tokens, "bobby@example.com")
    assert without_request_id(free) == without_request_id(taken)
    (mail, *_) = await api.mails("bobby@example.com")
    assert (mail["subject"], mail["token"]) == ("You already have an account", None)


@every_store
async def test_two_accounts_never_share_an_address(api: Api) -> None:
    """
    AT-10: of two that move to one address, the second is told so.
    """
    ada, eve = await api.signed_in_user(), await api.signed_in_user("eve@example.com")
    tokens = []
    for mover in (ada, eve):
        await api.ask_to_move(mover, "shared@example.com")
        tokens.append(await api.mailed_token("shared@example.com", "/confirm-email-change"))
    answers = await asyncio.gather(
        *(api.post("/api/v1/email-changes/confirm", {"token": token}) for token in tokens)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (lost,) = [answer for answer in answers if answer.status_code == 409]
    assert refusal_of(lost) == (409, "EMAIL_ALREADY_REGISTERED")


@every_store
async def test_an_erased_account_is_gone_from_the_next_request_on(api: Api) -> None:
    """
    HD-13, SE-1, AZ-7: for every session; and the address is free.
    """
    first, second = await api.signed_in_user(), await api.sign_in()
    assert (await api.erase(first)).status_code == 204
    for tokens in (first, second):
        assert reason_of(await api.get(ME, access=tokens.access)) == "USER_DELETED"
        assert refusal_of(await api.try_refresh(tokens))[0] == 401
    assert refusal_of(await api.try_sign_in()) == (401, "INVALID_CREDENTIALS")
    assert (await api.mails("ada@example.com"))[0]["subject"] == "Your account was deleted"
    rows = await api.audit(first.user_id)
    assert {(row.origin.ip_address, row.origin.user_agent) for row in rows} == {(None, None)}
    again = await api.signed_in_user()
    assert again.user_id != first.user_id


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{ME}/password", {"current_password": PASSWORD}),
        ("POST", f"{ME}/password", {"current_password": None, "new_password": NEW_PASSWORD}),
        ("POST", f"{ME}/password",
         {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "email": "x"}),
        ("POST", f"{ME}/email", {"new_email": "a@example.com", "password": None}),
        ("POST", f"{ME}/email", {"new_email": ["a@example.com"], "password": PASSWORD}),
        ("POST", f"{ME}/email", {"new_email": "a@example.com,b@x.org", "password": PASSWORD}),
        ("DELETE", ME, {"password": None}),
        ("DELETE", ME, []),
        ("DELETE", ME, {"password": True}),
    ],
)  # fmt: skip
async def test_what_is_not_quite_the_body_changes_nothing(
    api: Api, method: str, path: str, body: object
) -> None:
    """
    AT-3, AT-9, IN-5.
    """
    tokens = await api.signed_in_user()
    answer = await api.send(method, path, json=body, access=tokens.access)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
    await api.sign_in()
    assert (await api.mails())[0]["subject"] == "Confirm your e-mail address"
