"""Ready-made entities, and the small moves that most contract tests are made of."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from application.accounts.mails import VERIFICATION_REQUESTED
from application.credentials.mails import PASSWORD_RESET_REQUESTED, VERIFY_EMAIL
from application.mail.ports import MailUnit
from application.mail_texts import ENGLISH
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.accounts.invitation import Invitation
from domain.api_keys.api_key import ApiKey
from domain.assurance import Evidence, Level, Method
from domain.audit.event import AuditEvent, AuditEventId, Party
from domain.credentials.one_time_token import OneTimeToken, Purpose
from domain.credentials.password import PasswordCredential
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.factors.device import TrustedDevice
from domain.factors.factor import FactorId, Passkey, RecoveryCodes, Totp
from domain.factors.totp import TotpSettings
from domain.identifiers import UserId
from domain.keys.signing_key import SigningAlgorithm, SigningKey
from domain.mail.message import MessageId, MessageKind, MessageStatus, OutboxMessage
from domain.origin import Origin
from domain.principal import (
    ADMINISTRATOR,
    OPERATOR,
    USER,
    Permission,
    Principal,
    PrincipalKind,
)
from domain.service_accounts.service_account import ServiceAccount
from domain.sessions.refresh_token import RefreshToken
from domain.sessions.session import Session, SessionPolicy
from domain.users.user import User
from tests.support.databases import through_sqlalchemy

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from adapters.sqlalchemy.engine import Engine

NOW = datetime(2026, 11, 5, 9, 30, 15, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
POLICY = SessionPolicy(
    idle=timedelta(days=7), absolute=timedelta(days=30), grace=30 * SECOND, per_user=100
)

KINDS = sorted({*ENGLISH, PASSWORD_RESET_REQUESTED, VERIFICATION_REQUESTED})
"""Every kind of message: the mails, and the requests that the worker answers with one."""

_numbers = count(1)


def a_user(email: str | None = None, *, now: datetime = NOW) -> User:
    """Return a new user, by default with an address of their own."""
    address = EmailAddress.parse(email or f"user{next(_numbers)}@example.com")
    user, _ = User.register(
        email=address, display_name="Ada Lovelace", now=now, entropy=secrets.token_bytes
    )
    return user


def a_session(user: User, *, now: datetime = NOW) -> tuple[Session, RefreshToken]:
    """Return a new session of the user, and its first refresh token."""
    session, token, _ = Session.start(
        user_id=user.id,
        evidence=Evidence.of(Method.PASSWORD),
        policy=POLICY,
        ip_address="2001:db8::1",
        user_agent="Mozilla/5.0",
        now=now,
        entropy=secrets.token_bytes,
    )
    return session, token


def a_credential(user: User, hashed: str = "$fast$v=1$salt$digest") -> PasswordCredential:
    """Return a credential for the user."""
    return PasswordCredential.create(user_id=user.id, hashed=hashed, now=NOW)


def a_token(
    user: User, purpose: Purpose = Purpose.PASSWORD_RESET, *, ttl: timedelta = HOUR
) -> tuple[OneTimeToken, str]:
    """Return a mailed secret's record, and the secret."""
    return OneTimeToken.issue(
        user_id=user.id,
        purpose=purpose,
        email=user.email,
        ttl=ttl,
        now=NOW,
        entropy=secrets.token_bytes,
    )


def a_message(*, queued_at: datetime = NOW, kind: MessageKind = VERIFY_EMAIL) -> OutboxMessage:
    """Return a message that waits for the worker."""
    return OutboxMessage(
        id=MessageId.new(queued_at, secrets.token_bytes),
        kind=kind,
        to="ada@example.com",
        parameters={"name": "Ada"},
        sealed_secret=b"sealed \x00\xff",
        queued_at=queued_at,
        expires_at=queued_at + HOUR,
    )


def a_key(*, published_at: datetime = NOW, kid: str | None = None) -> SigningKey:
    """Return a signing key that becomes active at once."""
    key, _ = SigningKey.publish(
        kid=kid or secrets.token_urlsafe(32),
        algorithm=SigningAlgorithm.EDDSA,
        public_jwk={"kty": "OKP", "crv": "Ed25519", "x": "1-_"},
        sealed_private_key=b"\x00sealed",
        now=published_at,
        activates_at=published_at,
    )
    return key


def an_audit_event(
    *,
    at: datetime = NOW,
    actor: UserId | None = None,
    target: UserId | None = None,
    data: dict[str, str] | None = None,
) -> AuditEvent:
    """Return a row of the audit trail."""
    return AuditEvent(
        id=AuditEventId.new(at, secrets.token_bytes),
        occurred_at=at,
        type="user.suspended",
        outcome="success",
        reason=None,
        actor=Party("user", str(actor)) if actor else Party("system", None),
        target=Party("user", str(target)) if target else None,
        origin=Origin(ip_address="192.0.2.7", user_agent="curl/8", request_id="r-1"),
        data=data or {},
    )


def an_invitation(
    email: str = "bob@example.com",
    *,
    inviter: User | None = None,
    at: datetime = NOW,
    ttl: timedelta = HOUR,
) -> Invitation:
    """Return an invitation by that user, or by an operator."""
    principal = (
        Principal(kind=PrincipalKind.USER, user_id=inviter.id) if inviter is not None else OPERATOR
    )
    invitation, _, _ = Invitation.issue(
        email=EmailAddress.parse(email),
        roles=frozenset({ADMINISTRATOR, USER}),
        inviter=principal,
        ttl=ttl,
        now=at,
        entropy=secrets.token_bytes,
    )
    return invitation


def a_totp(user: User, *, last_counter: int = 0) -> Totp:
    """Return an authenticator app of the user."""
    return Totp(
        id=FactorId.new(NOW, secrets.token_bytes),
        user_id=user.id,
        name="My phone",
        created_at=NOW,
        sealed_secret=b"\x00sealed",
        settings=TotpSettings(),
        last_counter=last_counter,
    )


def a_passkey(user: User, *, credential_id: bytes | None = None) -> Passkey:
    """Return a passkey of the user."""
    return Passkey(
        id=FactorId.new(NOW, secrets.token_bytes),
        user_id=user.id,
        name=None,
        created_at=NOW,
        credential_id=credential_id or secrets.token_bytes(32),
        public_key=b"\xa5cose",
        sign_count=1,
        synced=True,
        transports=("hybrid", "internal"),
        rp_id="doorward.example",
    )


def some_recovery_codes(user: User) -> RecoveryCodes:
    """Return the user's recovery codes."""
    return RecoveryCodes(
        id=FactorId.new(NOW, secrets.token_bytes),
        user_id=user.id,
        name=None,
        created_at=NOW,
        sealed_key=b"\xffsealed",
        tags=frozenset(secrets.token_bytes(32) for _ in range(10)),
    )


def a_device(user: User, *, expires_at: datetime = NOW + HOUR) -> TrustedDevice:
    """Return a device that the user trusts."""
    device, _ = TrustedDevice.trust(
        user_id=user.id,
        ttl=HOUR,
        ip_address="192.0.2.7",
        user_agent="Mozilla/5.0",
        now=expires_at - HOUR,
        entropy=secrets.token_bytes,
    )
    return device


def a_service_account(name: str | None = None, *, maker: User | None = None) -> ServiceAccount:
    """Return a new service account, by default with a name of its own."""
    account, _ = ServiceAccount.create(
        name=name or f"Program {next(_numbers)}",
        description="Does things.",
        created_by=None if maker is None else maker.id,
        now=NOW,
        entropy=secrets.token_bytes,
    )
    return account


def an_api_key(
    owner: User | ServiceAccount,
    *,
    permissions: Iterable[str] = ("orders:refund", "users:read"),
    lifetime: timedelta | None = HOUR,
    maker: User | None = None,
    now: datetime = NOW,
) -> ApiKey:
    """Return a new API key of the owner."""
    key, _, _ = ApiKey.create(
        owner=owner.id,
        name="CI",
        permissions=map(Permission, permissions),
        acr=Level.AAL2,
        lifetime=lifetime,
        created_by=None if maker is None else maker.id,
        now=now,
        entropy=secrets.token_bytes,
    )
    return key


async def keep_account(
    units: UnitOfWorkFactory[ServiceUnit], account: ServiceAccount | None = None
) -> ServiceAccount:
    """Add the service account and commit."""
    account = account or a_service_account()
    async with units() as work:
        await work.service_accounts.add(account)
        await work.commit()
    return account


async def keep_api_key(units: UnitOfWorkFactory[ServiceUnit], *keys: ApiKey) -> None:
    """Add the API keys and commit."""
    async with units() as work:
        for key in keys:
            await work.api_keys.add(key)
        await work.commit()


async def keep_user(units: UnitOfWorkFactory[ServiceUnit], user: User | None = None) -> User:
    """Add the user and commit."""
    user = user or a_user()
    async with units() as work:
        await work.users.add(user)
        await work.commit()
    return user


async def keep_session(
    units: UnitOfWorkFactory[ServiceUnit], user: User, *, now: datetime = NOW
) -> tuple[Session, RefreshToken]:
    """Add a new session of the user and commit."""
    session, token = a_session(user, now=now)
    async with units() as work:
        await work.sessions.add(session)
        await work.commit()
    return session, token


async def waiting_messages(work: MailUnit) -> int:
    """Return how many messages of the outbox are not closed."""
    return (await work.outbox_ledger.census()).counts[MessageStatus.WAITING]


async def load_user(units: UnitOfWorkFactory[ServiceUnit], user_id: UserId) -> User:
    """Return the user as stored, read in a unit of its own."""
    async with units.read_only() as work:
        user = await work.users.get(user_id)
    assert user is not None
    return user


async def load_session(units: UnitOfWorkFactory[ServiceUnit], session: Session) -> Session:
    """Return the session as stored, read in a unit of its own."""
    async with units.read_only() as work:
        loaded = await work.sessions.get(session.id)
    assert loaded is not None
    return loaded


async def save_user(units: UnitOfWorkFactory[ServiceUnit], user: User) -> None:
    """Save the user and commit."""
    async with units() as work:
        await work.users.save(user)
        await work.commit()


async def save_session(units: UnitOfWorkFactory[ServiceUnit], session: Session) -> None:
    """Save the session and commit."""
    async with units() as work:
        await work.sessions.save(session)
        await work.commit()


async def in_parallel[T](calls: Iterable[Awaitable[T]]) -> list[T | BaseException]:
    """Run all at once and return what each returned or raised."""
    return await asyncio.gather(*calls, return_exceptions=True)


async def until_a_writer_waits(engine: "Engine | None") -> None:
    """Return once another transaction on PostgreSQL waits for a lock.

    On the other stores there is nothing to look for: no two transactions write at once, so the
    other one has not even begun.
    """
    if engine is None or engine.dialect.name != "postgresql":
        return
    from sqlalchemy import text

    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10), through_sqlalchemy(engine).connect() as connection:
        while not (await connection.execute(waiting)).scalar_one():
            await connection.rollback()  # what is seen stays as it is until then


async def retrying[T](change: Callable[[], Awaitable[T]]) -> T:
    """Run the change again for as long as it meets a concurrent one."""
    for _ in range(99):
        try:
            return await change()
        except ConcurrentChange:
            continue
    return await change()


def values_of(entity: "DataclassInstance") -> dict[str, Any]:
    """Return every field by name, to compare entities that have no equality of their own."""
    return {field.name: getattr(entity, field.name) for field in fields(entity)}
