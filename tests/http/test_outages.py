"""
A database that goes away, comes back, or says nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from entrypoints.lifecycle import StartRefused
from tests.http.client import Api, Tokens, refusal_of, running_api, settings_for
from tests.http.conftest import Start, every_store
from tests.support.postgres import PostgresServer
from tests.support.silence import silence_before

UNAVAILABLE = (503, "SERVICE_UNAVAILABLE")


async def _until(condition: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """
    Ask again and again until it is so, or fail.
    """
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  # asking is all one can do
            await asyncio.sleep(0.02)


def _ready(api: Api) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        return (await api.get("/health/ready")).status_code == 200

    return ready


async def _all_that_need_the_database(api: Api, tokens: Tokens) -> list[httpx.Response]:
    return [
        await api.get("/api/v1/users/me", access=tokens.access),
        await api.get("/api/v1/users/me/sessions", access=tokens.access),
        await api.delete("/api/v1/sessions/current", access=tokens.access),
        await api.delete("/api/v1/users/me/sessions", access=tokens.access),
        await api.try_refresh(tokens),
        await api.try_sign_in(),
        await api.post(
            "/api/v1/users", {"email": "eve@example.com", "password": "x" * 7 + "yz" * 9}
        ),
        await api.post("/api/v1/password-resets", {"email": "ada@example.com"}),
    ]


async def test_a_database_that_stops_is_503_until_it_is_back(own_postgres: PostgresServer) -> None:
    """
    DB-1, DB-6, SE-1: no 500, no wait beyond the deadline; live and the JWKS go on; normal
    within five seconds, without a restart; what was refused did not happen.
    """
    settings = settings_for(own_postgres.url(), migrate_on_start=True)
    async with running_api(settings) as api:
        tokens = await api.signed_in_user()
        own_postgres.stop()
        async with asyncio.timeout(settings.request_deadline):
            answers = await _all_that_need_the_database(api, tokens)
        assert {refusal_of(answer) for answer in answers} == {UNAVAILABLE}
        assert (await api.get("/health/live")).status_code == 200
        assert (await api.get("/.well-known/jwks.json")).json()["keys"]
        assert (await api.get("/.well-known/oauth-authorization-server")).status_code == 200
        ready = await api.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["checks"]["database"] == "does not answer"
        assert "127.0.0.1" not in ready.text

        await asyncio.to_thread(own_postgres.start)
        await _until(_ready(api), seconds=5)
        assert (await api.me(tokens))["email"] == "ada@example.com"
        assert await api.user("eve@example.com") is None
        await api.refresh(tokens)


async def test_a_crash_under_load_costs_only_what_ran(own_postgres: PostgresServer) -> None:
    """
    DB-1: while it is down there are 503s and nothing worse; afterwards every request is served.
    """
    settings = settings_for(own_postgres.url(), migrate_on_start=True)
    async with running_api(settings) as api:
        tokens = await api.signed_in_user()
        over = asyncio.Event()
        statuses: list[int] = []

        async def call() -> None:
            while not over.is_set():
                answer = await api.get("/api/v1/users/me", access=tokens.access)
                statuses.append(answer.status_code)
                if answer.status_code == 503:
                    await asyncio.sleep(0.02)

        calls = [asyncio.create_task(call()) for _ in range(8)]
        await _until(lambda: _is(len(statuses) > 50), seconds=5)
        await asyncio.to_thread(own_postgres.kill)
        await _until(lambda: _is(503 in statuses), seconds=10)
        await asyncio.to_thread(own_postgres.start)
        await _until(_ready(api), seconds=5)
        seen = len(statuses)
        await _until(lambda: _is(len(statuses) > seen + 50), seconds=5)
        over.set()
        await asyncio.gather(*calls)
        assert set(statuses) == {200, 503}
        assert set(statuses[-20:]) == {200}


async def _is(fact: bool) -> bool:
    return fact


async def test_a_service_that_starts_before_its_database_waits(
    own_postgres: PostgresServer,
) -> None:
    """
    DB-5: alive and not ready, with the part that is missing by name; ready by itself, migrated.
    Until then there is no set of keys that a product could keep, empty as it would be.
    """
    own_postgres.stop()
    settings = settings_for(own_postgres.url(), migrate_on_start=True)
    async with running_api(settings, at_once=True) as api:
        assert (await api.get("/health/live")).status_code == 200
        ready = await api.get("/health/ready")
        assert ready.status_code == 503
        checks = ready.json()["checks"]
        assert checks["database"] == "does not answer"
        assert checks["signing_keys"] != "ok"
        assert refusal_of(await api.try_sign_in()) == UNAVAILABLE
        no_keys = await api.get("/.well-known/jwks.json")
        assert refusal_of(no_keys) == UNAVAILABLE
        assert no_keys.headers["cache-control"] == "no-store"
        assert int(no_keys.headers["retry-after"]) >= 1
        assert (await api.get("/.well-known/oauth-authorization-server")).status_code == 200
        await asyncio.to_thread(own_postgres.start)
        await _until(_ready(api), seconds=8)
        assert (await api.get("/.well-known/jwks.json")).json()["keys"]
        await api.me(await api.signed_in_user())


async def test_a_database_that_says_nothing_ends_no_patience(postgres_url: str) -> None:
    """
    DB-6: each request ends by its deadline with 503; live, JWKS and discovery do not notice.
    """
    with silence_before(postgres_url) as (url, silence):
        settings = settings_for(url, request_deadline=2.5)
        async with running_api(settings) as api:
            tokens = await api.signed_in_user()
            silence.begin()
            # Twice the deadline: a stalled machine has room, and a lost deadline is still found.
            async with asyncio.timeout(5):
                blocked = [
                    asyncio.create_task(api.get("/api/v1/users/me", access=tokens.access))
                    for _ in range(15)
                ]
                for path in ("/health/live", "/.well-known/jwks.json"):
                    assert (await api.get(path)).status_code == 200
                assert not any(task.done() for task in blocked)
                answers = await asyncio.gather(*blocked)
            assert {refusal_of(answer) for answer in answers} == {UNAVAILABLE}
            async with asyncio.timeout(5):
                assert (await api.get("/health/ready")).status_code == 503
            silence.end()
            await _until(_ready(api), seconds=5)
            assert (await api.me(tokens))["email"] == "ada@example.com"


async def test_a_schema_that_is_not_ours_refuses_the_start(tmp_path: Path) -> None:
    """
    DB-5: where the start does not migrate, an unmigrated database stops it with a message.
    """
    settings = settings_for(f"sqlite:///{tmp_path}/empty.db", migrate_on_start=False)
    with pytest.raises(StartRefused, match="doorward migrate"):
        async with running_api(settings):
            pass


@every_store
async def test_another_secret_key_refuses_the_start(start: Start) -> None:
    """
    CF-1: with another SECRET_KEY the signing key cannot be opened, and nothing is served.
    """
    api = await start()
    await api.sign_up()
    with pytest.raises(StartRefused, match="SECRET_KEY"):
        await start(beside=api, secret_key="kX2mQ8vB4nL7pR1tY5wZ9cF3hJ6sD0gA")
