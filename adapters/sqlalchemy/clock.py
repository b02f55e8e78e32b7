"""The one time that expiries and windows are decided by: the database's (CK-1)."""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.schema import UtcDateTime
from adapters.sqlalchemy.statements import Statement
from application.ports.clock import Clock

_DATABASE_TIME = Statement(select(func.clock_timestamp(type_=UtcDateTime)))
_LONGEST_QUESTION = 2_000_000_000
"""Half of this, in nanoseconds, is how wrong an accepted measurement can be."""


class DatabaseClock(Clock):
    """Knows how far the database's clock is from one that cannot be set.

    All instances on one database have one time. A jump of this host's wall clock is not even
    noticed: between two calls of :meth:`synchronise` only a monotonic clock counts, one that
    goes on while the machine sleeps. Until the first of them the host's time has to do.

    SQLite has no clock of its own, so the host's decides there. Then :meth:`synchronise`
    follows it forwards only: nothing that expired comes back to life.
    """

    def __init__(self, engine: Engine) -> None:
        self._connections = Connections(engine)
        self._has_own_time = engine.dialect.name == "postgresql"
        self._time, self._measured_at = datetime.now(UTC), _elapsed()
        self._is_measured = False

    def now(self) -> datetime:
        """Return the database's present."""
        return self._time + timedelta(microseconds=(_elapsed() - self._measured_at) // 1000)

    async def synchronise(self) -> None:
        """Measure anew how far the database's clock is from ours.

        Raises :class:`~domain.errors.ServiceUnavailable` if the database does not answer; the
        last measurement stays in force. An answer that took too long changes nothing either.
        """
        if not self._has_own_time:
            self._set(max(datetime.now(UTC), self.now()), at=_elapsed())
            return
        execution = OneByOne(self._connections)
        try:
            await execution.first(_DATABASE_TIME)  # so that the next one needs no connecting
            asked = _elapsed()
            row = await execution.first(_DATABASE_TIME)
            answered = _elapsed()
        finally:
            await execution.end()
        if row is not None and (answered - asked < _LONGEST_QUESTION or not self._is_measured):
            self._set(row[0], at=(asked + answered) // 2)

    def _set(self, present: datetime, *, at: int) -> None:
        self._time, self._measured_at, self._is_measured = present, at, True


def _elapsed() -> int:
    """Return nanoseconds since some moment in the past, asleep or awake."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()
