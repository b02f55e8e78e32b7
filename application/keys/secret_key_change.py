"""Going over from SECRET_KEY_PREVIOUS to SECRET_KEY (TK-4, LG-3).

What lives long is taken over at once and in one commit: the signing keys, which stay the same ones,
and the audit trail, which stays proven. Mail that waits is the mail capability's part
(:mod:`application.mail.renewal`). All else is opened under either key and runs out.
"""

from application.audit.earlier_keys import EarlierKeys
from application.audit.recording import Recorder
from application.keys.ports import KeysUnit
from application.keys.secret_key import ExamineSecretKey, renewed
from application.ports.clock import Clock
from application.ports.crypto import SecretBox
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.keys.events import SecretKeyChanged
from domain.origin import NOWHERE
from domain.principal import SYSTEM


class ChangeSecretKey:
    """Seal under SECRET_KEY what the store has under the key before it."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[KeysUnit],
        secret_box: SecretBox,
        clock: Clock,
        recorder: Recorder,
        examine: ExamineSecretKey,
        earlier_keys: EarlierKeys,
    ) -> None:
        self._unit_of_work, self._secret_box, self._clock = unit_of_work, secret_box, clock
        self._recorder, self._examine, self._earlier_keys = recorder, examine, earlier_keys

    async def __call__(self) -> bool:
        """Make the change if it is still to be made; tell whether this call has made it.

        Asked of a store that fits one of the keys. Of instances that start together one makes it,
        and the others find it made. From then on what only the previous key has sealed does not
        count, so no instance may be running under that key alone.
        """
        if not (await self._examine.previous()).is_in_use:
            return False
        async with self._unit_of_work() as unit:
            keys = await unit.signing_keys.hold_all()
            head = await unit.audit_chain.hold()
            due = [(key, box) for key in keys if (box := renewed(key, self._secret_box))]
            if not due and not await self._earlier_keys.is_previous_in_use(unit, head):
                return False  # another instance was first
            for key, box in due:
                key.sealed_private_key = box
                await unit.signing_keys.save(key)
            now = self._clock.now()
            await self._earlier_keys.renew(unit)
            await self._earlier_keys.retire(unit, now=now)
            event = SecretKeyChanged(occurred_at=now)
            await self._recorder.record(unit, event, actor=SYSTEM, origin=NOWHERE)
            await unit.commit()
        return True
