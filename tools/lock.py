"""
Write requirements/*.txt and tools/uv.txt: exact versions with hashes, no addresses, no paths.

    python3 tools/lock.py             keep what is locked, add or drop what pyproject.toml asks for
    python3 tools/lock.py --upgrade   take the newest version of everything

Every file that goes into one environment comes out of one resolution, so that any two of them can
be installed on top of each other. Standard library only, like environments.py beside it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import environments

ROOT = environments.ROOT
REQUIREMENTS = ROOT / "requirements"
OLDEST_PYTHON = "3.12"
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"

# Out of pyproject.toml: name -> (does it include Doorward's own dependencies?, dependency groups).
# Out of requirements/NAME.in: what could not be installed on top of the others.
TOGETHER = {
    "build": (False, ["build"]),
    "run": (True, []),
    "test": (True, ["test"]),
    "check": (True, ["check"]),
}
APART = ["bench"]

PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[^]]*\])?==[^\\]+")
# Anything that names a host or a folder. Hashes and markers hold neither "://" nor a slash.
ADDRESS = re.compile(r"://|(^|\s)/|@\s|--(index|extra|find|default)")


def main(arguments: list[str]) -> int:
    """
    Resolve every group and write all lock files, or none; the result is the exit code.
    """
    unknown = set(arguments) - {"--upgrade"}
    if unknown:
        print(f"usage: {Path(__file__).name} [--upgrade]", file=sys.stderr)
        return 2
    upgrade = "--upgrade" in arguments
    uv = environments.find_uv()
    # Bytes are written only after the last resolution succeeded: all files change or none does.
    written: dict[Path, str] = {}
    with tempfile.TemporaryDirectory(prefix="doorward-lock-") as folder:
        scratch = Path(folder)
        everything = scratch / "everything.txt"
        _keep(everything, [] if upgrade else [REQUIREMENTS / f"{name}.txt" for name in TOGETHER])
        groups = [group for _, more in TOGETHER.values() for group in more]
        _compile(uv, everything, project=True, groups=groups)
        for name, (project, groups) in TOGETHER.items():
            target = scratch / f"{name}.txt"
            _compile(uv, target, project=project, groups=groups, constraint=everything)
            written[REQUIREMENTS / target.name] = target.read_text()
        for name in APART:
            target = scratch / f"{name}.txt"
            _keep(target, [] if upgrade else [REQUIREMENTS / target.name])
            _run(uv, target, f"requirements/{name}.in", "--python-version", OLDEST_PYTHON)
            written[REQUIREMENTS / target.name] = target.read_text()
        if upgrade:
            target = scratch / "uv.txt"
            wanted = scratch / "uv.in"
            wanted.write_text("uv\n")
            _run(uv, target, str(wanted), "--python-version", "3.8")
            written[environments.UV_PIN] = target.read_text()
    for path, text in written.items():
        leaks = [line for line in text.splitlines() if ADDRESS.search(line)]
        if leaks:
            raise SystemExit(f"{path.name}: an address or a path would be locked: {leaks[0]}")
    for path, text in written.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER + text)
        pins = sum(1 for line in text.splitlines() if PIN.match(line))
        print(f"{path.relative_to(ROOT)}: {pins} packages")
    return 0


def _keep(target: Path, sources: list[Path]) -> None:
    """Seed an output file with the pins to hold on to; uv prefers what it finds there."""
    pins: dict[str, None] = {}
    for source in sources:
        if source.exists():
            for line in source.read_text().splitlines():
                found = PIN.match(line)
                if found:
                    pins[found.group().strip()] = None
    target.write_text("".join(f"{pin}\n" for pin in pins))


def _compile(
    uv: str, target: Path, *, project: bool, groups: list[str], constraint: Path | None = None
) -> None:
    arguments = ["pyproject.toml"] if project else []
    for group in groups:
        arguments += ["--group", group]
    if constraint:
        arguments += ["--constraint", str(constraint)]
    _run(uv, target, *arguments, "--python-version", OLDEST_PYTHON)


def _run(uv: str, target: Path, *arguments: str) -> None:
    # A registry set up on this machine may be used, but only as a source: none of its names is
    # emitted. Extra package folders are dropped, since a locked version must exist for everyone.
    environment = {
        name: value
        for name, value in environments.environment().items()
        if name not in ("UV_FIND_LINKS", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE_NEWER")
    }
    subprocess.run(
        [
            *(uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"),
            *("--no-annotate", "--no-config", "--output-file", str(target), *arguments),
        ],
        check=True,
        cwd=str(ROOT),
        env=environment,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as failure:
        raise SystemExit(failure.returncode) from None
