"""Locks on questions about a whole table, which may be empty.

All numbers stand here, so that no two are the same. A team's own begin elsewhere, such as at
7,000,000,000; nothing else in the database may use them.
"""

from enum import IntEnum

from sqlalchemy import func, literal, select
from sqlalchemy.dialects import postgresql

from adapters.sqlalchemy.statements import Core, InsertInto, Statement


class Lock(IntEnum):
    """What is held exclusively until the end of a transaction."""

    MIGRATION = 6_003_417_895
    SIGNING_KEYS = 6_003_417_896
    ADMINISTRATORS = 6_003_417_897
    AUDIT_CHAIN = 6_003_417_898


def exclusive(number: int) -> Statement:
    """Return the statement that lets no other transaction past the same one until the commit.

    On SQLite the transaction itself keeps others out (DB-4).
    """

    def lock(insert: InsertInto) -> Core:
        if insert is postgresql.insert:
            return select(func.pg_advisory_xact_lock(number))
        return select(literal(0))

    return Statement(lock)
