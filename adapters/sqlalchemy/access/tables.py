"""Invitations: what they promise are roles, and a role that one names is in use."""

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
)

from adapters.sqlalchemy.schema import Json, UtcDateTime, exported, metadata
from adapters.sqlalchemy.users.tables import users

invitations = Table(
    "invitations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, unique=True),
    Column("roles", Json, nullable=False),
    # What an inviter promised goes with the inviter. Null: an operator.
    Column("invited_by", Uuid, ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    # Whose it is where a program sent it, and what the API key gave that it was sent with.
    Column("invited_by_service", Uuid),
    Column("limited_to", Text),
    info=exported("invitations_sent"),
)


def is_living() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an invitation lives at ``now``.

    It has not expired, its mailbox has no account but one that was never proven, and its inviter
    is not suspended. What it takes from an inviter beyond that is for the use case to say.
    """
    invitee, inviter = users.alias("invitee"), users.alias("inviter")
    return (
        invitations.c.expires_at > bindparam("now"),
        ~_is_found(
            invitee,
            invitee.c.email_key == invitations.c.email_key,
            or_(invitee.c.email_verified_at.is_not(None), invitee.c.suspended_at.is_not(None)),
        ),
        ~_is_found(
            inviter, inviter.c.id == invitations.c.invited_by, inviter.c.suspended_at.is_not(None)
        ),
    )


def _is_found(among: FromClause, *where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that there is such a row, to be asked for one invitation at a time.

    With an offset PostgreSQL cannot make a join of it, for which it would read all users before it
    comes to the first of a page.
    """
    return exists(
        select(literal_column("1"))
        .select_from(among)
        .where(*where)
        .correlate(invitations)
        .offset(literal_column("0"))
    )
