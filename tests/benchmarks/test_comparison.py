"""
Two results side by side.
"""

import pytest

from benchmarks.comparison import compared, differences
from benchmarks.judgement import Estimate
from tests.benchmarks.runs import a_row, a_run


def cells(table: str) -> dict[str, list[str]]:
    lines = [line.strip("| ").split("|") for line in table.splitlines()]
    return {line[0].strip(): [cell.strip() for cell in line[1:]] for line in lines}


@pytest.mark.parametrize(
    ("before", "after", "less_is_better", "word"),
    [
        ((0.4, 0.5, 0.6), (0.7, 0.8, 0.9), False, "better"),
        ((0.7, 0.8, 0.9), (0.4, 0.5, 0.6), False, "worse"),
        ((0.7, 0.8, 0.9), (0.4, 0.5, 0.6), True, "better"),
        ((0.4, 0.5, 0.6), (0.7, 0.8, 0.9), True, "worse"),
        ((0.4, 0.5, 0.6), (0.6, 0.8, 0.9), False, "cannot tell"),
        ((0.4, 0.5, 0.6), (0.4, 0.5, 0.6), True, "cannot tell"),
    ],
)
def test_only_intervals_apart_are_a_change(
    before: tuple[float, float, float],
    after: tuple[float, float, float],
    less_is_better: bool,
    word: str,
) -> None:
    was, now = (a_row("me", *each, less_is_better=less_is_better) for each in (before, after))
    assert cells(compared([was], [now]))["me"][-1] == word


def test_both_figures_and_the_change_are_shown() -> None:
    table = compared([a_row("me", 0.4, 0.5, 0.6)], [a_row("me", 0.7, 0.75, 0.8)])
    assert cells(table)["me"] == [
        "0.50 (0.40 to 0.60)", "0.75 (0.70 to 0.80)", "+50 %", "+17 % to +100 %", "better",
    ]  # fmt: skip


def test_rounds_in_turn_tell_more_than_two_medians() -> None:
    was, now = a_row("me", 0.4, 0.5, 0.6), a_row("me", 0.45, 0.55, 0.65)
    assert cells(compared([was], [now]))["me"][-1] == "cannot tell"
    paired = {"me": Estimate(1.1, 1.08, 1.12, 9)}
    assert cells(compared([was], [now], paired=paired))["me"][2:] == [
        "+10 %", "+8 % to +12 %", "better",
    ]  # fmt: skip


def test_a_row_of_one_result_only_is_shown_and_not_compared() -> None:
    old, new = a_row("gone", 1, 1, 1), a_row("new", 2, 2, 2)
    table = cells(compared([old], [new]))
    assert table["gone"] == ["1.00 (1.00 to 1.00)", "", "", "", "in one of them only"]
    assert table["new"] == ["", "2.00 (2.00 to 2.00)", "", "", "in one of them only"]


def test_figures_of_two_units_are_not_compared() -> None:
    was, now = a_row("start", 1, 1, 1, unit="s"), a_row("start", 900, 900, 900, unit="ms")
    assert cells(compared([was], [now]))["start"][2:] == ["", "", "in two units"]


def test_another_machine_is_said() -> None:
    other = a_run(machine={"processor": "another processor", "cores": "2 cores"})
    assert differences(a_run(), other) == [
        "not the same in both runs: processor: a processor before, another processor after"
    ]
    assert differences(a_run(), a_run()) == []
