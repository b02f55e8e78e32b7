"""Answers on standard output: a table for people, JSON for programs."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson


def print_json(answer: object) -> None:
    """Print the answer as one JSON document; a list is an array, also an empty one."""
    print(orjson.dumps(answer, default=_plain, option=orjson.OPT_INDENT_2).decode())


def print_line(answer: object) -> None:
    """Print the answer as JSON on one line."""
    print(orjson.dumps(answer, default=_plain).decode())


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print the rows under a line of headings, each column as wide as it needs.

    On a terminal that is too narrow for that, each row becomes a block of lines, one for each
    column: nothing is cut off, and no line is longer than the terminal.
    """
    if not rows:
        print("Nothing there.")
        return

    from entrypoints.cli.tables import blocks, table, width_of

    headings = [column.replace("_", " ").upper() for column in columns]
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    lines = table(headings, cells)
    if sys.stdout.isatty():
        most = shutil.get_terminal_size().columns
        if any(width_of(line) > most for line in lines):
            lines = blocks(headings, cells, most)
    for line in lines:
        print(line)


class Progress:
    """Says on a terminal how far long work has come, on one line; says nothing in a pipe."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._speaks = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_what_happened: object) -> None:
        if self._speaks:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def reached(self, count: int) -> None:
        """Show the count in place of the one before."""
        if self._speaks:
            print(f"\r{count} {self._unit}", end="", file=sys.stderr, flush=True)


def _cell(value: object) -> str:
    """Return the value on one line; what others typed cannot start another one (LG-2)."""
    if value is None or value == "":
        return "-"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(map(_cell, value))) or "-"
    return "".join(c if c.isprintable() else "?" for c in str(value))


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)
