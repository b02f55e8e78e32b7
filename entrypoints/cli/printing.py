"""Answers on standard output: a table for people, JSON for programs."""

import codecs
import io
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import orjson


def print_json(answer: object) -> None:
    """Print the answer as one JSON document; a list is an array, also an empty one."""
    write_json(orjson.dumps(answer, default=_plain, option=orjson.OPT_INDENT_2) + b"\n")


def print_line(answer: object) -> None:
    """Print the answer as JSON on one line."""
    write_json(orjson.dumps(answer, default=_plain) + b"\n")


def write_json(piece: bytes) -> None:
    """Write a piece of JSON, which ends between two characters.

    Where standard output is not UTF-8, letters outside ASCII are escaped, so that it stays JSON
    and the same one (RFC 8259, 7).
    """
    text = piece.decode()
    if sys.stdout is None:
        return
    if not text.isascii() and not _is_utf_8(sys.stdout.encoding):
        text = _BEYOND_ASCII.sub(_escaped, text)
    sys.stdout.write(text)


def print_anything() -> None:
    """Let both standard streams take every text: what a terminal cannot show comes escaped.

    A name in an alphabet that the terminal's encoding has not is no reason for a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
    return _as_shown("".join(_harmless_parts(str(value))))


def _harmless_parts(text: str) -> Iterator[str]:
    """Yield the text with a question mark for each character that is not for printing.

    Joiners and the flags of regions are: a name is unreadable, or another one, without them.
    """
    if text.isascii() and text.isprintable():
        yield text
        return
    from domain.users.display_name import FLAG_OF_A_REGION, JOINERS

    flags = {flag.start(): flag.end() for flag in FLAG_OF_A_REGION.finditer(text)}
    end_of_flag = 0
    for place, character in enumerate(text):
        end_of_flag = flags.get(place, end_of_flag)
        shown = place < end_of_flag or character.isprintable() or character in JOINERS
        yield character if shown else "?"


def _as_shown(text: str) -> str:
    """Return the text as standard output will show it, so that columns are as wide as they are."""
    encoding = getattr(sys.stdout, "encoding", None)
    if text.isascii() or encoding is None or _is_utf_8(encoding):
        return text
    return text.encode(encoding, "backslashreplace").decode(encoding)


_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def _is_utf_8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return str(value)
