"""Why a database cannot be used: the table of causes, each in our own words and with its cure.

Only the codes of a server's or of SQLite's errors are looked at; :mod:`failures` says how.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.failures import Remedy

_REFUSES = "refuses Doorward"
_UNFIT = "cannot be used"


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause, and how it is told; the code comes with each case."""

    reason: str
    words: str
    cure: str
    remedy: Remedy = Remedy.OPERATOR
    public: str = "does not answer"


_RIGHTS = Cause(
    "no_right",
    "does not give this user the right to do that",
    "Grant the role CREATE and USAGE on its schema for `doorward migrate`, and SELECT, INSERT, "
    "UPDATE and DELETE on the tables for serving; the owner of the tables has all of it.",
    public=_REFUSES,
)
FOREIGN = Cause(
    "foreign_tables",
    "holds tables with the names of Doorward's and no record that Doorward made them",
    "Give Doorward a database of its own in DATABASE_URL; or, if they are Doorward's, restore "
    "alembic_version from a backup. Nothing was changed.",
    Remedy.RESTART,
    _UNFIT,
)
_ENDING = Cause(
    "shutting_down",
    "is shutting down or starting up",
    "Wait; look at its log if it goes on.",
    Remedy.TIME,
)
_SLOW = Cause(
    "too_slow",
    "took too long",
    "Look at what keeps it busy, and at what holds locks.",
    Remedy.TIME,
)
_RAISE = (
    "Raise it where it is set: for the role, for the database, at the server, or in `options` of "
    "DATABASE_URL."
)
LOST = Cause(
    "connection_lost",
    "closed the connection",
    "Look at its log, at what stands between (a pooler, a proxy), and at idle_session_timeout.",
    Remedy.TIME,
)
CLOSED = Cause(
    "closed_at_sign_in",
    "closed the connection before anyone was signed in",
    "Look at its log. If it demands a client certificate, name one that its authority has signed "
    "as sslcert and sslkey in DATABASE_URL.",
    Remedy.TIME,
)
_BROKEN = Cause(
    "server_error",
    "has an error of its own",
    "Look at its log and at its disk.",
    Remedy.TIME,
)
READ_ONLY = Cause(
    "read_only",
    "is read only, as a standby is",
    "Name the primary in DATABASE_URL; with several hosts add target_session_attrs=read-write.",
    Remedy.OPERATOR,
    "is read only",
)
_NO_SCHEMA = Cause(
    "no_schema",
    "has no schema in which this user could make tables",
    "Create the schema that the role's search_path names, or grant USAGE and CREATE on it.",
    public=_REFUSES,
)
SETTING = Cause(
    "setting_refused",
    "does not take a parameter of the connection",
    "Look at `options` in DATABASE_URL. A pooler may have to be told which parameters to ignore.",
    public=_REFUSES,
)

SQLSTATES: Mapping[str, Cause] = MappingProxyType(
    {
        "08": LOST,
        "25006": READ_ONLY,
        "25P03": Cause(
            "idle_in_transaction_timeout",
            "ended a transaction that idled for longer than idle_in_transaction_session_timeout",
            "Look at what keeps this process from its work: the load of its machine, a long pause.",
            Remedy.TIME,
        ),
        "25P04": Cause(
            "transaction_timeout",
            "ended a transaction that took longer than transaction_timeout",
            f"{_RAISE} Then look at what keeps it busy, and at what holds locks.",
            Remedy.TIME,
        ),
        "28": Cause(
            "sign_in_refused",
            "refuses this user, this machine or this kind of connection",
            "Create the role with LOGIN and let pg_hba.conf allow it here. Where TLS is demanded, "
            "write sslmode=require in DATABASE_URL.",
            public=_REFUSES,
        ),
        "28P01": Cause(
            "password_refused",
            "refuses the user or the password",
            "Put the role's name and its password into DATABASE_URL, or give the role this "
            "password.",
            public=_REFUSES,
        ),
        "3D000": Cause(
            "no_such_database",
            "server has no database of this name",
            "Create it (createdb), or put the right name into DATABASE_URL.",
            public=_REFUSES,
        ),
        "3F000": _NO_SCHEMA,
        "42501": _RIGHTS,
        "42P07": FOREIGN,
        "42710": FOREIGN,
        "53": _BROKEN,
        "53100": Cause(
            "disk_full",
            "has no space left on its disk",
            "Make space on the server's disk.",
        ),
        "53200": Cause("out_of_memory", "has no memory left", "Give the server more memory."),
        "53300": Cause(
            "too_many_connections",
            "has no connection left",
            "Raise max_connections on the server or lower DATABASE_POOL_SIZE: every process takes "
            "up to that many.",
            Remedy.TIME,
        ),
        "55006": _SLOW,
        "55P03": Cause(
            "locked",
            "did not give a lock in time",
            "Look at what holds locks: a migration, a backup, a transaction left open.",
            Remedy.TIME,
        ),
        "57": _ENDING,
        "57014": Cause(
            "too_slow",
            "ended a statement that took longer than statement_timeout, or that was cancelled",
            "Look at what keeps it busy, at what holds locks, and at who cancels statements.",
            Remedy.TIME,
        ),
        "57P04": Cause(
            "no_such_database",
            "was dropped",
            "Create it (createdb), or put the right name into DATABASE_URL.",
        ),
        "57P05": Cause(
            "idle_session_timeout",
            "ended a connection that idled for longer than idle_session_timeout",
            f"{_RAISE} Connections are kept for the next request.",
            Remedy.TIME,
        ),
        "58": _BROKEN,
        "XX": _BROKEN,
    }
)
"""By SQLSTATE; two characters stand for the rest of a class (PostgreSQL, appendix A)."""

_FOLDER = (
    "The folder must exist or be makeable, and this user must be able to write to it and to the "
    "file."
)
_FULL = Cause("disk_full", "has no space left on its disk", "Make space on the disk.")
SQLITE: Mapping[str, Cause] = MappingProxyType(
    {
        "SQLITE_NOTADB": Cause(
            "no_database_file",
            "is a file that is no SQLite database, or one that is encrypted",
            "Name another file in DATABASE_URL. Nothing was changed.",
            Remedy.RESTART,
            _UNFIT,
        ),
        "SQLITE_CORRUPT": Cause(
            "damaged",
            "is a damaged file",
            "Restore a backup.",
            Remedy.RESTART,
            _UNFIT,
        ),
        "SQLITE_CANTOPEN": Cause(
            "cannot_open",
            "is a file that cannot be opened",
            f"{_FOLDER} A folder is no file.",
            Remedy.RESTART,
            _UNFIT,
        ),
        "SQLITE_READONLY": Cause(
            "read_only", "is a file that cannot be written to", _FOLDER, public="is read only"
        ),
        "SQLITE_PERM": Cause(
            "not_allowed", "is a file that this user may not use", _FOLDER, public=_UNFIT
        ),
        "SQLITE_AUTH": Cause(
            "not_allowed", "is a file that this user may not use", _FOLDER, public=_UNFIT
        ),
        "SQLITE_FULL": _FULL,
        "SQLITE_BUSY": Cause(
            "locked",
            "is a file that another process has locked",
            "End the other process, or wait until it is done: SQLite has one writer at a time.",
            Remedy.TIME,
        ),
        "SQLITE_LOCKED": Cause(
            "locked",
            "is a file that another process has locked",
            "End the other process, or wait until it is done: SQLite has one writer at a time.",
            Remedy.TIME,
        ),
        # The file beside the database could not grow; SQLite has no other name for that.
        "SQLITE_IOERR_SHMSIZE": _FULL,
        "SQLITE_IOERR": Cause(
            "disk_error", "is a file that cannot be read or written", "Look at the disk."
        ),
        "SQLITE_NOMEM": Cause(
            "out_of_memory", "has no memory left", "Give the process more memory."
        ),
        "SQLITE_INTERRUPT": _SLOW,
        "SQLITE_PROTOCOL": _SLOW,
    }
)
"""By the beginning of SQLite's name for the error; the first that fits counts."""

NO_FILE = Cause(
    "cannot_open",
    "is a file that can be neither made nor opened",
    _FOLDER,
    Remedy.RESTART,
    _UNFIT,
)
ERRORS_OF_FILES: Mapping[str, Cause] = MappingProxyType(
    {
        "EACCES": Cause(
            "not_allowed",
            "is a file that this user may not write",
            f"{_FOLDER} SQLite makes files of its own beside it.",
            Remedy.RESTART,
            _UNFIT,
        ),
        "EISDIR": Cause(
            "a_folder",
            "is a folder and no file",
            "Put the path of a file into DATABASE_URL.",
            Remedy.RESTART,
            _UNFIT,
        ),
        "ENOSPC": _FULL,
        "EROFS": Cause(
            "read_only",
            "is on a disk that cannot be written to",
            "Put the path of a file on another disk into DATABASE_URL.",
            Remedy.RESTART,
            _UNFIT,
        ),
    }
)
"""By the name of the error; the rest is :data:`NO_FILE`."""
NO_REGULAR_FILE = Cause(
    "no_regular_file",
    "is a pipe, a socket or a device and no file",
    "Put the path of a file into DATABASE_URL.",
    Remedy.RESTART,
    _UNFIT,
)
NEWER_FILE = Cause(
    "newer_file",
    "is a file in a format that this SQLite does not know",
    "Use the SQLite that made it, or name another file in DATABASE_URL.",
    Remedy.RESTART,
    _UNFIT,
)
NO_TLS = Cause(
    "tls_refused",
    "does not offer TLS",
    "Switch TLS on at the server, or write sslmode=prefer in DATABASE_URL if the network between "
    "is trusted.",
    public="cannot be trusted",
)
UNKNOWN_SIGN_IN = Cause(
    "sign_in_unsupported",
    "asks for a way of signing in that is not supported",
    "Let pg_hba.conf ask for scram-sha-256 and put a password into DATABASE_URL.",
    public=_REFUSES,
)
CERTIFICATE_FILES = Cause(
    "tls_files",
    "cannot be reached with the certificate files that are set",
    "Name PEM files that exist and can be read as sslrootcert (or sslrootcert=system), sslcert "
    "and sslkey in DATABASE_URL; the key must belong to the certificate.",
)
NO_USER = Cause(
    "no_user",
    "cannot be signed in to: no user is named, and the process itself has no name",
    "Put the role's name into DATABASE_URL.",
    Remedy.RESTART,
    _REFUSES,
)
ENCODING = Cause(
    "wrong_encoding",
    "is not encoded in UTF8",
    "Make a new one (createdb --encoding=UTF8 --template=template0), move what is needed into it, "
    "and put its name into DATABASE_URL.",
    Remedy.RESTART,
    _UNFIT,
)
ENCODING_OF_FILE = Cause(
    "wrong_encoding",
    "is a file that is not encoded in UTF-8",
    "Name another file in DATABASE_URL. What is needed of this one can be copied to it: "
    "sqlite3 OLD .dump | sqlite3 NEW.",
    Remedy.RESTART,
    _UNFIT,
)
