"""Sealing waiting mail under a new SECRET_KEY (OB-5)."""

from collections.abc import AsyncIterator, Sequence

from application.mail.notifications import SEAL_PURPOSE
from application.mail.ports import MOST_COUNTED, HeldSecret, MailUnit
from application.ports.crypto import SealBroken, SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory

BATCH = 500


class RenewMailedSecrets:
    """Seal under SECRET_KEY what waits in the outbox under the one before it.

    A mail may wait for as long as its secret lives, and is not lost when SECRET_KEY_PREVIOUS is
    taken away.
    """

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[MailUnit], secret_box: SecretBox) -> None:
        self._unit_of_work, self._secret_box = unit_of_work, secret_box

    async def __call__(self) -> int:
        """Return how many were sealed anew. In batches, each in a commit of its own."""
        renewed = 0
        async for batch in self._batches():
            due = [(held, box) for held in batch if (box := self._renewed(held)) is not None]
            if due:
                async with self._unit_of_work() as unit:
                    for held, box in due:
                        renewed += await unit.outbox_secrets.renew(held, box)
                    await unit.commit()
        return renewed

    async def outstanding(self) -> int:
        """Return how many messages only SECRET_KEY_PREVIOUS opens, and change nothing.

        :data:`MOST_COUNTED` stands for that many or more.
        """
        count = 0
        async for batch in self._batches():
            count += sum(self._renewed(held) is not None for held in batch)
            if count >= MOST_COUNTED:
                return MOST_COUNTED
        return count

    async def _batches(self) -> AsyncIterator[Sequence[HeldSecret]]:
        last = None
        while True:
            async with self._unit_of_work.read_only() as unit:
                batch = await unit.outbox_secrets.held(limit=BATCH, after=last)
            if not batch:
                return
            yield batch
            last = batch[-1].message_id

    def _renewed(self, held: HeldSecret) -> bytes | None:
        try:
            return self._secret_box.renew(held.sealed, purpose=SEAL_PURPOSE)
        except SealBroken:
            return None  # the relay tells of it when the message is due
