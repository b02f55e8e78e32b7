"""
The command, as far as nothing is measured: reading, comparing, refusing.
"""

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.results import write
from tests.benchmarks.runs import a_row, a_run


def test_a_kept_result_is_printed_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    write(a_run(rows=[a_row("me", 0.4, 0.5, 0.6), a_row("growth: me", 1, 1, 1)]), old)
    write(a_run(rows=[a_row("me", 0.7, 0.8, 0.9)]), new)
    assert main(["--read", str(new), "--against", str(old)]) == 0
    printed = capsys.readouterr()
    assert "| me   |" in printed.out
    assert "0.50 (0.40 to 0.60) | 0.80 (0.70 to 0.90) | +60 %" in printed.out
    assert "of 2026-01-02T03:04:05Z" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize("option", ["--against", "--read"])
def test_a_file_that_is_no_result_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"secret": "hunter2"}')
    assert main([option, str(other)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    [line] = printed.err.splitlines()
    assert line.startswith(f"bench: {other} is not a result that `make bench` wrote")
    assert "hunter2" not in line


def test_a_folder_that_is_no_checkout_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--beside", str(tmp_path)]) == 2
    assert "is no checkout of Doorward that `make run` has set up" in capsys.readouterr().err


@pytest.mark.parametrize("users", ["9999", "many", "-1"])
def test_too_few_users_are_refused(users: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--users", users])
    assert end.value.code == 2
    assert "--users" in capsys.readouterr().err
