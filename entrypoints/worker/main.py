"""``doorward worker``: relay the outbox and clear away what is over, until told to stop."""

import asyncio
import signal

import structlog

from entrypoints.container import Container
from entrypoints.lifecycle import running

log = structlog.get_logger("doorward.worker")


async def work(container: Container) -> None:
    """Work until SIGTERM or SIGINT; a message that is being sent is not cut off by either."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(container, with_worker=True):
        log.info("worker_started")
        await stop.wait()
        log.info("worker_stopping")
