"""A user's factors, as they are shown: to themselves, and to administrators."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.factors.ports import FactorsUnit
from application.factors.recovery import recovery_purpose
from application.factors.totp import totp_purpose
from application.ports.crypto import SealBroken, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.lookup import existing_user
from domain.factors.factor import Factor, Passkey, RecoveryCodes, Totp, is_second
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
        if isinstance(factor, Totp):
            return self._opens(factor.sealed_secret, totp_purpose(factor.user_id))
        if isinstance(factor, RecoveryCodes):
            return self._opens(factor.sealed_key, recovery_purpose(factor.user_id))
        return False

    def _opens(self, sealed: bytes, purpose: str) -> bool:
        try:
            self._secret_box.open(sealed, purpose=purpose)
        except SealBroken:
            return False
        return True


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
