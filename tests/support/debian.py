"""
Programs that judge us and are on few machines: the installed one, or Debian's, unpacked.

What is on PATH is taken first. Otherwise, where there is apt, the program's package and the
libraries that few systems have are fetched into .tooling, checked by apt against Debian's
signatures, and unpacked without being installed. Where neither is to be had, tests that need it are
skipped and say so.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

TOOLING = Path(__file__).resolve().parents[2] / ".tooling"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class DebianProgram:
    """
    A program, and the packages that it and its libraries come in.
    """

    name: str
    packages: tuple[str, ...]


def program_of(wanted: DebianProgram) -> tuple[Path, list[Path]]:
    """
    Return the program and the libraries that it brings along; skip the test if there is none.
    """
    installed = shutil.which(wanted.name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if installed is not None:
        return Path(installed), []
    TOOLING.mkdir(exist_ok=True)
    home = TOOLING / wanted.name
    with (TOOLING / f"{wanted.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            _fetch(wanted, home)
    [program] = home.glob(f"usr/*bin/{wanted.name}")
    return program, [file for file in home.glob("usr/lib/*/*.so*") if file.is_file()]


def _fetch(wanted: DebianProgram, home: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip(f"there is no {wanted.name}: install it with your system's packages")
    with tempfile.TemporaryDirectory(dir=TOOLING) as folder:
        half = Path(folder) / "half"
        command = ["apt-get", "download", *wanted.packages]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=_PATIENCE)
            for package in Path(folder).glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", package, half], check=True, timeout=_PATIENCE)
        except subprocess.SubprocessError:
            pytest.skip(f"{wanted.name} could not be fetched: install it, or bring apt in reach")
        half.rename(home)
