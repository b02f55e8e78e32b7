"""What all tables have in common: one schema for PostgreSQL and SQLite.

The tables themselves stand in each capability's ``tables``. A change of one needs a revision
under ``migrations/versions``; a test compares the two.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    MetaData,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; SQLite keeps the others as UTC without one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time its zone back."""
        return None if value is None else value.replace(tzinfo=UTC)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None] | None:
        """Leave PostgreSQL's times alone: asyncpg hands them out aware and in UTC."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)


Json = JSON().with_variant(JSONB(), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, allowed: Iterable[str]) -> CheckConstraint:
    """Return the constraint that the column holds one of these words."""
    words = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def words_of(vocabulary: type[StrEnum]) -> list[str]:
    """Return the words of a vocabulary."""
    return [word.value for word in vocabulary]


def owner(*, primary_key: bool = False) -> Column[Any]:
    """Return the column that names the user to whom a row belongs, and with whom it goes."""
    return Column(
        "user_id",
        Uuid,
        ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def exported(section: str) -> dict[str, str]:
    """Return a table's ``info``: in which section of a user's export its rows are shown."""
    return {"section": section}
