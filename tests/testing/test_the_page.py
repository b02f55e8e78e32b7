"""
`docs/testing.md`, word for word: its examples are run as a reader would run them.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from entrypoints.testing import RunningService

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text()


def example(beginning: str) -> str:
    """
    Return the one code block of the page that holds these words.
    """
    blocks = re.findall(r"```(?:python|js)\n(.*?)```", PAGE, flags=re.DOTALL)
    (block,) = (each for each in blocks if beginning in each)
    return str(block)


def ran(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """
    Run a command as in a product's folder, with Doorward installed.
    """
    kept: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_fixture_is_there_by_itself(tmp_path: Path) -> None:
    (tmp_path / "letters.py").write_text(example("def owner_of_letters"))
    (tmp_path / "test_letters.py").write_text(example("from letters import"))
    (tmp_path / "conftest.py").write_text(example("def doorward_settings"))
    tests = ran(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        tmp_path,
    )
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "2 passed" in tests.stdout


def test_it_works_outside_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(example("with RunningService"))
    program = ran([sys.executable, "program.py"], tmp_path)
    assert (program.returncode, program.stdout.strip()) == (0, "60"), program.stderr


def test_any_other_language_has_it_over_http(tmp_path: Path) -> None:
    node = Path(sys.executable).with_name("node")
    if not node.exists():
        pytest.skip("no Node beside this Python")
    (tmp_path / "letters.test.mjs").write_text(example("node:test"))
    with RunningService() as service:
        tests = ran([str(node), "--test", "letters.test.mjs"], tmp_path, DOORWARD_URL=service.url)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert re.search(r"pass 1\b", tests.stdout)


def test_the_settings_of_the_page_are_those_of_the_fixture() -> None:
    """
    What is typed for another language starts the same service.
    """
    (line,) = re.findall(r"^(DATABASE_URL=memory:// .*) doorward serve$", PAGE, flags=re.MULTILINE)
    from entrypoints.testing.service import FOR_TESTS

    typed = dict(word.split("=", 1) for word in line.split())
    assert typed.items() <= FOR_TESTS.items()
