"""SQLite's file: whether it can be used, how it is made, and that it is for its owner alone.

A mistyped address may name any file of the machine. What is not Doorward's is never changed.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL
from sqlalchemy.engine.interfaces import DBAPICursor

from adapters.addresses.database import SqliteAddress
from adapters.sqlalchemy.failures import (
    Unusable,
    no_regular_file,
    unusable_file,
    wrong_encoding_of_file,
)

_BESIDE = ("-wal", "-shm", "-journal")


def reading_url(address: SqliteAddress) -> URL:
    """Return an address that opens the file as it lies there, and makes or changes none.

    A file that is not there yet is read as an empty database. One that no process has open is read
    without SQLite's own files beside it, which even a reader would make.
    """
    file = Path(address.file).absolute()
    if not os.path.exists(file):  # noqa: PTH110 - Path's raises for a name that is too long
        return URL.create("sqlite+aiosqlite", database=":memory:")
    options = {"uri": "true", "mode": "ro"}
    if not any(file.with_name(file.name + end).exists() for end in ("-wal", "-journal")):
        options["immutable"] = "1"
    return URL.create("sqlite+aiosqlite", database=f"file:{quote(str(file))}", query=options)


def prepare_file(address: SqliteAddress) -> None:
    """Make SQLite's file and its folder, readable by its owner alone.

    Raises :class:`Unusable` where it cannot be made, read or written. A file that is there is not
    opened: closing it would take away the locks that SQLite has on it in this process.
    """
    ensure_usable(address)
    file = Path(address.file)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as problem:
        raise Unusable(unusable_file(problem.errno)) from None


def keep_private(address: SqliteAddress) -> None:
    """Take the file, and what SQLite keeps beside it, from the machine's other users.

    Only for a file that has shown itself to be Doorward's: a mistyped address may name anything.
    """
    for end in ("", *_BESIDE):
        file = Path(f"{address.file}{end}")
        with suppress(OSError):  # it is not there, or another user's, who lets us write to it
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                file.chmod(0o600)


def ensure_usable(address: SqliteAddress) -> None:
    """Raise :class:`Unusable` if SQLite's file, or a new one, could not be used; change nothing.

    A pipe or a device is none: to open it could take for ever, and do something.
    """
    file = Path(address.file).absolute()
    try:
        mode = _mode_of(file)
        # Beside the file SQLite keeps others of its own, so the folder must be writable, too.
        folder = _folder_for(file) if mode is None else file.resolve().parent
        in_the_way = mode is None and not folder.is_dir()
    except OSError as problem:
        raise Unusable(unusable_file(problem.errno)) from None
    if in_the_way:
        raise Unusable(unusable_file(errno.ENOTDIR))
    if mode is not None and not stat.S_ISREG(mode):
        raise Unusable(unusable_file(errno.EISDIR) if stat.S_ISDIR(mode) else no_regular_file())
    may_be_used = mode is None or os.access(file, os.R_OK | os.W_OK)
    if not (may_be_used and os.access(folder, os.W_OK | os.X_OK)):
        is_fixed = os.statvfs(folder).f_flag & os.ST_RDONLY
        raise Unusable(unusable_file(errno.EROFS if is_fixed else errno.EACCES))


def ensure_utf8(cursor: DBAPICursor) -> None:
    """Raise :class:`Unusable` if the file is in UTF-16, whose order is that of no other store."""
    cursor.execute("PRAGMA encoding")
    ((encoding,),) = cursor.fetchall()
    if encoding != "UTF-8":
        raise Unusable(wrong_encoding_of_file(encoding))


def _mode_of(file: Path) -> int | None:
    """Return the kind and the rights of what the path leads to; None if nothing is there."""
    try:
        return file.stat().st_mode
    except FileNotFoundError:
        return None


def _folder_for(file: Path) -> Path:
    """Return the folder in which the file, or the first of its folders, is to be made."""
    if file.is_symlink():
        # It may lead to a file that is still to be made, but a folder that is gone is more likely
        # a disk that is not mounted.
        folder = file.resolve().parent
        folder.stat()
        return folder
    return next(place for place in file.parents if os.path.lexists(place))
