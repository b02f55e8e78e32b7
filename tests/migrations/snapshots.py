"""What a database holds, from its own catalogue, in a form that can be compared and read."""

import re
import sqlite3
from contextlib import closing

import asyncpg
from sqlalchemy import make_url

_POSTGRES = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity::text, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "tables": """
        SELECT relname, relkind::text, relpersistence::text, reloptions::text
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
    """,
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal
    """,
    "types": """
        SELECT typname, typtype::text FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
    """,
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    """,
}


async def snapshot(url: str) -> dict[str, set[tuple[object, ...]]]:
    """Return everything that the database's catalogue says, but Alembic's own table."""
    if url.startswith("sqlite"):
        return _of_sqlite(str(make_url(url).database))
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(address)
    try:
        return {
            part: {
                tuple(row)
                for row in await connection.fetch(query)
                if not str(row[0]).startswith("alembic_version")
            }
            for part, query in _POSTGRES.items()
        }
    finally:
        await connection.close()


def _of_sqlite(file: str) -> dict[str, set[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master "
            "WHERE tbl_name <> 'alembic_version'"
        ).fetchall()
        names = [name for kind, name, _, _ in found if kind == "table"]
        return {
            "columns": {
                (name, *column[1:])
                for name in names
                for column in connection.execute(f'PRAGMA table_xinfo("{name}")')
            },
            "foreign keys": {
                (name, *key[2:])
                for name in names
                for key in connection.execute(f'PRAGMA foreign_key_list("{name}")')
            },
            "constraints": {
                (name, constraint)
                for kind, name, _, sql in found
                if kind == "table"
                for constraint in _constraints(sql)
            },
            "everything else": {
                (kind, name, table, " ".join(sql.split()) if sql else None)
                for kind, name, table, sql in found
                if kind != "table"
            },
        }


def _constraints(sql: str) -> list[str]:
    """Return the table's named constraints as they stand in its CREATE TABLE."""
    lines = " ".join(sql.split())
    return [piece.strip(" ,)") for piece in re.split(r"(?=CONSTRAINT )", lines)[1:]]
