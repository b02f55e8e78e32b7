"""When API keys were last used: noted behind the answers, once a minute for each key.

No request waits for it, and what fails is left: the next use a minute later is noted as well.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from application.api_keys.ports import ApiKeysUnit
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.api_keys.api_key import USE_IS_NOTED_EVERY, ApiKey
from domain.identifiers import ApiKeyId

MOST_SEEN = 10_000
"""Of how many keys this process notes the use within a minute; of more it notes none."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Use:
    at: datetime
    ip_address: str | None


class KeyUses:
    """What was seen of keys, and is still to be written."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[ApiKeysUnit], clock: Clock) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._seen: dict[ApiKeyId, datetime] = {}
        """The keys that were seen here within a minute, and when: those are not noted again."""
        self._unwritten: dict[ApiKeyId, _Use] = {}

    def saw(self, key: ApiKey, *, ip_address: str | None) -> None:
        """Remember that the key was just used, unless that is noted already; wait for nothing."""
        now = self._clock.now()
        if not key.use_is_to_be_noted(now):
            return
        before = self._seen.get(key.id)
        if before is not None and now - before < USE_IS_NOTED_EVERY:
            return
        if before is None and len(self._seen) >= MOST_SEEN:
            self._forget_old(now)
            if len(self._seen) >= MOST_SEEN:
                return
        self._seen[key.id] = now
        self._unwritten[key.id] = _Use(now, ip_address)

    async def write(self) -> int:
        """Write what is to be written, and return for how many keys.

        What cannot be written is dropped: what the store raises is raised, and not tried again.
        """
        self._forget_old(self._clock.now())
        written = 0
        while self._unwritten:
            taken = dict(islice(self._unwritten.items(), _AT_ONCE))
            for key_id in taken:
                del self._unwritten[key_id]
            async with self._unit_of_work() as unit:
                # In one order, so that two instances never wait for each other.
                for key_id in sorted(taken):
                    use = taken[key_id]
                    await unit.api_key_upkeep.note_use(
                        key_id, at=use.at, ip_address=use.ip_address, every=USE_IS_NOTED_EVERY
                    )
                await unit.commit()
            written += len(taken)
        return written

    def _forget_old(self, now: datetime) -> None:
        recent = {key: at for key, at in self._seen.items() if now - at < USE_IS_NOTED_EVERY}
        if len(recent) != len(self._seen):
            self._seen = recent
