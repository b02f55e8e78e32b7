"""Two results side by side: what changed from one version to the other, and what only seems so."""

from collections.abc import Mapping, Sequence

from benchmarks.judgement import Estimate, change
from benchmarks.report import figure, grid, interval
from benchmarks.results import Result, Row


def compared(
    before: Sequence[Row], after: Sequence[Row], *, paired: Mapping[str, Estimate] | None = None
) -> str:
    """Return the table of all rows that one of the two has.

    ``paired`` are changes that were measured in turn, round by round, by the row's name: nearer
    to the truth than what two medians tell.
    """
    old, new = ({row.name: row for row in rows} for rows in (before, after))
    lines = [["work", "before", "after", "change", "between", ""]]
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        cells = [_shown(was), _shown(now)]
        if was is None or now is None:
            cells += ["", "", "in one of them only"]
        elif was.unit != now.unit:
            cells += ["", "", "in two units"]
        else:
            changed = (paired or {}).get(name) or change(was.found, now.found)
            cells += [
                _percent(changed.middle),
                f"{_percent(changed.low)} to {_percent(changed.high)}",
                _word(changed, less_is_better=now.less_is_better),
            ]
        lines.append([name, *cells])
    return grid(lines)


def differences(before: Result, after: Result) -> list[str]:
    """Return what else is not the same in the two runs, and may be what changed the figures."""
    found = [
        f"{name}: {was or 'not said'} before, {now or 'not said'} after"
        for what in ("machine", "versions", "database", "parameters")
        for name, was, now in _unlike(getattr(before, what), getattr(after, what))
    ]
    return [f"not the same in both runs: {each}" for each in found]


def _unlike(
    before: Mapping[str, object], after: Mapping[str, object]
) -> list[tuple[str, object, object]]:
    names = dict.fromkeys([*before, *after])
    return [
        (name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _word(changed: Estimate, *, less_is_better: bool) -> str:
    if changed.low <= 1 <= changed.high:
        return "cannot tell"
    return "better" if (changed.high < 1) == less_is_better else "worse"


def _shown(row: Row | None) -> str:
    return "" if row is None else f"{figure(row, row.found.middle)} ({interval(row)})"


def _percent(factor: float) -> str:
    return f"{(factor - 1) * 100:+.0f} %"
