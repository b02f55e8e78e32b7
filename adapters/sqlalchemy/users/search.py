"""Lists of users: one statement for each combination of what they are narrowed down by (AZ-5)."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    String,
    bindparam,
    exists,
    func,
    select,
    tuple_,
)

from adapters.sqlalchemy.schema import UtcDateTime
from adapters.sqlalchemy.statements import Statement
from adapters.sqlalchemy.users.rows import USER
from adapters.sqlalchemy.users.tables import user_roles, users
from application.users.ports import UserOrder, UserPlace, UserQuery
from domain.users.user import UserStatus

_STATUS: dict[UserStatus, list[ColumnElement[bool]]] = {
    UserStatus.SUSPENDED: [users.c.suspended_at.is_not(None)],
    UserStatus.UNVERIFIED: [users.c.suspended_at.is_(None), users.c.email_verified_at.is_(None)],
    UserStatus.ACTIVE: [users.c.suspended_at.is_(None), users.c.email_verified_at.is_not(None)],
}
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "email_key": users.c.email_key == bindparam("email_key"),
    "pattern": users.c.search_text.like(bindparam("pattern", type_=String), escape="\\"),
    "role": exists().where(
        user_roles.c.user_id == users.c.id, user_roles.c.role == bindparam("role")
    ),
    # Identifiers are born with the account, so a range of times is one of the primary key, too.
    "created_after": (users.c.created_at > bindparam("created_after", type_=UtcDateTime()))
    & (users.c.id >= bindparam("first_id")),
    "created_before": (users.c.created_at < bindparam("created_before", type_=UtcDateTime()))
    & (users.c.id <= bindparam("last_id")),
}
_EMAIL_PLACE = tuple_(users.c.email_key, users.c.id)
_AFTER_EMAIL = tuple_(
    bindparam("after_email", type_=String), bindparam("after_id", type_=users.c.id.type)
)


def page_of(query: UserQuery, after: UserPlace | None) -> tuple[Statement, dict[str, Any]]:
    """Return the statement for a page, and what it is run with but the limit."""
    values = _values(query)
    if after is not None:
        values["after_id"] = after.user_id.value
        if query.order.by_email:
            values["after_email"] = after.email_key
    return _page(frozenset(values), query.status, query.order), values


def number_of(query: UserQuery) -> tuple[Statement, dict[str, Any]]:
    """Return the statement that counts, and what it is run with."""
    values = _values(query)
    return _number(frozenset(values), query.status), values


def _values(query: UserQuery) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if query.email is not None:
        values["email_key"] = query.email.key
    if query.text is not None:
        values["pattern"] = f"%{_literal(query.text.casefold())}%"
    if query.role is not None:
        values["role"] = query.role
    if query.created_after is not None:
        values["created_after"] = query.created_after
        values["first_id"] = _born(query.created_after, first=True)
    if query.created_before is not None:
        values["created_before"] = query.created_before
        values["last_id"] = _born(query.created_before, first=False)
    return values


def _literal(text: str) -> str:
    """Return the text with nothing left in it that LIKE would understand."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return text


def _born(moment: datetime, *, first: bool) -> UUID:
    """Return the first or the last identifier that can be born in that millisecond."""
    milliseconds = int(moment.timestamp() * 1000)
    rest = 0 if first else (1 << 80) - 1
    return UUID(int=max(0, milliseconds) << 80 | rest)


@cache
def _page(given: frozenset[str], status: UserStatus | None, order: UserOrder) -> Statement:
    statement = select(*USER).where(*_where(given, status))
    if order.by_email:
        places: list[ColumnElement[Any]] = [users.c.email_key, users.c.id]
        if "after_email" in given:
            behind = (
                _EMAIL_PLACE < _AFTER_EMAIL if order.descending else _EMAIL_PLACE > _AFTER_EMAIL
            )
            statement = statement.where(behind)
    else:
        places = [users.c.id]
        if "after_id" in given:
            after: BindParameter[UUID] = bindparam("after_id")
            statement = statement.where(
                users.c.id < after if order.descending else users.c.id > after
            )
    ordered = (place.desc() if order.descending else place for place in places)
    return Statement(statement.order_by(*ordered).limit(bindparam("limit", type_=Integer)))


@cache
def _number(given: frozenset[str], status: UserStatus | None) -> Statement:
    return Statement(select(func.count()).select_from(users).where(*_where(given, status)))


def _where(given: frozenset[str], status: UserStatus | None) -> list[ColumnElement[bool]]:
    conditions = [_CONDITIONS[name] for name in _CONDITIONS if name in given]
    return conditions + (_STATUS[status] if status is not None else [])
