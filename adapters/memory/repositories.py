"""The repositories over one memory transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.roles import with_permissions
from adapters.memory.store import Transaction
from application.ports.repositories import (
    CredentialRepository,
    OneTimeTokenRepository,
    SessionRepository,
    SignInAttemptsRepository,
    SigningKeyRepository,
)
from domain.credential import PasswordCredential
from domain.errors import ConcurrentChange
from domain.identifiers import SessionId, UserId
from domain.one_time_token import OneTimeToken, Purpose
from domain.session import EndReason, Session
from domain.sign_in_attempts import SignInAttempts
from domain.signing_key import SigningKey
from domain.user import User


class MemoryCredentialRepository(CredentialRepository):
    """Credentials in a dictionary, by user."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._credentials = transaction.credentials

    async def add(self, credential: PasswordCredential) -> None:
        await self._transaction.writing()
        _require_user(self._transaction, credential.user_id)
        if self._credentials.get(credential.user_id) is not None:
            raise ConcurrentChange
        self._credentials.put(credential.user_id, credential)

    async def get(self, user_id: UserId) -> PasswordCredential | None:
        await self._transaction.reading()
        return self._credentials.get(user_id)

    async def save(self, credential: PasswordCredential) -> None:
        await self._transaction.writing()
        kept = self._credentials.get(credential.user_id)
        if kept is None or kept.version != credential.version:
            raise ConcurrentChange
        credential.version += 1
        self._credentials.put(credential.user_id, credential)

    async def remove(self, user_id: UserId) -> None:
        await self._transaction.writing()
        self._credentials.remove(user_id)


class MemorySessionRepository(SessionRepository):
    """Sessions in a dictionary, found by user through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._sessions = transaction.sessions

    async def add(self, session: Session) -> None:
        await self._transaction.writing()
        _require_user(self._transaction, session.user_id)
        if self._sessions.get(session.id) is not None:
            raise ConcurrentChange
        self._sessions.put(session.id, session)

    async def get(self, session_id: SessionId) -> Session | None:
        await self._transaction.reading()
        return self._sessions.get(session_id)

    async def get_with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        await self._transaction.reading()
        session = self._sessions.get(session_id)
        user = None if session is None else self._transaction.users.get(session.user_id)
        if session is None or user is None:
            return None
        return session, with_permissions(self._transaction, user)

    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        await self._transaction.reading()
        living = self._living(user_id, now)
        return [s for s in living if before is None or s.id < before][:limit]

    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        await self._transaction.reading()
        return len(self._living(user_id, now))

    async def list_kept(self, user_id: UserId) -> list[Session]:
        await self._transaction.reading()
        kept = self._sessions.find("user", user_id)
        return sorted(kept, key=lambda s: s.id, reverse=True)

    async def save(self, session: Session) -> None:
        await self._transaction.writing()
        kept = self._sessions.get(session.id)
        if kept is None or kept.version != session.version:
            raise ConcurrentChange
        session.version += 1
        self._sessions.put(session.id, session)

    async def end_all(
        self,
        user_id: UserId,
        reason: EndReason,
        *,
        now: datetime,
        keep: SessionId | None = None,
        keep_newest: int = 0,
    ) -> int:
        await self._transaction.writing()
        older = self._living(user_id, now)[keep_newest:]
        ending = [session for session in older if session.id != keep]
        for session in ending:
            session.end(reason, now=now)
            # A rotation that loaded the session before this must not bring it back.
            session.version += 1
            self._sessions.put(session.id, session)
        return len(ending)

    async def purge(self, *, over_before: datetime, rotated_before: datetime) -> int:
        await self._transaction.writing()
        over = self._sessions.select(lambda s: (s.ended_at or s.expires_at) < over_before)
        for session_id in over:
            self._sessions.remove(session_id)
        spent = self._sessions.select(
            lambda s: (
                s.sealed_successor is not None
                and s.rotated_at is not None
                and s.rotated_at < rotated_before
            )
        )
        for session in spent.values():
            self._sessions.put(session.id, replace(session, sealed_successor=None))
        return len(over)

    def _living(self, user_id: UserId, now: datetime) -> list[Session]:
        living = self._sessions.find("user", user_id, where=lambda s: s.over(now) is None)
        return sorted(living, key=lambda s: s.id, reverse=True)


class MemoryOneTimeTokenRepository(OneTimeTokenRepository):
    """Mailed secrets in a dictionary, by user and purpose, found by digest through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._tokens = transaction.one_time_tokens

    async def put(self, token: OneTimeToken) -> None:
        await self._transaction.writing()
        _require_user(self._transaction, token.user_id)
        self._tokens.put((token.user_id, token.purpose), token)

    async def find(self, digest: bytes) -> OneTimeToken | None:
        await self._transaction.reading()
        return next(iter(self._tokens.find("digest", digest)), None)

    async def take(self, digest: bytes) -> OneTimeToken | None:
        await self._transaction.writing()
        token = next(iter(self._tokens.find("digest", digest)), None)
        if token is not None:
            self._tokens.remove((token.user_id, token.purpose))
        return token

    async def list_of(self, user_id: UserId) -> list[OneTimeToken]:
        await self._transaction.reading()
        found = (self._tokens.get((user_id, purpose)) for purpose in sorted(Purpose))
        return [token for token in found if token is not None]

    async def discard(self, user_id: UserId, purposes: Sequence[Purpose]) -> None:
        await self._transaction.writing()
        for purpose in purposes:
            self._tokens.remove((user_id, purpose))

    async def purge(self, *, now: datetime) -> int:
        await self._transaction.writing()
        expired = self._tokens.select(lambda token: token.expires_at <= now)
        return sum(self._tokens.remove(key) for key in expired)


class MemorySignInAttemptsRepository(SignInAttemptsRepository):
    """Guesses in a dictionary; the store's lock is what holds a record."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._attempts = transaction.attempts

    async def hold(self, key: bytes) -> SignInAttempts:
        await self._transaction.writing()
        self._transaction.held.add(key)
        if (attempts := self._attempts.get(key)) is None:
            attempts = SignInAttempts(key=key)
            self._attempts.put(key, attempts)
        return attempts

    async def save(self, attempts: SignInAttempts) -> None:
        await self._transaction.writing()
        if attempts.key not in self._transaction.held:
            raise RuntimeError("attempts are saved by the unit of work that holds them")
        kept = self._attempts.get(attempts.key)
        if kept is None or kept.version != attempts.version:
            raise ConcurrentChange
        attempts.version += 1
        self._attempts.put(attempts.key, attempts)

    async def clear(self, key: bytes) -> None:
        await self._transaction.writing()
        self._attempts.remove(key)

    async def purge(self, *, before: datetime) -> int:
        await self._transaction.writing()
        old = self._attempts.select(
            lambda a: a.last_attempt_at is not None and a.last_attempt_at < before
        )
        return sum(self._attempts.remove(key) for key in old)


class MemorySigningKeyRepository(SigningKeyRepository):
    """Signing keys in a dictionary, by ``kid``."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._keys = transaction.signing_keys

    async def add(self, key: SigningKey) -> None:
        await self._transaction.writing()
        if self._keys.get(key.kid) is not None:
            raise ConcurrentChange
        self._keys.put(key.kid, key)

    async def hold_all(self) -> list[SigningKey]:
        await self._transaction.writing()
        return await self.list_all()

    async def list_all(self) -> list[SigningKey]:
        await self._transaction.reading()
        keys = self._keys.select(lambda _: True).values()
        return sorted(keys, key=lambda key: (key.published_at, key.kid))

    async def save(self, key: SigningKey) -> None:
        await self._transaction.writing()
        kept = self._keys.get(key.kid)
        if kept is None or kept.version != key.version:
            raise ConcurrentChange
        key.version += 1
        self._keys.put(key.kid, key)

    async def purge(self, *, gone_before: datetime) -> int:
        await self._transaction.writing()
        gone = self._keys.select(lambda k: k.gone_at is not None and k.gone_at < gone_before)
        return sum(self._keys.remove(kid) for kid in gone)


def _require_user(transaction: Transaction, user_id: UserId) -> None:
    """Raise as a foreign key does: the user was removed while the caller looked elsewhere."""
    if transaction.users.get(user_id) is None:
        raise ConcurrentChange
