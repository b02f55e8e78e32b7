"""What every long-running process does: start up, keep in step, do the worker's rounds, stop.

HTTP and the worker share it. A database that is away does not end the process: it stays up,
alive and not ready, and becomes ready by itself (DB-5). What waiting cannot cure (an unreadable
signing key, a schema that is too new or too old) refuses the start with a message.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from application.keys.keyring import SigningKeyUnreadable
from application.mail.relay import RelayOutbox
from application.service import Service, ServiceUnit
from domain.errors import ConcurrentChange, ServiceUnavailable
from domain.failures import Remedy
from domain.mail.message import MessageId
from entrypoints.container import Container, close
from entrypoints.logging import get_logger
from entrypoints.refusal import StartRefused as StartRefused
from entrypoints.secret_key import (
    chain_trail,
    change_secret_key,
    ensure_secret_key,
    keep_keys,
)
from entrypoints.settings import Settings, SettingsError, findings, load_settings, refusals
from entrypoints.settings.findings import NEW_KEY

KEYRING_EVERY = timedelta(seconds=3)
CLOCK_EVERY = timedelta(seconds=30)
CHAIN_EVERY = timedelta(seconds=5)
HOUSEKEEPING_EVERY = timedelta(minutes=5)
RELAY_EVERY = timedelta(seconds=1)
USES_EVERY = timedelta(seconds=1)
SETTLE_EVERY = timedelta(milliseconds=500)
START_PATIENCE = timedelta(seconds=3)
SENDING_PATIENCE = timedelta(seconds=25)
"""How long a message on its way to the mail server may take, and then the mark that it was sent."""
ROUNDS_PATIENCE = timedelta(seconds=2)
"""How long what the rounds are writing may take to be written, before it is cut off."""
CUT_PATIENCE = timedelta(seconds=0.5)
"""How long what was cut off may take to let go."""
FIRST_RETRY = timedelta(milliseconds=200)
LONGEST_RETRY = timedelta(seconds=3)

log = get_logger("doorward")


def ready_settings() -> Settings:
    """Return the settings of this process; end it with a message if it must not serve."""
    try:
        settings = load_settings()
    except SettingsError as problem:
        raise SystemExit(f"doorward: the settings cannot be used.\n{problem}") from None
    if found := refusals(settings):
        lines = [f"{finding.setting}: {finding.message} {finding.cure}" for finding in found]
        raise SystemExit("doorward: not safe to start.\n" + "\n".join(lines))
    return settings


def build_container(settings: Settings, kind: type[Container] = Container) -> Container:
    """Return the container for these settings; nothing is opened yet, and a key is made at most.

    ``kind`` is Doorward's, or a team's own that inherits from it. Raises :class:`StartRefused`
    for an address that a library cannot use.
    """
    container = kind(settings=settings)
    try:
        container.mail_transport()
    except ValueError as problem:
        raise StartRefused(f"SMTP_URL or MAIL_FROM cannot be used: {problem}") from None
    try:
        container.secret_box()
    except SettingsError as problem:
        raise StartRefused(str(problem)) from None
    except ValueError as problem:
        raise StartRefused(f"SECRET_KEY cannot be used: {problem}. {NEW_KEY}") from None
    return container


@asynccontextmanager
async def running(
    container: Container,
    *,
    with_worker: bool,
    with_keys: bool = True,
    with_warnings: bool = True,
    when_ready: Callable[[], object] | None = None,
) -> AsyncIterator[None]:
    """Start the service around the block and stop it cleanly afterwards.

    Returns into the block when the service is ready, or after three seconds if the database
    is away: then it goes on getting ready behind. Raises :class:`StartRefused` for what
    waiting cannot cure, at once or, if it turns out later, at the end of the block.
    ``when_ready`` is called once, when the service has become ready.

    A message that is being sent when the block ends is sent to its end. All else is over a few
    seconds later, also where the database says nothing: what is then under way is cut off, and
    so happens as a whole or not at all (DU-2, DB-6).
    """
    if with_warnings:
        _log_warnings(container.settings())
    stopping = asyncio.Event()
    start = asyncio.create_task(_get_ready(container, with_keys=with_keys), name="start-up")
    if when_ready is not None:
        start.add_done_callback(lambda done: _succeeded(done) and when_ready())
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
        relay = container.service().relay if with_worker else None
        if relay is not None:
            relay.stop()
            with suppress(TimeoutError):
                await asyncio.wait_for(relay.sent(), SENDING_PATIENCE.total_seconds())
        await _ended([start, *tasks], ROUNDS_PATIENCE)
        if with_keys:
            # What was seen until here; it is worth no more time than that.
            last = asyncio.create_task(_note_uses(container.service()), name="last uses")
            await _ended([last], ROUNDS_PATIENCE)
        if relay is not None:
            marks = asyncio.create_task(_settle(relay), name="marks")
            await _ended([marks], SENDING_PATIENCE if relay.owes_marks else ROUNDS_PATIENCE)
        await close(container)
    for task in (start, *tasks):
        if task.done() and not task.cancelled() and (refusal := task.exception()) is not None:
            raise refusal


async def _ended(tasks: Sequence[asyncio.Task[None]], patience: timedelta) -> None:
    """Wait for the tasks, cut off those that take longer, and do not wait much for that."""
    for each in (patience, CUT_PATIENCE):
        _, unfinished = await asyncio.wait(tasks, timeout=each.total_seconds())
        for task in unfinished:
            task.cancel()


async def prepare(container: Container) -> None:
    """Bring schema and clock into the state that any use case needs. One attempt.

    Raises ServiceUnavailable when the database is away and :class:`StartRefused` when waiting
    would not help.
    """
    settings = container.settings()
    if settings.in_memory:
        await container.service().audit.chain.begin()
        return
    if settings.migrate_on_start:
        await _migrate(container)
    await _synchronise_clock(container)
    if (difference := await container.schema_probe().difference()) is not None:
        raise StartRefused(str(difference))
    await ensure_secret_key(container)
    await change_secret_key(container)
    await container.service().audit.chain.begin()


async def _synchronise_clock(container: Container) -> None:
    """Set the service's clock by the database's (CK-1); nothing to do without a database."""
    if not container.settings().in_memory and container.clock() is container.database_clock():
        await container.database_clock().synchronise()


async def _prepare_keys(container: Container) -> None:
    """Make and load signing keys: only for who serves tokens, or two settings would compete."""
    try:
        await container.service().keys.keyring.prepare()
    except SigningKeyUnreadable as problem:
        raise StartRefused(str(problem)) from None


def _log_warnings(settings: Settings) -> None:
    for finding in findings(settings):
        if finding.level == "warning" or (finding.level == "error" and not finding.stops_start):
            log.warning("setting", name=finding.setting, why=finding.message, cure=finding.cure)
    if not settings.in_production:
        log.warning("development_mode", why="Mails, and the links in them, can be read by anyone.")


async def _migrate(container: Container) -> None:
    from migrations import runner  # Alembic, which only a migration needs

    url = container.settings().database_url.get_secret_value()
    try:
        await runner.upgrade(url, branches=container.branches)
    except runner.UnknownRevision as problem:
        raise StartRefused(str(problem)) from None


async def _get_ready(container: Container, *, with_keys: bool) -> None:
    delay = FIRST_RETRY
    while True:
        try:
            await prepare(container)
            if with_keys:
                await _prepare_keys(container)
        except (ServiceUnavailable, ConcurrentChange) as away:
            failure = away.failure if isinstance(away, ServiceUnavailable) else None
            if failure is not None and failure.remedy is Remedy.RESTART:
                raise StartRefused(str(failure), failure) from None
            facts = {} if failure is None else failure.facts
            log.warning("database_away", retry_in=delay.total_seconds(), **facts)
            await asyncio.sleep(delay.total_seconds())
            delay = min(delay * 2, LONGEST_RETRY)
        else:
            return


def _succeeded(start: asyncio.Task[None]) -> bool:
    return not start.cancelled() and start.exception() is None


def _end_process_if_refused(start: asyncio.Task[None]) -> None:
    """A refusal that comes too late to be raised ends the process as an operator would."""
    if not start.cancelled() and (problem := start.exception()) is not None:
        facts = problem.facts if isinstance(problem, StartRefused) else {"why": str(problem)}
        log.critical("start_refused", **facts)
        signal.raise_signal(signal.SIGTERM)


type _Job = Callable[[], Awaitable[object]]


def _rounds(
    container: Container, *, with_worker: bool, with_keys: bool
) -> list[tuple[str, timedelta, _Job]]:
    services = container.service()
    rounds: list[tuple[str, timedelta, _Job]] = [
        ("clock", CLOCK_EVERY, lambda: _synchronise_clock(container)),
    ]
    if with_keys:
        rounds.append(("keyring", KEYRING_EVERY, lambda: keep_keys(container)))
        rounds.append(("key uses", USES_EVERY, services.api_keys.uses.write))
    if with_worker:
        rounds.append(("relay", RELAY_EVERY, lambda: drain_outbox(services)))
        rounds.append(("audit chain", CHAIN_EVERY, lambda: chain_trail(container)))
        if container.settings().secret_key_previous is not None:
            renew = services.mail.renew_secrets
            rounds.append(("mailed secrets", HOUSEKEEPING_EVERY, renew))
            reseal = services.factors.renew_sealed
            rounds.append(("sealed factors", HOUSEKEEPING_EVERY, reseal))
        tell_of_expiry = services.api_keys.tell_of_expiry
        rounds.append(("ends of api keys", HOUSEKEEPING_EVERY, tell_of_expiry))
        rounds.append(("housekeeping", HOUSEKEEPING_EVERY, lambda: _keep_house(services)))
    return rounds


async def _keep_house(services: Service[ServiceUnit]) -> None:
    """Clear away what is over; what fails is logged, and is tried again in the next round."""
    report = await services.purge_expired()
    for name, error in report.failed.items():
        if isinstance(error, ServiceUnavailable):
            log.warning("purge_waits", what=name, **error.facts)
        else:
            log.error("purge_failed", what=name, exc_info=error)


async def _note_uses(services: Service[ServiceUnit]) -> None:
    """Write when keys were last used, before the process ends; what cannot be written is lost."""
    try:
        await services.api_keys.uses.write()
    except ServiceUnavailable as away:
        log.warning("key_uses_lost", **away.facts)


async def _settle(relay: RelayOutbox[ServiceUnit]) -> None:
    """See that what the mail server has accepted is marked, for as long as the process may live."""
    unmarked: Collection[MessageId] = ()
    try:
        while unmarked := await relay.settle():
            log.warning("sent_mail_is_not_marked", count=len(unmarked))
            await asyncio.sleep(SETTLE_EVERY.total_seconds())
    except asyncio.CancelledError:
        if unmarked:
            # Nothing is left to do; another worker sends them once more when the leases run out.
            names = [str(each) for each in unmarked]
            log.error("sent_mail_stays_unmarked", messages=names)  # noqa: TRY400
        raise


async def drain_outbox(services: Service[ServiceUnit]) -> None:
    """Send what is due, round after round, until nothing is left that can be sent now.

    Without a mailer, mail waits in the outbox for one.
    """
    relay = services.relay
    while relay is not None:
        report = await relay()
        if report.unmarked:
            log.warning("sent_mail_is_not_marked", count=report.unmarked)
        if not report.claimed:
            return
        log.info(
            "outbox_relayed",
            sent=report.sent,
            postponed=report.postponed,
            expired=report.expired,
            dead=report.dead,
            unmarked=report.unmarked,
        )
        if report.failure is not None:
            log.warning("mail_not_sent", **report.failure.facts)


async def _repeat(
    name: str,
    every: timedelta,
    job: _Job,
    *,
    after: asyncio.Task[None],
    until: asyncio.Event,
) -> None:
    """Do the job again and again; a failure is logged and does not end the loop.

    Only a refusal to go on does, and with it the process, as an operator would.
    Nothing is done before the start has succeeded: what was refused must not be worked on.
    """
    await asyncio.wait({after})
    while not until.is_set() and _succeeded(after):
        try:
            await job()
        except ServiceUnavailable as away:
            log.warning("background_job_waits", job=name, **away.facts)
        except StartRefused as refusal:
            log.critical("process_ends", **refusal.facts)
            signal.raise_signal(signal.SIGTERM)
            raise
        except Exception:
            log.exception("background_job_failed", job=name)
        with suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), every.total_seconds())
