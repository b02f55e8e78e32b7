"""Writes that are held until the commit, and sent as one statement.

On PostgreSQL each is a common table expression of it, run in the order in which they were held; it
is a transaction of its own, and writes either all or nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Dialect, Integer, Text, bindparam, case, func, literal_column, select
from sqlalchemy import cast as cast_to
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.visitors import replacement_traverse

from adapters.sqlalchemy.errors import OVERTAKEN, Taken
from adapters.sqlalchemy.statements import Core, Plan, Statement, Values
from domain.errors import ConcurrentChange

_SHAPES = 512
"""How many combinations are kept compiled; the use cases make some dozens."""
_PARTS = 12
"""How many writes are one statement at most: asyncpg keeps none prepared that is very long."""


@dataclass(frozen=True, slots=True)
class HeldWrite:
    """One statement and its values, as they were when it was held.

    With ``guarded`` it is a conflict if it finds no row to write. ``meaning`` says what it means
    that a unique value of its table is taken.
    """

    statement: Statement
    values: Values
    guarded: bool
    meaning: Callable[[Taken], Exception] | None

    def check(self, written: int) -> None:
        """Raise ConcurrentChange if it has to write a row and wrote none."""
        if self.guarded and not written:
            raise ConcurrentChange


type Batch = Sequence[HeldWrite]


def batches(held: Batch, dialect: Dialect) -> list[list[HeldWrite]]:
    """Return the writes in batches of which each can be one statement, in their order.

    The parts of a statement do not see each other's rows: of two updates of one row PostgreSQL
    would do only one, and say nothing. So none writes to a table twice, unless it is by parts that
    stand apart. SQLite takes them one by one.
    """
    if dialect.name != "postgresql":
        return [[write] for write in held]
    found: list[list[HeldWrite]] = []
    touched: dict[str, bool] = {}  # whether all parts that write to a table stand apart
    for write in held:
        table, apart = write.statement.plan(dialect).table, write.statement.apart
        again = table in touched and not (apart and touched[table])
        if not found or again or len(found[-1]) == _PARTS:
            found.append([])
            touched = {}
        found[-1].append(write)
        touched[table] = apart
    return found


def joint_plan(batch: Batch, dialect: Dialect) -> Plan:
    """Return the batch as one statement, to be given :func:`joint_values`."""
    return _joint(tuple((write.statement, write.guarded) for write in batch), dialect)


def joint_values(batch: Batch) -> Values:
    """Return the values of the batch's one statement."""
    return {
        f"{_name(number)}_{name}": value
        for number, write in enumerate(batch)
        for name, value in write.values.items()
    }


def meaning_of(taken: Taken, batch: Batch, dialect: Dialect) -> Exception:
    """Return what it means that a unique value is taken, as the write that wanted it says."""
    for write in batch:
        if write.meaning is not None and write.statement.plan(dialect).table == taken.table:
            return write.meaning(taken)
    return taken


@lru_cache(maxsize=_SHAPES)
def _joint(parts: tuple[tuple[Statement, bool], ...], dialect: Dialect) -> Plan:
    written: list[ColumnElement[Any]] = []
    for number, (statement, guarded) in enumerate(parts):
        core = _renamed(statement.core(dialect), number)
        if isinstance(core, UpdateBase):
            core = core.returning(literal_column("1").label("one"))
        rows = core.cte(_name(number))
        # Each is asked for its number, since PostgreSQL runs them as they are asked.
        asked = _NUMBER_OR_FAILURE if guarded else _NUMBER
        number_of_rows = select(asked).select_from(rows).scalar_subquery()
        written.append(cast_to(number_of_rows, Integer).label(f"{_name(number)}_written"))
    return Plan(select(*written), dialect)


_NUMBER = func.count()
# What undoes a statement is an error; this one says in the server's log what it is about.
_NUMBER_OR_FAILURE = case(
    (func.count() > literal_column("0"), cast_to(func.count(), Text)),
    else_=literal_column(f"'{OVERTAKEN}'"),
)


def _renamed(core: Core, number: int) -> Core:
    """Return the statement with placeholders that no other part has."""

    def rename(element: Any, **_: Any) -> Any:
        if isinstance(element, BindParameter) and element.required:
            return bindparam(f"{_name(number)}_{element.key}", type_=element.type)
        return None

    return cast(Core, replacement_traverse(core, {}, rename))


def _name(number: int) -> str:
    return f"w{number}"
