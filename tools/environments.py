"""
The environments that bootstrap.py fills, group by group, from the lock files.

Nothing happens (in a fraction of a second) while the lock files are as they were. The work is
uv's: its hash-pinned wheel is fetched with pip into .tooling/, which touches neither the system's
Python nor the user's home and needs no `venv` module.

DOORWARD_PYTHON=/path/to/python names the interpreter to build on; else the first CPython 3.12 to
3.14 found is taken: on PATH, then behind pyenv's shims, at last one that uv downloads.

Where to go next: tools/lock.py writes the files that this one installs; tools/chromium.py brings
the browser that goes with `test`, tools/javascript.py all else that the tests take from npm.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Callable

import javascript

import chromium

ROOT = Path(__file__).resolve().parent.parent
TOOLING = ROOT / ".tooling"
UV_PIN = ROOT / "tools" / "uv.txt"
VENV = ROOT / ".venv"
PEERS = ROOT / ".venv-bench"

PREFERRED = ("3.13", "3.14", "3.12")
# group -> (environment, lock files, groups that are complete once this one is)
GROUPS = {
    "run": (VENV, ("build", "run"), ("run",)),
    "test": (VENV, ("build", "test"), ("run", "test")),
    "check": (VENV, ("build", "check"), ("run", "check")),
    "bench": (PEERS, ("bench",), ("bench",)),
}

# Answers where the interpreter really is, behind any shim or virtual environment, and only if it
# is a complete CPython: a hand-built one may lack these modules.
PROBE = """
import sys, sysconfig
import ctypes, sqlite3, ssl
assert sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
print("%d.%d" % sys.version_info[:2])
print(getattr(sys, "_base_executable", None) or sys.executable)
"""


class CannotBootstrapError(Exception):
    """
    The reason why there is no environment, in words for the person who typed the command.
    """


def main(arguments: list[str]) -> int:
    """
    Bring the environments of the named groups up to date; the result is the exit code.
    """
    wanted = arguments or ["run"]
    if not set(wanted) <= set(GROUPS):
        print(f"usage: bootstrap.py [{'|'.join(GROUPS)}]...", file=sys.stderr)
        return 2
    if all(_is_complete(group) for group in wanted) and not _lacks(wanted):
        return 0
    try:
        TOOLING.mkdir(exist_ok=True)
        with (TOOLING / "lock").open("w") as lock:
            _lock(lock.fileno())
            for group in wanted:
                if not _is_complete(group):  # asked again: another one may have done it
                    _install(group)
            for install in _lacks(wanted):
                install()
    except CannotBootstrapError as reason:
        _say(f"{reason}")
        return 1
    except subprocess.CalledProcessError as failure:
        _say(f"this command failed: {failure.cmd[0]} ...")
        return failure.returncode if failure.returncode > 0 else 1
    except OSError as failure:
        _say(f"{failure.filename or ROOT}: {failure.strerror}; this folder has to be writable")
        return 1
    except KeyboardInterrupt:
        _say("interrupted; the next `make` goes on from here")
        return 130
    return 0


def _lock(descriptor: int) -> None:
    """
    Wait until no other bootstrap works here.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with _Step("waiting for another `make` that fills the same environment"):
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


class _Step:
    """
    Says what is being done around the block; on a terminal also for how long, second by second.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._tick, daemon=True)
        self._begun = time.monotonic()

    def __enter__(self) -> _Step:
        self._begun = time.monotonic()
        if sys.stderr.isatty():
            self._clock.start()
        else:
            _say(self._what)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._clock.is_alive():
            return
        self._over.set()
        self._clock.join()
        end = "failed" if kind else "done"
        self._show(f"{end} in {time.monotonic() - self._begun:.0f} s\n")

    def _tick(self) -> None:
        self._show("")
        while not self._over.wait(0.2):
            self._show(f"{int(time.monotonic() - self._begun)} s")

    def _show(self, state: str) -> None:
        # A line that is wider than the terminal could not be written over.
        room = shutil.get_terminal_size().columns - len(" ... failed in 1000 s")
        sys.stderr.write(f"\r\x1b[K{f'bootstrap: {self._what}'[:room]} ... {state}")
        sys.stderr.flush()


def _run(command: list[str], variables: dict[str, str], what: str, cwd: Path = ROOT) -> None:
    """
    Run one command as a step; what it has to complain about comes after the step's own line.
    """
    complaints = b""
    try:
        with _Step(what):
            done = subprocess.run(
                command,
                cwd=str(cwd),
                env=variables,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            complaints = done.stderr
            done.check_returncode()
    finally:
        sys.stderr.write(complaints.decode(errors="replace"))
        sys.stderr.flush()


def environment() -> dict[str, str]:
    """
    The variables that every uv command runs with.
    """
    variables = dict(os.environ)
    # An activated environment or a system-wide flag must not redirect the installation.
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "UV_SYSTEM_PYTHON"):
        variables.pop(name, None)
    variables.setdefault("UV_SYSTEM_CERTS", "1")  # trust what the machine trusts
    if not variables.get("HOME"):
        variables.setdefault("UV_CACHE_DIR", str(TOOLING / "cache"))
    return variables


def find_uv() -> str:
    """
    The pinned uv, fetched on the first call.
    """
    pinned = re.search(r"^uv==([0-9][^\s;\\]*)", UV_PIN.read_text(encoding="utf-8"), re.MULTILINE)
    if pinned is None:
        raise CannotBootstrapError(f"{UV_PIN.name} names no version of uv")
    home = TOOLING / f"uv-{pinned.group(1)}"
    executable = home / "bin" / "uv"
    if not executable.exists():
        half = home.with_name(f"{home.name}.part")
        shutil.rmtree(str(half), ignore_errors=True)
        half.parent.mkdir(exist_ok=True)
        command = [_python_with_pip(), "-m", "pip", "install", "--quiet", "--target", str(half)]
        command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(UV_PIN)]
        # Whatever the user's pip.conf says about --user or environments is for other installs.
        variables = dict(
            os.environ,
            PIP_USER="0",
            PIP_REQUIRE_VIRTUALENV="0",
            PIP_ROOT_USER_ACTION="ignore",
            PIP_DISABLE_PIP_VERSION_CHECK="1",
        )
        _run(command, variables, f"fetching uv {pinned.group(1)}, which installs all else")
        shutil.rmtree(str(home), ignore_errors=True)
        half.rename(home)  # whole or not at all, even when interrupted
    return str(executable)


def find_python() -> str | None:
    """
    The absolute path of a CPython that Doorward runs on, or None.
    """
    forced = os.environ.get("DOORWARD_PYTHON")
    if forced:
        found = _probe(forced)
        if found is None or found[0] not in PREFERRED:
            raise CannotBootstrapError(
                f"DOORWARD_PYTHON={forced} is no complete CPython {_range()}"
            )
        return found[1]
    for candidate in _candidates():
        found = _probe(candidate)
        if found and found[0] in PREFERRED and not found[1].startswith(f"{ROOT}{os.sep}"):
            return found[1]
    return None


def _candidates() -> list[str]:
    """
    Where an interpreter may be, the likeliest first; each is tried only if those before failed.
    """
    path = [shutil.which(f"python{version}") for version in PREFERRED]
    behind_shims = []
    for version in PREFERRED:
        for root in _pyenv_roots():
            # Newest patch first: 3.13.10 stands before 3.13.9.
            found = glob.glob(str(root / "versions" / f"{version}.*" / "bin" / "python3"))
            behind_shims += sorted(found, key=_numbers, reverse=True)
    return [str(name) for name in [*path, sys.executable, *behind_shims] if name]


def _pyenv_roots() -> list[Path]:
    """
    pyenv's folders. HOME may be empty, so its place on PATH counts as well.
    """
    roots = []
    if os.environ.get("PYENV_ROOT"):
        roots.append(Path(os.environ["PYENV_ROOT"]))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        place = Path(folder)
        if place.name in ("shims", "bin") and (place.parent / "versions").is_dir():
            roots.append(place.parent)
    pyenv = shutil.which("pyenv")
    if pyenv:
        roots.append(Path(pyenv).resolve().parent.parent)
    if os.environ.get("HOME"):
        roots.append(Path(os.environ["HOME"]) / ".pyenv")
    return list(dict.fromkeys(roots))


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _probe(python: str) -> tuple[str, str] | None:
    """
    (version, real path) of an interpreter that answers, else None.
    """
    try:
        answer = subprocess.run(
            [python, "-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            cwd=str(ROOT),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.decode(errors="replace").split("\n")
    return (lines[0], lines[1]) if answer.returncode == 0 and len(lines) >= 2 else None


def _python_with_pip() -> str:
    """
    Some interpreter that can run pip; it need not be one that Doorward runs on.
    """
    candidates = [sys.executable, *_candidates(), "/usr/bin/python3"]
    for candidate in dict.fromkeys(candidates):
        try:
            answer = subprocess.run(
                [candidate, "-m", "pip", "--version"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            continue
        if answer.returncode == 0:
            return candidate
    raise CannotBootstrapError(
        f"{sys.executable} has no pip; install it (Debian: apt install python3-pip) and try again"
    )


def _range() -> str:
    ordered = sorted(PREFERRED, key=_numbers)
    return f"{ordered[0]} to {ordered[-1]}"


def _install(group: str) -> None:
    target, locks, completes = GROUPS[group]
    uv = find_uv()
    variables = environment()

    def run(what: str, *command: str) -> None:
        _run([uv, *command, "--no-config", "--quiet"], variables, what)

    if not _is_usable(target):
        python = find_python()
        base = python or PREFERRED[0]
        what = f"making {target.name} on {base}"
        if python is None:
            what = f"no CPython {_range()} here: fetching CPython {base} for {target.name}"
        try:
            run(what, "venv", "--clear", "--prompt", "doorward", "--python", base, str(target))
        except subprocess.CalledProcessError as failure:
            if python is not None:
                raise
            raise CannotBootstrapError(
                f"Doorward needs CPython {_range()}, none was found and none could be downloaded;"
                " install one (python.org, pyenv, your system's packages) or point"
                " DOORWARD_PYTHON at it"
            ) from failure
        _mark(target).mkdir()
        (_mark(target) / "root").write_text(str(ROOT), encoding="utf-8")
    python = str(target / "bin" / "python")
    files, packages = [], set()
    for name in locks:
        files += ["--requirements", f"requirements/{name}.txt"]
        locked = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        packages |= set(re.findall(r"^([A-Za-z0-9._-]+)[^=\s]*==", locked, re.MULTILINE))
    # Compiled now, since a machine may forbid it later: without it every start takes seconds.
    compiled = ("--compile-bytecode", "--require-hashes", "--no-deps")
    what = f"filling {target.name} for `{group}`: {len(packages)} packages"
    run(what, "pip", "install", "--python", python, *compiled, *files)
    if target == VENV:
        # The build backend comes from the lock too, so nothing unpinned is fetched for this.
        editable = ("--editable", ".", "--reinstall-package", "doorward")
        without = ("--no-deps", "--no-build-isolation")
        what = f"putting `doorward` into {target.name}/bin"
        run(what, "pip", "install", "--python", python, *without, *editable)
    for complete in completes:
        (_mark(target) / complete).write_text(_digest(complete), encoding="utf-8")


def _lacks(wanted: list[str]) -> list[Callable[[], None]]:
    """
    Return what is still to be brought of what npm has.
    """
    parts = (
        (chromium.is_complete, _install_browser),
        (javascript.is_complete, _install_javascript),
    )
    return [bring for is_complete, bring in parts if "test" in wanted and not is_complete(TOOLING)]


def _install_browser() -> None:
    """
    Bring the tests' browser, or say what is missing: all other tests run without it.
    """
    try:
        with _Step("fetching the browser for tests/browser"):
            chromium.install(TOOLING, VENV / "bin")
    except chromium.NoBrowserError as reason:
        _say(
            f"no browser: {reason}; tests/browser will be skipped, and the next `make test`"
            " tries again"
        )


def _install_javascript() -> None:
    """
    Bring the tests' JavaScript, or say that it is missing: all other tests run without it.
    """
    try:
        with _Step("fetching the JavaScript for tests/clients and tests/verifying"):
            javascript.install(TOOLING, VENV / "bin")
    except javascript.NoJavascriptError as reason:
        _say(
            f"no JavaScript: {reason}; the tests that need it will be skipped, and the next"
            " `make test` tries again"
        )


def _mark(target: Path) -> Path:
    return target / ".doorward"


def _is_usable(target: Path) -> bool:
    """
    Whether an environment was made here (not copied along with the folder) and still answers.
    """
    try:
        made_for = (_mark(target) / "root").read_text(encoding="utf-8")
    except OSError:
        return False
    found = _probe(str(target / "bin" / "python"))
    return made_for == str(ROOT) and found is not None and found[0] in PREFERRED


def _is_complete(group: str) -> bool:
    target = GROUPS[group][0]
    try:
        stamp = (_mark(target) / group).read_text(encoding="utf-8")
    except OSError:
        return False
    programs = ["python", "doorward"] if target == VENV else ["python"]
    present = all(os.access(str(target / "bin" / name), os.X_OK) for name in programs)
    return present and stamp == _digest(group)


def _digest(group: str) -> str:
    """
    A fingerprint of everything that an environment is made from.
    """
    names = ["pyproject.toml", "tools/environments.py", "tools/uv.txt"]
    names += [f"requirements/{name}.txt" for name in GROUPS[group][1]]
    digest = hashlib.sha256(str(ROOT).encode())
    for name in names:
        digest.update(b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()
