"""
The command line inside this process: what a command says and does, without two seconds of start.

How a process starts, reads a pipe and ends is tested on real ones (tests/support/processes.py).
"""

import contextlib
import io
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.logging_state import logging_as_before
from tests.support.processes import environment


@dataclass(frozen=True, slots=True)
class Done:
    """
    How a command ended; ``pieces`` are the sizes in which it wrote its standard output.
    """

    returncode: int
    stdout: str
    stderr: str
    pieces: list[int]


class _Output(io.BytesIO):
    """
    A standard stream that remembers how it was written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[int] = []

    def write(self, data: object) -> int:
        count = super().write(data)  # type: ignore[arg-type]  # io's own word for bytes
        self.pieces.append(count)
        return count


def command(*arguments: str, folder: Path, stdin: str = "", **settings: str) -> Done:
    """
    Run a command to its end in that folder, as `processes.doorward` does in one of its own.
    """
    from entrypoints.cli.main import main

    return command_of(main, *arguments, folder=folder, stdin=stdin, **settings)


def command_of(
    main: Callable[[], None], *arguments: str, folder: Path, stdin: str = "", **settings: str
) -> Done:
    """
    Run a command of the program that this function is the start of.
    """
    out, err = _Output(), _Output()
    code = 0

    def run() -> None:
        nonlocal code
        try:
            main()
        except SystemExit as end:
            if isinstance(end.code, str):
                sys.stderr.write(f"{end.code}\n")
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # as the interpreter would: the traceback, and 1
            traceback.print_exc()
            code = 1

    with (
        logging_as_before(),
        _surroundings(folder, environment(folder, settings)),
        _streams(["doorward", *arguments], io.BytesIO(stdin.encode()), out, err),
    ):
        # In a thread of its own, since a command starts an event loop and the test may be in one.
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    return Done(code, out.getvalue().decode(), err.getvalue().decode(), out.pieces)


@contextlib.contextmanager
def _surroundings(folder: Path, variables: dict[str, str]) -> Iterator[None]:
    """
    Run the block in that folder, with these environment variables and no others.
    """
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _streams(arguments: list[str], stdin: io.BytesIO, out: _Output, err: _Output) -> Iterator[None]:
    before = sys.argv, sys.stdin
    sys.argv = arguments
    sys.stdin = io.TextIOWrapper(stdin, encoding="utf-8")
    stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    stderr = io.TextIOWrapper(err, encoding="utf-8", write_through=True)
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            yield
        stdout.flush()
        stderr.flush()
    finally:
        sys.argv, sys.stdin = before
        stdout.detach()
        stderr.detach()
