"""The signals that end a long-running process: SIGTERM, SIGINT and SIGHUP (DU-2).

The first one begins a polite end, the second one ends the process at once. They are taken from
Python's own handlers, which run whatever the event loop is busy with, and which also hold where
the process is number 1 of a container and has no default action.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

ECHO_SECONDS: Final = 1.0
"""A hang-up this soon after another signal says the same thing again and hurries nothing.

systemd sends one behind SIGTERM (``SendSIGHUP=``), and of a terminal that closes both the kernel
and the shell tell.
"""

LEAVING_SECONDS: Final = 1.0
"""How long the interpreter may take to end once everything is closed."""


class StopSignals:
    """What the process has been told, and what it does about it.

    Until :meth:`when_told` nothing runs that has to be finished, and the first signal ends the
    process with 0.

    A process that ``has_supervisor`` leaves the second signal to that one: of a stop both are told
    by the terminal, by systemd, and the one by the other.
    """

    def __init__(self, *, has_supervisor: bool = False) -> None:
        self._begin: Callable[[], object] = _leave
        self._at_once: Callable[[], object] | None = None
        self._told_at: float | None = None
        self._has_supervisor = has_supervisor

    def install(self) -> None:
        """Take the signals from now on.

        SIGHUP stays ignored if it was ignored before: that is what ``nohup`` asks for. Where the
        caller is not the main thread, signals are not its own, and nothing is taken.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        signal.signal(signal.SIGTERM, self._take)
        signal.signal(signal.SIGINT, self._take)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._take)

    def when_told(
        self, begin: Callable[[], object], *, at_once: Callable[[], object] | None = None
    ) -> None:
        """Have the first signal call this, in the main thread and at any moment.

        ``at_once`` is called before a second one ends the process.
        """
        self._begin, self._at_once = begin, at_once

    def _take(self, number: int, _: FrameType | None) -> None:
        told_at, now = self._told_at, time.monotonic()
        if told_at is None:
            self._told_at = now
            self._begin()
        elif self._has_supervisor:
            return
        elif number != signal.SIGHUP or now - told_at >= ECHO_SECONDS:
            if self._at_once is not None:
                self._at_once()
            with suppress(OSError):  # the reader may be gone, and print may be in use
                os.write(2, b"doorward: told twice to stop, so it ends at once\n")
            # As a shell reports it. What is acknowledged is committed; the rest never was.
            os._exit(128 + number)


def leave_within(seconds: float, *, code: int) -> None:
    """End the process with this code by then, whatever still keeps the interpreter.

    A thread that asks a silent name server cannot be told to stop, and Python waits for it.
    """
    threading.Thread(target=_exit_after, args=(seconds, code), daemon=True).start()


def _exit_after(seconds: float, code: int) -> NoReturn:
    time.sleep(seconds)
    os._exit(code)


def _leave() -> NoReturn:
    raise SystemExit(0)
