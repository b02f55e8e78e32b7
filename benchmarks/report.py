"""The table: what was measured, what was hoped for, and where it was measured."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.arena import CONNECTIONS, COSTS
from benchmarks.processes import Cores

_PACKAGES = (
    "doorward", "fastapi", "starlette", "uvicorn", "uvloop", "httptools", "sqlalchemy", "asyncpg",
    "cryptography", "pyjwt", "argon2-cffi", "orjson", "structlog",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a figure of Doorward's beside that of a peer, and the goal for the two.

    ``measured``, a median, is held against ``goal`` and ``moonshot``; whether more is better
    depends on ``at_most``. ``quietest`` compares the best rounds. A row without a goal is there
    to be read.
    """

    work: str
    ours: str
    theirs: str
    measured: float
    unit: str = ""
    goal: float | None = None
    moonshot: float | None = None
    at_most: bool = False
    quietest: float | None = None

    @property
    def verdict(self) -> str:
        """What became of the goal."""
        if self.goal is None:
            return ""
        if self.moonshot is not None and self._reaches(self.moonshot):
            return "moonshot"
        return "yes" if self._reaches(self.goal) else "NO"

    def cells(self) -> list[str]:
        """Return the line's cells."""
        quietest = "" if self.quietest is None else self._figure(self.quietest)
        shown = [quietest, self._wanted(self.goal), self._wanted(self.moonshot)]
        return [
            self.work,
            self.ours,
            self.theirs,
            self._figure(self.measured),
            *shown,
            self.verdict,
        ]

    def _reaches(self, wanted: float) -> bool:
        return self.measured <= wanted if self.at_most else self.measured >= wanted

    def _wanted(self, figure: float | None) -> str:
        if figure is None:
            return ""
        return f"{'≤' if self.at_most else '≥'} {self._figure(figure)}"

    def _figure(self, figure: float) -> str:
        if self.unit:
            return f"{figure:.3g} {self.unit}"
        return f"{figure:.2f}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table whose columns stand under each other."""
    titles = ["work", "Doorward", "beside it", "median", "quietest"]
    titles += ["goal", "moonshot", "reached"]
    lines = [titles, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    shown = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(shown)


def environment(cores: Cores, database: Mapping[str, str], *, rounds: int) -> str:
    """Return what one has to know to compare these figures with others."""
    memory, passes, lanes = COSTS
    where = (
        f"the server on core {_list(cores.server)}, database and load on {_list(cores.rest)}"
        if cores.are_apart
        else "everything on the same core"
    )
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    promises = ", ".join(f"{name} {value}" for name, value in database.items())
    cores_in_all = f"{len(cores.all) or os.cpu_count()} cores"
    system = f"{platform.system()} {platform.release()}"
    costs = f"argon2id m={memory} KiB, t={passes}, p={lanes}"
    facts = [
        f"{_processor()}, {cores_in_all}, {system}; {where}; load {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}; {versions}",
        f"PostgreSQL: {promises}",
        f"{costs}; {CONNECTIONS} connections; medians of up to {rounds} rounds in turn",
    ]
    return "\n".join(f"- {fact}" for fact in facts)


def _list(cores: set[int]) -> str:
    return ", ".join(str(core) for core in sorted(cores))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
