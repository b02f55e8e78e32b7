"""Why the database failed, made from the errors of drivers (LG-1).

What a server, a driver or SQLite itself says is never passed on; only its code is.
"""

import errno
from typing import Literal

from adapters.network.failures import Server, failure_of
from adapters.sqlalchemy import causes
from domain.failures import Failure, Remedy

type CodeKind = Literal["sqlstate", "sqlite", "tls", "errno"]

PART = "database"
_SERVER = Server(
    part=PART,
    setting="DATABASE_URL",
    trust="name the authority's certificate as sslrootcert in DATABASE_URL",
)


class Unusable(Exception):
    """The database cannot be used as it is, or as it is set; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


NO_ANSWER = Failure(
    part=PART,
    reason="no_answer",
    words="does not answer in time",
    cure="Look whether it runs, and what keeps it busy.",
    remedy=Remedy.TIME,
)


def wrong_encoding(name: str) -> Failure:
    """Return the failure of a database whose texts cannot hold every name (``SQL_ASCII``)."""
    return _failure(causes.ENCODING, name if name.replace("_", "").isalnum() else None, None)


def wrong_encoding_of_file(name: str) -> Failure:
    """Return the failure of a file of SQLite in another encoding (``UTF-16le``)."""
    return _failure(causes.ENCODING_OF_FILE, name, None)


def unusable_files(code: str | None) -> Failure:
    """Return the failure of certificate files that cannot be read; ``code`` says why, if known."""
    return _failure(causes.CERTIFICATE_FILES, code, "tls")


def unusable_file(number: int | None) -> Failure:
    """Return the failure of a file that SQLite could not open, by the error's number."""
    code = errno.errorcode.get(number or 0)
    cause = causes.ERRORS_OF_FILES.get("EACCES" if code == "EPERM" else code or "")
    return _failure(cause or causes.NO_FILE, code, "errno")


def no_regular_file() -> Failure:
    """Return the failure of a pipe, a socket or a device in the place of SQLite's file."""
    return _failure(causes.NO_REGULAR_FILE, None, None)


def no_user() -> Failure:
    """Return the failure of an address without a user where this process has no name either."""
    return _failure(causes.NO_USER, None, None)


def read_only() -> Failure:
    """Return the failure of a database that cannot be written to."""
    return _failure(causes.READ_ONLY, "25006", "sqlstate")


def no_right() -> Failure:
    """Return the failure of a role that may not do what it has to."""
    return _failure(causes.SQLSTATES["42501"], "42501", "sqlstate")


def no_schema() -> Failure:
    """Return the failure of a role for which no schema is there to make tables in."""
    return _failure(causes.SQLSTATES["3F000"], "3F000", "sqlstate")


def foreign_tables() -> Failure:
    """Return the failure of a database that holds tables of ours that we did not make."""
    return _failure(causes.FOREIGN, None, None)


def closed_at_sign_in() -> Failure:
    """Return the failure of a connection that ended without a word, as for want of a certificate.

    The TLS alert that says so reaches asyncpg after the handshake, and it does not pass it on.
    """
    return _failure(causes.CLOSED, "08003", "sqlstate")


def refused_setting(state: str | None) -> Failure | None:
    """Return the failure of a connection that was refused with this SQLSTATE for what it set."""
    # In a statement these would be mistakes of ours.
    refused = state in {"22023", "42704", "55P02"}
    return _failure(causes.SETTING, state, "sqlstate") if refused else None


def cause_of(error: BaseException) -> Failure | None:
    """Return why the database failed, from one error of a driver; None if it is a fault of ours."""
    if isinstance(error, Unusable):
        return error.failure
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        cause = causes.SQLSTATES.get(state) or causes.SQLSTATES.get(state[:2])
        return None if cause is None else _failure(cause, state, "sqlstate")
    if is_of_sqlite(error):
        return _of_sqlite(error)
    return _of_driver(error) or failure_of(error, _SERVER)


def is_of_sqlite(error: BaseException) -> bool:
    """Tell whether SQLite says so, by name: a service on PostgreSQL need not load its driver."""
    kinds = ((kind.__module__, kind.__name__) for kind in type(error).__mro__)
    return ("sqlite3", "Error") in kinds


def _of_sqlite(error: BaseException) -> Failure | None:
    name = getattr(error, "sqlite_errorname", "")
    for beginning, cause in causes.SQLITE.items():
        if name.startswith(beginning):
            return _failure(cause, name, "sqlite")
    text = str(error)
    if text == "unsupported file format":
        return _failure(causes.NEWER_FILE, name or None, "sqlite")
    if text.endswith(" already exists") or text.startswith("there is already a"):
        return _failure(causes.FOREIGN, name or None, "sqlite")
    return None


def _of_driver(error: BaseException) -> Failure | None:
    """Tell what asyncpg says itself, by name: a service on SQLite need not load it."""
    kinds = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("asyncpg")}
    if "TargetServerAttributeNotMatched" in kinds:
        return _failure(causes.READ_ONLY, None, None)
    if "ClientConfigurationError" in kinds:
        return _failure(causes.CERTIFICATE_FILES, None, None)
    text = str(error)
    if "InterfaceError" in kinds and text.startswith("unsupported"):
        return _failure(causes.UNKNOWN_SIGN_IN, None, None)
    if "InterfaceError" in kinds and text == "connection is closed":
        # The server said why while nothing was asked, and asyncpg passes that on to no one.
        return _failure(causes.LOST, None, None)
    if isinstance(error, ConnectionError) and error.errno is None:
        # The texts are only looked at, and not passed on.
        if text.endswith("rejected SSL upgrade"):
            return _failure(causes.NO_TLS, None, None)
        return _failure(causes.LOST, None, None)
    return None


def _failure(cause: causes.Cause, code: str | None, kind: CodeKind | None) -> Failure:
    return Failure(
        part=PART,
        reason=cause.reason,
        words=cause.words,
        cure=cause.cure,
        code=code,
        kind=kind,
        remedy=cause.remedy,
        public=cause.public,
    )
