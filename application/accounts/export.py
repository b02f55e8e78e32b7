"""A copy of everything that is held about a user (HD-13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.owned_data import OwnedData, Owner
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.lookup import existing_user
from domain.accounts.events import UserExported
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.users.permissions import USERS_READ


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport[U: AccountsUnit]:
    """Everything that is held about a user: what each section yields of ``owner``.

    Nothing of it is read yet; each section reads as its records are asked for.
    """

    exported_at: datetime
    owner: Owner
    sections: Sequence[OwnedData[U]]


class ExportData[U: AccountsUnit]:
    """Hand out a copy of everything held about a user (GDPR, article 15 and 20).

    To the user; and to an administrator who may read users, who hands it on.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[U],
        clock: Clock,
        recorder: Recorder,
        owned: Sequence[OwnedData[U]],
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._owned = recorder, owned

    async def __call__(
        self, *, principal: Principal, user_id: UserId, origin: Origin
    ) -> AccountExport[U]:
        """Return the copy, once it is written down that it was made.

        Raises PermissionDenied and UserNotFound.
        """
        if user_id != principal.user_id:
            principal.require(USERS_READ)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            user = await existing_user(unit, user_id)
            exported = UserExported(user_id=user_id, occurred_at=now)
            await self._recorder.record(unit, exported, actor=principal, origin=origin)
            await unit.commit()
        owner = Owner(user_id=user_id, email=user.email, session_id=principal.session_id)
        return AccountExport(exported_at=now, owner=owner, sections=self._owned)
