"""
Commands on a real terminal: what a person sees, and a program in a pipe does not.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import PATIENCE, environment


class Terminal:
    """
    The screen's end of a terminal, and the process on it.
    """

    def __init__(self, screen: int, process: subprocess.Popen[bytes]) -> None:
        self.process, self.seen = process, ""
        self._screen = screen

    def until(self, text: str) -> str:
        """
        Return everything seen so far, once that text is in it.
        """
        while text not in self.seen:
            assert self._read(), f"{text!r} never came:\n{self.seen}"
        return self.seen

    def to_the_end(self) -> str:
        """
        Return everything that is seen until the last writer has left.
        """
        while self._read():
            pass
        self.process.wait(PATIENCE)
        return self.seen

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def _read(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        ready, _, _ = select.select([self._screen], [], [], deadline - time.monotonic())
        assert ready, f"nothing more came:\n{self.seen}"
        try:
            piece = os.read(self._screen, 65536)
        except OSError:  # Linux says so when the last writer has left
            return False
        self.seen += piece.decode(errors="replace").replace("\r\n", "\n")
        return bool(piece)


@contextmanager
def on_a_terminal(
    *arguments: str,
    folder: Path,
    columns: int = 100,
    program: Sequence[str] = (sys.executable, "-m", "entrypoints.cli.main"),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """
    Run a command on a terminal of that width around the block; what is left of it is killed.
    """
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [*program, *arguments],
        cwd=folder,
        env=environment(folder, {"TERM": "xterm", **(settings or {})}),
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
    )
    os.close(keyboard)
    try:
        yield Terminal(screen, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)
        os.close(screen)
