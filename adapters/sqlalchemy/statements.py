"""Statements: built with Core, compiled once per database, run on the driver's connection.

SQLAlchemy's own way of running a statement costs more than the statement itself (see
``docs/performance.md``). What it is good at stays: it builds the SQL, knows the types of both
databases and keeps the pool. What happens per request is left to the driver.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Column,
    Dialect,
    Integer,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CompoundSelect

type Row = Sequence[Any]
type Values = Mapping[str, Any]
type Written = dict[str, Any]
type Core = Select[Any] | CompoundSelect[Any] | UpdateBase
type InsertInto = Callable[[Table], postgresql.Insert]

BEFORE_ALL = UUID(int=0)
"""Comes before every identifier, and is none."""
AFTER_ALL = UUID(int=(1 << 128) - 1)
"""Comes behind every identifier, and is none."""


class Plan:
    """A statement as one database's driver takes it."""

    __slots__ = ("_constants", "_inputs", "_outputs", "sql", "table")

    def __init__(self, core: Core, dialect: Dialect) -> None:
        compiled = core.compile(dialect=dialect)
        self.sql = str(compiled)
        self.table = core.table.description if isinstance(core, UpdateBase) else ""
        """The table that it writes to."""
        names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        binds: Mapping[str, BindParameter[Any]] = getattr(compiled, "binds", {})
        self._constants: Values = {
            name: compiled.params[name] for name in names if not binds[name].required
        }
        self._inputs = [
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
        ]
        columns: Sequence[ColumnElement[Any]] = list(core.exported_columns)
        processors = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
        ]
        self._outputs = processors if any(processors) else None

    def arguments(self, values: Values) -> list[Any]:
        """Return what the driver is given for the statement's placeholders, in their order."""
        given = {**self._constants, **values} if self._constants else values
        return [
            given[name] if convert is None else convert(given[name])
            for name, convert in self._inputs
        ]

    def rows(self, found: Sequence[Row]) -> Sequence[Row]:
        """Return the driver's rows with Python's own types in them."""
        if self._outputs is None:
            return found
        return [
            [
                value if convert is None else convert(value)
                for value, convert in zip(row, self._outputs, strict=True)
            ]
            for row in found
        ]


class Statement:
    """One statement of this adapter; made when a module is imported, compiled when first run.

    A statement that begins with an insert is given as a function of the insert construct:
    ``ON CONFLICT`` is the same on both databases, but SQLAlchemy has one construct for each.
    """

    __slots__ = ("_build", "_plans", "apart", "writes")

    def __init__(
        self,
        core: Core | Callable[[InsertInto], Core],
        *,
        writes: bool | None = None,
        apart: bool = False,
    ) -> None:
        """Take ``writes`` where it cannot be seen: a function is taken for one that writes.

        A statement that locks is one that writes. One that stands ``apart`` writes no row that
        another such statement on the same table may write, as all do that only add rows.
        """
        self._build = core
        self._plans: dict[str, Plan] = {}
        seen = callable(core) or isinstance(core, UpdateBase)
        self.writes = seen if writes is None else writes
        self.apart = apart

    def plan(self, dialect: Dialect) -> Plan:
        """Return the statement as the database of this dialect takes it."""
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = Plan(self.core(dialect), dialect)
        return plan

    def core(self, dialect: Dialect) -> Core:
        """Return the Core statement for this dialect."""
        if not callable(self._build):
            return self._build
        if dialect.name == "postgresql":
            return self._build(postgresql.insert)
        # The two constructs are alike in all that is used here, and no kin to the type checker.
        return self._build(cast(InsertInto, sqlite.insert))


def every_column(table: Table) -> dict[str, BindParameter[Any]]:
    """Return a placeholder for each column, named like it."""
    return {column.name: bindparam(column.name, type_=column.type) for column in table.columns}


def insert_into(table: Table) -> Statement:
    """Return the statement that adds one whole row."""
    return Statement(insert(table).values(every_column(table)), apart=True)


def save_in(table: Table, *, key: str, but: Collection[str] = ()) -> Update:
    """Return the update that saves one whole row if it was not saved since it was loaded.

    It takes the entity's values, its ``version`` still the loaded one, and touches no row at
    all if the version in the table is another by now.
    """
    columns = table.columns
    loaded = bindparam("version", type_=columns["version"].type)
    written = every_column(table)
    for name in (key, "version", *but):
        del written[name]
    return (
        update(table)
        .where(columns[key] == bindparam(key), columns["version"] == loaded)
        .values(**written, version=loaded + 1)
    )


def delete_some(table: Table, key: Column[Any], *where: ColumnElement[bool]) -> Statement:
    """Return the statement that removes up to ``limit`` of the rows in question.

    ``key`` is unique. A transaction that removes a bounded number of rows holds few locks.
    """
    return Statement(delete(table).where(key.in_(_some(key, where)), *where))


def update_some(
    table: Table, key: Column[Any], *where: ColumnElement[bool], **values: Any
) -> Statement:
    """Return the statement that updates up to ``limit`` of the rows in question."""
    return Statement(update(table).where(key.in_(_some(key, where)), *where).values(**values))


def _some(key: Column[Any], where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return the keys of up to ``limit`` rows; the statement around it asks of each row again.

    PostgreSQL looks once more at a row that it had to wait for, but only at the conditions on
    that row itself. With the keys alone, what was renewed meanwhile would be removed all the same.
    """
    return select(key).where(*where).limit(bindparam("limit", type_=Integer)).correlate(None)
