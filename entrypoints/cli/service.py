"""What every command that needs the service does around its use case.

The service is imported when a command runs: help, completion and wrong usage need none of it.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import App

from entrypoints.cli.exits import REFUSED, run, say

if TYPE_CHECKING:
    from application.service import Service, ServiceUnit
    from entrypoints.container import Container
    from entrypoints.http.room import Room
    from entrypoints.settings import Settings

type Services = Service[ServiceUnit]
"""What a command is given: every use case."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of commands that is imported when one of them is asked for.

    ``app`` says where it is, as ``module:attribute``.
    """

    app: str
    name: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a command line is made of: Doorward, or a team's own service that is built on it.

    ``container`` returns the class that makes its parts, ``rooms`` what its HTTP service answers
    for, and ``version`` may be a function as well: a command that needs none of them loads nothing.
    ``groups`` are its commands.
    """

    name: str
    version: str | Callable[[], str]
    help: str
    container: "Callable[[], type[Container]]"
    groups: Sequence[App | Group]
    rooms: "Callable[[], Sequence[Room]]"


_running: ContextVar[Program] = ContextVar("running")


@contextmanager
def started(program: Program) -> Iterator[None]:
    """Make this the program that the commands in the block belong to."""
    token = _running.set(program)
    try:
        yield
    finally:
        _running.reset(token)


def running_program() -> Program:
    """Return the program that the running command belongs to."""
    return _running.get()


def in_service[T](job: Callable[[Services], Awaitable[T]]) -> T:
    """Return what the job returns, run with the service that the settings describe.

    Ends the process with the documented exit code when the job, or the start, is refused.
    """

    from entrypoints.container import close
    from entrypoints.lifecycle import prepare

    async def work() -> T:
        try:
            await prepare(container)
            return await job(container.service())
        finally:
            await close(container)

    container = container_of(command_settings())
    return run(work())


def command_settings(*, serves: bool = False) -> "Settings":
    """Return the settings, with logging set up by them.

    The log of a process that ``serves`` is its standard output; beside a command's answer it goes
    to standard error.
    """
    from entrypoints.lifecycle import ready_settings
    from entrypoints.logging import configure_logging

    settings = ready_settings()
    configure_logging(settings.log_level, settings.log_format, beside=not serves)
    return settings


def container_of(settings: "Settings") -> "Container":
    """Return the service, or end the process with what is wrong about the settings."""
    from entrypoints.lifecycle import StartRefused, build_container

    try:
        return build_container(settings, running_program().container())
    except StartRefused as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
