"""A circuit breaker: whoever is away is left alone for a while, and then asked once.

All workers share one record, so that a server that comes back meets one probe and not one from
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

    A probe that is not heard of for ``patience`` is taken for lost: its worker was killed.
    """

    failures: int
    pause: timedelta
    longest_pause: timedelta
    patience: timedelta


@dataclass(slots=True, eq=False, kw_only=True)
class Circuit:
    """What is known of one server that others depend on."""

    name: str
    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None
    version: int = 0

    def state(self, now: datetime) -> CircuitState:
        """Return where the circuit stands."""
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN

    def take_probe(self, policy: CircuitPolicy, *, now: datetime) -> bool:
        """Take the one probe of a half-open circuit; False if it is open or somebody has it."""
        if self.state(now) is not CircuitState.HALF_OPEN:
            return False
        if self.probe_until is not None and now < self.probe_until:
            return False
        self.probe_until = now + policy.patience
        return True

    def give_probe_back(self) -> None:
        """Let somebody else probe: this probe was cancelled, which says nothing of the server."""
        self.probe_until = None

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing to forget after a success."""
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
            return  # somebody else has opened it while this one was being tried
        if state is CircuitState.HALF_OPEN or self.failures >= policy.failures:
            doublings: int = min(self.openings, 20)
            self.open_until = now + min(policy.pause * (1 << doublings), policy.longest_pause)
            self.openings += 1
            self.probe_until = None
