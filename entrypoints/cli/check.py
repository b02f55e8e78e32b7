"""``doorward check``: what it looks at, and what it says about it.

It reads and changes nothing: no key, file, row or schema is made. What cannot be looked at is a
finding like any other.
"""

import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from application.idempotency import KEPT
from application.keys.secret_key import WrongSecretKey
from application.paging import PageRequest
from application.users.ports import UserQuery
from domain.errors import ServiceUnavailable
from domain.keys.signing_key import KeyState
from domain.mail.message import MessageStatus
from domain.principal import ADMINISTRATOR, OPERATOR
from entrypoints.cli.check_factors import usable_factors, usable_passkeys
from entrypoints.cli.check_keys import narrow_service_accounts
from entrypoints.cli.findings import error, finding, warning
from entrypoints.container import close
from entrypoints.lifecycle import StartRefused, build_container
from entrypoints.settings import Finding, Settings, SettingsError, findings, load_settings
from entrypoints.settings.limits import limits
from entrypoints.settings.secret_key import KeptKey, KeyNotKept, wrong_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.failures import Failure
    from entrypoints.container import Container

LATE: Final = timedelta(minutes=10)
"""Mail that has been due for so long is not being sent by anyone."""
_MIGRATABLE: Final = {"schema_unmigrated", "schema_older"}
CLOCKS_APART: Final = timedelta(seconds=5)
_MARGIN: Final = " " * 8
_COUNTED: Final = ("error", "warning", "note")
"""What the summary counts, the worst first."""


async def examined(kind: "type[Container]") -> list[Finding]:
    """Return everything there is to say, the settings first and the summary last."""
    try:
        settings = load_settings()
    except SettingsError as refusal:
        found = [_unreadable(problem) for problem in refusal.problems]
        return [*found, summary(found)]
    found = [_with_facts(each, settings) for each in findings(settings)]
    found += limits(settings)
    present, key_findings = _with_present_key(settings)
    found = [each for each in found if each.setting != "SECRET_KEY" or not key_findings]
    found += key_findings
    try:
        container = build_container(present, kind)
    except StartRefused as problem:
        found.append(_unreadable(str(problem)))
    else:
        container.read_only.override(True)
        try:
            found += [each async for each in _surroundings(container, settings)]
        finally:
            await close(container)
    return [*found, summary(found)]


def summary(found: Sequence[Finding]) -> Finding:
    """Return how much of what there is, in one line."""
    levels = [str(each.level) for each in found]
    counts = {level: levels.count(level) for level in _COUNTED}
    said = ", ".join(
        f"{count} {level if count == 1 else level + 's'}"
        for level in _COUNTED
        if (count := counts[level])
    )
    worst = next((level for level in _COUNTED if counts[level] and level != "note"), "ok")
    verdict = {
        "error": "Doorward cannot work as it should.",
        "warning": "Doorward works; look at the warnings.",
        "ok": "Nothing is wrong.",
    }[worst]
    message = f"{verdict} {said[:1].upper()}{said[1:]}." if said else verdict
    return finding("doorward", message, level="summary")


def lines(found: Sequence[Finding], width: int | None) -> "Iterator[str]":
    """Yield the findings as lines, folded where a terminal is so wide."""
    for each in found:
        line = f"{each.level:<8}{each.setting}: {each.message} {each.cure}".rstrip()
        if width is None:
            yield line
        else:
            yield from textwrap.wrap(
                line, max(width, 40), subsequent_indent=_MARGIN, break_on_hyphens=False
            )


def as_json(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings as records."""
    return [asdict(each) for each in found]


def _with_present_key(settings: Settings) -> tuple[Settings, list[Finding]]:
    """Return settings under the key that is there, without making one, and what to say of it."""
    kept = settings.kept_key
    if kept is None:
        if settings.secret_key is None:  # it is among the findings, or nothing is kept
            return settings.under(KeptKey.fresh()), []
        return settings, []
    try:
        key = kept.present()
    except KeyNotKept as failure:
        cure = "Let this user read the file that was there, or set SECRET_KEY."
        return settings.under(KeptKey.fresh()), [error("SECRET_KEY", str(failure), cure)]
    if key is None:
        return settings.under(KeptKey.fresh()), []
    status = kept.path.stat()
    made = datetime.fromtimestamp(status.st_mtime, UTC)
    message = f"Kept in {kept.path.absolute()}, {_age(made, datetime.now(UTC))} old."
    found = [finding("SECRET_KEY", message)]
    if status.st_mode & 0o077:
        message = "Other users of this machine can read it."
        found.append(warning("SECRET_KEY", message, f"chmod 600 {kept.path.absolute()}"))
    return settings.under(key), found


async def _surroundings(container: "Container", settings: Settings) -> AsyncIterator[Finding]:
    is_reached = not settings.in_memory
    for inspection in container.inspections():
        with _told(inspection.name) as told:
            for seen in await inspection.observations():
                found = finding(inspection.name, seen.message, seen.cure, level=seen.level)
                told.append(replace(found, reason=seen.reason))
        for each in told:
            yield each
            is_reached &= inspection.name != "database" or each.level != "error"
    if not is_reached:
        return  # there is nothing to read, or no way to it
    with _told("schema") as told:
        failure = await container.schema_probe().failure()
        fine = finding("schema", "That of this version.")
        told.append(fine if failure is None else _schema(failure, settings))
    for each in told:
        yield each
    if told[-1].level != "ok":
        return  # what is below reads tables that are not as this version knows them
    parts: Sequence[tuple[str, Callable[[Container, Settings], Awaitable[list[Finding]]]]] = (
        ("clock", _clock),
        ("keys", _keys),
        ("SECRET_KEY_PREVIOUS", _previous_key),
        ("outbox", _outbox),
        ("administrators", _administrators),
        ("factors", usable_factors),
        ("PASSKEY_RP_ID", usable_passkeys),
        ("service accounts", narrow_service_accounts),
    )
    for name, look in parts:
        with _told(name) as told:
            told += await look(container, settings)
        for each in told:
            yield each


@contextmanager
def _told(name: str) -> "Iterator[list[Finding]]":
    """Give a list to say things in; what goes wrong in the block is said there, too."""
    told: list[Finding] = []
    try:
        yield told
    except ServiceUnavailable as away:
        failure = away.failure
        told.append(
            error(name, "The database does not answer.") if failure is None else _of(failure, name)
        )
    except Exception as fault:  # a check that ends in a traceback helps no one
        message = f"Could not be looked at ({type(fault).__name__})."
        told.append(error(name, message, "This is a fault of Doorward: please report it."))


def _schema(failure: "Failure", settings: Settings) -> Finding:
    if settings.migrate_on_start and failure.reason in _MIGRATABLE:
        cure = "The next start does what is missing, or `doorward migrate` now."
        note = finding("schema", failure.what_happened, cure, level="note")
        return replace(note, reason=failure.reason)
    return _of(failure, "schema")


async def _clock(container: "Container", _: Settings) -> list[Finding]:
    clock = container.database_clock()
    await clock.synchronise()
    apart = datetime.now(UTC) - clock.now()
    seconds = f"{abs(apart).total_seconds():.1f} s"
    if abs(apart) < CLOCKS_APART:
        return [finding("clock", f"This machine's and the database's are {seconds} apart.")]
    direction = "ahead of" if apart > timedelta(0) else "behind"
    message = f"This machine is {seconds} {direction} the database, whose time Doorward goes by."
    return [warning("clock", message, "Synchronise both machines (NTP).")]


async def _keys(container: "Container", settings: Settings) -> list[Finding]:
    examine = container.service().keys.secret_key
    try:
        await examine.ensure_right()
    except WrongSecretKey:
        has_previous = settings.secret_key_previous is not None
        failure = wrong_secret_key(settings.kept_key, has_previous=has_previous)
        return [replace(_of(failure, "SECRET_KEY"), stops_start=True)]
    now = container.clock().now()
    kept = await examine.signing_keys()
    found = []
    for each in kept:
        state = each.key.state(now)
        name = f"Signing key {each.key.kid} ({each.key.algorithm.value}, {state.value})"
        if not each.opens:
            cure = "Revoke it (`doorward keys revoke`): its row was changed by another hand."
            found.append(error("keys", f"{name} cannot be opened.", cure))
        elif state is not KeyState.GONE:
            found.append(finding("keys", f"{name}, {_age(each.key.published_at, now)} old."))
    return found or [finding("keys", "No signing key yet: one is made at the first start.")]


async def _previous_key(container: "Container", settings: Settings) -> list[Finding]:
    """Return what still needs SECRET_KEY_PREVIOUS, or that nothing does."""
    if settings.secret_key_previous is None:
        return []
    setting, service = "SECRET_KEY_PREVIOUS", container.service()
    try:
        await service.keys.secret_key.ensure_right()
    except WrongSecretKey:
        return []  # it is among the findings
    standing = await service.keys.secret_key.previous()
    if standing.is_in_use:
        message = "The database is still under it: the next start goes over to SECRET_KEY."
        cure = "End every process that runs under the old key first."
        return [finding(setting, message, cure, level="note")]
    needed = []
    if waiting := await service.mail.renew_secrets.outstanding():
        needed.append(f"{waiting} waiting {'mail' if waiting == 1 else 'mails'} (run a worker)")
    if sealed := await service.factors.renew_sealed.outstanding():
        needed.append(f"{sealed} {'factor' if sealed == 1 else 'factors'} of users (run a worker)")
    if (changed_at := standing.retired_at) is not None:
        for what, lifetime in _under_previous_key(settings).items():
            if (over := changed_at + lifetime) > container.clock().now():
                needed.append(f"{what} (until {over:%Y-%m-%d %H:%M} UTC)")
    if needed:
        message = f"Still needed for {', '.join(needed)}."
        return [finding(setting, message, "Remove it when that is over.", level="note")]
    return [warning(setting, "No longer needed.", "Remove it.")]


def _under_previous_key(settings: Settings) -> dict[str, timedelta]:
    """Return what is opened under the key before SECRET_KEY, and how long it lives at most."""
    session = min(settings.session_idle_ttl, settings.session_absolute_ttl)
    return {
        "answers to repeated requests": KEPT,
        "pages of sessions in cookie mode": timedelta(seconds=session),
    }


async def _outbox(container: "Container", _: Settings) -> list[Finding]:
    census = await container.service().mail.list_outbox.census()
    waiting = census.counts.get(MessageStatus.WAITING, 0)
    dead = census.counts.get(MessageStatus.DEAD, 0)
    found = [finding("outbox", f"{waiting} waiting, {dead} given up.")]
    now = container.clock().now()
    if census.oldest_waiting is not None and now - census.oldest_waiting > LATE:
        message = f"Mail has been waiting for {_age(census.oldest_waiting, now)}."
        cure = "Look whether a worker runs, and at the mail server; `doorward outbox list`."
        found.append(warning("outbox", message, cure))
    if dead:
        cure = "`doorward outbox list` says why, `doorward outbox redrive` sends it again."
        found.append(warning("outbox", "Some mail was given up.", cure))
    return found


async def _administrators(container: "Container", _: Settings) -> list[Finding]:
    page = await container.service().accounts.list_users(
        principal=OPERATOR, query=UserQuery(role=ADMINISTRATOR), asked=PageRequest(limit=1)
    )
    if page.items:
        return [finding("administrators", "There is one.")]
    cure = (
        "doorward users create --email you@example.com --role administrator --verified"
        " --password-stdin"
    )
    return [finding("administrators", "There is none yet.", cure, level="note")]


def _with_facts(each: Finding, settings: Settings) -> Finding:
    """Return the finding with what was looked at, where nothing is wrong with it."""
    if each.message != "Fine.":
        return each
    facts = {
        "SECRET_KEY": "Set.",
        "DATABASE_URL": "SQLite." if settings.sqlite_file else "PostgreSQL.",
        "PUBLIC_URL": f"{settings.public_url}.",
        "MAIL_FROM": f"{settings.mail_from}.",
        "SMTP_URL": "Set." if settings.smtp_url else "Not set: /dev/mailbox shows the mails.",
    }
    return replace(each, message=facts.get(each.setting, each.message))


def _age(since: datetime, now: datetime) -> str:
    seconds = max((now - since).total_seconds(), 0)
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if (count := int(seconds // size)) > 0:
            return f"{count} {name if count == 1 else name + 's'}"
    return "less than a minute"


def _unreadable(problem: str) -> Finding:
    """Return a setting that cannot be read in the form of a finding."""
    setting, _, told = problem.partition(": ")
    if " " in setting:  # a sentence, which may begin with the setting that it is about
        first = setting.partition(" ")[0]
        setting, told = first if first.isupper() else "settings", problem
    message, expected, cure = told.partition(" Expected: ")
    if not expected:
        message, _, cure = told.partition(". ")
    cure = f"{expected.lstrip()}{cure}"
    return replace(error(setting, f"{message.rstrip('.')}.", cure), stops_start=True)


def _of(failure: "Failure", name: str | None = None) -> Finding:
    setting = name or failure.part
    return replace(error(setting, failure.what_happened, failure.cure), reason=failure.reason)
