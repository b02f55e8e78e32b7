"""What measured figures allow to say, and what they do not: medians, intervals, verdicts.

Everything here is arithmetic on numbers that :mod:`~benchmarks.measures` has brought, so that two
results can be compared long after the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from math import exp, lgamma, log

_DOUBT = 0.05


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure that was measured in so many rounds: its middle, and between what it lies.

    The interval is the sign test's, which assumes nothing about how the figures are spread: the
    narrowest pair of them in order that holds the median with 95 %. Up to eight rounds that is
    the smallest and the largest, and with five or fewer even these are less than 95 % sure.
    """

    middle: float
    low: float
    high: float
    rounds: int

    def times(self, factor: float) -> "Estimate":
        """Return the estimate of so many times the figure."""
        return Estimate(self.middle * factor, self.low * factor, self.high * factor, self.rounds)


class Verdict(StrEnum):
    """Whether a goal is reached."""

    YES = "yes"
    MOONSHOT = "moonshot"
    NO = "NO"
    CANNOT_TELL = "cannot tell"
    NOT_ASKED = ""


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that is to be reached from one side, and one beyond it to be hoped for."""

    wanted: float
    moonshot: float | None = None
    at_most: bool = False

    def judge(self, found: Estimate) -> Verdict:
        """Say yes or no only if the whole interval lies on one side of the goal."""
        if self.moonshot is not None and self._side(found, self.moonshot) is Verdict.YES:
            return Verdict.MOONSHOT
        return self._side(found, self.wanted)

    def _side(self, found: Estimate, figure: float) -> Verdict:
        if (found.high <= figure) if self.at_most else (found.low >= figure):
            return Verdict.YES
        if (found.low > figure) if self.at_most else (found.high < figure):
            return Verdict.NO
        return Verdict.CANNOT_TELL


def estimate(figures: Sequence[float], *, quantile: float = 0.5) -> Estimate:
    """Return the median of the figures, or another quantile, and its interval.

    Raises ``ValueError`` if there are none.
    """
    if not figures:
        raise ValueError("nothing was measured")
    ordered, number = sorted(figures), len(figures)
    below = _likely_below(number, quantile)
    lowest = max((rank for rank in range(number) if below[rank] <= _DOUBT / 2), default=0)
    highest = min(
        (rank for rank in range(number) if 1 - below[rank] <= _DOUBT / 2), default=number - 1
    )
    low, high = ordered[lowest], ordered[highest]
    # Rounding must not put the middle of equal figures beside them.
    middle = min(max(_quantile(ordered, quantile), low), high)
    return Estimate(middle, low, high, number)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """Return ours as a share of theirs, round by round.

    Raises ``ValueError`` if one of them had more rounds than the other.
    """
    return estimate([our / their for our, their in zip(ours, theirs, strict=True)])


def change(before: Estimate, after: Estimate) -> Estimate:
    """Return how a figure changed between two runs, as a factor, in the worst case both ways.

    The interval holds 1 exactly if the two intervals overlap.
    """
    return Estimate(
        after.middle / before.middle,
        after.low / before.high,
        after.high / before.low,
        min(before.rounds, after.rounds),
    )


def _likely_below(number: int, quantile: float) -> list[float]:
    """Return how likely it is that at most so many of the figures lie below the quantile.

    The first is for none of them, the last, 1, for all.
    """
    whole = lgamma(number + 1)
    return list(
        accumulate(
            exp(
                whole - lgamma(below + 1) - lgamma(number - below + 1)
                + below * log(quantile) + (number - below) * log(1 - quantile)
            )
            for below in range(number + 1)
        )
    )  # fmt: skip


def _quantile(ordered: Sequence[float], quantile: float) -> float:
    """Return it as a straight line between its two neighbours gives it."""
    place = quantile * (len(ordered) - 1)
    before = int(place)
    after = min(before + 1, len(ordered) - 1)
    return ordered[before] + (ordered[after] - ordered[before]) * (place - before)
