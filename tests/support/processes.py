"""
Doorward as real processes: the command line to its end, the service until it is told to stop.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

CHEAP = {
    "ARGON2_MEMORY_KIB": "64",
    "ARGON2_TIME_COST": "1",
    "LOG_FORMAT": "json",
}
SECRET_KEY = "v7Yq2m9Zt4Lw8Rk1Xs6Bn3Hf5Jd0GpCa"
PATIENCE = 30.0


class Running(Protocol):
    """
    A process that may end.
    """

    def poll(self) -> int | None:
        """
        Return the exit code if it has ended.
        """


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """
    Return a clean environment; coverage's own variables are kept so that children are measured.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "SSL_CERT_FILE", "PYTHONDONTWRITEBYTECODE"}
        or name.startswith(("COVERAGE", "COV_"))
    }
    return {**kept, "HOME": str(folder), **CHEAP, "SECRET_KEY": SECRET_KEY, **settings}


def doorward(
    *arguments: str, folder: Path, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """
    Run a command to its end in that folder.
    """
    done = doorward_in_bytes(*arguments, folder=folder, stdin=stdin.encode(), **settings)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def doorward_in_bytes(
    *arguments: str, folder: Path, stdin: bytes = b"", **settings: str
) -> subprocess.CompletedProcess[bytes]:
    """
    Do the same with bytes on both sides, for a terminal that is not UTF-8.
    """
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli.main", *arguments],
        input=stdin,
        cwd=folder,
        env=environment(folder, settings),
        capture_output=True,
        timeout=PATIENCE * 2,
        check=False,
    )


@contextmanager
def started(
    *arguments: str, folder: Path, log: str = "log", **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """
    Run a command around the block; whatever is left of it afterwards is killed.
    """
    with (folder / log).open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli.main", *arguments],
            cwd=folder,
            env=environment(folder, settings),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)


def free_port() -> int:
    """
    Return a port that is free.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_status(url: str, status: int, process: Running) -> None:
    """
    Return once the address answers with that status; fail if the process ends before.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the process ended"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = answer.status
        except urllib.error.HTTPError as refusal:
            found = refusal.code
        except OSError:
            found = None
        if found == status:
            return
        time.sleep(0.02)
    raise TimeoutError(f"{url} never answered {status}")


def wait_for_line(log: Path, text: str, process: Running, *, instead: str | None = None) -> None:
    """
    Return once the process has logged that, or the other; fail if it ends before.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        logged = log.read_text(errors="replace")
        if text in logged or (instead is not None and instead in logged):
            return
        assert process.poll() is None, "the process ended"
        time.sleep(0.02)
    raise TimeoutError(f"{text} was never logged")
