"""How a row is made of the figures that a work has brought: a ratio, or a figure of its own."""

from dataclasses import dataclass
from statistics import median

from benchmarks.judgement import Estimate, Goal, estimate, ratio
from benchmarks.measures import Bout
from benchmarks.results import Row


@dataclass(frozen=True, slots=True)
class Figure:
    """A member of the samples, and how it is compared and written.

    The ratio of an ``inverted`` one is theirs by ours: requests per processor second are compared,
    processor seconds per request are what is sampled.
    """

    name: str
    factor: float = 1.0
    inverted: bool = False
    less_is_better: bool = False

    def compare(self, ours: list[float], theirs: list[float]) -> Estimate:
        """Return ours by theirs, round by round, or the other way round if inverted."""
        return ratio(theirs, ours) if self.inverted else ratio(ours, theirs)


PER_SECOND = Figure("per_second")
PER_CPU_SECOND = Figure("cpu_seconds", inverted=True)
CPU_EACH = Figure("cpu_seconds", less_is_better=True)
MICROSECONDS = Figure("cpu_seconds", factor=1e6, less_is_better=True)
TIME_EACH = Figure("per_second", inverted=True, less_is_better=True)
CORES_BUSY = Figure("cores_busy")
SECONDS = Figure("seconds", less_is_better=True)
START = Figure("start_seconds", less_is_better=True)
START_CPU = Figure("start_cpu_seconds", less_is_better=True)
MEMORY = Figure("memory_mb", less_is_better=True)
LATENCY = Figure("latency_seconds", factor=1000, less_is_better=True)


@dataclass(frozen=True, slots=True)
class Beside:
    """A row whose figure is Doorward's as a share of another contender's.

    ``who`` is Doorward at something else than the contender of its name does.
    """

    name: str
    against: str
    figure: Figure
    goal: Goal | None = None
    times: float = 1.0
    who: str = ""

    def row(self, bout: Bout, ours: str) -> Row:
        """Return the row, with one of the contenders as ours."""
        name, ours = self.figure.name, self.who or ours
        found = self.figure.compare(bout.figures(ours, name), bout.figures(self.against, name))
        return Row(
            self.name,
            _shown(bout, ours, name),
            f"{self.against} {_shown(bout, self.against, name)}",
            found.times(self.times),
            "",
            self.goal,
            self.figure.less_is_better,
        )

    def changed(self, bout: Bout, before: str, after: str) -> Estimate | None:
        """Return how the row's figure differs between two contenders, round by round."""
        name = self.figure.name
        return self.figure.compare(bout.figures(after, name), bout.figures(before, name))


@dataclass(frozen=True, slots=True)
class Absolute:
    """A row whose figure is Doorward's own."""

    name: str
    figure: Figure
    unit: str
    goal: Goal | None = None
    quantile: float = 0.5

    def row(self, bout: Bout, ours: str) -> Row:
        """Return the row, with one of the contenders as ours."""
        figures = [figure * self.figure.factor for figure in bout.figures(ours, self.figure.name)]
        found = estimate(figures, quantile=self.quantile)
        beside = "" if self.quantile == 0.5 else f"median {median(figures):.1f} {self.unit}"
        return Row(
            self.name,
            f"{found.middle:.3g} {self.unit}",
            beside,
            found,
            self.unit,
            self.goal,
            self.figure.less_is_better,
        )

    def changed(self, bout: Bout, before: str, after: str) -> Estimate | None:
        """Return how the figure differs between two contenders, round by round, if there are any.

        The samples of another quantile than the median are no rounds.
        """
        if self.quantile != 0.5:
            return None
        name = self.figure.name
        return ratio(bout.figures(after, name), bout.figures(before, name))


type Line = Beside | Absolute


def _shown(bout: Bout, who: str, figure: str) -> str:
    if figure == "memory_mb":
        return f"{bout.middle(who, figure):.0f} MB"
    if figure.startswith("start"):
        seconds, cpu = (bout.middle(who, f"start_{each}") for each in ("seconds", "cpu_seconds"))
        return f"{seconds:.2f} s, {cpu:.2f} s CPU"
    if figure == "seconds":
        return f"{bout.middle(who, figure) * 1000:.2f} ms"
    per_second, cpu = (bout.middle(who, each) for each in ("per_second", "cpu_seconds"))
    if per_second < 100:
        return f"{per_second:.2f}/s, {cpu * 1000:.1f} ms CPU"
    return f"{per_second:,.0f}/s, {cpu * 1e6:.0f} µs CPU"
