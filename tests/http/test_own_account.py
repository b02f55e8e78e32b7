"""
The owner's hand on the account: password, address, copy, events, end.
"""

import asyncio

import pytest

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    Tokens,
    data_of,
    details_of,
    reason_of,
    refusal_of,
    without_request_id,
)
from tests.http.conftest import Start

ME = "/api/v1/users/me"


async def test_a_new_password_gives_a_new_session_and_ends_all_others(api: Api) -> None:
    """
    AT-6, SE-2, PW-6: on the very next request.
    """
    first, second = await api.signed_in_user(), await api.sign_in()
    fresh = Tokens(data_of(await api.change_password(first)))
    assert fresh.body["refresh_outcome"] == "issued"
    assert fresh.session_id not in {first.session_id, second.session_id}
    assert (await api.me(fresh))["id"] == first.user_id
    for old in (first, second):
        assert reason_of(await api.get(ME, access=old.access)) == "PASSWORD_CHANGED"
        assert reason_of(await api.try_refresh(old)) == "PASSWORD_CHANGED"
    assert refusal_of(await api.try_sign_in()) == (401, "INVALID_CREDENTIALS")
    await api.sign_in(password=NEW_PASSWORD)
    assert (await api.mails("ada@example.com"))[0]["subject"] == "Your password was changed"


async def test_a_refused_new_password_says_every_reason_and_changes_nothing(api: Api) -> None:
    """
    PW-3, PW-4, PW-6.
    """
    tokens = await api.signed_in_user()
    answer = await api.change_password(tokens, new="doorward")
    assert refusal_of(answer) == (422, "PASSWORD_REJECTED")
    found = {("new_password", "TOO_SHORT"), ("new_password", "CONTAINS_CONTEXT")}
    assert details_of(answer) >= found
    same = await api.change_password(tokens, new=PASSWORD)
    assert details_of(same) == {("new_password", "SAME_AS_BEFORE")}
    assert (await api.me(tokens))["id"] == tokens.user_id


async def test_the_password_is_asked_for_and_counted_at_every_door(start: Start) -> None:
    """
    RL-1, HD-6: change, move and end share one count with the sign-in, per account.
    """
    api = await start(sign_in_attempts=4)
    tokens = await api.signed_in_user()
    doors = (
        api.change_password(tokens, WRONG_PASSWORD),
        api.ask_to_move(tokens, "new@example.com", WRONG_PASSWORD),
        api.erase(tokens, WRONG_PASSWORD),
    )
    for door in doors:
        assert refusal_of(await door) == (403, "WRONG_PASSWORD")
    assert refusal_of(await api.try_sign_in(password=WRONG_PASSWORD))[0] == 401
    refused = await api.change_password(tokens)
    assert refusal_of(refused) == (429, "TOO_MANY_REQUESTS")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await api.me(tokens))["email"] == "ada@example.com"
    refusals = await api.audit(tokens.user_id, "session.refused")
    assert [row.reason for row in refusals] == [
        *["WRONG_PASSWORD"] * 3, "INVALID_CREDENTIALS", "TOO_MANY_REQUESTS",
    ]  # fmt: skip


async def test_of_parallel_guesses_no_more_than_the_limit_are_evaluated(start: Start) -> None:
    """
    RL-1: also through the doors of a signed-in caller.
    """
    api = await start(sign_in_attempts=3)
    tokens = await api.signed_in_user()
    answers = await asyncio.gather(
        *(api.change_password(tokens, f"guess number {n} is wrong") for n in range(12))
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [403] * 3 + [429] * 9


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


async def test_the_copy_has_everything_and_no_secret(api: Api) -> None:
    """
    HD-13, LG-1: neither a token nor a hash, whatever is held.
    """
    tokens = await api.signed_in_user(display_name="Ada")
    reset = await api.reset_token()
    answer = await api.get(f"{ME}/export", access=tokens.access)
    export = data_of(answer)
    assert export["user"]["display_name"] == "Ada"
    assert export["password"].keys() == {"changed_at"}
    assert [session["current"] for session in export["sessions"]] == [True]
    assert [secret["purpose"] for secret in export["mailed_secrets"]] == ["password_reset"]
    assert {message["status"] for message in export["messages"]} == {"sent"}
    assert export["security_events"][0]["type"] == "user.exported"
    for secret in (reset, tokens.access, tokens.refresh, PASSWORD, "$argon2", "dwm_", "dwr_"):
        assert secret not in answer.text


async def test_own_events_come_in_pages(api: Api) -> None:
    """
    AZ-6: and the cursor of another caller is refused.
    """
    tokens = await api.signed_in_user()
    eve = await api.signed_in_user("eve@example.com")
    await api.try_sign_in(password=WRONG_PASSWORD)
    types, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await api.get(f"{ME}/security-events", params=query, access=tokens.access)
        types += [event["type"] for event in data_of(answer)]
        meta = answer.json()["meta"]
        if (following := meta["next_cursor"]) is None:
            break
        cursor = following
    assert types == [
        "session.refused", "session.started", "user.email_verified", "user.registered",
    ]  # fmt: skip
    stolen = await api.get(f"{ME}/security-events", params={"cursor": cursor}, access=eve.access)
    assert refusal_of(stolen) == (400, "INVALID_CURSOR")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{ME}/password", {"current_password": PASSWORD}),
        ("POST", f"{ME}/password", {"new_password": NEW_PASSWORD}),
        ("POST", f"{ME}/password",
         {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "email": "x"}),
        ("POST", f"{ME}/email", {"new_email": "a@example.com"}),
        ("POST", f"{ME}/email", {"new_email": ["a@example.com"], "password": PASSWORD}),
        ("POST", f"{ME}/email", {"new_email": "a@example.com,b@x.org", "password": PASSWORD}),
        ("DELETE", ME, {}),
        ("DELETE", ME, {"password": True}),
    ],
)  # fmt: skip
async def test_what_is_not_quite_the_body_changes_nothing(
    api: Api, method: str, path: str, body: dict[str, object]
) -> None:
    """
    AT-3, AT-9, IN-5.
    """
    tokens = await api.signed_in_user()
    answer = await api.send(method, path, json=body, access=tokens.access)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
    await api.sign_in()
    assert (await api.mails())[0]["subject"] == "Confirm your e-mail address"
