"""Whether SECRET_KEY is the one that this store was written with (CF-1, TK-4, LG-3).

Under another key nothing that is sealed opens, and every row of the audit trail looks forged. So
this is asked first, and the answer names the key instead of what follows from it. While SECRET_KEY
is changed, the store fits one of two: :mod:`application.keys.secret_key_change` goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit.earlier_keys import EarlierKeys
from application.audit.seals import Seals
from application.keys.keyring import SEAL_PURPOSE
from application.keys.ports import KeysUnit
from application.ports.crypto import SealBroken, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit.chain import content_of, is_signed
from domain.keys.signing_key import SigningKey


class WrongSecretKey(Exception):
    """Nothing in the store was written with this SECRET_KEY, nor with SECRET_KEY_PREVIOUS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSigningKey:
    """A signing key in the store, and whether SECRET_KEY opens it."""

    key: SigningKey
    opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousKeyStanding:
    """What the store has of SECRET_KEY_PREVIOUS.

    ``is_in_use``: the change is still to be made, by the next start. ``retired_at`` is when it was
    made; None if it never was.
    """

    is_in_use: bool
    retired_at: datetime | None


class ExamineSecretKey:
    """Compare SECRET_KEY, and the one before it, with what the store holds, and change nothing."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[KeysUnit],
        secret_box: SecretBox,
        seals: Seals,
        earlier_keys: EarlierKeys,
    ) -> None:
        self._unit_of_work, self._secret_box, self._seals = unit_of_work, secret_box, seals
        self._earlier_keys = earlier_keys

    async def ensure_right(self) -> None:
        """Return if something in the store fits one of the keys, or if the store is new.

        Raises :class:`WrongSecretKey` where there is something and nothing of it fits. One thing
        that fits is enough: what does not was changed by another hand, which
        ``VerifyAuditTrail`` tells.
        """
        async with self._unit_of_work.read_only() as unit:
            keys = await unit.signing_keys.list_all()
            if any(self._opens(key) for key in keys):
                return
            head = await unit.audit_chain.head()
            if is_signed(head, self._seals.tag) or self._earlier_keys.is_of_previous(head):
                return
            if not keys and head.sealed_at is None:
                return
            # Where SECRET_KEY was ever changed, a row may fit that one and not the present one.
            if (are_ours := await self._earlier_keys.are_ours(unit)) is not None:
                if are_ours:
                    return
                raise WrongSecretKey
            # A head that was forged, in a store that never had a key, is no reason to blame ours.
            after = max(head.position - 1, 0)
            last = await unit.audit_chain.read(after=after, up_to=None, limit=1)
            events = [row.event for row in last] + await unit.audit_chain.loose(limit=1)
        tags = [each for each in (self._seals.tag, self._seals.previous_tag) if each is not None]
        if not any(event.seal == tag(content_of(event)) for event in events for tag in tags):
            raise WrongSecretKey

    async def previous(self) -> PreviousKeyStanding:
        """Return what the store has of SECRET_KEY_PREVIOUS."""
        async with self._unit_of_work.read_only() as unit:
            keys = await unit.signing_keys.list_all()
            head = await unit.audit_chain.head()
            retired_at = await self._earlier_keys.previous_retired_at(unit)
            is_in_use = await self._earlier_keys.is_previous_in_use(unit, head)
        is_in_use |= any(renewed(key, self._secret_box) is not None for key in keys)
        return PreviousKeyStanding(is_in_use=is_in_use, retired_at=retired_at)

    async def signing_keys(self) -> Sequence[KeptSigningKey]:
        """Return every signing key that is kept, the oldest first."""
        async with self._unit_of_work.read_only() as unit:
            keys = await unit.signing_keys.list_all()
        return [KeptSigningKey(key=key, opens=self._opens(key)) for key in keys]

    def _opens(self, key: SigningKey) -> bool:
        try:
            self._secret_box.open(key.sealed_private_key, purpose=SEAL_PURPOSE)
        except SealBroken:
            return False
        return True


def renewed(key: SigningKey, secret_box: SecretBox) -> bytes | None:
    """Return the private half under the present SECRET_KEY; None if it is, or does not open."""
    try:
        return secret_box.renew(key.sealed_private_key, purpose=SEAL_PURPOSE)
    except SealBroken:
        return None
