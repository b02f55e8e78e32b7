"""The tables: what was measured, what was hoped for, and where it was measured."""

from collections.abc import Sequence

from benchmarks.results import Result, Row


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    titles = ["work", "Doorward", "beside it", "median", "between", "goal", "moonshot", "reached"]
    return grid([titles, *(_cells(row) for row in rows)])


def grid(lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns stand under each other; the titles come first."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(shown)


def facts(result: Result) -> str:
    """Return what one has to know to compare these figures with others."""
    met = result.conditions
    meanwhile = (
        f"meanwhile: load {met.load:.1f}, {met.others:.2f} cores busy with other work, "
        f"{met.steal * 100:.1f} % of the time taken by other machines"
    )
    lines = [
        ", ".join(result.machine.values()),
        ", ".join(f"{name} {version}" for name, version in result.versions.items()),
        "PostgreSQL: " + ", ".join(f"{name} {value}" for name, value in result.database.items()),
        ", ".join(f"{name} {value:,g}" for name, value in result.parameters.items()),
        meanwhile,
        *result.notes,
        f"{result.seconds:.0f} seconds in all, {result.made_at}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def figure(row: Row, value: float) -> str:
    """Return a figure as the row's unit has it."""
    if row.unit:
        return f"{value:.3g} {row.unit}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def interval(row: Row) -> str:
    """Return between what the row's figure lies."""
    low, high = (figure(row, value).split(" ")[0] for value in (row.found.low, row.found.high))
    return f"{low} to {high}"


def _cells(row: Row) -> list[str]:
    wanted = ["", ""]
    if row.goal is not None:
        sign = "≤" if row.goal.at_most else "≥"
        wanted = [
            "" if each is None else f"{sign} {figure(row, each)}"
            for each in (row.goal.wanted, row.goal.moonshot)
        ]
    middle = figure(row, row.found.middle)
    return [row.name, row.ours, row.theirs, middle, interval(row), *wanted, row.verdict]
