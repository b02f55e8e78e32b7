"""``doorward worker``: relay the outbox and clear away what is over, until told to stop."""

import asyncio

import structlog

from entrypoints.container import Container
from entrypoints.lifecycle import running
from entrypoints.stop_signals import LEAVING_SECONDS, StopSignals, leave_within

log = structlog.get_logger("doorward.worker")


async def work(container: Container, signals: StopSignals) -> None:
    """Work until one of the signals, and send what is being sent to its end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals.when_told(lambda: loop.call_soon_threadsafe(stop.set))
    code = 1
    try:
        async with running(container, with_worker=True, with_keys=False):
            log.info("worker_started")
            await stop.wait()
            log.info("worker_stopping")
        code = 0
    finally:
        leave_within(LEAVING_SECONDS, code=code)
