"""Tables in the cells of a terminal, where one letter may take two of them, or none.

Imported when a table is printed.
"""

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

_GAP = "  "
_NARROWEST = 8
"""The fewest cells that a value gets, also where the terminal has not even that."""


def width_of(line: str) -> int:
    """Return how many cells of a terminal the line takes."""
    return cell_len(line)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines under one of headings, each column as wide as its widest cell."""
    lines = [headings, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return [
        _GAP.join(map(set_cell_size, line, widths)).rstrip()  # padded; nothing is wider
        for line in lines
    ]


def blocks(headings: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> list[str]:
    """Return each row as a block of lines no wider than ``most``, with an empty line between."""
    margin = max(map(cell_len, headings)) + len(_GAP)
    room = max(most - margin, _NARROWEST)
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append("")
        for heading, cell in zip(headings, row, strict=True):
            first, *others = chop_cells(cell, room) or [""]
            lines.append(set_cell_size(heading, margin) + first)
            lines += [" " * margin + piece for piece in others]
    return lines
