"""
Work with the use cases of an installation that commands and processes of a test run on, too.
"""

from collections.abc import Awaitable, Callable

from entrypoints.container import Container, close
from entrypoints.lifecycle import build_container, prepare
from tests.http.client import settings_for
from tests.support.processes import SECRET_KEY


async def over(url: str, work: Callable[[Container], Awaitable[None]]) -> None:
    """
    Do the work with a service over the same database and under the same key, made ready as every
    process of Doorward is.
    """
    container = build_container(settings_for(url, secret_key=SECRET_KEY))
    try:
        await prepare(container)
        await work(container)
    finally:
        await close(container)
