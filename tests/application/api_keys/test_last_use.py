"""When a key was last used, noted behind the answers."""

import asyncio

import pytest

from adapters.memory.api_keys.keys import MemoryApiKeyUpkeep
from application.api_keys.last_use import MOST_SEEN
from domain.api_keys.api_key import ApiKey
from domain.errors import ServiceUnavailable
from domain.identifiers import ApiKeyId
from tests.application.api_keys.holders import key_of, program, revoke, user_with
from tests.application.service import MINUTE, SECOND
from tests.application.stories import Service

HERE = "192.0.2.7"


async def used(service: Service, text: object, *, ip_address: str = HERE) -> ApiKey:
    """Come with the key; return it as it was read."""
    found = await service.api_keys.authenticate(str(text))
    service.api_keys.uses.saw(found.key, ip_address=ip_address)
    return found.key


async def test_the_use_is_written_behind_and_not_with_the_request() -> None:
    service = Service()
    _, key = await program(service, "orders:read")
    commits = service.units.commits
    assert (await used(service, key.text)).last_used_at is None
    assert service.units.commits == commits
    assert await service.api_keys.uses.write() == 1
    found = await used(service, key.text)
    assert (found.last_used_at, found.last_used_ip) == (service.clock.now(), HERE)
    assert await service.api_keys.uses.write() == 0


async def test_many_uses_at_once_are_one_write_a_minute() -> None:
    service = Service()
    _, key = await program(service, "orders:read")
    commits = service.units.commits
    await asyncio.gather(*(used(service, key.text) for _ in range(50)))
    await service.api_keys.uses.write()
    service.clock.advance(MINUTE - SECOND)
    await used(service, key.text)
    assert await service.api_keys.uses.write() == 0
    assert service.units.commits == commits + 1
    service.clock.advance(SECOND)
    await used(service, key.text, ip_address="192.0.2.8")
    assert await service.api_keys.uses.write() == 1
    assert (await used(service, key.text)).last_used_ip == "192.0.2.8"


async def test_keys_that_were_used_are_written_together() -> None:
    service = Service()
    user = await user_with(service, "orders:read")
    keys = [await key_of(service, user, "orders:read") for _ in range(3)]
    commits = service.units.commits
    for key in keys:
        await used(service, key.text)
    assert await service.api_keys.uses.write() == 3
    assert service.units.commits == commits + 1


async def test_what_cannot_be_written_is_left_until_the_next_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database that is away is asked once a minute for each key, and no answer is another."""
    service = Service()
    _, key = await program(service, "orders:read")

    async def away(*_: object, **__: object) -> None:
        raise ServiceUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(MemoryApiKeyUpkeep, "note_use", away)
        await used(service, key.text)
        with pytest.raises(ServiceUnavailable):
            await service.api_keys.uses.write()
        await used(service, key.text)
        assert await service.api_keys.uses.write() == 0
    service.clock.advance(MINUTE)
    await used(service, key.text)
    assert await service.api_keys.uses.write() == 1


async def test_a_key_that_is_gone_is_left_alone() -> None:
    service = Service()
    _, key = await program(service, "orders:read")
    await used(service, key.text)
    await revoke(service, key)
    await service.api_keys.uses.write()


async def test_no_number_of_keys_fills_the_memory() -> None:
    service = Service()
    _, key = await program(service, "orders:read")
    found, uses = await used(service, key.text), service.api_keys.uses
    await uses.write()
    for _ in range(MOST_SEEN + 5):
        found.id = ApiKeyId.new(service.clock.now(), service.ports.randomness.token_bytes)
        uses.saw(found, ip_address=HERE)
    assert await uses.write() == MOST_SEEN - 1
    service.clock.advance(MINUTE)
    uses.saw(found, ip_address=HERE)
    assert await uses.write() == 1
