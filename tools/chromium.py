"""
Bring the browser of tests/browser into .tooling/chromium, from the package that chromium.txt pins.

npm and node come out of the lock file of the tests; bootstrap.py calls this once they are there.
Standard library only, and for any python3 from 3.8 on, like bootstrap.py itself.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

PIN = Path(__file__).with_suffix(".txt")
PATIENCE = 540.0

# Unpacks what is packed with Brotli, which Python cannot read.
UNPACK = """
const fs = require("fs"), { pipeline } = require("stream"), zlib = require("zlib");
const [packed, plain] = process.argv.slice(1);
pipeline(fs.createReadStream(packed), zlib.createBrotliDecompress(), fs.createWriteStream(plain),
  (error) => { if (error) throw error; });
"""


class NoBrowserError(Exception):
    """
    The reason why there is no browser, in words for the person who typed the command.
    """


def is_complete(tooling: Path) -> bool:
    """
    Tell whether the browser below this folder is the pinned one.
    """
    try:
        stamp = (tooling / "chromium" / "stamp").read_text(encoding="utf-8")
    except OSError:
        return False
    return stamp == _stamp()


def install(tooling: Path, binaries: Path) -> None:
    """
    Fetch, verify and unpack the browser: whole, or not at all. Raises NoBrowserError.
    """
    home, half = tooling / "chromium", tooling / "chromium.part"
    shutil.rmtree(str(half), ignore_errors=True)
    half.mkdir(parents=True)
    variables = npm_variables(binaries, half / "cache")
    try:
        parcel = _fetch(half, binaries, variables)
        _unpack(parcel, half, binaries, variables)
        (half / "stamp").write_text(_stamp(), encoding="utf-8")
        shutil.rmtree(str(home), ignore_errors=True)
        half.rename(home)
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as failure:
        raise NoBrowserError(f"{type(failure).__name__} while it was fetched") from failure
    finally:
        shutil.rmtree(str(half), ignore_errors=True)


def npm_variables(binaries: Path, cache: Path) -> dict[str, str]:
    """
    Return what npm runs with: a script that looks for its node on PATH. Nothing is kept in the
    user's home.
    """
    return dict(
        os.environ,
        PATH=f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        npm_config_cache=str(cache),
        npm_config_update_notifier="false",
        npm_config_fetch_retries="1",
        npm_config_fetch_retry_mintimeout="1000",
    )


def _pinned() -> dict[str, str]:
    lines = PIN.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: value.strip() for name, value in pairs}


def _stamp() -> str:
    """
    Return a fingerprint of the pin and of the way in which it is unpacked.
    """
    return hashlib.sha256(PIN.read_bytes() + b"\0" + Path(__file__).read_bytes()).hexdigest()


def _fetch(half: Path, binaries: Path, variables: dict[str, str]) -> Path:
    pinned = _pinned()
    command = [str(binaries / "npm"), "pack", f"{pinned['name']}@{pinned['version']}"]
    answer = subprocess.run(
        [*command, "--silent", "--ignore-scripts"],
        cwd=str(half),
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=PATIENCE,
    )
    found = list(half.glob("*.tgz"))
    if answer.returncode or len(found) != 1:
        raise NoBrowserError(f"npm could not fetch {pinned['name']}")
    digest = hashlib.sha512(found[0].read_bytes()).digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != pinned["integrity"]:
        raise NoBrowserError(f"what npm fetched is not the pinned {pinned['name']}")
    return found[0]


def _unpack(parcel: Path, half: Path, binaries: Path, variables: dict[str, str]) -> None:
    _extract(parcel, half)
    parcel.unlink()
    for packed in sorted((half / "package" / "bin").glob("*.br")):
        plain = half / packed.stem
        subprocess.run(
            [str(binaries / "node"), "-e", UNPACK, str(packed), str(plain)],
            check=True,
            env=variables,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
        if plain.suffix == ".tar":
            _extract(plain, half)
            plain.unlink()
    (half / "chromium").chmod(0o755)
    for spent in ("package", "cache"):
        shutil.rmtree(str(half / spent), ignore_errors=True)


def _extract(archive: Path, target: Path) -> None:
    with tarfile.open(str(archive)) as opened:
        if hasattr(tarfile, "data_filter"):  # no member can leave the folder
            opened.extractall(str(target), filter="data")
        else:  # an older Python; what is unpacked has the pinned hash
            opened.extractall(str(target))  # noqa: S202  # see the line above
