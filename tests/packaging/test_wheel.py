"""What `pip install .` brings: the service with all that it reads, and nothing of the clone's."""

import subprocess
import sys
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "adapters", "entrypoints", "migrations")


def test_the_wheel_holds_the_packages_whole_and_nothing_else(tmp_path: Path) -> None:
    """Assets, templates, word lists and revisions are read from where the wheel was unpacked."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        held = set(archive.namelist())
        (entry_points,) = [name for name in held if name.endswith("entry_points.txt")]
        assert "doorward = entrypoints.cli.start:main" in archive.read(entry_points).decode()
    ours = {name for name in held if ".dist-info/" not in name}
    in_the_clone = {
        file.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert ours == in_the_clone
    kinds = {PurePosixPath(name).suffix for name in ours}
    assert {".py", ".html", ".css", ".js", ".svg", ".txt", ".mako"} <= kinds
    assert "migrations/versions/0001_first_schema.py" in ours
