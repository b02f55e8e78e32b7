"""
A client that hangs up, at every point where the service waits for anything (DU-5).
"""

import asyncio
import json
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

import pytest

from tests.http.client import NEW_PASSWORD, PASSWORD, Api, Tokens, refusal_of
from tests.http.conftest import every_store

pytestmark = every_store

MOST_STEPS = 400

type Request = tuple[str, str, dict[str, Any] | None, str | None]


@types.coroutine
def _cancelled_at(
    work: Coroutine[Any, Any, None], nth: int, *, late: bool
) -> Generator[Any, Any, bool]:
    """
    Run the work and cancel its task where it waits for the nth time; return whether it did.

    ``late`` cancels in the moment in which what was awaited is there, so that it has happened.
    """
    task = asyncio.current_task()
    assert task is not None
    waits, value = 0, None
    error: BaseException | None = None
    while True:
        try:
            awaited = work.send(value) if error is None else work.throw(error)
        except StopIteration:
            return waits >= nth
        waits += 1
        if waits == nth:
            if late and awaited is not None:
                awaited.add_done_callback(lambda _: task.cancel())
            else:
                task.cancel()
        value = error = None
        try:
            value = yield awaited
        except BaseException as thrown:  # handed to where it belongs
            error = thrown


async def _hang_up(api: Api, request: Request, nth: int, *, late: bool) -> bool:
    """
    Send the request and cancel it at its nth wait; tell whether it got that far.
    """
    method, path, body, access = request
    sent = b"" if body is None else json.dumps(body).encode()
    headers = [(b"content-type", b"application/json")] if body is not None else []
    if access is not None:
        headers.append((b"authorization", f"Bearer {access}".encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("203.0.113.7", 4711),
        "server": ("doorward.test", 80),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(_message: Any) -> None:
        await asyncio.sleep(0)

    async def run() -> bool:
        return await _cancelled_at(api.app(scope, receive, send), nth, late=late)

    task = asyncio.create_task(run())
    await asyncio.wait({task})
    if task.cancelled():
        return True
    return task.result()


async def _at_every_wait(
    api: Api, make: Callable[[int], Awaitable[Request]], check: Callable[[int], Awaitable[None]]
) -> int:
    """
    Hang up at each wait in turn, on a fresh request each time, and check what is left.
    """
    points = 0
    for late in (False, True):
        for nth in range(1, MOST_STEPS):
            reached = await _hang_up(api, await make(points), nth, late=late)
            await api.settled()
            await check(points)
            points += 1
            if not reached:
                break
        else:
            raise AssertionError("the request never ends")
    return points


async def test_a_sign_up_is_whole_or_nothing(api: Api) -> None:
    """
    DU-5, OB-1: account, credential, mail and audit row, or none of them.
    """

    async def make(number: int) -> Request:
        body = {"email": f"user{number}@example.com", "password": PASSWORD}
        return "POST", "/api/v1/users", body, None

    seen: set[bool] = set()

    async def check(number: int) -> None:
        email = f"user{number}@example.com"
        user = await api.user(email)
        seen.add(user is not None)
        mails = await api.mails(email)
        assert len(mails) == (1 if user else 0)
        if user is None:
            return
        async with api.units.read_only() as unit:
            assert await unit.credentials.get(user.id) is not None
        assert len(await api.audit(str(user.id), "user.registered")) == 1
        assert (await api.confirm(mails[0]["token"]))["status"] == "active"

    assert await _at_every_wait(api, make, check) > 6
    assert seen == {False, True}


async def test_a_confirmation_is_whole_or_nothing(api: Api) -> None:
    """
    DU-5: either the token is spent and the address proven, or it can be spent again.
    """
    tokens: dict[int, str] = {}

    async def make(number: int) -> Request:
        await api.sign_up(f"user{number}@example.com")
        tokens[number] = await api.mailed_token(f"user{number}@example.com")
        return "POST", "/api/v1/email-verifications/confirm", {"token": tokens[number]}, None

    async def check(number: int) -> None:
        user = await api.user(f"user{number}@example.com")
        assert user is not None
        path = "/api/v1/email-verifications/confirm"
        again = await api.post(path, {"token": tokens[number]})
        assert again.status_code == (400 if user.is_verified else 200)
        assert len(await api.audit(str(user.id), "user.email_verified")) == 1

    await _at_every_wait(api, make, check)


async def test_a_lost_refresh_can_be_repeated(api: Api) -> None:
    """
    DU-5, RF-3: the token still rotates, or its answer is repeated; the session does not end.
    """
    await api.verified_user()
    tokens: dict[int, Tokens] = {}
    outcomes: set[str] = set()

    async def make(number: int) -> Request:
        tokens[number] = await api.sign_in()
        body = {"refresh_token": tokens[number].refresh}
        return "POST", "/api/v1/sessions/refresh", body, None

    async def check(number: int) -> None:
        again = await api.refresh(tokens[number])
        outcomes.add(again.body["refresh_outcome"])
        await api.sign_out(await api.refresh(again))

    await _at_every_wait(api, make, check)
    assert outcomes == {"rotated", "replayed"}


async def test_a_sign_in_that_breaks_off_leaves_a_session_or_none(api: Api) -> None:
    """
    DU-5: and the account open to its owner.
    """
    await api.verified_user()
    number_of_sessions = 0

    async def make(_number: int) -> Request:
        body = {"email": "ada@example.com", "password": PASSWORD}
        return "POST", "/api/v1/sessions", body, None

    async def check(_number: int) -> None:
        nonlocal number_of_sessions
        tokens = await api.sign_in()
        listed = await api.sessions(tokens)
        assert len(listed) in {number_of_sessions + 1, number_of_sessions + 2}
        number_of_sessions = len(listed)
        started = await api.audit(tokens.user_id, "session.started")
        assert len(started) == number_of_sessions

    await _at_every_wait(api, make, check)


async def test_a_reset_is_whole_or_nothing(api: Api) -> None:
    """
    DU-5, AT-6: the new password with the end of the old sessions, or neither.
    """
    state: dict[str, Any] = {"password": PASSWORD}
    await api.verified_user()

    async def make(number: int) -> Request:
        state["session"] = await api.sign_in(password=state["password"])
        state["token"] = await api.reset_token()
        state["new"] = f"{number} {NEW_PASSWORD}"
        body = {"token": state["token"], "new_password": state["new"]}
        return "POST", "/api/v1/password-resets/confirm", body, None

    async def check(_number: int) -> None:
        done = (await api.try_sign_in(password=state["new"])).status_code == 201
        me = await api.get("/api/v1/users/me", access=state["session"].access)
        if done:
            state["password"] = state["new"]
            assert me.status_code == 401
            assert refusal_of(await api.reset(state["token"])) == (400, "INVALID_TOKEN")
        else:
            assert me.status_code == 200
            await api.sign_in(password=state["password"])

    await _at_every_wait(api, make, check)


@pytest.mark.parametrize("path", ["/api/v1/sessions/current", "/api/v1/users/me/sessions"])
async def test_an_ending_is_whole_or_nothing(api: Api, path: str) -> None:
    """
    DU-5, SE-1: a session lives with no trace of an end, or is over with one.
    """
    await api.verified_user()
    ends = 0
    sessions: list[Tokens] = []

    async def make(_number: int) -> Request:
        sessions[:] = [await api.sign_in(), await api.sign_in()]
        return "DELETE", path, None, sessions[0].access

    async def check(_number: int) -> None:
        nonlocal ends
        victim = sessions[0] if path.endswith("current") else sessions[1]
        alive = (await api.get("/api/v1/users/me", access=victim.access)).status_code == 200
        ended = len(await api.audit(victim.user_id, "session.ended"))
        assert ended == ends + (0 if alive else 1)
        for each in sessions:
            await api.delete("/api/v1/sessions/current", access=each.access)
        ends = len(await api.audit(victim.user_id, "session.ended"))

    await _at_every_wait(api, make, check)
