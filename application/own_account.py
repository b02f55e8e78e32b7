"""What the owner of an account may see of it, take along, and end (HD-13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit_places import place_of, position_in
from application.erasing import Eraser
from application.expectations import Expected, require_expected
from application.paging import Cursors, Page, PageRequest
from application.password_checks import Reauthenticate
from application.ports.audit import AuditPosition
from application.ports.clock import Clock
from application.ports.outbox import HeldMessage
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from domain.access import Permission, Principal
from domain.audit import AuditEvent, Origin
from domain.credential import PasswordCredential
from domain.events import UserExported
from domain.identifiers import UserId
from domain.invitation import Invitation
from domain.one_time_token import OneTimeToken
from domain.session import Session
from domain.user import User, UserNotFound

READ = Permission("users:read")
_BATCH = 1000


class ListOwnSecurityEvents:
    """Show the caller what was done by them and to them."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, cursors: Cursors) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[AuditEvent]:
        """Return a page, the newest first; where others came from is left out.

        Raises InvalidCursor for a cursor that is not from this list of this caller (AZ-6).
        """
        user_id = _user(principal)
        query = f"security events of {user_id}"
        before = self._cursors.start(asked, query=query, place=position_in)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.audit.about(user_id, limit=asked.limit + 1, before=before)
            count = await unit.audit.count_about(user_id) if asked.counted else None
        shown = [event.as_seen_by(user_id) for event in found]
        return self._cursors.page(shown, asked, query=query, position=place_of, count=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Everything that is held about a user, but no secret and no hash of one."""

    exported_at: datetime
    user: User
    credential: PasswordCredential | None
    sessions: Sequence[Session]
    mailed_secrets: Sequence[OneTimeToken]
    invitations: Sequence[Invitation]
    messages: Sequence[HeldMessage]
    security_events: Sequence[AuditEvent]


class ExportData:
    """Hand out a copy of everything held about a user (GDPR, article 15 and 20).

    To the user; and to whoever may read users, who hands it on.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, user_id: UserId, origin: Origin
    ) -> AccountExport:
        """Return the copy, once it is written down that it was made.

        Raises PermissionDenied and UserNotFound.
        """
        if user_id != principal.user_id:
            principal.require(READ)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            user = await unit.users.get(user_id)
            if user is None:
                raise UserNotFound
            exported = UserExported(user_id=user_id, occurred_at=now)
            await self._recorder.record(unit, exported, actor=principal, origin=origin)
            await unit.commit()
        async with self._unit_of_work.read_only() as unit:
            return AccountExport(
                exported_at=now,
                user=user,
                credential=await unit.credentials.get(user_id),
                sessions=await unit.sessions.list_kept(user_id),
                mailed_secrets=await unit.one_time_tokens.list_of(user_id),
                invitations=await unit.invitations.list_by(user_id),
                messages=await unit.outbox_ledger.to(user.email),
                security_events=await _all_about(unit, user_id),
            )


class EraseOwnAccount:
    """Remove the caller's account and all personal data; the audit trail keeps the bare id."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        reauthenticate: Reauthenticate,
        eraser: Eraser,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._reauthenticate, self._eraser = reauthenticate, eraser

    async def __call__(
        self,
        *,
        principal: Principal,
        password: str,
        origin: Origin,
        expected: Expected[User] | None = None,
    ) -> None:
        """Return once everything is gone.

        Raises LastAdministrator, ChangedMeanwhile, and all that :class:`Reauthenticate` raises.
        """
        await retry_on_conflict(lambda: self._erase(principal, password, origin, expected))

    async def _erase(
        self,
        principal: Principal,
        password: str,
        origin: Origin,
        expected: Expected[User] | None,
    ) -> None:
        # Before the password: a right one that is of no use would stay counted as a guess.
        async with self._unit_of_work.read_only() as unit:
            present = await unit.users.get(_user(principal))
        if present is not None:
            require_expected(present, expected)
        user, _ = await self._reauthenticate(principal=principal, password=password, origin=origin)
        require_expected(user, expected)
        async with self._unit_of_work() as unit:
            await self._eraser(unit, user, principal=principal, origin=origin)
            await unit.commit()


async def _all_about(unit: UnitOfWork, user_id: UserId) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    before: AuditPosition | None = None
    while batch := await unit.audit.about(user_id, limit=_BATCH, before=before):
        events += (event.as_seen_by(user_id) for event in batch)
        before = batch[-1].occurred_at, batch[-1].id
    return events


def _user(principal: Principal) -> UserId:
    if principal.user_id is None:
        raise UserNotFound
    return principal.user_id
