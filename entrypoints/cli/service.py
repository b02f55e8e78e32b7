"""What every command that needs the service does around its use case."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import App

from application.service import Service, ServiceUnit
from entrypoints.cli.exits import REFUSED, run, say
from entrypoints.container import Container, close
from entrypoints.lifecycle import StartRefused, build_container, prepare, ready_settings
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from entrypoints.http.room import Room

type Services = Service[ServiceUnit]
"""What a command is given: every use case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a command line is made of: Doorward, or a team's own service that is built on it.

    ``container`` makes its parts and ``groups`` are its commands. ``rooms`` returns what its HTTP
    service answers for; it is a function, so that a command that serves nothing loads nothing.
    """

    name: str
    version: str
    help: str
    container: type[Container]
    groups: Sequence[App]
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

    async def work() -> T:
        try:
            await prepare(container)
            return await job(container.service())
        finally:
            await close(container)

    container = container_of(command_settings())
    return run(work())


def command_settings() -> Settings:
    """Return the settings, with logging set up by them."""
    settings = ready_settings()
    configure_logging(settings.log_level, settings.log_format)
    return settings


def container_of(settings: Settings) -> Container:
    """Return the service, or end the process with what is wrong about the settings."""
    try:
        return build_container(settings, running_program().container)
    except StartRefused as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
