"""What every inspection promises: something to say, no change, no secret."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.memory.inspection import MemoryInspection
from adapters.smtp.inspection import MailServerInspection
from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.inspection import DatabaseInspection
from application.ports.inspection import Inspection
from domain.failures import Failure
from tests.adapters.smtp.test_mailer import Inbox, serving
from tests.support.processes import free_port

USER, SECRET = "someone", "in-the-address"


@dataclass(frozen=True)
class Pair:
    """An inspection of something that is there, and one of something that is not."""

    well: Inspection
    ill: Inspection


@pytest.fixture(params=["memory", "sqlite", "postgres", "mail server"])
async def pair(
    request: pytest.FixtureRequest, sqlite_url: str, postgres_url: str, tmp_path: Path
) -> AsyncIterator[Pair]:
    nowhere = f"127.0.0.1:{free_port()}"
    if request.param == "memory":
        ill = MemoryInspection("database")
        ill.trouble = Failure(part="database", reason="no_answer", words="is away", cure="Wait.")
        yield Pair(MemoryInspection("database"), ill)
        return
    if request.param == "mail server":
        async with serving(Inbox()) as port:
            yield Pair(
                _mail(f"smtp://127.0.0.1:{port}"), _mail(f"smtp://{USER}:{SECRET}@{nowhere}")
            )
        return
    url = sqlite_url if request.param == "sqlite" else postgres_url
    there = create_engine(url, read_only=True)
    away = f"postgresql://{USER}:{SECRET}@{nowhere}/doorward"
    if request.param == "sqlite":
        (tmp_path / "file").touch()
        away = f"sqlite:///{tmp_path}/file/in-no-folder.db"
    missing = create_engine(away, read_only=True)
    yield Pair(
        DatabaseInspection(there, url=url, pool_size=10),
        DatabaseInspection(missing, url=away, pool_size=10),
    )
    await there.dispose()
    await missing.dispose()


async def test_there_is_something_to_say_about_what_is_there(pair: Pair) -> None:
    observations = await pair.well.observations()
    assert observations[0].level == "ok"
    assert "error" not in {each.level for each in observations}


async def test_what_cannot_be_reached_is_an_error_with_a_cure_and_no_secret(pair: Pair) -> None:
    """LG-1."""
    async with asyncio.timeout(20):
        observations = await pair.ill.observations()
    errors = [each for each in observations if each.level == "error"]
    assert errors
    assert all(each.message and each.cure for each in errors)
    assert SECRET not in repr(observations)
    assert USER not in repr(observations)


async def test_an_inspection_has_a_name(pair: Pair) -> None:
    assert pair.well.name == pair.ill.name != ""


async def test_nothing_is_made_by_looking(pair: Pair, tmp_path: Path) -> None:
    before = _files(tmp_path)
    await pair.well.observations()
    await pair.ill.observations()
    assert _files(tmp_path) == before


def _mail(url: str) -> MailServerInspection:
    return MailServerInspection(url=url, sender="no-reply@id.example.org")


def _files(folder: Path) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
