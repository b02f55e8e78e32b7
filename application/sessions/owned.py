"""Sessions in a person's export and erasure."""

from collections.abc import AsyncIterator

from application.owned_data import BATCH, OwnedData, Owner, Record, in_batches
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.ports import SessionsUnit
from domain.identifiers import SessionId
from domain.sessions.session import Session


class SessionsData(OwnedData[SessionsUnit]):
    """Every session that is kept, living or ended, the newest first."""

    section, is_list = "sessions", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[SessionsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the sessions without anything of their tokens (SE-4)."""

        async def read(before: SessionId | None) -> list[Session]:
            async with self._unit_of_work.read_only() as unit:
                return await unit.sessions.list_kept(owner.user_id, limit=BATCH, before=before)

        async for session in in_batches(read, lambda each: each.id):
            yield {
                "id": str(session.id),
                "created_at": session.created_at,
                "last_used_at": session.last_used_at,
                "expires_at": session.expires_at,
                "ip_address": session.ip_address,
                "user_agent": session.user_agent,
                "current": session.id == owner.session_id,
                "acr": session.assurance.acr.value,
                "amr": list(session.assurance.amr),
                "authenticated_at": session.assurance.at,
                "ended_at": session.ended_at,
                "end_reason": session.end_reason and session.end_reason.value,
            }

    async def erase(self, unit: SessionsUnit, owner: Owner) -> None:
        """Leave it to the user's row, with which the sessions go."""
