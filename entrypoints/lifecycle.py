"""What every long-running process does: start up, keep in step, do the worker's rounds, stop.

HTTP and the worker share it. A database that is away does not end the process: it stays up,
alive and not ready, and becomes ready by itself (DB-5). What waiting cannot cure (an unreadable
signing key, a schema that is too new or too old) refuses the start with a message.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from application.signing_keys import SigningKeyUnreadable
from domain.errors import ServiceUnavailable
from entrypoints.container import Container, close, synchronise_clock
from entrypoints.settings import Settings, SettingsError, load_settings, refusals
from migrations import newest_revision

KEYRING_EVERY = timedelta(seconds=5)
CLOCK_EVERY = timedelta(seconds=30)
HOUSEKEEPING_EVERY = timedelta(minutes=5)
RELAY_EVERY = timedelta(seconds=1)
START_PATIENCE = timedelta(seconds=3)
FIRST_RETRY = timedelta(milliseconds=200)
LONGEST_RETRY = timedelta(seconds=3)

log = structlog.get_logger("doorward")


class StartRefused(Exception):
    """The process must not start; the message says what to do about it."""


def ready_settings() -> Settings:
    """Return the settings of this process; end it with a message if it must not serve."""
    try:
        settings = load_settings()
        settings.secret_key_bytes()
    except SettingsError as problem:
        raise SystemExit(f"doorward: the settings cannot be used.\n{problem}") from None
    if found := refusals(settings):
        lines = [f"{finding.setting}: {finding.message} {finding.cure}" for finding in found]
        raise SystemExit("doorward: not safe to start.\n" + "\n".join(lines))
    return settings


def build_container(settings: Settings) -> Container:
    """Return the container for these settings; nothing is opened yet."""
    return Container(settings=settings, expected_schema=newest_revision())


@asynccontextmanager
async def running(container: Container, *, with_worker: bool) -> AsyncIterator[None]:
    """Start the service around the block and stop it cleanly afterwards.

    Returns into the block when the service is ready, or after three seconds if the database
    is away: then it goes on getting ready behind. Raises :class:`StartRefused` for what
    waiting cannot cure.
    """
    start = asyncio.create_task(_get_ready(container), name="start-up")
    tasks = [start]
    try:
        await asyncio.wait({start}, timeout=START_PATIENCE.total_seconds())
        if start.done():
            start.result()
        else:
            start.add_done_callback(_end_process_if_refused)
        tasks += [
            asyncio.create_task(_repeat(name, every, job, after=start), name=name)
            for name, every, job in _rounds(container, with_worker=with_worker)
        ]
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await close(container)


async def prepare(container: Container) -> None:
    """Bring schema, clock and keys into the state that serving needs. One attempt.

    Raises ServiceUnavailable when the database is away and :class:`StartRefused` when waiting
    would not help.
    """
    settings = container.settings()
    if not settings.in_memory:
        if settings.migrate_on_start:
            await _migrate(settings)
        await synchronise_clock(container)
        if (difference := await container.schema_probe().failure()) is not None:
            raise StartRefused(
                f"The database's schema {difference}. "
                "Run `doorward migrate` with the version that you want to serve."
            )
    try:
        await container.keyring().prepare()
    except SigningKeyUnreadable as problem:
        raise StartRefused(str(problem)) from None


async def _migrate(settings: Settings) -> None:
    from migrations import runner  # Alembic, which only a migration needs

    try:
        await runner.upgrade(settings.database_url.get_secret_value())
    except runner.SchemaTooNew as problem:
        raise StartRefused(str(problem)) from None


async def _get_ready(container: Container) -> None:
    delay = FIRST_RETRY
    while True:
        try:
            await prepare(container)
        except ServiceUnavailable:
            log.warning("database_away", retry_in=delay.total_seconds())
            await asyncio.sleep(delay.total_seconds())
            delay = min(delay * 2, LONGEST_RETRY)
        else:
            return


def _end_process_if_refused(start: asyncio.Task[None]) -> None:
    """A refusal that comes too late to be raised ends the process as an operator would."""
    if not start.cancelled() and (problem := start.exception()) is not None:
        log.critical("start_refused", reason=str(problem))
        signal.raise_signal(signal.SIGTERM)


type _Job = Callable[[], Awaitable[object]]


def _rounds(container: Container, *, with_worker: bool) -> list[tuple[str, timedelta, _Job]]:
    rounds: list[tuple[str, timedelta, _Job]] = [
        ("keyring", KEYRING_EVERY, container.keyring().load),
        ("clock", CLOCK_EVERY, lambda: synchronise_clock(container)),
    ]
    if with_worker:
        if container.mailer() is not None:  # else mail waits in the outbox for a way out
            rounds.append(("relay", RELAY_EVERY, lambda: drain_outbox(container)))
        rounds.append(("housekeeping", HOUSEKEEPING_EVERY, container.purge_expired()))
    return rounds


async def drain_outbox(container: Container) -> None:
    """Send what is due, round after round, until nothing is left that can be sent now."""
    relay = container.relay_outbox()
    while (report := await relay()).claimed:
        log.info(
            "outbox_relayed",
            sent=report.sent,
            postponed=report.postponed,
            expired=report.expired,
            dead=report.dead,
        )


async def _repeat(name: str, every: timedelta, job: _Job, *, after: asyncio.Task[None]) -> None:
    """Do the job for ever; a failure is logged and never ends the loop."""
    await asyncio.wait({after})
    while True:
        try:
            await job()
        except ServiceUnavailable:
            log.warning("background_job_waits", job=name)
        except Exception:
            log.exception("background_job_failed", job=name)
        await asyncio.sleep(every.total_seconds())
