"""
The story that the README tells, and the exact shape of every answer in it.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.http.client import PASSWORD, PUBLIC_URL, Api, data_of, refusal_of
from tests.http.conftest import Start, every_store

USER = {
    "id",
    "email",
    "display_name",
    "status",
    "email_verified_at",
    "roles",
    "created_at",
    "updated_at",
    "last_signed_in_at",
}
SESSION = {
    "id",
    "created_at",
    "last_used_at",
    "expires_at",
    "ip_address",
    "user_agent",
    "current",
    "acr",
    "amr",
    "authenticated_at",
}
GRANT = {
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "refresh_expires_in",
    "refresh_outcome",
    "session",
    "user",
}
MAIL = {"to", "subject", "text", "html", "link", "token", "queued_at"}


def is_instant(text: str) -> bool:
    """
    Tell whether the text is an RFC 3339 time in UTC, written with Z.
    """
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text)) and bool(
        datetime.fromisoformat(text)
    )


def is_user(body: dict[str, Any]) -> bool:
    """
    Tell whether the object is a user, member by member.
    """
    times = [body["created_at"], body["updated_at"]]
    times += [t for t in (body["email_verified_at"], body["last_signed_in_at"]) if t is not None]
    return set(body) == USER and UUID(body["id"]).version == 7 and all(map(is_instant, times))


@every_store
async def test_the_whole_story(api: Api) -> None:
    """
    Sign up, read the mail, verify, sign in, see oneself, refresh, list sessions, sign out.
    """
    signed_up = await api.post(
        "/api/v1/users",
        {"email": "Ada@Example.COM", "password": PASSWORD, "display_name": "  Ada Lovelace "},
    )
    assert data_of(signed_up, 201) == {
        "email": "Ada@example.com",
        "display_name": "Ada Lovelace",
        "status": "unverified",
    }
    assert refusal_of(await api.try_sign_in()) == (403, "EMAIL_NOT_VERIFIED")

    (mail,) = await api.mails("ada@example.com")
    assert set(mail) == MAIL
    assert mail["to"] == "Ada@example.com"
    assert mail["link"] == f"{PUBLIC_URL}/verify-email?token={mail['token']}"
    assert is_instant(mail["queued_at"])

    verified = await api.confirm(mail["token"])
    assert verified.pop("password_reset_required") is False
    assert is_user(verified)
    assert verified["status"] == "active"
    assert verified["roles"] == ["user"]
    assert is_instant(verified["email_verified_at"])
    assert verified["last_signed_in_at"] is None

    answer = await api.try_sign_in(headers={"user-agent": "story/1.0"})
    grant = data_of(answer, 201)
    assert set(grant) == GRANT
    assert grant["token_type"] == "Bearer"
    assert grant["expires_in"] == 600
    assert grant["refresh_expires_in"] == 14 * 24 * 3600
    assert grant["refresh_outcome"] == "issued"
    session = grant["session"]
    assert set(session) == SESSION
    assert UUID(session["id"]).version == 7
    assert all(is_instant(session[name]) for name in SESSION if name.endswith("_at"))
    assert (session["ip_address"], session["user_agent"]) == ("203.0.113.7", "story/1.0")
    assert session["current"] is True
    assert answer.headers["location"] == f"/api/v1/users/me/sessions/{session['id']}"
    assert answer.headers["cache-control"] == "no-store"

    access = grant["access_token"]
    me = await api.get("/api/v1/users/me", access=access)
    assert is_user(data_of(me))
    assert me.json()["data"] == grant["user"]
    assert me.json()["data"]["id"] == verified["id"]
    assert is_instant(me.json()["data"]["last_signed_in_at"])
    assert re.fullmatch(r'"[!#-~]+"', me.headers["etag"])
    assert me.headers["cache-control"] == "no-store"

    refreshed = data_of(await api.try_refresh(grant["refresh_token"]))
    assert set(refreshed) == GRANT
    assert refreshed["refresh_outcome"] == "rotated"
    assert refreshed["refresh_token"] != grant["refresh_token"]
    assert refreshed["session"]["id"] == session["id"]
    access = refreshed["access_token"]

    listed = await api.get("/api/v1/users/me/sessions", access=access)
    assert listed.json()["data"] == [refreshed["session"]]
    assert set(listed.json()["meta"]) == {"request_id", "next_cursor", "limit"}
    assert listed.json()["meta"]["next_cursor"] is None
    assert listed.json()["meta"]["limit"] == 50

    out = await api.delete("/api/v1/sessions/current", access=access)
    assert (out.status_code, out.content) == (204, b"")
    gone = await api.get("/api/v1/users/me", access=access)
    assert refusal_of(gone) == (401, "SESSION_ENDED")
    assert gone.json()["error"]["details"][0]["code"] == "SIGNED_OUT"


async def test_an_error_has_exactly_the_members_of_the_contract(api: Api) -> None:
    answer = await api.post("/api/v1/users", {"email": "no address", "password": PASSWORD})
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "request_id", "retryable", "retry_after", "details"}
    assert error["code"] == "VALIDATION_ERROR"
    (detail,) = error["details"]
    assert set(detail) == {"field", "code", "message"}


async def test_a_problem_says_the_same_in_the_words_of_rfc_9457(api: Api) -> None:
    headers = {"accept": "application/problem+json"}
    answer = await api.get("/api/v1/users/me", headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code == 401
    assert problem["code"] == "NOT_AUTHENTICATED"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["type"] == f"{PUBLIC_URL}/api/v1/errors#NOT_AUTHENTICATED"
    assert {"title", "detail", "retryable", "retry_after", "details"} <= set(problem)


async def test_the_callers_request_id_comes_back_and_stands_in_the_audit(api: Api) -> None:
    await api.verified_user()
    answer = await api.try_sign_in(headers={"x-request-id": "Trace-1.a_b"})
    assert answer.headers["x-request-id"] == "Trace-1.a_b"
    assert answer.json()["meta"]["request_id"] == "Trace-1.a_b"
    user_id = answer.json()["data"]["user"]["id"]
    (started,) = await api.audit(user_id, "session.started")
    assert started.origin.request_id == "Trace-1.a_b"
    assert started.origin.ip_address == "203.0.113.7"


async def test_a_display_name_may_be_left_out_or_null(api: Api) -> None:
    assert (await api.sign_up("a@example.com"))["display_name"] is None
    assert (await api.sign_up("b@example.com", display_name=None))["display_name"] is None


async def test_where_nothing_is_concealed_a_taken_address_is_told(start: Start) -> None:
    """
    REGISTRATION_CONCEALS_EXISTING=false.
    """
    api = await start(registration_conceals_existing=False)
    await api.sign_up("ada@example.com")
    again = await api.post("/api/v1/users", {"email": "ADA@example.com", "password": PASSWORD})
    assert refusal_of(again) == (409, "EMAIL_ALREADY_REGISTERED")


async def test_unverified_users_may_sign_in_where_the_operator_says_so(start: Start) -> None:
    """
    REQUIRE_VERIFIED_EMAIL=false.
    """
    api = await start(require_verified_email=False)
    await api.sign_up()
    assert (await api.me(await api.sign_in()))["status"] == "unverified"
