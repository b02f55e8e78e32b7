"""
What is measured: turns in order, and rows that a later run can be compared by.
"""

from collections import Counter

import pytest

from benchmarks.growth import QUESTIONS
from benchmarks.judgement import Estimate, Goal, Verdict
from benchmarks.measures import Bout, Turn
from benchmarks.results import Sample
from benchmarks.rows import LATENCY, PER_CPU_SECOND, PER_SECOND, Absolute, Beside
from benchmarks.works import WORKS


def turns(*names: str) -> tuple[dict[str, Turn], list[str]]:
    played: list[str] = []

    def turn(name: str) -> Turn:
        async def play() -> list[Sample]:
            played.append(name)
            number = float(len(played))
            return [{"per_second": number, "cpu_seconds": 1 / number}]

        return play

    return {name: turn(name) for name in names}, played


async def test_contenders_take_turns_and_the_warm_up_does_not_count() -> None:
    contenders, played = turns("Doorward", "floor")
    bout = Bout(contenders)
    await bout.warm_up()
    await bout.play(2)
    assert played == ["Doorward", "floor"] * 3
    assert bout.figures("Doorward", "per_second") == [3, 5]
    assert bout.figures("floor", "per_second") == [4, 6]


async def test_a_slow_machine_gets_fewer_rounds_but_never_less_than_asked() -> None:
    contenders, played = turns("Doorward")
    await Bout(contenders).play(9, within=-1, least=3)
    assert len(played) == 3


async def test_a_row_compares_round_by_round() -> None:
    bout = Bout(turns("Doorward", "floor")[0])
    await bout.play(3)
    each = Estimate(3 / 4, 1 / 2, 5 / 6, 3)
    assert Beside("me", "floor", PER_SECOND).row(bout, "Doorward").found == each
    # Fewer processor seconds are more requests for each of them.
    row = Beside("me", "floor", PER_CPU_SECOND, Goal(0.9)).row(bout, "Doorward")
    assert row.found.middle == pytest.approx(3 / 4)
    assert row.verdict is Verdict.NO
    assert row.ours == "3.00/s, 333.3 ms CPU"


async def test_a_row_may_be_of_another_contender() -> None:
    """
    Doorward at something else in the same turns.
    """
    bout = Bout(turns("Doorward", "with a passkey", "password alone")[0])
    await bout.play(3)
    row = Beside("a", "password alone", PER_SECOND, who="with a passkey").row(bout, "Doorward")
    assert row.found == Estimate(5 / 6, 2 / 3, 8 / 9, 3)
    assert row.ours == "5.00/s, 200.0 ms CPU"


async def test_a_quantile_is_of_all_samples() -> None:
    async def play() -> list[Sample]:
        return [{"latency_seconds": number / 1000} for number in range(1, 101)]

    bout = Bout({"Doorward": play})
    await bout.play()
    row = Absolute("p99", LATENCY, "ms", quantile=0.99).row(bout, "Doorward")
    assert row.found.middle == pytest.approx(99, abs=0.5)
    assert row.theirs == "median 50.5 ms"


def test_each_row_has_a_name_of_its_own() -> None:
    """
    Two results are compared by it.
    """
    names = Counter(line.name for work in WORKS for line in work.lines)
    names += Counter(f"growth: {name}" for name in [*QUESTIONS, "me", "refresh"])
    assert [name for name, number in names.items() if number > 1] == []
    assert len({work.name for work in WORKS}) == len(WORKS)
