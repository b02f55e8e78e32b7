"""The row of one value, or the rows of many, by one and the same select."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, LargeBinary, Select, Uuid, bindparam, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from adapters.sqlalchemy.lists import BytesList, UuidList
from adapters.sqlalchemy.statements import Row, Statement

_LISTS: Final[Mapping[type[TypeEngine[Any]], type[TypeDecorator[Any]]]] = {
    Uuid: UuidList,
    LargeBinary: BytesList,
}


class Lookup:
    """What is found by the value of one column, ``by``, which is unique in its table.

    The select has at most one row for each row of that table. ``one`` finds the row of the value
    ``sought``, ``many`` those of a list of them, in any order. ``many`` is for PostgreSQL alone.
    """

    __slots__ = ("_place", "many", "one")

    def __init__(self, core: Select[Any], *, by: Column[Any]) -> None:
        """Raise ValueError for a column of which several rows may have one value."""
        if not by.unique and list(by.table.primary_key) != [by]:
            raise ValueError(f"several rows may have one {by}")
        one = bindparam("sought", type_=by.type)
        many = bindparam("sought", type_=_LISTS[type(by.type)])
        array = postgresql.ARRAY(by.type)
        # As a subquery, of whose length the planner knows nothing: it would plan a short list anew
        # each time, which costs more than finding the rows.
        values = select(many.cast(array)).scalar_subquery().cast(array)
        self._place = list(core.selected_columns).index(by)
        self.one = Statement(core.where(by == one))
        self.many = Statement(core.where(by == func.any(values)))

    def value_in(self, row: Row) -> Any:
        """Return the value that this row is found by."""
        return row[self._place]
