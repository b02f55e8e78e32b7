"""The row of one value, or the rows of many, by one and the same select."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, LargeBinary, Select, Uuid, bindparam, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from adapters.sqlalchemy.lists import BytesList, UuidList
from adapters.sqlalchemy.statements import Row, Statement

_LISTS: Final[Mapping[type[TypeEngine[Any]], type[TypeDecorator[Any]]]] = {
    Uuid: UuidList,
    LargeBinary: BytesList,
}


class Lookup:
    """What is found by a value that no two rows of the select have in the column ``by``.

    ``one`` finds the row of the value ``sought``, ``many`` those of a list of them, in any order.
    There is ``many`` on PostgreSQL alone.
    """

    __slots__ = ("_place", "many", "one")

    def __init__(self, core: Select[Any], *, by: Column[Any]) -> None:
        if not (by.primary_key or by.unique):
            raise ValueError(f"many rows may have one {by}")
        one = bindparam("sought", type_=by.type)
        many = bindparam("sought", type_=_LISTS[type(by.type)])
        self._place = list(core.selected_columns).index(by)
        self.one = Statement(core.where(by == one))
        self.many = Statement(core.where(by == func.any(many.cast(postgresql.ARRAY(by.type)))))

    def value_in(self, row: Row) -> Any:
        """Return the value that this row is found by."""
        return row[self._place]
