"""Invitations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, bindparam, delete, func, select

from adapters.sqlalchemy.account_rows import INVITATION, invitation_from, invitation_values
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.statements import Core, InsertInto, Statement, every_column
from adapters.sqlalchemy.tables import invitations
from application.ports.repositories import InvitationRepository
from domain.email_address import EmailAddress
from domain.identifiers import InvitationId, UserId
from domain.invitation import Invitation

_AFTER_ALL = UUID(int=(1 << 128) - 1)  # no invitation has it for its identifier


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
_LIVING = invitations.c.expires_at > bindparam("now")
_LIST_LIVING = Statement(
    select(*INVITATION)
    .where(_LIVING, invitations.c.id < bindparam("before"))
    .order_by(invitations.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_COUNT_LIVING = Statement(select(func.count()).select_from(invitations).where(_LIVING))
_LIST_BY = Statement(
    select(*INVITATION)
    .where(invitations.c.invited_by == bindparam("inviter"))
    .order_by(invitations.c.id)
)
_REMOVE = Statement(
    delete(invitations).where(invitations.c.id == bindparam("id")).returning(*INVITATION)
)
_DISCARD = Statement(delete(invitations).where(invitations.c.email_key == bindparam("email_key")))
_PURGE = Statement(delete(invitations).where(invitations.c.expires_at <= bindparam("now")))


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
        start = _AFTER_ALL if before is None else before.value
        rows = await self._execution.all(_LIST_LIVING, now=now, limit=limit, before=start)
        return [invitation_from(row) for row in rows]

    async def count_living(self, *, now: datetime) -> int:
        return await self._execution.number(_COUNT_LIVING, now=now)

    async def list_by(self, inviter: UserId) -> list[Invitation]:
        rows = await self._execution.all(_LIST_BY, inviter=inviter.value)
        return [invitation_from(row) for row in rows]

    async def discard(self, email: EmailAddress) -> None:
        await self._execution.run(_DISCARD, email_key=email.key)

    async def remove(self, invitation_id: InvitationId) -> Invitation | None:
        row = await self._execution.first(_REMOVE, id=invitation_id.value)
        return None if row is None else invitation_from(row)

    async def purge(self, *, now: datetime) -> int:
        return await self._execution.run(_PURGE, now=now)
