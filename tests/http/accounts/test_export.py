"""
The copy of everything that is held about a user.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import Message
from uvicorn.server import ServerState

from domain.errors import ServiceUnavailable
from entrypoints.http.edge.patience import PatientProtocol
from tests.http.client import PASSWORD, Api, Tokens, data_of, refusal_of
from tests.http.conftest import every_store
from tests.support.long_history import live_long

EXPORT = "/api/v1/users/me/export"
ADA = "ada@example.com"
BATCH = 500  # as much as a section reads at once
PIECE = 64 * 1024  # as much as is handed to the server at once

type Timeline = list[tuple[str, int]]


@every_store
async def test_the_copy_has_everything_and_no_secret(api: Api) -> None:
    """
    HD-13, LG-1: neither a token nor a hash, whatever is held.
    """
    tokens = await api.signed_in_user(display_name="Ada")
    reset = await api.reset_token()
    answer = await api.get(EXPORT, access=tokens.access)
    export = data_of(answer)
    assert export["user"]["display_name"] == "Ada"
    assert export["password"].keys() == {"changed_at"}
    assert [session["current"] for session in export["sessions"]] == [True]
    assert [secret["purpose"] for secret in export["mailed_secrets"]] == ["password_reset"]
    assert {message["status"] for message in export["messages"]} == {"sent"}
    assert export["security_events"][0]["type"] == "user.exported"
    for secret in (reset, tokens.access, tokens.refresh, PASSWORD, "$argon2", "dwm_", "dwr_"):
        assert secret not in answer.text


async def _reads(api: Api, monkeypatch: pytest.MonkeyPatch, note: Callable[[int], None]) -> None:
    """
    Have the number of sessions and of rows noted, each time that some are read for an export.
    """

    def noting(read: Callable[..., Awaitable[list[Any]]]) -> Callable[..., Awaitable[list[Any]]]:
        async def reading(*arguments: Any, **named: Any) -> list[Any]:
            found = await read(*arguments, **named)
            note(len(found))
            return found

        return reading

    async with api.units.read_only() as unit:
        for repository, name in ((type(unit.sessions), "list_kept"), (type(unit.audit), "about")):
            monkeypatch.setattr(repository, name, noting(getattr(repository, name)))


async def _exchange(
    api: Api, tokens: Tokens, note: Callable[[int], None]
) -> tuple[list[Message], httpx.Response]:
    """
    Ask for the export; return what the application sent, and the answer that it makes.
    """
    scope = {
        "type": "http",
        "method": "GET",
        "path": EXPORT,
        "raw_path": EXPORT.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {tokens.access}".encode())],
        "client": ("203.0.113.7", 4711),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()  # the client waits, and does not hang up
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)
        note(len(message.get("body", b"")))

    await api.app(scope, receive, send)
    start, *bodies = sent
    answer = httpx.Response(
        start["status"],
        headers=start["headers"],
        content=b"".join(body["body"] for body in bodies),
        request=httpx.Request("GET", f"http://doorward.test{EXPORT}"),
    )
    return sent, answer


@every_store
async def test_a_long_copy_is_whole_and_is_read_and_sent_bit_by_bit(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    HD-13: a client that refreshes every ten minutes leaves 50,000 rows a year. None is left out,
    and no more than a batch of them is held at once: what was read is sent before more is read.
    """
    tokens = await api.signed_in_user()
    now = api.container.clock().now()
    await live_long(api.units, ADA, sessions=1200, events=2300, now=now)
    timeline: Timeline = []
    await _reads(api, monkeypatch, lambda count: timeline.append(("read", count)))
    sent, answer = await _exchange(api, tokens, lambda size: timeline.append(("sent", size)))

    api.contract.check(answer)  # valid JSON of the documented shape
    export = data_of(answer)
    sessions, events = export["sessions"], export["security_events"]
    assert len({session["id"] for session in sessions}) == len(sessions) == 1201
    assert len({event["id"] for event in events}) == len(events)
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds.count("session.refreshed")) == ("user.exported", 2300)
    times = [event["occurred_at"] for event in events]
    assert times == sorted(times, reverse=True)

    sizes = [size for what, size in timeline if what == "sent" and size]
    assert len(sizes) > 20
    assert max(sizes) <= PIECE
    assert b"content-length" not in dict(sent[0]["headers"])
    assert [message.get("more_body", False) for message in sent[1:]] == [
        *[True] * (len(sent) - 2), False,
    ]  # fmt: skip
    reads = [count for what, count in timeline if what == "read"]
    assert max(reads) == BATCH
    assert sum(reads) == len(sessions) + len(events)
    for (before, count), (after, _) in pairwise(timeline):
        assert not (before == after == "read" and count == BATCH), "read on, with nothing sent"


@asynccontextmanager
async def _on_a_socket(api: Api) -> AsyncIterator[str]:
    """
    Serve the instance with the server's own protocol, and yield its address.
    """
    config = uvicorn.Config(
        api.app, http=PatientProtocol, lifespan="off", log_config=None, access_log=False
    )
    config.load()
    loop, state = asyncio.get_running_loop(), ServerState()
    server = await loop.create_server(
        lambda: PatientProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for connection in list(state.connections):
            connection.shutdown()
        await asyncio.gather(*state.tasks)


async def _read(answer: httpx.Response, received: bytearray) -> None:
    async for piece in answer.aiter_bytes():
        received += piece


@every_store
async def test_a_copy_that_fails_in_the_middle_is_cut(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    DB-2: half a copy does not look like a whole one, neither as HTTP nor as JSON.
    """
    tokens = await api.signed_in_user()
    now = api.container.clock().now()
    await live_long(api.units, ADA, sessions=700, events=0, now=now)
    reads = 0

    def fail_at_the_second(_count: int) -> None:
        nonlocal reads
        reads += 1
        if reads == 2:
            raise ServiceUnavailable

    await _reads(api, monkeypatch, fail_at_the_second)
    received = bytearray()
    async with _on_a_socket(api) as url, httpx.AsyncClient(base_url=url) as client:
        headers = {"authorization": f"Bearer {tokens.access}"}
        async with client.stream("GET", EXPORT, headers=headers) as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                await _read(answer, received)
        assert received.startswith(b'{"data":{"exported_at":')
        with pytest.raises(json.JSONDecodeError):
            json.loads(received)
        # And the next one, with the store there again, is whole.
        whole = await client.get(EXPORT, headers=headers)
    assert len(data_of(whole)["sessions"]) == 701


async def test_a_copy_is_made_for_its_owner_alone(api: Api) -> None:
    """
    AZ-2: there is no route to another user's, and none without a caller.
    """
    tokens = await api.signed_in_user()
    await api.signed_in_user("eve@example.com")
    assert refusal_of(await api.get(EXPORT)) == (401, "NOT_AUTHENTICATED")
    export = await api.get(EXPORT, access=tokens.access)
    assert data_of(export)["user"]["email"] == ADA
    assert "eve@example.com" not in export.text
