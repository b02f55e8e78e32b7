"""
Whether the process lives and can serve, for those who watch it.
"""

from tests.http.client import (
    Api,
)
from tests.http.conftest import every_store


@every_store
async def test_health_tells_parts_and_no_secrets(api: Api) -> None:
    live = await api.get("/health/live")
    assert (live.status_code, live.json()) == (200, {"status": "ok", "checks": {}})
    ready = await api.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ok"
    assert set(ready.json()["checks"].values()) == {"ok"}
    assert "signing_keys" in ready.json()["checks"]


async def test_readiness_goes_before_the_process_does(api: Api) -> None:
    """
    DU-2: 503 with the reason while requests are still answered.
    """
    api.app.state.draining.begin()
    answer = await api.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["process"] == "shutting down"
    assert (await api.get("/health/live")).status_code == 200
    await api.sign_up()
