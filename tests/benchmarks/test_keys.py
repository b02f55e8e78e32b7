"""
API keys as `make bench` writes them and comes with them.
"""

from benchmarks.keys import introspecting, made_for, reading_with
from benchmarks.load import Repeating
from tests.http.client import Api, running_api, settings_for


async def answered(api: Api, caller: Repeating) -> bool:
    """
    Send what the caller says, and let it look at the answer.
    """
    head, _, body = (caller.request() or b"").partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split()
    headers = dict(line.split(": ", 1) for line in lines)
    answer = await api.send(method, path, content=body, headers=headers)
    return caller.accept(str(answer.status_code).encode(), answer.content)


async def test_its_keys_are_keys_and_its_product_may_introspect(postgres_url: str) -> None:
    """
    An answer that is not the right one would end the run.
    """
    email = "ada@example.com"
    async with running_api(settings_for(postgres_url)) as api:
        await api.verified_user(email)
        keys = await made_for(postgres_url.replace("+asyncpg", ""), [email, email])
        key = keys.of_people[email]
        assert await answered(api, reading_with(key, email))
        assert await answered(api, introspecting(key, caller=keys.of_product))
        assert not await answered(api, reading_with(key, "eve@example.com"))
        assert not await answered(api, introspecting("dwk_x", caller=keys.of_product))
