"""
A median, between what it lies, and a verdict only where the figures allow one.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.judgement import Estimate, Goal, Verdict, change, estimate, ratio

FIGURES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=70)


@pytest.mark.parametrize(
    ("rounds", "low", "high"),
    [
        (1, 1, 1),
        (5, 1, 5),
        (8, 1, 8),  # with eight, the smallest and the largest hold the median with 99.2 %
        (9, 2, 8),  # and from nine on one stray round on each side no longer counts: 96.1 %
        (12, 3, 10),
        (25, 8, 18),
        (60, 22, 39),
    ],
)
def test_the_interval_is_that_of_the_sign_test(rounds: int, low: int, high: int) -> None:
    """
    The ranks are those of the tables of the sign test at 95 %.
    """
    found = estimate([float(figure) for figure in range(1, rounds + 1)])
    assert (found.middle, found.low, found.high) == ((rounds + 1) / 2, low, high)
    assert found.rounds == rounds


def test_the_order_of_the_rounds_does_not_matter() -> None:
    assert estimate([3.0, 1.0, 2.0]) == estimate([1.0, 2.0, 3.0]) == Estimate(2.0, 1.0, 3.0, 3)


def test_a_high_quantile_is_held_from_both_sides() -> None:
    found = estimate([float(figure) for figure in range(1, 401)], quantile=0.99)
    assert (found.low, found.high) == (392, 400)
    assert found.middle == pytest.approx(396, abs=0.1)


def test_thousands_of_figures_are_no_trouble() -> None:
    found = estimate([float(figure) for figure in range(1, 4002)])
    assert (found.middle, found.low, found.high) == (2001, 1939, 2063)


@given(FIGURES)
def test_the_middle_lies_in_the_interval(figures: list[float]) -> None:
    found = estimate(figures)
    assert found.low <= found.middle <= found.high
    assert {found.low, found.high} <= set(figures)


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        estimate([])


def test_a_ratio_is_made_round_by_round() -> None:
    """
    The machine was half as fast in the second round, for both: that is no change of the ratio.
    """
    assert ratio([80.0, 40.0, 80.0], [100.0, 50.0, 100.0]) == Estimate(0.8, 0.8, 0.8, 3)


def test_rounds_that_only_one_had_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.80, 0.90, Verdict.YES),
        (0.79, 0.90, Verdict.CANNOT_TELL),
        (0.70, 0.80, Verdict.CANNOT_TELL),
        (0.70, 0.79, Verdict.NO),
        (0.90, 0.99, Verdict.YES),
        (0.95, 0.99, Verdict.MOONSHOT),
    ],
)
def test_a_goal_from_below(low: float, high: float, verdict: Verdict) -> None:
    assert Goal(0.8, 0.95).judge(Estimate((low + high) / 2, low, high, 9)) is verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.5, 0.6, Verdict.YES),
        (0.5, 0.61, Verdict.CANNOT_TELL),
        (0.6, 0.7, Verdict.CANNOT_TELL),
        (0.61, 0.7, Verdict.NO),
        (0.3, 0.4, Verdict.MOONSHOT),
        (0.3, 0.41, Verdict.YES),
    ],
)
def test_a_goal_from_above(low: float, high: float, verdict: Verdict) -> None:
    goal = Goal(0.6, 0.4, at_most=True)
    assert goal.judge(Estimate((low + high) / 2, low, high, 9)) is verdict


@given(FIGURES, FIGURES)
def test_a_change_is_certain_exactly_if_the_intervals_do_not_overlap(
    before: list[float], after: list[float]
) -> None:
    was, now = estimate(before), estimate(after)
    changed = change(was, now)
    overlap = was.low <= now.high and now.low <= was.high
    assert (changed.low <= 1 <= changed.high) == overlap
    assert math.isclose(changed.middle, now.middle / was.middle)
