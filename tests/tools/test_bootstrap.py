"""
The bootstrap: any Python can read its first file, it says how far it is, and never a traceback.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import environment
from tests.support.terminals import on_a_terminal

ROOT = Path(__file__).parents[2]
DOORS = ("tools/bootstrap.py", "entrypoints/cli/__init__.py", "entrypoints/__init__.py")
OLD = """
import runpy, sys
sys.version_info = {version}
sys.path[:0] = [{root!r}]
runpy.run_path({file!r}, run_name="__main__")
"""


@pytest.mark.parametrize("door", DOORS)
def test_the_first_files_can_be_read_by_any_python(door: str) -> None:
    """
    What Python 2.7 and 3.6 cannot parse would end in a traceback before any word of ours.
    """
    tree = ast.parse((ROOT / door).read_text())
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Match)
    assert [node for node in ast.walk(tree) if isinstance(node, too_new)] == []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert [each.name for each in functions if each.returns] == []
    assert (ROOT / door).read_text().isascii()


@pytest.mark.parametrize(
    ("door", "version"),
    [
        ("tools/bootstrap.py", (2, 7, 18)),
        ("tools/bootstrap.py", (3, 7, 16)),
        ("entrypoints/cli/__init__.py", (3, 11, 7)),
    ],
)
def test_a_python_that_is_too_old_is_told_in_a_sentence(
    tmp_path: Path, door: str, version: tuple[int, ...]
) -> None:
    script = OLD.format(version=version, root=str(ROOT), file=str(ROOT / door))
    done = _run([sys.executable, "-c", script], tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    assert f"this is Python {version[0]}.{version[1]}" in sentence


def test_no_fitting_python_is_told_in_a_sentence(tmp_path: Path) -> None:
    """
    None is found, and none can be fetched.
    """
    script = """
import sys
sys.path[:0] = ["tools"]
import environments as it, pathlib, subprocess
it.VENV = pathlib.Path(sys.argv[1]) / ".venv"
it.TOOLING = pathlib.Path(sys.argv[1]) / ".tooling"
it.GROUPS["run"] = (it.VENV, ("build", "run"), ("run",))
it.find_python = lambda: None
it.find_uv = lambda: "/bin/false"
sys.exit(it.main(["run"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        env=environment(tmp_path, {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "Doorward needs CPython 3.12 to 3.14" in done.stderr.splitlines()[-1]
    assert "DOORWARD_PYTHON" in done.stderr.splitlines()[-1]


STEP = '''
import os, sys
sys.path[:0] = ["tools"]
import environments
environments._run([sys.executable, "-c", """import sys; sys.stderr.write('why')
input()"""],
    dict(os.environ), "fetching something large")
'''


def test_progress_moves_on_a_terminal_and_is_a_line_in_a_pipe(tmp_path: Path) -> None:
    """
    The seconds run while a step takes its time; what it has to say stands below.
    """
    over = tmp_path / "over"
    slow = STEP.replace("input()", f"import os.path as p\nwhile not p.exists({str(over)!r}): pass")
    with on_a_terminal("-c", slow, folder=ROOT, program=[sys.executable]) as terminal:
        terminal.until("fetching something large ... 1 s")
        over.touch()
        seen = terminal.to_the_end()
        assert terminal.process.returncode == 0
    assert re.search(r"fetching something large \.\.\. done in \d+ s\nwhy", seen)
    piped = _run([sys.executable, "-c", STEP.replace("input()", "0")], ROOT)
    assert (piped.returncode, piped.stdout) == (0, "")
    assert piped.stderr == "bootstrap: fetching something large\nwhy"


@pytest.mark.parametrize("broken", ["python", "doorward"])
def test_a_broken_environment_is_made_anew(tmp_path: Path, broken: str) -> None:
    """
    What cannot be run any more does not count as there, whatever the stamp says.
    """
    script = """
import sys
sys.path[:0] = ["tools"]
import environments as it, pathlib
it.VENV = pathlib.Path(sys.argv[1])
it.GROUPS["run"] = (it.VENV, ("build", "run"), ("run",))
(it.VENV / "bin").mkdir()
it._mark(it.VENV).mkdir()
(it._mark(it.VENV) / "run").write_text(it._digest("run"))
for name in ("python", "doorward"):
    (it.VENV / "bin" / name).symlink_to("/bin/true")
assert it._is_complete("run")
(it.VENV / "bin" / sys.argv[2]).unlink()
(it.VENV / "bin" / sys.argv[2]).symlink_to("/nowhere")
print(it._is_complete("run"))
"""
    done = _run([sys.executable, "-c", script, str(tmp_path), broken], ROOT)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_package_that_is_missing_is_told_in_a_sentence(tmp_path: Path) -> None:
    """
    An environment that lost a file, or a Python that Doorward was never installed for.
    """
    script = """
import sys
sys.modules["cyclopts"] = None
from entrypoints.cli.start import main
main()
"""
    done = _run([sys.executable, "-c", script], tmp_path, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    assert "the package cyclopts is missing or broken" in sentence


def _run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
