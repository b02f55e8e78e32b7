"""Any number of values in one placeholder, so that a statement is compiled once.

An array on PostgreSQL, JSON on SQLite. The arrays are of texts: asyncpg asks the server about any
other kind, three times on each connection.
"""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Dialect, String, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from adapters.sqlalchemy.statements import InsertInto


class WordList(TypeDecorator[list[str]]):
    """Any number of words as one value, for :func:`is_word_among`."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return PostgreSQL's array of texts; SQLite gets JSON."""
        return postgresql.ARRAY(Text()) if dialect.name == "postgresql" else String()

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        """Write the words as the database takes them."""
        return value if value is None or dialect.name == "postgresql" else json.dumps(value)


class UuidList(TypeDecorator[list[UUID]]):
    """Any number of UUIDs as one value, for :func:`is_among`."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return PostgreSQL's array of texts; SQLite gets text."""
        return postgresql.ARRAY(Text()) if dialect.name == "postgresql" else String()

    def process_bind_param(self, value: list[UUID] | None, dialect: Dialect) -> Any:
        """Write the UUIDs as SQLite keeps them; PostgreSQL reads them in that form, too."""
        if value is None:
            return None
        written = [each.hex for each in value]
        return written if dialect.name == "postgresql" else json.dumps(written)


class BytesList(TypeDecorator[list[bytes]]):
    """Any number of byte strings as one value, on PostgreSQL alone."""

    impl = postgresql.ARRAY(Text())
    cache_ok = True

    def process_bind_param(self, value: list[bytes] | None, dialect: Dialect) -> Any:
        """Write the bytes as PostgreSQL reads them from a text."""
        return None if value is None else [rf"\x{each.hex()}" for each in value]


def is_among(insert: InsertInto, column: Column[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that the column is one of the UUIDs in the placeholder ``name``."""
    given = bindparam(name, type_=UuidList)
    if insert is postgresql.insert:
        return column == func.any(given.cast(postgresql.ARRAY(Uuid())))
    return column.in_(select(func.json_each(given).table_valued("value").c.value))


def each_word(insert: InsertInto, name: str) -> ColumnElement[Any]:
    """Return a column of the words in the placeholder ``name``, to be selected from."""
    given = bindparam(name, type_=WordList)
    if insert is postgresql.insert:
        return func.unnest(given).column_valued("word")
    word: ColumnElement[Any] = func.json_each(given).table_valued("value").c.value
    return word


def is_word_among(insert: InsertInto, column: Column[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that the column is one of the words in the placeholder ``name``."""
    given = bindparam(name, type_=WordList)
    if insert is postgresql.insert:
        return column == func.any(given)
    return column.in_(select(func.json_each(given).table_valued("value").c.value))
