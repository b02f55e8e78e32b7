"""A circuit breaker: a server that does not answer is not tried for a while, then probed once.

All workers share one record, so that a server that comes back gets one probe and not one from
each of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class CircuitState(StrEnum):
    """Closed: all is well. Open: nothing is tried. Half-open: one probe at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitPolicy:
    """After ``failures`` in a row it opens for ``pause``, doubled up to ``longest_pause``.

    A probe without a result after ``patience`` counts as lost: its worker was killed.
    """

    failures: int
    pause: timedelta
    longest_pause: timedelta
    patience: timedelta


@dataclass(slots=True, eq=False, kw_only=True)
class Circuit:
    """The state of the connection to one server."""

    name: str
    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None
    version: int = 0

    def state(self, now: datetime) -> CircuitState:
        """Return the state at this time."""
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN

    def take_probe(self, policy: CircuitPolicy, *, now: datetime) -> bool:
        """Take the one probe of a half-open circuit; False if it is not to be had now."""
        if self.state(now) is not CircuitState.HALF_OPEN:
            return False
        if self.probe_until is not None and now < self.probe_until:
            return False
        self.probe_until = now + policy.patience
        return True

    def give_probe_back(self) -> None:
        """Free the probe for another worker: it was cancelled, which is no failure."""
        self.probe_until = None

    @property
    def is_healthy(self) -> bool:
        """Whether the circuit is closed and no failure is counted."""
        return self.failures == 0 and self.open_until is None

    def succeeded(self) -> None:
        """Close the circuit: the server answered."""
        self.failures = self.openings = 0
        self.open_until = self.probe_until = None

    def failed(self, policy: CircuitPolicy, *, now: datetime) -> None:
        """Count a failure; open when there were enough in a row, or when a probe failed."""
        self.failures += 1
        state = self.state(now)
        if state is CircuitState.OPEN:
            return  # another worker has opened it while this one was being tried
        if state is CircuitState.HALF_OPEN or self.failures >= policy.failures:
            doublings: int = min(self.openings, 20)
            self.open_until = now + min(policy.pause * (1 << doublings), policy.longest_pause)
            self.openings += 1
            self.probe_until = None
