"""A user's factors, as they are shown: to themselves, and to administrators."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.factors.ports import FactorsUnit
from application.factors.renewal import is_readable, sealed_in
from application.ports.crypto import SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.lookup import existing_user
from domain.factors.factor import Factor, Passkey, is_second
from domain.identifiers import UserId
from domain.principal import Principal
from domain.sessions.session import EndReason, SessionIsOver
from domain.users.permissions import USERS_READ


@dataclass(frozen=True, slots=True)
class ListedFactor:
    """A factor, and whether it can prove anything under today's keys and for today's domain."""

    factor: Factor
    usable: bool


class Usability:
    """Tells whether a factor can still be used: keys and domains are changed, or lost."""

    def __init__(self, *, secret_box: SecretBox, rp_id: str) -> None:
        self._secret_box, self._rp_id = secret_box, rp_id

    def __call__(self, factor: Factor) -> bool:
        """Tell whether a right proof would be taken for right."""
        if isinstance(factor, Passkey):
            return factor.rp_id == self._rp_id
        return sealed_in(factor) is not None and is_readable(factor, self._secret_box)


class ListFactors:
    """List the caller's factors, or with a permission another user's; never a secret."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit], usability: Usability
    ) -> None:
        self._unit_of_work, self._usability = unit_of_work, usability

    async def __call__(
        self, *, principal: Principal, user_id: UserId | None = None
    ) -> Sequence[ListedFactor]:
        """Return them, the oldest first and recovery codes last; without ``user_id`` one's own.

        Raises PermissionDenied and UserNotFound.
        """
        if user_id is not None:
            principal.require(USERS_READ)
        meant = principal.user_id if user_id is None else user_id
        if meant is None:
            raise SessionIsOver.because(EndReason.USER_DELETED)
        async with self._unit_of_work.read_only() as unit:
            if user_id is not None:
                await existing_user(unit, user_id)
            factors = await unit.factors.list_of(meant)
        factors.sort(key=lambda factor: (not is_second(factor), factor.id))
        return [ListedFactor(factor, self._usability(factor)) for factor in factors]
