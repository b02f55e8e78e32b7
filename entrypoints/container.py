"""The composition root: which adapter stands behind which port, and what each capability gets.

The only module that names adapters and the only one that knows dependency-injector. Each part
is made by a plain typed function, so that the type checker sees every argument; what a process
does not ask for is not even imported. A test replaces a part on its own container, before the
service starts: ``container.clock.override(…)``.

Of dependency-injector only the providers are used. Its containers import its wiring, and that
every web framework that is installed.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dependency_injector.providers import Object, Provider, Singleton

from entrypoints.settings import Settings
from migrations.branches import OURS, Branches, known_revisions

if TYPE_CHECKING:
    from adapters.memory.store import MemoryStore
    from adapters.sqlalchemy.clock import DatabaseClock
    from adapters.sqlalchemy.engine import Engine
    from adapters.sqlalchemy.health import SchemaProbe
    from adapters.system.clock import MovableClock
    from application.credentials.ports import CommonPasswords, PasswordHasher
    from application.keys.ports import AccessTokens
    from application.mail.ports import Mailbox, Mailer
    from application.ports.clock import Clock, Randomness
    from application.ports.crypto import Authenticator, SecretBox
    from application.ports.health import HealthProbe
    from application.ports.idempotency import IdempotencyStore
    from application.ports.inspection import Inspection
    from application.ports.rate_limiter import RateLimiter
    from application.ports.unit_of_work import UnitOfWorkFactory
    from application.service import Ports, Service, ServiceUnit


def _memory_store(_: "Container") -> "MemoryStore":
    from adapters.memory.store import MemoryStore

    return MemoryStore()


def _engine(c: "Container") -> "Engine":
    from adapters.sqlalchemy.engine import create_engine

    url, size = c.settings().database_url.get_secret_value(), c.settings().database_pool_size
    return create_engine(url, pool_size=size, read_only=c.read_only())


def _database_clock(c: "Container") -> "DatabaseClock":
    from adapters.sqlalchemy.clock import DatabaseClock

    return DatabaseClock(c.engine())


def _movable_clock(_: "Container") -> "MovableClock":
    from adapters.system.clock import MovableClock

    return MovableClock()


def _clock(c: "Container") -> "Clock":
    return c.movable_clock() if c.settings().in_memory else c.database_clock()


def _randomness(_: "Container") -> "Randomness":
    from adapters.system.clock import SystemRandomness

    return SystemRandomness()


def _units(c: "Container") -> "UnitOfWorkFactory[ServiceUnit]":
    if c.settings().in_memory:
        from adapters.memory.service_unit import MemoryUnitOfWork
        from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory

        return MemoryUnitOfWorkFactory(c.memory_store(), MemoryUnitOfWork)
    from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
    from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory

    return SqlAlchemyUnitOfWorkFactory(c.engine(), SqlAlchemyUnitOfWork)


def _rate_limiter(c: "Container") -> "RateLimiter":
    if c.settings().in_memory:
        from adapters.memory.rate_limiter import MemoryRateLimiter

        return c.memory_store().beside(MemoryRateLimiter())
    from adapters.sqlalchemy.rate_limiter import SqlAlchemyRateLimiter

    return SqlAlchemyRateLimiter(c.engine())


def _idempotency_store(c: "Container") -> "IdempotencyStore":
    if c.settings().in_memory:
        from adapters.memory.idempotency import MemoryIdempotencyStore

        return c.memory_store().beside(MemoryIdempotencyStore())
    from adapters.sqlalchemy.idempotency import SqlAlchemyIdempotencyStore

    return SqlAlchemyIdempotencyStore(c.engine())


def _hasher(c: "Container") -> "PasswordHasher":
    from adapters.argon2.hasher import Argon2PasswordHasher

    settings = c.settings()
    return Argon2PasswordHasher(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        parallelism=settings.argon2_parallelism,
        concurrency=settings.hashing_concurrency,
        queue=settings.hashing_queue,
    )


def _common_passwords(_: "Container") -> "CommonPasswords":
    from adapters.wordlist.common_passwords import ListedCommonPasswords

    return ListedCommonPasswords()


def _access_tokens(c: "Container") -> "AccessTokens":
    from adapters.jwt.access_tokens import JwtAccessTokens

    return JwtAccessTokens(issuer=c.settings().public_url, audience=c.settings().token_audience)


def _secret_box(c: "Container") -> "SecretBox":
    from adapters.encryption.secret_box import AesGcmSecretBox

    return AesGcmSecretBox(c.settings().secret_key_bytes(), c.settings().previous_key_bytes())


def _authenticator(c: "Container") -> "Authenticator":
    from adapters.encryption.authenticator import HmacAuthenticator

    return HmacAuthenticator(c.settings().secret_key_bytes(), c.settings().previous_key_bytes())


def _mail_transport(c: "Container") -> "Mailer | None":
    if (url := c.settings().smtp_url) is None:
        return None
    from adapters.mime.composer import MimeComposer
    from adapters.smtp.mailer import SmtpMailer

    composer = MimeComposer(sender=c.settings().mail_from)
    return SmtpMailer(url=url.get_secret_value(), composer=composer)


def _mailbox(c: "Container") -> "Mailbox":
    if c.settings().in_memory:
        from adapters.memory.mail.mailbox import MemoryMailbox

        return c.memory_store().beside(MemoryMailbox(forward=c.mail_transport()))
    from adapters.sqlalchemy.mail.mailbox import DevelopmentMailbox

    return DevelopmentMailbox(c.engine(), c.secret_box(), forward=c.mail_transport())


def _mailer(c: "Container") -> "Mailer | None":
    return c.mail_transport() if c.settings().in_production else c.mailbox()


def _schema_probe(c: "Container") -> "SchemaProbe":
    from adapters.sqlalchemy.health import SchemaProbe
    from migrations.tables import names_of

    known, names = known_revisions(c.branches), lambda: names_of(c.branches)
    return SchemaProbe(c.engine(), known, own_tables=names)


def _health_probes(c: "Container") -> "Sequence[HealthProbe]":
    if c.settings().in_memory:
        from adapters.memory.health import AlwaysReady

        return [AlwaysReady("store")]
    from adapters.sqlalchemy.health import DatabaseProbe

    return [DatabaseProbe(c.engine()), c.schema_probe()]


def _inspections(c: "Container") -> "Sequence[Inspection]":
    settings, found = c.settings(), list["Inspection"]()
    if settings.in_memory:
        from adapters.memory.inspection import MemoryInspection

        found.append(MemoryInspection("database"))
    else:
        from adapters.sqlalchemy.inspection import DatabaseInspection

        url, size = settings.database_url.get_secret_value(), settings.database_pool_size
        found.append(DatabaseInspection(c.engine(), url=url, pool_size=size))
    if settings.smtp_url is not None:
        from adapters.mime.composer import MimeComposer
        from adapters.smtp.inspection import MailServerInspection

        sender = MimeComposer(sender=settings.mail_from).sender
        url = settings.smtp_url.get_secret_value()
        found.append(MailServerInspection(url=url, sender=sender))
    return found


def ports[U: "ServiceUnit"](c: "Container", units: "UnitOfWorkFactory[U]") -> "Ports[U]":
    """Return what stands behind each port; a team's own service has units of its own."""
    from adapters.webauthn.passkeys import WebAuthnPasskeys
    from application.service import Ports

    place = c.settings().passkey_place
    return Ports(
        units=units,
        clock=c.clock(),
        randomness=c.randomness(),
        secret_box=c.secret_box(),
        authenticator=c.authenticator(),
        limiter=c.rate_limiter(),
        idempotency_store=c.idempotency_store(),
        hasher=c.hasher(),
        access_tokens=c.access_tokens(),
        passkeys=WebAuthnPasskeys(rp_id=place.rp_id, origins=place.origins),
        mailer=c.mailer(),
    )


def _service(c: "Container") -> "Service[ServiceUnit]":
    from application.service import Service
    from entrypoints.policies import policies

    chosen = policies(c.settings(), common_passwords=c.common_passwords())
    return Service(ports(c, c.unit_of_work()), chosen)


class Container:
    """Every part of the service, made when it is first asked for.

    A team's own inherits from it and names what differs (``docs/extending.md``): its branches of
    the schema, its unit of work and its service. That is why the last two are declared so widely.
    """

    branches: Branches = (OURS,)
    """What a migration brings up to date."""

    def __init__(self, settings: Settings) -> None:
        self.settings = Object(settings)
        self.read_only: Provider[bool] = Object(False)
        self.engine = Singleton(_engine, self)
        self.memory_store = Singleton(_memory_store, self)
        self.database_clock = Singleton(_database_clock, self)
        self.movable_clock = Singleton(_movable_clock, self)
        self.clock = Singleton(_clock, self)
        self.randomness = Singleton(_randomness, self)
        self.unit_of_work: Provider[UnitOfWorkFactory[Any]] = Singleton(_units, self)
        self.rate_limiter = Singleton(_rate_limiter, self)
        self.idempotency_store = Singleton(_idempotency_store, self)
        self.hasher = Singleton(_hasher, self)
        self.common_passwords = Singleton(_common_passwords, self)
        self.access_tokens = Singleton(_access_tokens, self)
        self.secret_box = Singleton(_secret_box, self)
        self.authenticator = Singleton(_authenticator, self)
        self.mail_transport = Singleton(_mail_transport, self)
        self.mailbox = Singleton(_mailbox, self)
        self.mailer = Singleton(_mailer, self)
        self.schema_probe = Singleton(_schema_probe, self)
        self.health_probes = Singleton(_health_probes, self)
        self.inspections = Singleton(_inspections, self)
        self.service: Provider[Service[Any]] = Singleton(_service, self)


async def close(container: Container) -> None:
    """Give back what the container holds open: connections and hashing threads."""
    from adapters.argon2.hasher import Argon2PasswordHasher

    if not container.settings().in_memory:
        await container.engine().dispose()
    hasher = container.hasher()
    if isinstance(hasher, Argon2PasswordHasher):
        hasher.close()
