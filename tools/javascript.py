"""
Bring what the tests take from npm into .tooling/javascript: the libraries of docs/verifying.md, and
the linters and generators of tests/clients.

What is installed is what javascript/package-lock.json pins by its hashes. npm and node come out of
the lock file of the tests; bootstrap.py calls this once they are there. Standard library only, and
for any python3 from 3.8 on, like bootstrap.py itself.

To pin others: change javascript/package.json, and in that folder
`npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved`; then take the
`funding` of each package out: a lock file of ours names no address.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import chromium

PINS = Path(__file__).with_suffix("")
FILES = ("package.json", "package-lock.json")
PATIENCE = 540.0


class NoJavascriptError(Exception):
    """
    The reason why the packages are not there, in words for the person who typed the command.
    """


def is_complete(tooling: Path) -> bool:
    """
    Tell whether the packages below this folder are the pinned ones.
    """
    try:
        stamp = (tooling / "javascript" / "stamp").read_text(encoding="utf-8")
    except OSError:
        return False
    return stamp == _stamp()


def install(tooling: Path, binaries: Path) -> None:
    """
    Fetch and verify the packages: whole, or not at all. Raises NoJavascriptError.
    """
    home, half = tooling / "javascript", tooling / "javascript.part"
    shutil.rmtree(str(half), ignore_errors=True)
    half.mkdir(parents=True)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    try:
        for name in FILES:
            shutil.copy(str(PINS / name), str(half))
        answer = subprocess.run(
            [str(binaries / "npm"), "ci", *options],
            cwd=str(half),
            env=chromium.npm_variables(binaries, half / "cache"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
        if answer.returncode:
            raise NoJavascriptError("npm could not fetch what the lock file pins")
        shutil.rmtree(str(half / "cache"), ignore_errors=True)
        (half / "stamp").write_text(_stamp(), encoding="utf-8")
        shutil.rmtree(str(home), ignore_errors=True)
        half.rename(home)
    except (OSError, subprocess.SubprocessError) as failure:
        raise NoJavascriptError(f"{type(failure).__name__} while they were fetched") from failure
    finally:
        shutil.rmtree(str(half), ignore_errors=True)


def _stamp() -> str:
    """
    Return a fingerprint of the pins and of the way in which they are installed.
    """
    files = [PINS / name for name in FILES] + [Path(__file__)]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
