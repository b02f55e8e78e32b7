"""
Stories that are told once and go through every door: the use cases on memory, HTTP, and the
command line. What is the same at all of them is the hexagon's inside.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.client import running_api, settings_for
from tests.stories.doors import CommandLine, Door, Http, UseCases

ADA = "ada@example.com"


@pytest.fixture(params=["use cases", "http", "command line"])
async def door(
    request: pytest.FixtureRequest, door_url: str, tmp_path: Path
) -> AsyncIterator[Door]:
    """
    One of the doors, into an installation of its own.
    """
    if request.param == "use cases":
        yield UseCases()
        return
    async with running_api(settings_for(door_url)) as api:
        yield CommandLine(api, tmp_path, door_url) if request.param == "command line" else Http(api)


@pytest.fixture
def door_url(request: pytest.FixtureRequest) -> str:
    # Synchronous on purpose: an async fixture could not ask for another one by name.
    return str(request.getfixturevalue("sqlite_url"))


async def test_from_sign_up_to_sign_out(door: Door) -> None:
    await door.sign_up(ADA)
    assert await door.sign_in(ADA) == "EMAIL_NOT_VERIFIED"
    await door.confirm(ADA)
    assert await door.sign_in(ADA) == "ok"
    assert await door.who_am_i(ADA) == ADA
    await door.sign_out(ADA)
    assert await door.who_am_i(ADA) == "SESSION_ENDED"
    assert await door.trail(ADA) == [
        "user.registered", "session.refused", "user.email_verified", "session.started",
        "session.ended",
    ]  # fmt: skip


async def test_suspended_and_reinstated(door: Door) -> None:
    await door.sign_up(ADA)
    await door.confirm(ADA)
    assert await door.sign_in(ADA) == "ok"
    await door.suspend(ADA, "chargeback")
    assert await door.who_am_i(ADA) == "SESSION_ENDED"
    assert await door.sign_in(ADA) == "USER_SUSPENDED"
    await door.reinstate(ADA)
    assert await door.who_am_i(ADA) == "SESSION_ENDED"
    assert await door.sign_in(ADA) == "ok"
    assert await door.who_am_i(ADA) == ADA
    assert [each for each in await door.trail(ADA) if each.startswith("user.")] == [
        "user.registered", "user.email_verified", "user.suspended", "user.reinstated",
    ]  # fmt: skip


async def test_a_role_is_given_checked_and_taken(door: Door) -> None:
    await door.sign_up(ADA)
    await door.confirm(ADA)
    await door.define_role("support", ["orders:refund"])
    assert not await door.may(ADA, "orders:refund")
    await door.grant(ADA, "support")
    assert await door.may(ADA, "orders:refund")
    assert not await door.may(ADA, "orders:void")
    await door.revoke(ADA, "support")
    assert not await door.may(ADA, "orders:refund")
    assert [each for each in await door.trail(ADA) if each.startswith("role.")] == [
        "role.granted", "role.revoked",
    ]  # fmt: skip
