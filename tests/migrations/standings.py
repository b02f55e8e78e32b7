"""What is said of a database's schema: by readiness, by a migration, and at the start."""

import pytest

from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.health import SchemaProbe
from adapters.sqlalchemy.revisions import Standing
from entrypoints.container import close
from entrypoints.lifecycle import StartRefused, build_container, prepare
from migrations.branches import OURS, Branches, known_revisions
from migrations.runner import UnknownRevision, current, downgrade, pending, upgrade
from tests.http.client import settings_for
from tests.migrations.snapshots import snapshot


async def told(url: str, branches: Branches) -> str | None:
    """Return what readiness says of the schema."""
    engine = create_engine(url)
    try:
        failure = await SchemaProbe(engine, known_revisions(branches)).failure()
        return None if failure is None else failure.public
    finally:
        await engine.dispose()


async def refused(url: str, branches: Branches = (OURS,)) -> Standing:
    """Return why nothing is run on this database; it is left as it is, and not served."""
    before, at = await snapshot(url), await current(url)
    found = []
    for attempt in (
        upgrade(url, branches=branches),
        downgrade(url, "-1", branches=branches),
        pending(url, branches=branches),
    ):
        with pytest.raises(UnknownRevision) as refusal:
            await attempt
        found.append(refusal.value.difference)
    assert await snapshot(url) == before
    assert await current(url) == at
    assert await told(url, branches) == found[0].words
    for migrate_on_start in (True, False):
        assert await start_refused(url, branches, migrate_on_start) == str(found[0])
    assert len({each.standing for each in found}) == 1
    return found[0].standing


async def start_refused(url: str, branches: Branches, migrate_on_start: bool) -> str:
    """Return why a service with these branches does not start."""
    container = build_container(settings_for(url, migrate_on_start=migrate_on_start))
    container.branches = branches
    try:
        with pytest.raises(StartRefused) as refusal:
            await prepare(container)
    finally:
        await close(container)
    return str(refusal.value)
