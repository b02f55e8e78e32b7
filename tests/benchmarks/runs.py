"""
A run that was never run.
"""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.judgement import Estimate
from benchmarks.results import Conditions, Result, Row

_ROW = Row("me", "", "", Estimate(0.5, 0.4, 0.6, 9))
_RUN = Result(
    made_at="2026-01-02T03:04:05Z",
    seconds=300.0,
    parameters={"connections": 16, "users": 300_000},
    machine={"processor": "a processor", "cores": "2 cores"},
    versions={"Python": "3.13.0"},
    database={"fsync": "on"},
    conditions=Conditions(load=0.5, steal=0.01, others=0.2),
    rounds={"me": {"Doorward": [{"cpu_seconds": 0.002}, {"cpu_seconds": 0.003}]}},
    rows=[_ROW],
)


def a_run(*, rows: Sequence[Row] = (_ROW,), machine: dict[str, str] | None = None) -> Result:
    """
    Return a result with these rows.
    """
    return replace(_RUN, rows=list(rows), machine=machine or _RUN.machine)


def a_row(name: str, low: float, middle: float, high: float, **more: bool | str) -> Row:
    """
    Return a row with this figure.
    """
    row = Row(name, "", "", Estimate(middle, low, high, 9))
    return replace(row, **more)  # type: ignore[arg-type]
