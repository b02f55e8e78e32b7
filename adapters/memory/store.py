"""The data behind the memory adapters, and the transactions over it.

A transaction behaves like PostgreSQL's READ COMMITTED with one lock for the whole store: it
reads what is committed, and its first *write* waits until no other transaction has written and
not ended yet. Then it compares versions, finds doubles and counts guesses on settled ground, and
fails at the very statement at which a database would. Its changes lie over the committed rows,
seen by nobody else, until the commit lays them down in one step.

The lock is not taken at the beginning (as SQLite does it), so that two use cases may both load
and then both save, as on PostgreSQL, and the second one really meets ConcurrentChange. One lock
instead of one for each row means that no two transactions can ever wait for each other.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime

from application.ports.outbox import MessageStatus, OutboxMessage
from domain.access import RoleName
from domain.audit import AuditEvent
from domain.audit_chain import ChainedEvent, ChainHead
from domain.circuit import Circuit
from domain.credential import PasswordCredential
from domain.errors import ServiceUnavailable
from domain.identifiers import AuditEventId, InvitationId, MessageId, SessionId, UserId
from domain.invitation import Invitation
from domain.one_time_token import OneTimeToken, Purpose
from domain.role import Role
from domain.session import Session
from domain.sign_in_attempts import SignInAttempts
from domain.signing_key import SigningKey
from domain.user import User


class Table[K: Hashable, V]:
    """Committed rows by key, and by whatever they are looked up by.

    Rows are never changed in place: a row that was handed out stays what it was.
    """

    def __init__(
        self, copied: Callable[[V], V], **indexes: Callable[[V], Iterable[Hashable]]
    ) -> None:
        self.copied = copied
        self.rows: dict[K, V] = {}
        self.values_of = indexes
        # The innermost dictionary stands for a set that remembers its order.
        self._keys: dict[str, dict[Hashable, dict[K, None]]] = {name: {} for name in indexes}

    def keys_with(self, index: str, value: Hashable) -> Iterable[K]:
        """Return the keys of the rows that the index has under the value."""
        return self._keys[index].get(value, ())

    def apply(self, changes: Mapping[K, V | None]) -> None:
        """Lay changes over the rows; None removes."""
        for key, row in changes.items():
            if (old := self.rows.pop(key, None)) is not None:
                self._forget(key, old)
            if row is not None:
                self.rows[key] = row
                self._note(key, row)

    def _note(self, key: K, row: V) -> None:
        for name, values_of in self.values_of.items():
            for value in values_of(row):
                self._keys[name].setdefault(value, {})[key] = None

    def _forget(self, key: K, row: V) -> None:
        for name, values_of in self.values_of.items():
            for value in values_of(row):
                keys = self._keys[name][value]
                keys.pop(key, None)
                if not keys:
                    del self._keys[name][value]


class Changes[K: Hashable, V]:
    """One table as one transaction sees it: its own changes over the committed rows.

    Rows are copied on the way in and on the way out.
    """

    def __init__(self, table: Table[K, V]) -> None:
        self._table = table
        self._changed: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        """Return the row, or None."""
        row = self._row(key)
        return None if row is None else self._table.copied(row)

    def put(self, key: K, row: V) -> None:
        """Keep the row in place of any other with this key."""
        self._changed[key] = self._table.copied(row)

    def remove(self, key: K) -> bool:
        """Remove the row; tell whether there was one."""
        there = self._row(key) is not None
        if there:
            self._changed[key] = None
        return there

    def find(
        self, index: str, value: Hashable, *, where: Callable[[V], bool] | None = None
    ) -> list[V]:
        """Return the rows that the index has under the value."""
        return [
            self._table.copied(row)
            for row in self._found(index, value)
            if where is None or where(row)
        ]

    def count(self, index: str, value: Hashable) -> int:
        """Return how many rows the index has under the value."""
        return sum(1 for _ in self._found(index, value))

    def select(self, where: Callable[[V], bool]) -> dict[K, V]:
        """Return all rows that match, by key. Looks at every row."""
        everything = {**self._table.rows, **self._changed}
        return {
            key: self._table.copied(row)
            for key, row in everything.items()
            if row is not None and where(row)
        }

    def apply(self) -> None:
        """Make the changes everybody's."""
        self._table.apply(self._changed)
        self._changed = {}

    def forget(self) -> None:
        """Undo the changes."""
        self._changed = {}

    def _row(self, key: K) -> V | None:
        return self._changed[key] if key in self._changed else self._table.rows.get(key)

    def _found(self, index: str, value: Hashable) -> Iterator[V]:
        for key in self._table.keys_with(index, value):
            if key not in self._changed:
                yield self._table.rows[key]
        values_of = self._table.values_of[index]
        for row in self._changed.values():
            if row is not None and value in values_of(row):
                yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A message and what became of it. ``due_at`` also says how long a lease lasts."""

    message: OutboxMessage
    status: MessageStatus
    due_at: datetime
    is_leased: bool = False
    closed_at: datetime | None = None
    error: str | None = None


class MemoryStore:
    """All data of one service. It lives as long as this object and in one event loop.

    ``answers`` may be set to False: then every statement fails as if the database were gone.
    """

    def __init__(self) -> None:
        self.users = Table[UserId, User](
            replace,
            mailbox=lambda u: (u.email.key,),
            administrates=lambda u: (u.administrates,),
            role=lambda u: u.roles,
        )
        self.roles = Table[RoleName, Role](replace)
        self.credentials = Table[UserId, PasswordCredential](replace)
        self.sessions = Table[SessionId, Session](replace, user=lambda s: (s.user_id,))
        self.one_time_tokens = Table[tuple[UserId, Purpose], OneTimeToken](
            _itself, digest=lambda t: (t.digest,)
        )
        self.invitations = Table[InvitationId, Invitation](
            _itself,
            digest=lambda i: (i.digest,),
            mailbox=lambda i: (i.email.key,),
            inviter=lambda i: (i.invited_by,),
        )
        self.attempts = Table[bytes, SignInAttempts](replace)
        self.circuits = Table[str, Circuit](replace)
        self.signing_keys = Table[str, SigningKey](_copied_key)
        self.outbox = Table[MessageId, OutboxEntry](
            _copied_entry,
            status=lambda entry: (entry.status,),
            recipient=lambda entry: (entry.message.to.lower(),),
        )
        self.chain = Table[AuditEventId, ChainedEvent](_itself)
        self.chain_heads = Table[str, ChainHead](_itself)
        self.audit = Table[AuditEventId, AuditEvent](_copied_event, about=_identifiers_in)
        self.answers = True
        self.write_lock = asyncio.Lock()
        self.writing_task: asyncio.Task[object] | None = None
        self._open: set[Transaction] = set()

    @property
    def open_units(self) -> int:
        """How many units of work that may write are open now, in all tasks."""
        return len(self._open)

    def opened(self, transaction: "Transaction") -> None:
        """Count a transaction that may write."""
        self._open.add(transaction)

    def closed(self, transaction: "Transaction") -> None:
        """Count it no more."""
        self._open.discard(transaction)


_entered: ContextVar[tuple["Transaction", ...]] = ContextVar("entered", default=())


def inside_unit_of_work() -> bool:
    """Tell whether the running task is inside a unit of work that may write.

    So is a task that was started inside one, until that unit is left.
    """
    return any(transaction.is_open for transaction in _entered.get())


class Transaction:
    """What the repositories of one unit of work share."""

    def __init__(self, store: MemoryStore, *, read_only: bool) -> None:
        self._store = store
        self._read_only = read_only
        self._locks = False
        self._finished = False
        self.is_open = False
        self.users = Changes(store.users)
        self.roles = Changes(store.roles)
        self.credentials = Changes(store.credentials)
        self.sessions = Changes(store.sessions)
        self.one_time_tokens = Changes(store.one_time_tokens)
        self.invitations = Changes(store.invitations)
        self.attempts = Changes(store.attempts)
        self.circuits = Changes(store.circuits)
        self.signing_keys = Changes(store.signing_keys)
        self.outbox = Changes(store.outbox)
        self.chain = Changes(store.chain)
        self.chain_heads = Changes(store.chain_heads)
        self.audit = Changes(store.audit)
        self.held: set[bytes] = set()

    def begin(self) -> None:
        """Open the transaction, once."""
        if self.is_open or self._finished:
            raise RuntimeError("a unit of work is entered once")
        self.is_open = True
        if not self._read_only:
            self._store.opened(self)
            still_open = (other for other in _entered.get() if other.is_open)
            _entered.set((*still_open, self))

    async def reading(self) -> None:
        """Return when a statement may read."""
        if not self.is_open or self._finished:
            raise RuntimeError("this unit of work is not open, or was committed")
        # A statement to a database gives others a turn; so must one to a dictionary, or no
        # test on this adapter would ever see two tasks interleave.
        await asyncio.sleep(0)
        if not self._store.answers:
            raise ServiceUnavailable

    async def writing(self) -> None:
        """Return when a statement may write; from here to the end nobody else does."""
        if self._read_only:
            raise RuntimeError("a read-only unit of work cannot write")
        await self.reading()
        if self._locks:
            return
        if self._store.write_lock.locked() and self._store.writing_task is asyncio.current_task():
            raise RuntimeError("this task has written in another unit of work and not ended it")
        await self._store.write_lock.acquire()
        self._locks = True
        self._store.writing_task = asyncio.current_task()

    async def commit(self) -> None:
        """Make all changes visible in one step."""
        if self._read_only:
            raise RuntimeError("a read-only unit of work cannot commit")
        await self.reading()
        for changes in self._all():
            changes.apply()
        self._finished = True
        self._unlock()

    def end(self) -> None:
        """Undo what was not committed and let others write."""
        self.is_open = False
        self._finished = True
        for changes in self._all():
            changes.forget()
        self._unlock()
        self._store.closed(self)
        _entered.set(tuple(other for other in _entered.get() if other.is_open))

    def _unlock(self) -> None:
        if self._locks:
            self._locks = False
            self._store.writing_task = None
            self._store.write_lock.release()

    def _all(self) -> tuple[Changes[UserId, User] | Changes[RoleName, Role]
                            | Changes[UserId, PasswordCredential]
                            | Changes[SessionId, Session]
                            | Changes[tuple[UserId, Purpose], OneTimeToken]
                            | Changes[InvitationId, Invitation] | Changes[bytes, SignInAttempts]
                            | Changes[str, Circuit] | Changes[str, SigningKey]
                            | Changes[MessageId, OutboxEntry]
                            | Changes[AuditEventId, ChainedEvent] | Changes[str, ChainHead]
                            | Changes[AuditEventId, AuditEvent], ...]:  # fmt: skip
        return (self.users, self.roles, self.credentials, self.sessions, self.one_time_tokens,
                self.invitations, self.attempts,
                self.circuits, self.signing_keys, self.outbox, self.chain,
                self.chain_heads, self.audit)  # fmt: skip


def _itself[T](row: T) -> T:
    """Return the row: it is frozen, and so is everything in it."""
    return row


def _copied_key(key: SigningKey) -> SigningKey:
    return replace(key, public_jwk=dict(key.public_jwk))


def _copied_entry(entry: OutboxEntry) -> OutboxEntry:
    message = replace(entry.message, parameters=dict(entry.message.parameters))
    return replace(entry, message=message)


def _copied_event(event: AuditEvent) -> AuditEvent:
    return replace(event, data=dict(event.data))


def _identifiers_in(event: AuditEvent) -> set[str]:
    """Return whom the row is about: an event of a session names its user in the data."""
    target = event.target.id if event.target else None
    named = (event.actor.id, target, event.data.get("user_id"))
    return {identifier for identifier in named if identifier is not None}
