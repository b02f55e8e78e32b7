"""
Doorward as processes that start at once: each is forked from one that has all modules loaded.

For tests that start many and kill them. They are real processes, with a pid, files and signals of
their own; only the start of the interpreter, which takes a second each time, is done once. What
such a start has to do is tested on those of tests/support/processes.py.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.processes import environment


class Forked:
    """
    A process that the parent has forked.
    """

    def __init__(self, parent: "Parent", pid: int) -> None:
        self._parent, self._pid = parent, pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """
        Return the exit code if the process has ended.
        """
        if self._code is None:
            self._code = self._parent.ask("poll", self._pid)
        return self._code

    @property
    def pid(self) -> int:
        """
        The process's own number.
        """
        return self._pid

    def send_signal(self, number: int) -> None:
        """
        Send it a signal; nothing happens if it has ended.
        """
        if self.poll() is None:
            os.kill(self._pid, number)

    def wait(self) -> int:
        """
        Return the exit code when it has ended by itself.
        """
        if self._code is None:
            self._code = self._parent.ask("wait", self._pid)
        code = self._code
        assert code is not None
        return code

    def kill(self) -> None:
        """
        End the process with SIGKILL, and return when it is gone.
        """
        if self._code is None:
            os.kill(self._pid, signal.SIGKILL)
            self._code = self._parent.ask("wait", self._pid)


class Parent:
    """
    The process that others are forked from; those that are left end with it.
    """

    def __init__(self) -> None:
        self._children: list[Forked] = []
        home = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked"],
            cwd=home,
            env=environment(home, {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children:
            child.kill()
        self._process.communicate(timeout=30)

    def fork(self, *arguments: str, folder: Path, log: str = "log", **settings: str) -> Forked:
        """
        Run a command of Doorward's in that folder, as `processes.started` does.
        """
        variables = environment(folder, settings)
        pid = self.ask("fork", list(arguments), str(folder), str(folder / log), variables)
        child = Forked(self, pid)
        self._children.append(child)
        return child

    def ask(self, *order: Any) -> Any:
        """
        Return what the parent answers.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


# --- in the parent ------------------------------------------------------------------------------


def _serve() -> None:
    """
    Carry out one order per line until there are no more.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the service logs is no answer
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_start_once(f"sqlite:///{folder}/doorward.db"))
    for module in ("asyncpg", "entrypoints.cli.main", "entrypoints.http.server"):
        import_module(module)
    if threading.active_count() > 1:
        raise RuntimeError("a thread would be missing in the children")
    for line in sys.stdin:
        match json.loads(line):
            case ["fork", arguments, folder, log, variables]:
                pid = os.fork()
                if pid == 0:
                    _become(arguments, folder, log, variables)
                    return
                answer: int | None = pid
            case ["poll", pid]:
                answer = _ended(pid, os.WNOHANG)
            case ["wait", pid]:
                answer = _ended(pid, 0)
            case other:
                raise ValueError(other)
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()


async def _start_once(url: str) -> None:
    """
    Start the service and stop it, since nothing else loads all that a start needs.
    """
    from entrypoints.http.app import create_app
    from entrypoints.lifecycle import build_container
    from tests.http.client import settings_for

    app = create_app(build_container(settings_for(url, migrate_on_start=True)))
    async with app.router.lifespan_context(app):
        pass


def _become(arguments: list[str], folder: str, log: str, variables: Mapping[str, str]) -> None:
    from entrypoints.cli.main import main

    silence = os.open(os.devnull, os.O_RDONLY)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(silence, 0)
    for stream in (1, 2):
        os.dup2(sink, stream)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv = ["doorward", *arguments]
    main()


def _ended(pid: int, options: int) -> int | None:
    with suppress(ChildProcessError):
        found, status = os.waitpid(pid, options)
        return os.waitstatus_to_exitcode(status) if found else None
    return None


if __name__ == "__main__":
    _serve()
