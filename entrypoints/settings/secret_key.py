"""The development key: made on the first start, kept for the next, never shared."""

import logging
import os
import secrets
import stat
from pathlib import Path

_LENGTH = 48
_logger = logging.getLogger("doorward.settings")


class KeyNotKept(Exception):
    """The key's file can neither be read nor made. The message names no part of the key."""


class KeptKey:
    """A key in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def fresh() -> bytes:
        """Return a new random key."""
        return secrets.token_urlsafe(_LENGTH).encode()

    def read_or_make(self) -> bytes:
        """Return the key. Of two processes that start at once, both get the same."""
        try:
            if not self._path.exists():
                self._make()
            return self._read()
        except OSError as failure:
            raise KeyNotKept(
                f"{self._path} can be neither read nor made ({failure.strerror})."
            ) from failure

    def _make(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.fresh())
                file.flush()
                os.fsync(file.fileno())
            # A link is made whole or not at all, and only one process can make it: half a
            # key is never read, and the second process reads that of the first.
            os.link(draft, self._path)
        except FileExistsError:
            return
        finally:
            draft.unlink()
        _logger.warning(
            "SECRET_KEY is not set: made one and kept it in %s, for development only", self._path
        )

    def _read(self) -> bytes:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                os.fchmod(file.fileno(), 0o600)
                _logger.warning("%s could be read by others: taken from them", self._path)
            key = file.read().strip()
        if len(key) < 32:
            raise KeyNotKept(f"{self._path} holds no key; remove the file.")
        return key
