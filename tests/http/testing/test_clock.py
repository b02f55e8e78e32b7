"""
The service's time, as a test of a product sets it.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.http.client import Api, data_of, refusal_of
from tests.http.conftest import Start, memory_only

pytestmark = memory_only

HOUR = 3600


def time_of(answer: object) -> datetime:
    assert isinstance(answer, dict)
    return datetime.fromisoformat(answer["now"])


async def told(api: Api) -> datetime:
    return time_of(data_of(await api.get("/dev/clock")))


async def test_the_clock_tells_the_hosts_time_until_it_is_set(api: Api) -> None:
    before = datetime.now(UTC)
    now = await told(api)
    assert before <= now <= datetime.now(UTC)


async def test_the_clock_goes_on_from_where_it_is_set_to(api: Api) -> None:
    set_to = time_of(
        data_of(await api.http.put("/dev/clock", json={"now": "2031-05-06T07:08:09Z"}))
    )
    assert datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC) <= set_to < datetime(2031, 5, 6, 8, tzinfo=UTC)
    assert set_to <= await told(api) < datetime(2031, 5, 6, 8, tzinfo=UTC)
    await api.http.put("/dev/clock", json={"now": None})
    assert (await told(api)).year < 2031


async def test_what_lives_for_a_time_is_over_when_the_clock_has_moved(api: Api) -> None:
    """
    An access token expires, a session is idle for too long, a mailed link dies.
    """
    tokens = await api.signed_in_user()
    reset = await api.reset_token()
    data_of(await api.post("/dev/clock/advance", {"seconds": 660}))
    answer = await api.get("/api/v1/users/me", access=tokens.access)
    assert refusal_of(answer) == (401, "ACCESS_TOKEN_EXPIRED")
    data_of(await api.post("/dev/clock/advance", {"seconds": HOUR}))
    assert refusal_of(await api.reset(reset)) == (400, "INVALID_TOKEN")
    tokens = await api.refresh(tokens)
    data_of(await api.post("/dev/clock/advance", {"seconds": 15 * 24 * HOUR}))
    assert refusal_of(await api.try_refresh(tokens)) == (401, "SESSION_ENDED")
    await api.sign_in()


async def test_a_rotated_key_signs_once_the_clock_has_moved(api: Api) -> None:
    admin = await api.administrator()
    rotated = data_of(await api.post("/api/v1/signing-keys/rotate", access=admin.access), 202)
    data_of(await api.post("/dev/clock/advance", {"seconds": 320}))
    tokens = await api.refresh(admin)
    listed = data_of(await api.get("/api/v1/signing-keys", access=tokens.access))
    assert {key["kid"]: key["state"] for key in listed}[rotated["kid"]] == "active"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/dev/clock", {}),
        ("PUT", "/dev/clock", {"now": "tomorrow"}),
        ("PUT", "/dev/clock", {"now": "2031-05-06T07:08:09"}),
        ("PUT", "/dev/clock", {"now": "1999-12-31T23:59:59Z"}),
        ("PUT", "/dev/clock", {"now": "2100-01-01T00:00:01Z"}),
        ("PUT", "/dev/clock", {"now": 1_800_000_000}),
        ("POST", "/dev/clock/advance", {}),
        ("POST", "/dev/clock/advance", {"seconds": 0}),
        ("POST", "/dev/clock/advance", {"seconds": -1}),
        ("POST", "/dev/clock/advance", {"seconds": 1.5}),
        ("POST", "/dev/clock/advance", {"seconds": 10**9}),
    ],
)
async def test_a_time_that_makes_no_sense_changes_nothing(
    api: Api, method: str, path: str, body: dict[str, object]
) -> None:
    """
    IN-5
    """
    before = await told(api)
    answer = await api.http.request(method, path, json=body)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
    assert timedelta() <= await told(api) - before < timedelta(minutes=5)


async def test_no_step_leads_beyond_the_last_year(api: Api) -> None:
    await api.http.put("/dev/clock", json={"now": "2099-12-31T00:00:00Z"})
    answer = await api.post("/dev/clock/advance", {"seconds": 2 * 24 * HOUR})
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
    assert (await told(api)).year == 2099


async def test_an_instance_with_a_database_has_none_of_it(start: Start, sqlite_url: str) -> None:
    """
    HD-4: what a test may do, no one may do where something is kept, or in production.
    """
    kept = await start(url=sqlite_url, environment="development")
    production = await start(environment="production")
    asked = [
        ("GET", "/dev/clock", None),
        ("PUT", "/dev/clock", {"now": None}),
        ("POST", "/dev/clock/advance", {"seconds": 60}),
        (
            "POST",
            "/dev/users",
            {"email": "eve@example.com", "password": "violet kettle by the sea"},
        ),
        ("POST", "/dev/reset", None),
    ]
    for api in (kept, production):
        for method, path, body in asked:
            answer = await api.http.request(method, path, json=body)
            assert refusal_of(answer) == (404, "NOT_FOUND"), (method, path)
