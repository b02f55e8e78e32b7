"""Keys of the audit trail from before SECRET_KEY was changed (LG-3).

A trail is never sealed anew: that would take as long as it has grown, and would hide what was wrong
with it. Instead the key that sealed it is kept, sealed under the new SECRET_KEY, together with the
last place that it counts for. So old rows stay proven, and the old SECRET_KEY forges no new one.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from application.audit.chaining import BATCH
from application.audit.ports import AuditUnit
from application.audit.seals import Seals
from application.ports.clock import Randomness
from application.ports.crypto import SealBroken, SecretBox
from domain.audit.chain import ChainHead, EarlierTag, extended, is_signed, signed
from domain.audit.retired_key import EarlierKey, RetiredAuditKey, RetiredAuditKeyId

SEAL_PURPOSE = "retired-audit-key"


class EarlierKeys:
    """Retires the key of the trail when SECRET_KEY is changed, and knows those that were."""

    def __init__(self, *, secret_box: SecretBox, randomness: Randomness, seals: Seals) -> None:
        self._secret_box, self._randomness, self._seals = secret_box, randomness, seals

    async def tags(self, unit: AuditUnit) -> list[EarlierTag]:
        """Return what made digests earlier, in the order of the places that they count for.

        A key that SECRET_KEY does not open is left out: rows under it then count as changed.
        """
        kept = sorted((key for _, key in await self._counting(unit)), key=lambda key: key.up_to)
        return [EarlierTag(self._seals.tag_of(each.key), each.up_to) for each in kept]

    async def are_ours(self, unit: AuditUnit) -> bool | None:
        """Tell whether one of the present SECRET_KEYs opens a kept key; None if none is kept."""
        kept = await unit.retired_audit_keys.list_all()
        return any(self._opens(key) for key in kept) if kept else None

    async def previous_retired_at(self, unit: AuditUnit) -> datetime | None:
        """Return when the key of SECRET_KEY_PREVIOUS was last retired; None if it never was."""
        previous = self._seals.previous_key
        times = [r.retired_at for r, each in await self._counting(unit) if each.key == previous]
        return max(times, default=None)

    def is_of_previous(self, head: ChainHead) -> bool:
        """Tell whether the head is signed with the key of SECRET_KEY_PREVIOUS."""
        tag = self._seals.previous_tag
        return tag is not None and is_signed(head, tag)

    async def is_previous_in_use(self, unit: AuditUnit, head: ChainHead) -> bool:
        """Tell whether the trail still ends under that key.

        A head of that key before a place where a key was retired is an old one that was put back.
        """
        if not self.is_of_previous(head):
            return False
        return all(key.up_to < head.position for _, key in await self._counting(unit))

    async def retire(self, unit: AuditUnit, *, now: datetime) -> None:
        """Let the key of SECRET_KEY_PREVIOUS count up to this place, and the present one from here.

        The chain is held (``AuditChain.hold``). Rows without a place get theirs under the key that
        sealed them, and the head is signed anew. One that neither key has signed stays as it is:
        ``VerifyAuditTrail`` has a forgery to tell of, before and after. Does nothing where the
        present key counts already.
        """
        key, head = self._seals.previous_key, await unit.audit_chain.head()
        if key is None or is_signed(head, self._seals.tag):
            return
        if await self.is_previous_in_use(unit, head):
            previous = self._seals.tag_of(key)
            while events := await unit.audit_chain.loose(limit=BATCH):
                rows, head = extended(head, events, previous, now=now)
                await unit.audit_chain.extend(rows, head)
            up_to = head.position
            present = signed(head.position, head.link, now, self._seals.tag)
            await unit.audit_chain.extend([], present)
        elif await self.previous_retired_at(unit) is not None:
            return
        else:
            up_to = await unit.audit_chain.last_place()
        sealed = self._secret_box.seal(EarlierKey(key, up_to).written(), purpose=SEAL_PURPOSE)
        retired = RetiredAuditKey(
            id=RetiredAuditKeyId.new(now, self._randomness.token_bytes),
            sealed=sealed,
            retired_at=now,
        )
        await unit.retired_audit_keys.add(retired)

    async def renew(self, unit: AuditUnit) -> None:
        """Seal under SECRET_KEY the keys that are sealed under the one before it.

        One that says of itself that it counts beyond the last row was put there by another hand.
        """
        last_place = await unit.audit_chain.last_place()
        for key in await unit.retired_audit_keys.list_all():
            with suppress(SealBroken):
                sealed = self._secret_box.renew(key.sealed, purpose=SEAL_PURPOSE)
                if sealed is not None and self._opened(key).up_to <= last_place:
                    await unit.retired_audit_keys.renew(replace(key, sealed=sealed))

    async def _counting(self, unit: AuditUnit) -> list[tuple[RetiredAuditKey, EarlierKey]]:
        """Return the keys that SECRET_KEY opens: with the one before it any could be made."""
        counting = []
        for key in await unit.retired_audit_keys.list_all():
            with suppress(SealBroken):
                if self._secret_box.renew(key.sealed, purpose=SEAL_PURPOSE) is None:
                    counting.append((key, self._opened(key)))
        return counting

    def _opened(self, key: RetiredAuditKey) -> EarlierKey:
        return EarlierKey.read(self._secret_box.open(key.sealed, purpose=SEAL_PURPOSE))

    def _opens(self, key: RetiredAuditKey) -> bool:
        try:
            self._opened(key)
        except SealBroken:
            return False
        return True
