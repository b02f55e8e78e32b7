"""What every command that needs the service does around its use case."""

from collections.abc import Awaitable, Callable

from entrypoints.cli.exits import REFUSED, run, say
from entrypoints.container import Container, close
from entrypoints.lifecycle import StartRefused, build_container, prepare, ready_settings
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings


def in_service[T](job: Callable[[Container], Awaitable[T]]) -> T:
    """Return what the job returns, run with the service that the settings describe.

    Ends the process with the documented exit code when the job, or the start, is refused.
    """

    async def work() -> T:
        try:
            await prepare(container)
            return await job(container)
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
        return build_container(settings)
    except StartRefused as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
