"""The development key: made on the first start, kept for the next, never shared."""

import logging
import os
import secrets
import stat
from pathlib import Path

from domain.failures import Failure, Remedy
from entrypoints.settings.problems import SettingsError

SHORTEST_KEY = 32
"""How many bytes a key has at least."""
_LENGTH = 48
_logger = logging.getLogger("doorward.settings")


class KeyNotKept(Exception):
    """The key's file can neither be read nor made. The message names no part of the key."""


class KeptKey:
    """A key in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.was_made = False
        """Whether this process has made the file: nothing that is kept can be under its key."""

    def announce(self) -> None:
        """Say in the log that the file was made, if this process has done that."""
        if self.was_made:
            _logger.warning(
                "SECRET_KEY is not set: made one and kept it in %s, for development only", self.path
            )

    def withdraw(self) -> None:
        """Remove the file if this process has made it."""
        if self.was_made:
            self.path.unlink(missing_ok=True)
            self.was_made = False

    def present(self) -> bytes | None:
        """Return the key if there is one; make and change nothing.

        Raises :class:`KeyNotKept` for a file that cannot be read.
        """
        try:
            return self._content(self._open())
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise KeyNotKept(f"{self.path} cannot be read ({failure.strerror}).") from failure

    @staticmethod
    def fresh() -> bytes:
        """Return a new random key."""
        return secrets.token_urlsafe(_LENGTH).encode()

    def read_or_make(self) -> bytes:
        """Return the key. Of two processes that start at once, both get the same."""
        try:
            if not self.path.exists():
                self._make()
            return self._read()
        except OSError as failure:
            raise KeyNotKept(
                f"{self.path} can be neither read nor made ({failure.strerror})."
            ) from failure

    def _make(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.fresh())
                file.flush()
                os.fsync(file.fileno())
            # A link is made whole or not at all, and only one process can make it: half a
            # key is never read, and the second process reads that of the first.
            os.link(draft, self.path)
            self.was_made = True
        except FileExistsError:
            return
        finally:
            draft.unlink()

    def _read(self) -> bytes:
        descriptor = self._open()
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
            _logger.warning("%s could be read by others: taken from them", self.path)
        return self._content(descriptor)

    def _open(self) -> int:
        # A pipe would be waited for, and of a folder the rights would be taken away.
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise KeyNotKept(f"{self.path} cannot be read: it is no file.")
        return descriptor

    def _content(self, descriptor: int) -> bytes:
        with os.fdopen(descriptor, "rb") as file:
            key = file.read().strip()
        if len(key) < SHORTEST_KEY:
            raise KeyNotKept(f"{self.path} holds no key; remove the file.")
        return key


def previous_key(given: str, present: bytes, kept: KeptKey | None) -> bytes:
    """Return the bytes of the key before the present one.

    ``kept`` is where the present one comes from, if it is not set. Raises :class:`SettingsError`
    for one that is too short to have been in use, or that is the present one.
    """
    previous = given.encode()
    if len(previous) < SHORTEST_KEY:
        problem = f"is shorter than {SHORTEST_KEY} bytes. Set it to the SECRET_KEY that was in use."
        raise SettingsError([f"SECRET_KEY_PREVIOUS: {problem}"])
    if previous == present:
        same = "SECRET_KEY" if kept is None else f"the key in {kept.path}"
        cure = "Set SECRET_KEY to a new one, or remove SECRET_KEY_PREVIOUS."
        raise SettingsError([f"SECRET_KEY_PREVIOUS: is the same as {same}. {cure}"])
    return previous


def wrong_secret_key(kept: KeptKey | None, *, has_previous: bool = False) -> Failure:
    """Return what to say about a key that nothing in the database was written with.

    ``kept`` is where it comes from, if it is not set; ``has_previous``: SECRET_KEY_PREVIOUS is set,
    and is no better.
    """
    if kept is None:
        words, cure = "", "Set SECRET_KEY to the one that was in use."
    elif kept.was_made or not kept.path.exists():
        words = f": none is set, and {kept.path}, where it was kept, is gone"
        cure = "Put that file back, or set SECRET_KEY to what stood in it. None was made anew."
    else:
        words = f": none is set, and {kept.path} holds another one"
        cure = "Put back the file that was there, or set SECRET_KEY to the one that was in use."
    if has_previous:
        words = f"{words}; neither is SECRET_KEY_PREVIOUS"
        cure = "Set SECRET_KEY_PREVIOUS to the one that was last in use."
    change = "" if has_previous else " To change it, set SECRET_KEY_PREVIOUS to the old one."
    return Failure(
        part="secret key",
        reason="wrong_secret_key",
        words=f"is not the one that this database was written with{words}",
        cure=f"{cure} Nothing can be opened without it.{change}",
        remedy=Remedy.RESTART,
    )
