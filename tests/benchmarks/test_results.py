"""
A run as JSON: what is written can be read again, and no other file can.
"""

import json
from pathlib import Path

import pytest

from benchmarks.judgement import Estimate, Goal, Verdict
from benchmarks.results import NotAResult, Row, read, write
from tests.benchmarks.runs import a_run


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    run = a_run(rows=[Row("me", "1/s", "floor 2/s", Estimate(0.5, 0.4, 0.6, 9), goal=Goal(0.8))])
    file = tmp_path / "a folder" / "that is new" / "run.json"
    write(run, file)
    assert read(file) == run
    assert read(file).rows[0].verdict is Verdict.NO


def test_every_round_is_kept(tmp_path: Path) -> None:
    write(a_run(), tmp_path / "run.json")
    kept = json.loads((tmp_path / "run.json").read_text())
    assert kept["rounds"]["me"]["Doorward"] == [{"cpu_seconds": 0.002}, {"cpu_seconds": 0.003}]
    assert kept["format"] == "doorward-bench/1"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"| work | Doorward |", "Invalid JSON"),
        (b"[]", "should be an object"),
        (b"{}", "made_at: Field required"),
        (b'{"rows": 1}', "made_at: Field required"),
    ],
)
def test_another_file_is_refused_with_a_sentence(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "other.json"
    file.write_bytes(content)
    with pytest.raises(NotAResult, match=why) as refusal:
        read(file)
    assert str(refusal.value).startswith(f"{file} is not a result that `make bench` wrote (")
    assert "\n" not in str(refusal.value)


def test_a_later_form_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "later.json"
    write(a_run(), file)
    file.write_text(file.read_text().replace("doorward-bench/1", "doorward-bench/2"))
    with pytest.raises(NotAResult, match="format: Input should be 'doorward-bench/1'"):
        read(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAResult, match=r"none\.json cannot be read: No such file"):
        read(tmp_path / "none.json")
    with pytest.raises(NotAResult, match="cannot be read: Is a directory"):
        read(tmp_path)
