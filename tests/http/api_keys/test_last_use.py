"""
When and from where a key was last used: noted behind the answers, and never in their way.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.api_keys.keys import MemoryApiKeyUpkeep
from domain.api_keys.api_key import ApiKey
from domain.errors import ServiceUnavailable
from entrypoints import lifecycle
from tests.http.api_keys.holders import ACCESS_TOKENS, ME, key_of_user
from tests.http.client import HERE, Api, data_of, running_api
from tests.http.conftest import Start, every_store, memory_only
from tests.support.logging_state import captured_records


async def key_in(api: Api, key: str) -> ApiKey:
    return (await api.container.service().api_keys.authenticate(key)).key


@every_store
async def test_the_last_use_is_noted_with_the_address_of_the_client(start: Start) -> None:
    """
    RL-3: the address that is believed, and not what a stranger's header says.
    """
    api = await start()
    tokens = await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)
    spoofed = {"x-forwarded-for": "198.51.100.1"}
    assert (await api.get(ME, access=key, headers=spoofed)).status_code == 200
    await api.container.service().api_keys.uses.write()
    found = await key_in(api, key)
    assert found.last_used_ip == HERE
    assert found.last_used_at is not None


async def test_a_token_that_was_got_with_a_key_is_a_use_of_it(api: Api) -> None:
    tokens = await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)
    token = data_of(await api.post(ACCESS_TOKENS, access=key))["access_token"]
    uses = api.container.service().api_keys.uses
    await uses.write()
    uses._seen.clear()  # as on another instance, or a minute later
    async with api.units() as unit:
        found = await key_in(api, key)
        found.last_used_at = None
        await unit.api_keys.remove(found)
        await unit.api_keys.add(found)
        await unit.commit()
    assert (await api.get(ME, access=token)).status_code == 200
    await uses.write()
    assert (await key_in(api, key)).last_used_at is not None


@every_store
async def test_many_requests_at_once_leave_one_write(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = await start()
    tokens = await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)
    noted: list[object] = []
    async with api.units() as unit:
        upkeep = type(unit.api_key_upkeep)
    genuine = upkeep.note_use

    async def note_use(self: Any, *given: Any, **named: Any) -> None:
        noted.append(given)
        await genuine(self, *given, **named)

    monkeypatch.setattr(upkeep, "note_use", note_use)
    await asyncio.gather(*(api.get(ME, access=key) for _ in range(20)))
    await api.container.service().api_keys.uses.write()
    assert len(noted) == 1


@memory_only
async def test_a_store_that_is_slow_or_away_changes_no_answer_and_is_logged_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The answers are there while the write waits; that it failed stands in the log.
    """
    api = await start()
    tokens = await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow_and_away(*_: object, **__: object) -> None:
        asked.set()
        await go_on.wait()
        raise ServiceUnavailable

    monkeypatch.setattr(MemoryApiKeyUpkeep, "note_use", slow_and_away)
    with captured_records() as records:
        assert (await api.get(ME, access=key)).status_code == 200
        await asked.wait()  # the round that runs beside the requests has begun to write
        assert [(await api.get("/health/live")).status_code for _ in range(3)] == [200] * 3
        go_on.set()
        assert (await api.get(ME, access=key)).status_code == 200
        async with asyncio.timeout(10):
            while not _waits(records):  # noqa: ASYNC110  # no event
                await asyncio.sleep(0)
        await api.container.service().api_keys.uses.write()
    assert _waits(records) == 1


def _waits(records: list[Any]) -> int:
    return sum(record["event"] == "background_job_waits" for record in records)


@memory_only
@pytest.mark.parametrize("is_away", [False, True])
async def test_at_a_stop_what_was_seen_is_written_or_dropped(
    api: Api, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    """
    DU-2: within the deadline, and no task is left behind.
    """
    tokens = await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    async with running_api(api.settings, beside=api) as other:
        if is_away:
            monkeypatch.setattr(MemoryApiKeyUpkeep, "note_use", never)
            monkeypatch.setattr(lifecycle, "ROUNDS_PATIENCE", timedelta(0))
        assert (await other.get(ME, access=key)).status_code == 200
    assert asyncio.all_tasks() == before
    assert ((await key_in(api, key)).last_used_at is None) is is_away
