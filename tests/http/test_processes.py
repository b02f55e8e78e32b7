"""
What several serving processes do but once. The processes: tests/faults/test_processes.py.
"""

from pathlib import Path

import pytest

from entrypoints.http.operations.counting import counting_together
from entrypoints.http.processes import Post
from entrypoints.http.server import part_of
from entrypoints.lifecycle import StartRefused
from tests.http.client import settings_for


@pytest.mark.parametrize("run_worker", [True, False])
def test_one_of_them_runs_the_worker(run_worker: bool, sqlite_url: str) -> None:
    """
    And so does what takes its place; what was said of the settings is not said again.
    """
    settings = settings_for(sqlite_url, run_worker=run_worker)
    pids = memoryview(bytearray(4 * 8)).cast("q")
    posts = [
        Post(number=number, count=3, is_first=is_first, lifeline=0, _news=0, _pids=pids)
        for number, is_first in ((1, True), (2, False), (3, False), (1, False))
    ]
    parts = [part_of(post, settings) for post in posts]
    assert [each.has_worker for each in parts] == [run_worker, False, False, run_worker]
    assert [each.has_warnings for each in parts] == [True, False, False, False]


def test_a_folder_that_cannot_be_made_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    With the name of what to set.
    """
    monkeypatch.setattr("entrypoints.http.operations.counting._IN_MEMORY", str(tmp_path / "none"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(StartRefused, match="TMPDIR"), counting_together():
        pass
