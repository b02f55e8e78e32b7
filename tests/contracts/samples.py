"""Ready-made entities, and the small moves that most contract tests are made of."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from application.ports.outbox import MessageKind, OutboxMessage
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit import AuditEvent, Origin, Party
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import AuditEventId, MessageId, UserId
from domain.one_time_token import OneTimeToken, Purpose
from domain.session import RefreshToken, Session, SessionPolicy
from domain.signing_key import SigningAlgorithm, SigningKey
from domain.user import User

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NOW = datetime(2026, 11, 5, 9, 30, 15, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
POLICY = SessionPolicy(
    idle=timedelta(days=7), absolute=timedelta(days=30), grace=30 * SECOND, per_user=100
)

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


def a_message(
    *, queued_at: datetime = NOW, kind: MessageKind = MessageKind.VERIFY_EMAIL
) -> OutboxMessage:
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


async def keep_user(units: UnitOfWorkFactory, user: User | None = None) -> User:
    """Add the user and commit."""
    user = user or a_user()
    async with units() as work:
        await work.users.add(user)
        await work.commit()
    return user


async def keep_session(
    units: UnitOfWorkFactory, user: User, *, now: datetime = NOW
) -> tuple[Session, RefreshToken]:
    """Add a new session of the user and commit."""
    session, token = a_session(user, now=now)
    async with units() as work:
        await work.sessions.add(session)
        await work.commit()
    return session, token


async def load_user(units: UnitOfWorkFactory, user_id: UserId) -> User:
    """Return the user as everybody sees them."""
    async with units.read_only() as work:
        user = await work.users.get(user_id)
    assert user is not None
    return user


async def load_session(units: UnitOfWorkFactory, session: Session) -> Session:
    """Return the session as everybody sees it."""
    async with units.read_only() as work:
        loaded = await work.sessions.get(session.id)
    assert loaded is not None
    return loaded


async def save_user(units: UnitOfWorkFactory, user: User) -> None:
    """Save the user and commit."""
    async with units() as work:
        await work.users.save(user)
        await work.commit()


async def save_session(units: UnitOfWorkFactory, session: Session) -> None:
    """Save the session and commit."""
    async with units() as work:
        await work.sessions.save(session)
        await work.commit()


async def in_parallel[T](calls: Iterable[Awaitable[T]]) -> list[T | BaseException]:
    """Run all at once and return what each returned or raised."""
    return await asyncio.gather(*calls, return_exceptions=True)


async def retrying[T](change: Callable[[], Awaitable[T]]) -> T:
    """Run the change until nobody comes in between."""
    for _ in range(99):
        try:
            return await change()
        except ConcurrentChange:
            continue
    return await change()


def values_of(entity: "DataclassInstance") -> dict[str, Any]:
    """Return every field by name, to compare entities that have no equality of their own."""
    return {field.name: getattr(entity, field.name) for field in fields(entity)}
