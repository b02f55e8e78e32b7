"""What the databases' failures mean to Doorward (DB-1, DB-2, DU-3).

The drivers raise dozens of classes for a database that is away, going away, coming back or
out of something. Here they become one of three: the store does not answer, another transaction
was faster, or a value is taken. Everything else is a mistake of ours and stays what it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.sqlalchemy.failures import Unusable, cause_of, is_of_sqlite
from domain.errors import ConcurrentChange, DomainError, ServiceUnavailable
from domain.failures import Failure

RETRY_AFTER = timedelta(seconds=2)

# The first two characters of an SQLSTATE name its class.
_AWAY = {
    "08",  # connection exceptions
    "28",  # the password was changed under us
    "53",  # too many connections, no disk space, no memory
    "57",  # shutting down, starting up, statement timeout
    "58",  # the operating system failed the server
    "XX",  # internal errors, a corrupted page among them
}
_ALSO_AWAY = {
    "25006",  # read only: a standby
    "25P03",  # idle in transaction for too long
    "25P04",  # a transaction took too long
    "3D000",  # the database was dropped
    "3F000",  # the schema was dropped
    "42501",  # a right was taken away, or never given
    "42710",  # while migrating: something foreign of the same name
    "42P07",  # while migrating: a foreign table of the same name
    "55006",  # the database is being dropped or copied
    "55P03",  # a lock was not to be had in time
}
_RACES = {
    "23503",  # foreign key: the user was removed meanwhile
    "40001",  # serialisation failure
    "40P01",  # deadlock
}
_UNIQUE = "23505"
_NO_NUMBER = "22P02"

OVERTAKEN = "another change was faster; nothing was written"
"""What a statement says that had to write a row, and found none (adapters.sqlalchemy.held)."""

_SQLITE_UNIQUE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}

# What asyncpg says itself; the last one when a migration changed what was prepared.
_USELESS = {"InterfaceError", "InternalClientError", "InvalidCachedStatementError"}


class Taken(Exception):
    """A unique value of ``table`` is in use already. ``by`` names the constraint or its columns."""

    def __init__(self, by: str, table: str) -> None:
        super().__init__(by)
        self.by, self.table = by, table


def as_conflict(_taken: Taken) -> ConcurrentChange:
    """Return what a value that is taken means where only another request can have taken it."""
    return ConcurrentChange()


def translated(error: Exception) -> Exception:
    """Return what the failure means, or the failure itself where it is a mistake of ours."""
    if isinstance(error, DomainError | Taken):
        return error
    for cause in _causes(error):
        meaning = _of_postgresql(cause) or _of_sqlite(cause)
        if meaning is not None:
            return meaning
        if isinstance(cause, Unusable):
            return unavailable(cause.failure)
        # TimeoutError is an OSError, as is everything that a socket can raise.
        if isinstance(cause, OSError | PoolTimeout) or _is_lost_connection(cause):
            return unavailable(cause_of(cause))
    return error


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise from this block what its failures mean, as :func:`translated` says."""
    try:
        yield
    except Exception as error:
        meaning = translated(error)
        if meaning is error:
            raise
        raise meaning from error


def is_missing_table(error: Exception) -> bool:
    """Tell whether a statement failed because the table is not there."""
    return any(
        getattr(cause, "sqlstate", None) == "42P01" or str(cause).startswith("no such table")
        for cause in _causes(error)
    )


def unavailable(failure: Failure | None = None) -> ServiceUnavailable:
    """Return the error for a store that does not answer; ``failure`` says why, if it is known."""
    return ServiceUnavailable(retry_after=RETRY_AFTER, failure=failure)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """SQLAlchemy wraps the driver's error, twice; the innermost one knows best."""
    chain = [error]
    while (inner := getattr(chain[-1], "orig", None) or chain[-1].__cause__) is not None:
        if any(inner is known for known in chain):
            break
        chain.append(inner)
    yield from reversed(chain)


def _of_postgresql(error: BaseException) -> Exception | None:
    state = getattr(error, "sqlstate", None)
    if not isinstance(state, str):
        return None
    if state == _UNIQUE:
        names = (getattr(error, name, None) or "" for name in ("constraint_name", "table_name"))
        return Taken(*names)
    if state in _RACES or (state == _NO_NUMBER and OVERTAKEN in str(error)):
        return ConcurrentChange()
    if state[:2] in _AWAY or state in _ALSO_AWAY:
        return unavailable(cause_of(error))
    return None


def _of_sqlite(error: BaseException) -> Exception | None:
    if not is_of_sqlite(error):
        return None
    # Some errors come from the Python module itself and have no name.
    name = getattr(error, "sqlite_errorname", "")
    if name in _SQLITE_UNIQUE:
        columns = str(error).rpartition(": ")[2]  # such as "users.email_key"
        return Taken(by=columns, table=columns.partition(".")[0])
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return ConcurrentChange()
    failure = cause_of(error)
    return None if failure is None else unavailable(failure)


def _is_lost_connection(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OperationalError | InterfaceError) and error.orig is None:
        return True
    if isinstance(error, ValueError) and str(error) in {
        "Connection closed",
        "no active connection",
    }:
        return True  # aiosqlite's way of saying so
    return _is_of_asyncpg(error)


def _is_of_asyncpg(error: BaseException) -> bool:
    """Tell whether asyncpg itself, not the server, says that a connection is of no use.

    By name, so that a service on SQLite need not load the other driver.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("asyncpg")}
    return bool(kinds & _USELESS) and "DataError" not in kinds
