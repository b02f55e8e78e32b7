"""
Reporting a key that was found where it should not be: anyone may, and learns nothing by it.
"""

from typing import Any

import pytest

from domain.api_keys.key_text import KeyKind, KeyText
from tests.http.api_keys.holders import LEAKED_KEYS, ME, key_of_user, program
from tests.http.client import Api, data_of, refusal_of, without_request_id
from tests.http.conftest import Start, every_store
from tests.support.round_trips import asked


@every_store
async def test_a_live_key_is_refused_from_the_next_request_on(start: Start) -> None:
    api = await start()
    tokens, admin = await api.signed_in_user(), await api.administrator()
    key = await key_of_user(api, tokens.user_id)
    assert (await api.get(ME, access=key)).status_code == 200
    found_at = "https://github.com/acme/shop"
    answer = await api.post(LEAKED_KEYS, {"key": key, "found_at": found_at})
    assert data_of(answer, 202) is None
    assert refusal_of(await api.get(ME, access=key)) == (401, "API_KEY_INVALID")
    query = {"type": "api_key.leaked"}
    (row,) = data_of(await api.get("/api/v1/audit-events", params=query, access=admin.access))
    assert row["actor"]["kind"] == "anonymous"
    assert (row["target"]["kind"], row["data"]["found_at"]) == ("api_key", found_at)
    for to in ("ada@example.com", "root@example.com"):
        (mail,) = [each for each in await api.mails(to) if "was revoked" in each["subject"]]
        assert key[:8] in mail["text"]
        assert key[8:20] not in mail["text"]
        assert "github" not in mail["text"]
    again = await api.post(LEAKED_KEYS, {"key": key})
    assert data_of(again, 202) is None


async def test_every_report_is_answered_alike(api: Api) -> None:
    """
    EN-1: whether or not there is such a key.
    """
    _, key = await program(api)
    unknown = KeyText.new(KeyKind.SERVICE, lambda size: b"u" * size)
    texts = (key, key, str(unknown), key[:-1] + "!", "", "x" * 10_000, "\u2028")
    facts = [
        without_request_id(await api.post(LEAKED_KEYS, {"key": text, "found_at": text}))
        for text in texts
    ]
    assert all(fact == facts[0] for fact in facts)
    assert facts[0][0] == 202


@pytest.mark.parametrize("store", ["postgres"])
async def test_every_well_formed_key_costs_the_same_round_trips(start: Start) -> None:
    """
    EN-1: and one with a wrong checksum costs none.
    """
    api = await start(rate_limits=True)
    await api.administrator()
    _, key = await program(api)
    unknown = str(KeyText.new(KeyKind.SERVICE, lambda size: b"u" * size))
    trips = []
    for text in (key[:-6] + "000000", unknown, key):
        async with asked(api.container.engine()) as queries:
            data_of(await api.post(LEAKED_KEYS, {"key": text}), 202)
        trips.append(len(queries))
    assert trips == [1, 5, 5]  # one of them for the limit by source


@pytest.mark.parametrize(
    "body", [{}, {"key": 1}, {"key": None}, {"key": "x", "found_at": 1}, {"key": "x", "more": 1}]
)
async def test_what_is_no_report_is_refused(api: Api, body: dict[str, Any]) -> None:
    """
    IN-5: of exactly these fields, of exactly these types.
    """
    assert refusal_of(await api.post(LEAKED_KEYS, body)) == (422, "VALIDATION_ERROR")


async def test_reports_are_counted_by_source(start: Start) -> None:
    """
    RL-4: as on every other public route.
    """
    api = await start(rate_limits=True)
    answer = await api.post(LEAKED_KEYS, {"key": "x"})
    assert answer.headers["ratelimit-limit"] == "120"
    for _ in range(119):
        await api.post(LEAKED_KEYS, {"key": "x"})
    refused = await api.post(LEAKED_KEYS, {"key": "x"})
    assert refusal_of(refused) == (429, "TOO_MANY_REQUESTS")
