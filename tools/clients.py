"""
Bring the linters and generators of tests/clients into .tooling/clients, as its lock file pins them.

npm and node come out of the lock file of the tests; environments.py calls this once they are
there. To take newer ones, write their versions into tests/clients/package.json, and then, there:

    npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

so that no registry's address is locked. Standard library only, and for any python3 from 3.8 on.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import chromium

PINS = Path(__file__).resolve().parent.parent / "tests" / "clients"
NAMES = ("package.json", "package-lock.json")
PATIENCE = 540.0


class NoToolsError(Exception):
    """
    The reason why the linters and generators are not there, for the person who typed the command.
    """


def is_complete(tooling: Path) -> bool:
    """
    Tell whether the packages below this folder are the pinned ones.
    """
    try:
        stamp = (tooling / "clients" / "stamp").read_text(encoding="utf-8")
    except OSError:
        return False
    return stamp == _stamp()


def install(tooling: Path, binaries: Path) -> None:
    """
    Fetch and verify the packages: all of them, or none. Raises NoToolsError.
    """
    home, half = tooling / "clients", tooling / "clients.part"
    shutil.rmtree(str(half), ignore_errors=True)
    half.mkdir(parents=True)
    try:
        for name in NAMES:
            shutil.copy(str(PINS / name), str(half / name))
        # npm itself holds every package to the hash in the lock file; none runs a script.
        answer = subprocess.run(
            [str(binaries / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=str(half),
            env=chromium.npm_variables(binaries, half / "cache"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
        if answer.returncode:
            raise NoToolsError("npm could not fetch what tests/clients/package-lock.json pins")
        shutil.rmtree(str(half / "cache"), ignore_errors=True)
        (half / "stamp").write_text(_stamp(), encoding="utf-8")
        shutil.rmtree(str(home), ignore_errors=True)
        half.rename(home)
    except (OSError, subprocess.SubprocessError) as failure:
        raise NoToolsError(f"{type(failure).__name__} while they were fetched") from failure
    finally:
        shutil.rmtree(str(half), ignore_errors=True)


def _stamp() -> str:
    """
    Return a fingerprint of the pins and of the way in which they are installed.
    """
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in NAMES:
        digest.update(b"\0" + (PINS / name).read_bytes())
    return digest.hexdigest()
