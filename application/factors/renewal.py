"""Sealing factors under a new SECRET_KEY, and finding those that no key opens any more (TK-4)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from application.factors.ports import FactorsUnit
from application.factors.recovery import recovery_purpose
from application.factors.totp import totp_purpose
from application.mail.ports import MOST_COUNTED
from application.ports.crypto import SealBroken, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.factors.factor import Factor, FactorId, RecoveryCodes, Totp
from domain.identifiers import UserId

BATCH = 500


@dataclass(frozen=True, slots=True)
class Unreadable:
    """How many factors no key opens, and who has the first of them."""

    count: int
    first_of: UserId | None


class RenewSealedFactors:
    """Seal under SECRET_KEY what factors hold under the key before it.

    An authenticator app may be used for years, and is not lost when SECRET_KEY_PREVIOUS is taken
    away. Passkeys hold nothing sealed.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit], secret_box: SecretBox
    ) -> None:
        self._unit_of_work, self._secret_box = unit_of_work, secret_box

    async def __call__(self) -> int:
        """Return how many were sealed anew. In batches, each in a commit of its own.

        Raises ConcurrentChange if a batch is used by their owners again and again; what was done
        before that stays done.
        """
        renewed, last = 0, None
        while True:
            count, last = await retry_on_conflict(partial(self._renew, last))
            renewed += count
            if last is None:
                return renewed

    async def outstanding(self) -> int:
        """Return how many factors only SECRET_KEY_PREVIOUS opens, and change nothing.

        :data:`~application.mail.ports.MOST_COUNTED` stands for that many or more.
        """
        count = 0
        async for batch in self._batches():
            count += sum(self._renewed(factor) is not None for factor in batch)
            if count >= MOST_COUNTED:
                return MOST_COUNTED
        return count

    async def unreadable(self) -> Unreadable:
        """Return how many factors cannot be opened: their users cannot show them any more."""
        count, first = 0, None
        async for batch in self._batches():
            for factor in batch:
                if not is_readable(factor, self._secret_box):
                    count, first = count + 1, first or factor.user_id
        return Unreadable(count, first)

    async def _renew(self, after: FactorId | None) -> tuple[int, FactorId | None]:
        """Renew one batch; return how many, and behind which factor the next one starts."""
        async with self._unit_of_work() as unit:
            batch = await unit.factors.list_sealed(after=after, limit=BATCH)
            due = [(each, box) for each in batch if (box := self._renewed(each)) is not None]
            for factor, box in due:
                await unit.factors.save(_with(factor, box))
            if due:
                await unit.commit()
        return len(due), batch[-1].id if batch else None

    async def _batches(self) -> AsyncIterator[Sequence[Factor]]:
        last = None
        while True:
            async with self._unit_of_work.read_only() as unit:
                batch = await unit.factors.list_sealed(after=last, limit=BATCH)
            if not batch:
                return
            yield batch
            last = batch[-1].id

    def _renewed(self, factor: Factor) -> bytes | None:
        found = sealed_in(factor)
        if found is None:
            return None
        sealed, purpose = found
        try:
            return self._secret_box.renew(sealed, purpose=purpose)
        except SealBroken:
            return None  # no key opens it: `doorward check` tells of it


def sealed_in(factor: Factor) -> tuple[bytes, str] | None:
    """Return what the factor holds sealed, and for what purpose; None for a passkey."""
    if isinstance(factor, Totp):
        return factor.sealed_secret, totp_purpose(factor.user_id)
    if isinstance(factor, RecoveryCodes):
        return factor.sealed_key, recovery_purpose(factor.user_id)
    return None


def is_readable(factor: Factor, secret_box: SecretBox) -> bool:
    """Tell whether what the factor holds sealed can be opened; True for one that holds nothing."""
    found = sealed_in(factor)
    if found is None:
        return True
    sealed, purpose = found
    try:
        secret_box.open(sealed, purpose=purpose)
    except SealBroken:
        return False
    return True


def _with(factor: Factor, box: bytes) -> Factor:
    if isinstance(factor, Totp):
        factor.sealed_secret = box
    elif isinstance(factor, RecoveryCodes):
        factor.sealed_key = box
    return factor
