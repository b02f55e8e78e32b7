"""Doing a request once, however often it comes (DB-2).

The key is not kept, only a digest of it and its caller; the answer is kept sealed, since it may
hold tokens, and bound to the request that it answers (RF-5).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.clock import Clock
from application.ports.crypto import Authenticator, SealBroken, SecretBox
from application.ports.idempotency import IdempotencyStore
from domain.errors import Conflict, InvalidInput

KEPT = timedelta(hours=24)
_PURPOSE = "idempotent-answer"
_REQUEST = "idempotent request v1"


class IdempotencyKeyReused(InvalidInput):
    """The key stands for another request of the same caller."""

    code = "IDEMPOTENCY_KEY_REUSED"
    message = "This key was used for another request. Use a new one."
    meaning = "The key stands for another request."


class RequestInProgress(Conflict):
    """The first request with this key is still being done."""

    code = "REQUEST_IN_PROGRESS"
    message = "The request with this key is still running. Try again shortly."
    meaning = "The request with this key still runs."
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a request has to show to keep its answer or to give its key back."""

    key: bytes
    fingerprint: bytes
    claimed_at: datetime


class IdempotentRequests:
    """Says of each request with a key whether to do it, or repeats what was answered."""

    def __init__(
        self,
        *,
        store: IdempotencyStore,
        secret_box: SecretBox,
        authenticator: Authenticator,
        clock: Clock,
        patience: timedelta,
    ) -> None:
        """Take how long a request may take; one that is still unanswered then was lost."""
        self._store, self._secret_box, self._authenticator = store, secret_box, authenticator
        self._clock, self._patience = clock, patience

    async def begin(self, *, caller: str, key: str, request: bytes) -> Ticket | bytes:
        """Return a ticket if the request is to be done now, or the answer that it got before.

        ``request`` is all of it that has to be the same. Raises IdempotencyKeyReused,
        RequestInProgress, and ServiceUnavailable, which means: do not do it.
        """
        now = self._clock.now()
        place = hashlib.sha256(f"{caller}\n{key}".encode()).digest()
        # Keyed: the request may hold a password, which a plain digest would let others guess.
        fingerprint = self._authenticator.tag(request, purpose=_REQUEST)
        claim = await self._store.claim(
            place, fingerprint, now=now, stale=now - self._patience, expired=now - KEPT
        )
        if claim.is_ours:
            return Ticket(key=place, fingerprint=fingerprint, claimed_at=now)
        if claim.fingerprint not in (fingerprint, self._earlier_fingerprint(request)):
            raise IdempotencyKeyReused
        if claim.answer is None:
            raise RequestInProgress
        return self._opened(claim.answer, claim.fingerprint)

    async def keep(self, ticket: Ticket, answer: bytes) -> None:
        """Keep the answer for a day."""
        sealed = self._secret_box.seal(ticket.fingerprint + answer, purpose=_PURPOSE)
        await self._store.complete(ticket.key, sealed, claimed_at=ticket.claimed_at)

    async def forget(self, ticket: Ticket) -> None:
        """Let the same request be tried again: it was not answered for good."""
        await self._store.release(ticket.key, claimed_at=ticket.claimed_at)

    async def purge(self, limit: int) -> int:
        """Forget up to that many keys that are more than a day old; return how many."""
        return await self._store.purge(before=self._clock.now() - KEPT, limit=limit)

    def _earlier_fingerprint(self, request: bytes) -> bytes | None:
        """Return what the request's was before SECRET_KEY was changed; None if it is not."""
        key = self._authenticator.previous_key(purpose=_REQUEST)
        return None if key is None else self._authenticator.tag_with(key, request)

    def _opened(self, sealed: bytes, fingerprint: bytes) -> bytes:
        try:
            plain = self._secret_box.open(sealed, purpose=_PURPOSE)
        except SealBroken:
            raise IdempotencyKeyReused from None  # sealed under another SECRET_KEY
        if not plain.startswith(fingerprint):
            raise IdempotencyKeyReused
        return plain.removeprefix(fingerprint)
