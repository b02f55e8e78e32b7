"""``doorward worker``: relay the outbox and clear away what is over, until told to stop."""

import asyncio

from entrypoints.container import Container
from entrypoints.lifecycle import StartRefused, running
from entrypoints.logging import get_logger
from entrypoints.stop_signals import LEAVING_SECONDS, StopSignals, leave_within

log = get_logger("doorward.worker")


async def work(container: Container, signals: StopSignals) -> None:
    """Work until one of the signals, and send what is being sent to its end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals.when_told(lambda: loop.call_soon_threadsafe(stop.set))
    code, has_begun = 1, False
    try:
        async with running(container, with_worker=True, with_keys=False):
            has_begun = True
            log.info("worker_started")
            await stop.wait()
            log.info("worker_stopping")
        code = 0
    except StartRefused as problem:
        if not has_begun:  # else it was logged when it was found out
            log.critical("start_refused", **problem.facts)
        raise
    finally:
        leave_within(LEAVING_SECONDS, code=code)
