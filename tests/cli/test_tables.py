"""
Tables: on a terminal no wider than it, in a pipe whole, and never with a value cut off.
"""

from pathlib import Path

import pytest

from entrypoints.cli.tables import blocks, table, width_of
from tests.support.command_line import command
from tests.support.terminals import on_a_terminal

NAME = "漢字かな Ada"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place in range(2):
        made = command(
            "users", "create", "--email", f"someone.{place}@a-rather-long-domain.example",
            "--display-name", NAME, folder=tmp_path,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
    return tmp_path


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_a_terminal_no_line_is_wider_than_it(folder: Path, columns: int) -> None:
    """
    Each user is a block, with every value whole: an id that is cut off names no user.
    """
    with on_a_terminal("users", "list", folder=folder, columns=columns) as terminal:
        seen = terminal.to_the_end()
    lines = seen.rpartition("\x1b[K")[2].splitlines()
    assert max(map(width_of, lines)) <= columns
    assert sum(line.startswith("EMAIL ") for line in lines) == 2
    flat = "".join(line[14:] if line.startswith(" ") else line for line in lines)
    assert "someone.1@a-rather-long-domain.example" in flat
    assert NAME in flat


def test_a_terminal_that_is_wide_enough_shows_a_table(folder: Path) -> None:
    with on_a_terminal("users", "list", folder=folder, columns=200) as terminal:
        seen = terminal.to_the_end()
    heading, first, second = seen.rpartition("\x1b[K")[2].splitlines()
    place = heading.index("ROLES")
    # The four wide letters before it take a cell more each.
    assert first.index("user ") == second.index("user ") == place - 4


def test_a_pipe_gets_lines_that_are_whole(folder: Path) -> None:
    listed = command("users", "list", folder=folder, COLUMNS="40")
    assert len(listed.stdout.splitlines()) == 3
    as_json = command("users", "list", "--json", folder=folder, COLUMNS="40")
    assert '"display_name": "漢字かな Ada"' in as_json.stdout


def test_columns_are_counted_in_cells() -> None:
    assert table(["A", "B"], [["漢", "x"], ["a\u0301", "y"]]) == ["A   B", "漢  x", "a\u0301   y"]
    assert blocks(["AA"], [["漢漢漢漢漢漢"], [""]], 14) == ["AA  漢漢漢漢漢", "    漢", "", "AA  "]
