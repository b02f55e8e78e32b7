"""Looking at the database: which one it is, and what about it limits or endangers the service."""

import asyncio
import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Integer, String, column, exists, func, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.addresses.database import PostgresqlAddress, SqliteAddress
from adapters.addresses.url import is_loopback_host
from adapters.sqlalchemy.engine import Engine, read_address
from adapters.sqlalchemy.errors import translated_errors
from adapters.sqlalchemy.failures import (
    NO_ANSWER,
    Unusable,
    no_right,
    no_schema,
    read_only,
    unusable_file,
)
from adapters.sqlalchemy.sqlite_file import ensure_usable
from application.ports.inspection import Inspection, Observation
from domain.errors import DomainError, ServiceUnavailable

_PATIENCE_SECONDS = 15
_NO_SPACE_BYTES = 2**20
_LITTLE_SPACE_BYTES = 64 * 2**20
_ROLE = table(
    "pg_roles",
    column("rolname", String),
    column("rolsuper", Boolean),
    column("rolcreaterole", Boolean),
    column("rolcreatedb", Boolean),
    column("rolbypassrls", Boolean),
)
_SSL = table("pg_stat_ssl", column("pid", Integer), column("ssl", Boolean))
_EXTENSION = table("pg_extension", column("extname", String))
_REPLICA = table("pg_stat_replication", column("pid", Integer))


def _setting(name: str) -> Any:
    return func.current_setting(name, type_=String).label(name)


_FACTS = select(
    *map(_setting, ("server_version", "transaction_read_only", "synchronous_commit", "fsync")),
    _setting("synchronous_standby_names"),
    func.has_schema_privilege(func.current_schema(), "CREATE", type_=Boolean).label("may_create"),
    func.to_regclass("alembic_version", type_=String).is_not(None).label("is_migrated"),
    *map(_setting, ("max_connections", "superuser_reserved_connections")),
    func.pg_backend_pid(type_=Integer).label("pid"),
    func.current_database(type_=String).label("database"),
    select(_SSL.c.ssl).where(_SSL.c.pid == func.pg_backend_pid()).scalar_subquery().label("tls"),
    exists().where(_EXTENSION.c.extname == "pg_trgm").label("trigrams"),
    select(func.count()).select_from(_REPLICA).scalar_subquery().label("replicas"),
    *(_ROLE.c[name] for name in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolbypassrls")),
).where(_ROLE.c.rolname == func.current_user())


class DatabaseInspection(Inspection):
    """Asks PostgreSQL for its settings and our rights; of SQLite it looks at the file."""

    name = "database"

    def __init__(self, engine: Engine, *, url: str, pool_size: int) -> None:
        """``engine`` should be one that only reads; ``url`` is the address it was made from."""
        self._engine, self._pool_size = engine, pool_size
        self._address = read_address(url)

    async def observations(self) -> Sequence[Observation]:
        if not isinstance(self._address, PostgresqlAddress):
            return list(_of_file(self._address))
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                with translated_errors():
                    facts, pid = await self._facts()
        except ServiceUnavailable as away:
            return [Observation.of(away.failure or NO_ANSWER)]
        except (DomainError, TimeoutError):
            return [Observation.of(NO_ANSWER)]
        return list(self._of_server(self._address, facts, pid))

    async def _facts(self) -> tuple[Any, int]:
        async with AsyncEngine(self._engine.sync_engine).connect() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            return (await connection.execute(_FACTS)).one(), driver.get_server_pid()

    def _of_server(self, address: PostgresqlAddress, facts: Any, pid: int) -> Iterator[Observation]:
        hosts = ", ".join(f"{host}:{port}" for host, port in address.hosts)
        version = facts.server_version.partition(" ")[0]
        where = f"PostgreSQL {version}, database {facts.database} on {hosts}"
        yield _ok(f"{where}, {'over TLS' if facts.tls else 'without TLS'}.")
        if not facts.tls and not all(_is_near(host) for host, _ in address.hosts):
            message = "What is read and written crosses the network unencrypted."
            yield _warning(message, "Set sslmode=verify-full in DATABASE_URL.")
        if facts.transaction_read_only == "on":
            yield Observation.of(read_only())
        if not (facts.is_migrated or facts.may_create):
            # Without a schema there is none to have a right on: SQL's answer is NULL.
            yield Observation.of(no_schema() if facts.may_create is None else no_right())
        yield from _durability(facts)
        yield from _rights(facts)
        available = int(facts.max_connections) - int(facts.superuser_reserved_connections)
        if self._pool_size > available:
            message = f"DATABASE_POOL_SIZE is {self._pool_size}, and the server has {available}."
            yield _warning(message, "Set it to less, or raise max_connections at the server.")
        elif self._pool_size * 2 > available:
            message = f"One process may take {self._pool_size} of the server's {available} places."
            yield _note(message, "Count processes times DATABASE_POOL_SIZE below max_connections.")
        if pid != facts.pid:
            message = "A pooler stands between: each statement takes a second round trip."
            yield _note(message, "Name the server itself where no pooler is needed.")
        if not facts.trigrams:
            message = "Without pg_trgm a search reads every user."
            yield _note(message, "CREATE EXTENSION pg_trgm, as the owner of the database.")


def _durability(facts: Any) -> Iterator[Observation]:
    if facts.synchronous_commit == "off":
        message = "synchronous_commit is off: an acknowledged sign-out can be lost in a crash."
        yield _warning(message, "Set synchronous_commit to on, for this role or the server.")
    if facts.fsync == "off":
        message = "fsync is off: a crash of the machine can lose the database."
        yield _warning(message, "Set fsync to on at the server.")
    if facts.replicas and not facts.synchronous_standby_names:
        message = "Replicas follow later: a failover can bring back what was revoked (DB-3)."
        yield _note(message, "Set synchronous_standby_names where that matters.")


def _rights(facts: Any) -> Iterator[Observation]:
    names = {"rolsuper": "SUPERUSER", "rolcreaterole": "CREATEROLE", "rolcreatedb": "CREATEDB"}
    names["rolbypassrls"] = "BYPASSRLS"
    more = ", ".join(word for name, word in names.items() if getattr(facts, name))
    if more:
        message = f"The role has more rights than it needs: {more}."
        yield _note(message, "Use one that only owns its database.")


def _of_file(address: SqliteAddress) -> Iterator[Observation]:
    place = Path(address.file).absolute()
    try:
        ensure_usable(address)
    except Unusable as problem:
        yield Observation.of(problem.failure)
        return
    if not place.exists():
        if not _keeps_files(place):
            yield Observation.of(unusable_file(errno.EROFS))
            return
        yield _ok(f"SQLite, {place}: not there yet, and made at the first start.")
        yield from _space_for(place)
        return
    yield _ok(f"SQLite {sqlite3.sqlite_version}, {place}.")
    yield from _space_for(place)
    if stat.S_IMODE(place.stat().st_mode) & 0o077:
        message = "Other users of this machine can read or write the file."
        yield _warning(message, f"chmod 600 {place}; the next start does it, too.")
    message = "SQLite takes one writer at a time, on one machine."
    yield _note(message, "Use PostgreSQL for more than one process that writes much.")


def _keeps_files(file: Path) -> bool:
    """Tell whether a new file can be kept there: in /proc and its like not even root makes one."""
    room = os.statvfs(next(place for place in file.resolve().parents if place.exists()))
    return room.f_blocks > 0 or room.f_files > 0


def _space_for(file: Path) -> Iterator[Observation]:
    """Tell of a disk that is full, or will be soon: SQLite writes twice what it keeps."""
    folder = next(place for place in file.resolve().parents if place.exists())
    free = shutil.disk_usage(folder).free
    if free < _NO_SPACE_BYTES:
        yield Observation.of(unusable_file(errno.ENOSPC))
    elif free < _LITTLE_SPACE_BYTES:
        message = f"Only {free // 2**20} MiB are left on the file's disk."
        yield _warning(message, "Make space on the disk before nothing can be written.")


def _is_near(host: str) -> bool:
    return host.startswith("/") or is_loopback_host(host)


def _ok(message: str) -> Observation:
    return Observation(level="ok", message=message)


def _note(message: str, cure: str) -> Observation:
    return Observation(level="note", message=message, cure=cure)


def _warning(message: str, cure: str) -> Observation:
    return Observation(level="warning", message=message, cure=cure)
