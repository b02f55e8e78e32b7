"""Databases of any size, filled in seconds: by the server itself, its indexes built afterwards.

A town of so many users has ten sessions for each of them, an open invitation and a row of the
trail; one user has five thousand sessions more. Of the rare kinds (suspended, named Grace Hopper,
with the role "support") there are the same hundred in every town, so that only the rest grows.
The rows of the trail have their places in its chain, made up: a service that starts on rows without
them gives them theirs first.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from migrations.runner import upgrade
from tests.support.postgres import PostgresServer

BORN = datetime(2025, 1, 1, tzinfo=UTC)
ADMINISTRATOR = 1
CROWDED = 2
"""The number of the user with many sessions."""
SESSIONS_OF_ONE = 5_000
SESSIONS_EACH = 10
_RARE = 100

SETTINGS = ("wal_level=minimal", "max_wal_senders=0", "maintenance_work_mem=512MB")
"""What the PostgreSQL that holds towns is started with: rows of a new table need no log."""


def identifier(number: int) -> UUID:
    """Return a UUIDv7 that was born so many milliseconds after the first."""
    born = int(BORN.timestamp() * 1000) + number
    return UUID(int=born << 80 | 7 << 76 | 0b10 << 62 | number)


def email(number: int) -> str:
    """Return the address of a user."""
    return f"user{number}@example.com"


async def build(server: PostgresServer, name: str, users: int) -> None:
    """Make the database, its schema, and the town of so many users in it."""
    admin = await asyncpg.connect(_address(server))
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    await upgrade(server.url(name))
    connection = await asyncpg.connect(_address(server, name))
    try:
        async with connection.transaction(), _without_indexes(connection):
            # Each row refers to one that this module makes as well: nothing to look up.
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(_IDENTIFIER)
            for statement in _FILL:
                await connection.execute(_numbered(statement, users))
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _address(server: PostgresServer, name: str = "postgres") -> str:
    return server.url(name).replace("+asyncpg", "")


@asynccontextmanager
async def _without_indexes(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Take the indexes away that no constraint needs, and build them at the end."""
    found = await connection.fetch(_INDEXES, list(_TABLES))
    for name, _ in found:
        await connection.execute(f"DROP INDEX {name}")
    # A table that is new in this transaction needs no log.
    await connection.execute(f"TRUNCATE {', '.join(_TABLES)} CASCADE")
    yield
    for _, definition in found:
        await connection.execute(definition)


_TABLES = ("users", "user_roles", "sessions", "audit_events", "invitations")
_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = ANY($1) AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
# The same as identifier(), so that a user can be named without a look into the database.
_IDENTIFIER = f"""
    CREATE FUNCTION pg_temp.numbered(n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
        SELECT (lpad(to_hex({int(BORN.timestamp() * 1000)} + n), 12, '0') || '7000'
                || '8000' || lpad(to_hex(n), 12, '0'))::uuid
    $$
"""
_MOMENT = f"timestamptz '{BORN.isoformat()}'"
_LATER = f"{_MOMENT} + interval '100 years'"
_EVERY = "generate_series(0::bigint, {users} - 1) n"
_FILL = (
    f"""
    INSERT INTO roles (name, created_at, updated_at, version)
    SELECT name, {_MOMENT}, {_MOMENT}, 0
    FROM (SELECT 'role-' || n FROM generate_series(0, 99) n UNION ALL SELECT 'support') r (name)
    """,
    """
    INSERT INTO role_permissions (role, permission)
    SELECT 'role-' || n, 'product:do-' || (20 * n + each) % 200
    FROM generate_series(0, 99) n, generate_series(0, 19) each
    """,
    f"""
    INSERT INTO users (id, email, email_key, display_name, search_text, email_verified_at,
        suspended_at, created_at, updated_at, version)
    SELECT pg_temp.numbered(n), email, email, name, lower(email || ' ' || name), born,
        CASE WHEN n % {{rare}} = 0 THEN born END, born, born, 0
    FROM {_EVERY}, LATERAL (
        SELECT 'user' || n || '@example.com',
            CASE WHEN n % {{rare}} = 1 THEN 'Grace Hopper ' ELSE 'Ada Lovelace ' END || n,
            {_MOMENT} + n * interval '1 ms'
    ) each (email, name, born)
    """,
    f"""
    INSERT INTO user_roles (user_id, role)
    SELECT pg_temp.numbered(n), 'user' FROM {_EVERY}
    """,
    f"""
    INSERT INTO user_roles (user_id, role)
    SELECT pg_temp.numbered(n), 'support' FROM {_EVERY} WHERE n % {{rare}} = 0
    """,
    f"INSERT INTO user_roles VALUES (pg_temp.numbered({ADMINISTRATOR}), 'administrator')",
    f"""
    INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at,
        absolute_expires_at, generation, family_digest, current_digest, version)
    SELECT pg_temp.numbered(n),
        pg_temp.numbered(CASE WHEN n < {{users}} * {SESSIONS_EACH}
            THEN n / {SESSIONS_EACH} ELSE {CROWDED} END),
        born, born, {_LATER}, {_LATER}, 0, digest, digest, 0
    FROM generate_series(0::bigint, {{users}} * {SESSIONS_EACH} + {SESSIONS_OF_ONE} - 1) n,
        LATERAL (
            SELECT {_MOMENT} + n * interval '1 ms',
                int8send(n) || int8send(n) || int8send(n) || int8send(n)
        ) each (born, digest)
    """,
    f"""
    INSERT INTO audit_events (id, occurred_at, type, outcome, actor_kind, target_kind, target_id,
        user_id, data, seal, origin_seal, position, link)
    SELECT id, born, 'user.registered', 'success', 'anonymous', 'user', id::text, id::text,
        '{{{{}}}}', digest, digest, n + 1, digest
    FROM {_EVERY}, LATERAL (
        SELECT pg_temp.numbered(n), {_MOMENT} + n * interval '1 ms',
            int8send(n) || int8send(n) || int8send(n) || int8send(n)
    ) each (id, born, digest)
    """,
    f"""
    INSERT INTO invitations (id, email, email_key, roles, digest, created_at, expires_at)
    SELECT pg_temp.numbered(n), guest, guest, '[]',
        int8send(n) || int8send(n) || int8send(n) || int8send(n), {_MOMENT}, {_LATER}
    FROM {_EVERY}, LATERAL (SELECT 'guest' || n || '@example.com') each (guest)
    """,
)


def _numbered(statement: str, users: int) -> str:
    return statement.format(users=users, rare=users // _RARE)
