"""The data behind the memory adapters, and the transactions over it.

A transaction behaves like PostgreSQL's READ COMMITTED with one lock for the whole store: it
reads what is committed, and its first *write* waits until no other transaction has written and
not ended yet. Then it compares versions, finds doubles and counts guesses on settled ground, and
fails at the very statement at which a database would. Its changes lie over the committed rows,
seen by no other transaction, until the commit lays them down in one step.

The lock is not taken at the beginning (as SQLite does it), so that two use cases may both load
and then both save, as on PostgreSQL, and the second one really meets ConcurrentChange. One lock
instead of one for each row means that no two transactions can ever wait for each other.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from domain.errors import ServiceUnavailable
from domain.identifiers import Identifier

_OWNER = "owner"


class Table[K: Hashable, V]:
    """What a table is like: declared by the adapter whose rows it holds.

    ``copied`` copies a row; rows are never changed in place, so that one that was handed out
    stays what it was. ``indexes`` say by what else rows are looked up. ``owner`` names the account
    to which a row belongs, a user's as a rule, and with which it goes. ``section`` is where a
    user's export shows such rows.
    Rows of a table that is ``kept`` stay when a store forgets everything else.
    """

    def __init__(
        self,
        name: str,
        copied: Callable[[V], V],
        *,
        owner: Callable[[V], Identifier | None] | None = None,
        section: str | None = None,
        kept: bool = False,
        **indexes: Callable[[V], Iterable[Hashable]],
    ) -> None:
        self.name, self.copied, self.section, self.kept = name, copied, section, kept
        self.values_of = dict(indexes)
        if owner is not None:
            self.values_of[_OWNER] = lambda row: (owner(row),)

    @property
    def is_owned(self) -> bool:
        """Whether its rows belong to accounts."""
        return _OWNER in self.values_of


class Rows[K: Hashable, V]:
    """The committed rows of a table by key, and by whatever they are looked up by."""

    def __init__(self, table: Table[K, V]) -> None:
        self.table = table
        self.rows: dict[K, V] = {}
        # The innermost dictionary stands for a set that remembers its order.
        self._keys: dict[str, dict[Hashable, dict[K, None]]] = {
            name: {} for name in table.values_of
        }

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
        for name, values_of in self.table.values_of.items():
            for value in values_of(row):
                self._keys[name].setdefault(value, {})[key] = None

    def _forget(self, key: K, row: V) -> None:
        for name, values_of in self.table.values_of.items():
            for value in values_of(row):
                keys = self._keys[name][value]
                keys.pop(key, None)
                if not keys:
                    del self._keys[name][value]


class Changes[K: Hashable, V]:
    """One table as one transaction sees it: its own changes over the committed rows.

    Rows are copied on the way in and on the way out.
    """

    def __init__(self, committed: Rows[K, V]) -> None:
        self._committed, self._copied = committed, committed.table.copied
        self._changed: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        """Return the row, or None."""
        row = self._row(key)
        return None if row is None else self._copied(row)

    def put(self, key: K, row: V) -> None:
        """Keep the row in place of any other with this key."""
        self._changed[key] = self._copied(row)

    def remove(self, key: K) -> bool:
        """Remove the row; tell whether there was one."""
        there = self._row(key) is not None
        if there:
            self._changed[key] = None
        return there

    def remove_owned(self, owner: Identifier) -> None:
        """Remove what belongs to the account, as a foreign key with a cascade does."""
        for key in self.keys(_OWNER, owner):
            self._changed[key] = None

    def find(
        self, index: str, value: Hashable, *, where: Callable[[V], bool] | None = None
    ) -> list[V]:
        """Return the rows that the index has under the value."""
        found = (self._row(key) for key in self.keys(index, value))
        return [
            self._copied(row) for row in found if row is not None and (where is None or where(row))
        ]

    def keys(self, index: str, value: Hashable) -> list[K]:
        """Return the keys of the rows that the index has under the value."""
        kept = [k for k in self._committed.keys_with(index, value) if k not in self._changed]
        values_of = self._committed.table.values_of[index]
        changed = self._changed.items()
        return kept + [k for k, row in changed if row is not None and value in values_of(row)]

    def count(self, index: str, value: Hashable) -> int:
        """Return how many rows the index has under the value."""
        return len(self.keys(index, value))

    def select(self, where: Callable[[V], bool]) -> dict[K, V]:
        """Return all rows that match, by key. Looks at every row."""
        everything = {**self._committed.rows, **self._changed}
        return {
            key: self._copied(row)
            for key, row in everything.items()
            if row is not None and where(row)
        }

    def apply(self) -> None:
        """Make the changes visible to all."""
        self._committed.apply(self._changed)
        self._changed = {}

    def forget(self) -> None:
        """Undo the changes."""
        self._changed = {}

    def _row(self, key: K) -> V | None:
        return self._changed[key] if key in self._changed else self._committed.rows.get(key)


class Forgetful(Protocol):
    """A part that holds something which no transaction is about."""

    def forget(self) -> None:
        """Hold nothing any more."""


class MemoryStore:
    """All data of one service. It lives as long as this object and in one event loop.

    ``answers`` may be set to False: then every statement fails as if the database were gone.
    """

    def __init__(self) -> None:
        self._tables: dict[Table[Any, Any], Rows[Any, Any]] = {}
        self.answers = True
        self.write_lock = asyncio.Lock()
        self.writing_task: asyncio.Task[object] | None = None
        self._open: set[Transaction] = set()
        self._beside: list[Forgetful] = []

    def committed[K: Hashable, V](self, table: Table[K, V]) -> Rows[K, V]:
        """Return the committed rows of a table."""
        rows: Rows[K, V] | None = self._tables.get(table)
        if rows is None:
            rows = self._tables[table] = Rows(table)
        return rows

    @property
    def tables(self) -> list[Table[Any, Any]]:
        """Every table that was used so far."""
        return list(self._tables)

    def beside[F: Forgetful](self, part: F) -> F:
        """Return the part, which holds something beside the tables; it forgets when they do."""
        self._beside.append(part)
        return part

    async def forget(self) -> None:
        """Empty every table that is not kept, once no transaction is writing."""
        async with self.write_lock:
            for table in self.tables:
                if not table.kept:
                    self._tables[table] = Rows(table)
            for part in self._beside:
                part.forget()

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
        self._changes: dict[Table[Any, Any], Changes[Any, Any]] = {}

    def table[K: Hashable, V](self, table: Table[K, V]) -> Changes[K, V]:
        """Return a table as this transaction sees it."""
        changes: Changes[K, V] | None = self._changes.get(table)
        if changes is None:
            changes = self._changes[table] = Changes(self._store.committed(table))
        return changes

    def remove_owned(self, owner: Identifier) -> None:
        """Remove from every table what belongs to the account."""
        for table in self._store.tables:
            if table.is_owned:
                self.table(table).remove_owned(owner)

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
        """Return when a statement may write; from here to the end no other task does."""
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
        for changes in self._changes.values():
            changes.apply()
        self._finished = True
        self._unlock()

    def end(self) -> None:
        """Undo what was not committed and let others write."""
        self.is_open = False
        self._finished = True
        for changes in self._changes.values():
            changes.forget()
        self._unlock()
        self._store.closed(self)
        _entered.set(tuple(other for other in _entered.get() if other.is_open))

    def _unlock(self) -> None:
        if self._locks:
            self._locks = False
            self._store.writing_task = None
            self._store.write_lock.release()


def itself[T](row: T) -> T:
    """Return the row: for rows that are frozen, and so is everything in them."""
    return row
