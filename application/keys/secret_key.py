"""Whether SECRET_KEY is the one that this store was written with (CF-1, TK-4, LG-3).

Under another key nothing that is sealed opens, and every row of the audit trail looks forged. So
this is asked first, and the answer names the key instead of what follows from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from application.audit.seals import Seals
from application.keys.keyring import SEAL_PURPOSE
from application.keys.ports import KeysUnit
from application.ports.crypto import SealBroken, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit.chain import content_of, is_signed
from domain.keys.signing_key import SigningKey


class WrongSecretKey(Exception):
    """Nothing in the store was written with this SECRET_KEY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSigningKey:
    """A signing key in the store, and whether SECRET_KEY opens it."""

    key: SigningKey
    opens: bool


class ExamineSecretKey:
    """Compare SECRET_KEY with what the store holds, and change nothing."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[KeysUnit], secret_box: SecretBox, seals: Seals
    ) -> None:
        self._unit_of_work, self._secret_box, self._seals = unit_of_work, secret_box, seals

    async def ensure_right(self) -> None:
        """Return if something in the store fits the key, or if the store is new.

        Raises :class:`WrongSecretKey` where there is something and nothing of it fits. One thing
        that fits is enough: what does not was changed by another hand, which
        ``VerifyAuditTrail`` tells.
        """
        async with self._unit_of_work.read_only() as unit:
            keys = await unit.signing_keys.list_all()
            if any(self._opens(key) for key in keys):
                return
            head = await unit.audit_chain.head()
            if is_signed(head, self._seals.tag):
                return
            if not keys and head.sealed_at is None:
                return
            # A head that was forged, in a store that never had a key, is no reason to blame ours.
            after = max(head.position - 1, 0)
            last = await unit.audit_chain.read(after=after, up_to=None, limit=1)
            events = [row.event for row in last] + await unit.audit_chain.loose(limit=1)
        if not any(event.seal == self._seals.tag(content_of(event)) for event in events):
            raise WrongSecretKey

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
