"""What every long-running process does: start up, keep in step, do the worker's rounds, stop.

HTTP and the worker share it. A database that is away does not end the process: it stays up,
alive and not ready, and becomes ready by itself (DB-5). What waiting cannot cure (an unreadable
signing key, a schema that is too new or too old) refuses the start with a message.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from application.signing_keys import SigningKeyUnreadable
from domain.errors import ConcurrentChange, ServiceUnavailable
from entrypoints.container import Container, close, synchronise_clock
from entrypoints.settings import Settings, SettingsError, findings, load_settings, refusals
from migrations import newest_revision

KEYRING_EVERY = timedelta(seconds=3)
CLOCK_EVERY = timedelta(seconds=30)
CHAIN_EVERY = timedelta(seconds=5)
HOUSEKEEPING_EVERY = timedelta(minutes=5)
RELAY_EVERY = timedelta(seconds=1)
START_PATIENCE = timedelta(seconds=3)
STOP_PATIENCE = timedelta(seconds=25)
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
    """Return the container for these settings; nothing is opened yet.

    Raises :class:`StartRefused` for an address that a library cannot use.
    """
    container = Container(settings=settings, expected_schema=newest_revision())
    try:
        container.smtp()
    except ValueError as problem:
        raise StartRefused(f"SMTP_URL or MAIL_FROM cannot be used: {problem}") from None
    try:
        container.secret_box()
    except ValueError as problem:
        raise StartRefused(f"SECRET_KEY cannot be used: {problem}") from None
    return container


@asynccontextmanager
async def running(
    container: Container, *, with_worker: bool, with_keys: bool = True
) -> AsyncIterator[None]:
    """Start the service around the block and stop it cleanly afterwards.

    Returns into the block when the service is ready, or after three seconds if the database
    is away: then it goes on getting ready behind. Raises :class:`StartRefused` for what
    waiting cannot cure, at once or, if it turns out later, at the end of the block. A message
    that is being sent when the block ends is sent to its end.
    """
    _log_warnings(container.settings())
    stopping = asyncio.Event()
    start = asyncio.create_task(_get_ready(container, with_keys=with_keys), name="start-up")
    tasks = []
    try:
        await asyncio.wait({start}, timeout=START_PATIENCE.total_seconds())
        if start.done():
            start.result()
        else:
            start.add_done_callback(_end_process_if_refused)
        rounds = _rounds(container, with_worker=with_worker, with_keys=with_keys)
        tasks = [
            asyncio.create_task(_repeat(name, every, job, after=start, until=stopping), name=name)
            for name, every, job in rounds
        ]
        yield
    finally:
        stopping.set()
        start.cancel()
        if with_worker:
            container.relay_outbox().stop()
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=STOP_PATIENCE.total_seconds())
            for task in unfinished:
                task.cancel()
        await asyncio.gather(start, *tasks, return_exceptions=True)
        await close(container)
    if not start.cancelled() and (refusal := start.exception()) is not None:
        raise refusal


async def prepare(container: Container) -> None:
    """Bring schema and clock into the state that any use case needs. One attempt.

    Raises ServiceUnavailable when the database is away and :class:`StartRefused` when waiting
    would not help.
    """
    settings = container.settings()
    if settings.in_memory:
        await container.chain_audit_trail().begin()
        return
    if settings.migrate_on_start:
        await _migrate(settings)
    await synchronise_clock(container)
    if (difference := await container.schema_probe().difference()) is not None:
        raise StartRefused(
            f"The database's schema {difference}. "
            "Run `doorward migrate` with the version that you want to serve."
        )
    await container.chain_audit_trail().begin()


async def _prepare_keys(container: Container) -> None:
    """Make and load signing keys: only for who serves tokens, or two settings would compete."""
    try:
        await container.keyring().prepare()
    except SigningKeyUnreadable as problem:
        raise StartRefused(str(problem)) from None
    # The list of common passwords takes a moment to load; better now than in a first sign-up.
    await asyncio.to_thread(container.common_passwords().__contains__, "")


def _log_warnings(settings: Settings) -> None:
    for finding in findings(settings):
        if finding.level == "warning" or (finding.level == "error" and not finding.stops_start):
            log.warning("setting", name=finding.setting, why=finding.message, cure=finding.cure)
    if not settings.in_production:
        log.warning("development_mode", why="Mails, and the links in them, can be read by anyone.")


async def _migrate(settings: Settings) -> None:
    from migrations import runner  # Alembic, which only a migration needs

    try:
        await runner.upgrade(settings.database_url.get_secret_value())
    except runner.SchemaTooNew as problem:
        raise StartRefused(str(problem)) from None


async def _get_ready(container: Container, *, with_keys: bool) -> None:
    delay = FIRST_RETRY
    while True:
        try:
            await prepare(container)
            if with_keys:
                await _prepare_keys(container)
        except (ServiceUnavailable, ConcurrentChange):
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


def _rounds(
    container: Container, *, with_worker: bool, with_keys: bool
) -> list[tuple[str, timedelta, _Job]]:
    rounds: list[tuple[str, timedelta, _Job]] = [
        ("clock", CLOCK_EVERY, lambda: synchronise_clock(container)),
    ]
    if with_keys:
        rounds.append(("keyring", KEYRING_EVERY, container.keyring().keep_up))
    if with_worker:
        if container.mailer() is not None:  # else mail waits in the outbox for a way out
            rounds.append(("relay", RELAY_EVERY, lambda: drain_outbox(container)))
        rounds.append(("audit chain", CHAIN_EVERY, container.chain_audit_trail()))
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


async def _repeat(
    name: str,
    every: timedelta,
    job: _Job,
    *,
    after: asyncio.Task[None],
    until: asyncio.Event,
) -> None:
    """Do the job again and again; a failure is logged and never ends the loop.

    Nothing is done before the start has succeeded: what was refused must not be worked on.
    """
    await asyncio.wait({after})
    while not until.is_set() and not after.cancelled() and after.exception() is None:
        try:
            await job()
        except ServiceUnavailable:
            log.warning("background_job_waits", job=name)
        except Exception:
            log.exception("background_job_failed", job=name)
        with suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), every.total_seconds())
