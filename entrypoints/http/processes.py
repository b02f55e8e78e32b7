"""The processes of ``doorward serve --workers``: forked, watched, replaced and stopped together.

The supervisor serves nothing. It has no thread, no event loop and no connection, which is why it
may fork and its children may go on; what it has imported is in memory once for all of them. The
first process makes everything ready; the others begin when that is done, so that a schema is
brought up to date once and a refusal is told once.
"""

import mmap
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from entrypoints.logging import get_logger
from entrypoints.stop_signals import StopSignals

EARLY_SECONDS: Final = 10.0
"""A process that ends before it is that old has ended early."""
MOST_EARLY_ENDS: Final = 5
"""That many in a row say that another try would not go better."""
FIRST_PAUSE: Final = 0.2
"""Seconds before the second try; doubled for each one after it."""

_STOPPING: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_PID_BYTES: Final = 8

log = get_logger("doorward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What one of the processes knows of its place among them."""

    number: int
    """From 1."""
    count: int
    is_first: bool
    """Whether it is the first of all: no other has said anything yet."""
    lifeline: int
    """A descriptor that has come to its end when the supervisor is gone."""
    _news: int
    _pids: memoryview

    def tell_ready(self) -> None:
        """Tell the supervisor that this process is ready."""
        with suppress(OSError):  # the supervisor is gone
            os.write(self._news, b"r")

    def pids(self) -> Mapping[str, int]:
        """Return which processes there are now: the supervisor, and the others by number."""
        named = {"supervisor" if number == 0 else str(number): pid
                 for number, pid in enumerate(self._pids)}  # fmt: skip
        return {name: pid for name, pid in named.items() if pid}


type Serve = Callable[[Post, StopSignals], int]
"""What a process does until it is told to stop; the exit code comes back."""


@dataclass(slots=True, kw_only=True)
class _Seat:
    """One of the numbers, and the process that has it."""

    number: int
    pid: int | None = None
    news: int = -1
    began: float = 0.0
    starts: int = 0
    was_ready: bool = False
    early_ends: int = 0
    due: float | None = None
    """When the next process is to be started; None while there is one, or none is wanted."""


class Supervisor:
    """Keeps that many processes serving until one of the signals."""

    def __init__(self, count: int, serve: Serve, signals: StopSignals) -> None:
        self._serve, self._signals = serve, signals
        self._seats = [_Seat(number=number) for number in range(1, count + 1)]
        self._pids = memoryview(mmap.mmap(-1, _PID_BYTES * (count + 1))).cast("q")
        self._pids[0] = os.getpid()
        self._wakes, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._lifeline, self._life = os.pipe()
        # Not epoll, which a child would share with us.
        self._selector = selectors.PollSelector()
        self._selector.register(self._wakes, selectors.EVENT_READ)
        self._is_ending = False
        self._code = 0

    def run(self) -> int:
        """Return the exit code when all of them have ended.

        0 after a signal, if each came to a clean end; 1 if one could not be started, which has
        said why, or if one could not be kept alive. A second signal kills them all.
        """
        self._signals.when_told(self._wake_up, at_once=self._kill_all)
        log.info("processes_start", count=len(self._seats), supervisor=os.getpid())
        self._seats[0].due = time.monotonic()
        while True:
            self._start_those_due()
            if all(seat.pid is None and seat.due is None for seat in self._seats):
                return self._code
            for key, _ in self._selector.select(self._seconds_to_next()):
                if key.data is None:
                    os.read(self._wakes, 1)
                    self._end(code=0)
                else:
                    self._hear(key.data)

    def _wake_up(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake, b"s")

    def _kill_all(self) -> None:
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        for seat in self._seats:
            if seat.pid is not None:
                os.kill(seat.pid, number)  # until it is waited for, the pid is no other's

    def _end(self, *, code: int) -> None:
        """Have all of them end politely, and start none anew."""
        if self._is_ending:
            return
        self._is_ending, self._code = True, code
        for seat in self._seats:
            seat.due = None
        self._signal_all(signal.SIGTERM)

    # --- starting -------------------------------------------------------------------------------

    def _seconds_to_next(self) -> float | None:
        due = [seat.due for seat in self._seats if seat.due is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start_those_due(self) -> None:
        now = time.monotonic()
        for seat in self._seats:
            if seat.due is not None and seat.due <= now:
                self._start(seat)

    def _start(self, seat: _Seat) -> None:
        seat.due, seat.began, seat.starts = None, time.monotonic(), seat.starts + 1
        heard, told = os.pipe()
        # Until the child has handlers of its own, a signal to it would be taken for one to us.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        try:
            seat.pid = os.fork()
            if seat.pid == 0:
                self._be(seat, heard, told, before)
        except OSError as failure:
            os.close(heard)
            log.warning("process_not_started", process=seat.number, why=failure.strerror)
            self._try_again(seat)
            return
        finally:
            os.close(told)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._pids[seat.number] = seat.pid
        seat.news = heard
        self._selector.register(heard, selectors.EVENT_READ, seat)

    def _be(self, seat: _Seat, heard: int, told: int, mask: set[int | signal.Signals]) -> NoReturn:
        """Be the child. Nothing of the supervisor's is closed or undone behind it."""
        code = 1
        try:
            signals = StopSignals(has_supervisor=True)
            signals.install()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for descriptor in (heard, self._wakes, self._wake, self._life):
                os.close(descriptor)
            for other in self._seats:
                if other.pid and other is not seat:
                    os.close(other.news)
            post = Post(
                number=seat.number,
                count=len(self._seats),
                is_first=seat.number == 1 and seat.starts == 1,
                lifeline=self._lifeline,
                _news=told,
                _pids=self._pids,
            )
            code = self._serve(post, signals)
        except SystemExit as end:
            code = _code_of(end)
        except BaseException:
            log.exception("process_failed", process=seat.number)
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(code)

    # --- watching -------------------------------------------------------------------------------

    def _hear(self, seat: _Seat) -> None:
        if not os.read(seat.news, 1):
            self._bury(seat)
            return
        log.info("process_ready", process=seat.number, pid=seat.pid)
        seat.was_ready = True
        if not self._is_ending:
            for each in self._seats:
                if each.starts == 0:
                    each.due = time.monotonic()

    def _bury(self, seat: _Seat) -> None:
        self._selector.unregister(seat.news)
        os.close(seat.news)
        pid, status = os.waitpid(seat.pid or 0, 0)
        seat.pid = None
        self._pids[seat.number] = 0
        code = os.waitstatus_to_exitcode(status)
        if self._is_ending:
            self._code = self._code or int(code != 0)
            return
        if code > 0 and not seat.was_ready:
            # It has said why, and to the others the same would happen.
            self._end(code=code)
            return
        how = {"signal": _name(-code)} if code < 0 else {"code": code}
        log.warning("process_ended", process=seat.number, pid=pid, **how)
        self._try_again(seat)

    def _try_again(self, seat: _Seat) -> None:
        now = time.monotonic()
        seat.early_ends = seat.early_ends + 1 if now - seat.began < EARLY_SECONDS else 0
        if seat.early_ends < MOST_EARLY_ENDS:
            seat.due = now + (
                FIRST_PAUSE * 2 ** (seat.early_ends - 2) if seat.early_ends > 1 else 0
            )
            return
        log.critical(
            "processes_do_not_stay_up",
            process=seat.number,
            why=f"It ended {MOST_EARLY_ENDS} times in a row within {EARLY_SECONDS:.0f} seconds.",
            cure="The lines above say how. SIGKILL is mostly the system's, out of memory.",
        )
        self._end(code=1)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _code_of(end: SystemExit) -> int:
    """Return the exit code, and say what the interpreter would have said."""
    if isinstance(end.code, str):
        sys.stderr.write(f"{end.code}\n")
        return 1
    return int(end.code or 0)
