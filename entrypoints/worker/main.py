"""``doorward worker``: relay the outbox and clear away what is over, until told to stop."""

import asyncio
import signal

import structlog

from entrypoints.container import Container
from entrypoints.lifecycle import running

log = structlog.get_logger("doorward.worker")


async def work(container: Container) -> None:
    """Work until SIGTERM or SIGINT, and send what is being sent to its end.

    A second signal ends it at once.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    working = asyncio.current_task()

    def end() -> None:
        if stop.is_set() and working is not None:
            working.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    async with running(container, with_worker=True, with_keys=False):
        log.info("worker_started")
        await stop.wait()
        log.info("worker_stopping")
