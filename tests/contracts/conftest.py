"""The adapters that the contract suites run over.

Adapters are imported inside the fixtures, so that a run of one adapter needs no other.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import Ports, Service, ServiceUnit
from tests.application.service import MemoryService

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine

POOL = 10


@pytest.fixture(params=["memory", "sqlite", "postgres", "pgbouncer"])
def store(request: pytest.FixtureRequest) -> str:
    """The kind of store that the test runs on."""
    return str(request.param)


@pytest.fixture
def store_url(request: pytest.FixtureRequest, store: str) -> str:
    """The address of an empty, migrated store."""
    # Synchronous on purpose: an async fixture could not ask for another one by name.
    return "memory://" if store == "memory" else str(request.getfixturevalue(f"{store}_url"))


@pytest.fixture
async def engine(store_url: str) -> "AsyncIterator[Engine | None]":
    """The engine over the store; None for memory, which has none."""
    if store_url == "memory://":
        yield None
        return
    from adapters.sqlalchemy.engine import create_engine

    engine = create_engine(store_url, pool_size=POOL)
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.fixture
def units(engine: "Engine | None") -> UnitOfWorkFactory[ServiceUnit]:
    """Opens units of work over the store."""
    if engine is None:
        from adapters.memory.service_unit import MemoryUnitOfWork
        from adapters.memory.store import MemoryStore
        from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory

        return MemoryUnitOfWorkFactory(MemoryStore(), MemoryUnitOfWork)
    from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
    from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory

    return SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)


@pytest.fixture
def service(units: UnitOfWorkFactory[ServiceUnit], engine: "Engine | None") -> Service[ServiceUnit]:
    """The whole service over the store."""
    memory = MemoryService()
    limiter, idempotency_store = memory.ports.limiter, memory.ports.idempotency_store
    if engine is not None:
        from adapters.sqlalchemy.idempotency import SqlAlchemyIdempotencyStore
        from adapters.sqlalchemy.rate_limiter import SqlAlchemyRateLimiter

        limiter, idempotency_store = (
            SqlAlchemyRateLimiter(engine),
            SqlAlchemyIdempotencyStore(engine),
        )
    ports = Ports(
        units=units,
        clock=memory.ports.clock,
        randomness=memory.ports.randomness,
        secret_box=memory.ports.secret_box,
        authenticator=memory.ports.authenticator,
        limiter=limiter,
        idempotency_store=idempotency_store,
        hasher=memory.ports.hasher,
        access_tokens=memory.ports.access_tokens,
        passkeys=memory.ports.passkeys,
        mailer=memory.ports.mailer,
    )
    return Service(ports, memory.policies)
