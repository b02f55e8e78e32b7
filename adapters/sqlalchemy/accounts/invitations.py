"""Invitations in `invitations`."""

from datetime import datetime

from sqlalchemy import Integer, bindparam, delete, select

from adapters.sqlalchemy.access.tables import invitations, is_living
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.statements import (
    AFTER_ALL,
    BEFORE_ALL,
    Core,
    InsertInto,
    Row,
    Statement,
    Written,
    delete_some,
    every_column,
)
from adapters.sqlalchemy.users.rows import permissions_from
from application.accounts.ports import InvitationRepository
from domain.accounts.invitation import Invitation, InvitationId
from domain.email_address import EmailAddress
from domain.identifiers import ServiceAccountId, UserId
from domain.principal import RoleName

INVITATION = (
    invitations.c.id,
    invitations.c.email,
    invitations.c.email_key,
    invitations.c.roles,
    invitations.c.invited_by,
    invitations.c.digest,
    invitations.c.created_at,
    invitations.c.expires_at,
    invitations.c.invited_by_service,
    invitations.c.limited_to,
)


def invitation_from(row: Row) -> Invitation:
    """Return the invitation that a row of ``INVITATION`` tells of."""
    id_, email, key, roles, invited_by, digest, created_at, expires_at, program, limits = row
    return Invitation(
        id=InvitationId(id_),
        email=EmailAddress(value=email, key=key),
        roles=frozenset(RoleName(role) for role in roles),
        invited_by=None if invited_by is None else UserId(invited_by),
        digest=digest,
        created_at=created_at,
        expires_at=expires_at,
        invited_by_service=None if program is None else ServiceAccountId(program),
        limited_to=None if limits is None else permissions_from(limits),
    )


def invitation_values(invitation: Invitation) -> Written:
    """Return all that is written of an invitation."""
    inviter, program = invitation.invited_by, invitation.invited_by_service
    limits = invitation.limited_to
    return {
        "id": invitation.id.value,
        "email": invitation.email.value,
        "email_key": invitation.email.key,
        "roles": sorted(invitation.roles),
        "invited_by": None if inviter is None else inviter.value,
        "digest": invitation.digest,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "invited_by_service": None if program is None else program.value,
        "limited_to": None if limits is None else ",".join(sorted(limits)),
    }


def _put(insert: InsertInto) -> Core:
    added = insert(invitations).values(every_column(invitations))
    return added.on_conflict_do_update(
        index_elements=["email_key"],
        set_={name: added.excluded[name] for name in every_column(invitations)},
    )


_BY_DIGEST = invitations.c.digest == bindparam("digest")
_PUT = Statement(_put)
_FIND = Statement(select(*INVITATION).where(_BY_DIGEST))
_TAKE = Statement(delete(invitations).where(_BY_DIGEST).returning(*INVITATION))
_LIST_LIVING = Statement(
    select(*INVITATION)
    .where(*is_living(), invitations.c.id < bindparam("before"))
    .order_by(invitations.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_LIST_BY = Statement(
    select(*INVITATION)
    .where(invitations.c.invited_by == bindparam("inviter"), invitations.c.id > bindparam("after"))
    .order_by(invitations.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_REMOVE = Statement(
    delete(invitations).where(invitations.c.id == bindparam("id")).returning(*INVITATION)
)
_DISCARD = Statement(delete(invitations).where(invitations.c.email_key == bindparam("email_key")))
_PURGE = delete_some(invitations, invitations.c.id, invitations.c.expires_at <= bindparam("now"))


class SqlAlchemyInvitationRepository(InvitationRepository):
    """Invitations in ``invitations``; one to a mailbox is the database's word."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def put(self, invitation: Invitation) -> None:
        await self._execution.run(_PUT, **invitation_values(invitation))

    async def find(self, digest: bytes) -> Invitation | None:
        row = await self._execution.first(_FIND, digest=digest)
        return None if row is None else invitation_from(row)

    async def take(self, digest: bytes) -> Invitation | None:
        row = await self._execution.first(_TAKE, digest=digest)
        return None if row is None else invitation_from(row)

    async def list_living(
        self, *, now: datetime, limit: int, before: InvitationId | None = None
    ) -> list[Invitation]:
        start = AFTER_ALL if before is None else before.value
        rows = await self._execution.all(_LIST_LIVING, now=now, limit=limit, before=start)
        return [invitation_from(row) for row in rows]

    async def list_by(
        self, inviter: UserId, *, limit: int, after: InvitationId | None = None
    ) -> list[Invitation]:
        start = BEFORE_ALL if after is None else after.value
        rows = await self._execution.all(_LIST_BY, inviter=inviter.value, limit=limit, after=start)
        return [invitation_from(row) for row in rows]

    async def discard(self, email: EmailAddress) -> None:
        self._execution.write(_DISCARD, {"email_key": email.key})

    async def remove(self, invitation_id: InvitationId) -> Invitation | None:
        row = await self._execution.first(_REMOVE, id=invitation_id.value)
        return None if row is None else invitation_from(row)

    async def purge(self, *, now: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE, now=now, limit=limit)
