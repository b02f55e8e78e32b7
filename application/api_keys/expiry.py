"""Telling people a week before that an API key ends; one mail for each key, by any worker."""

from datetime import datetime

from application.api_keys.mails import API_KEY_EXPIRES, SERVICE_KEY_EXPIRES
from application.api_keys.ports import ApiKeysUnit
from application.mail.notifications import Notifications
from application.mail.quoting import quoted
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.users.ports import UserQuery
from domain.api_keys.api_key import NOTICE_BEFORE_EXPIRY, ApiKey
from domain.identifiers import ApiKeyId, ServiceAccountId
from domain.mail.message import OutboxMessage
from domain.principal import ADMINISTRATOR
from domain.users.user import User, UserStatus

BATCH = 100
MOST_TOLD = 100
"""How many administrators are mailed about one key."""
_ADMINISTRATORS = UserQuery(role=ADMINISTRATOR, status=UserStatus.ACTIVE)


class TellOfExpiry:
    """Mail the owners of keys that end within a week.

    A service account has no mailbox: the user who made its key is told, while they are active, and
    else the active administrators. A key that was made for a week or less is its maker's to watch.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ApiKeysUnit],
        clock: Clock,
        notifications: Notifications,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._notifications = notifications

    async def __call__(self) -> int:
        """Return for how many keys this call has queued mail; each key is told of once."""
        told = 0
        while True:
            now = self._clock.now()
            async with self._unit_of_work.read_only() as unit:
                keys = await unit.api_key_upkeep.expiring(
                    now=now, until=now + NOTICE_BEFORE_EXPIRY, limit=BATCH
                )
            for key in keys:
                told += await self._tell(key.id)
            if len(keys) < BATCH:
                return told

    async def _tell(self, key_id: ApiKeyId) -> bool:
        return await retry_on_conflict(lambda: self._told(key_id))

    async def _told(self, key_id: ApiKeyId) -> bool:
        """Note that the key is told of, and queue the mails in the same commit.

        False for a key that another worker was first to tell of, one that is gone or rotated
        meanwhile, and one of which nothing is said.
        """
        async with self._unit_of_work() as unit:
            now = self._clock.now()
            if not await unit.api_key_upkeep.note_notice(key_id, at=now):
                return False
            key = await unit.api_keys.get(key_id)
            mails = [] if key is None or not _is_worth_a_mail(key) else await self._mails(unit, key)
            for mail in mails:
                await unit.outbox.enqueue(mail)
            await unit.commit()
        return bool(mails)

    async def _mails(self, unit: ApiKeysUnit, key: ApiKey) -> list[OutboxMessage]:
        now, words = self._clock.now(), {"hint": key.hint, "end": _in_words(key.expires_at)}
        if isinstance(key.owner, ServiceAccountId):
            account = await unit.service_accounts.get(key.owner)
            if account is None:
                return []
            # Whoever may name service accounts is not to write to others in our name.
            name = quoted(account.name)
            words["name"] = str(account.id) if name is None else f"{name} ({account.id})"
            return [
                self._notifications.notice(
                    SERVICE_KEY_EXPIRES, user.email, now=now, parameters=words
                )
                for user in await _keepers(unit, key)
            ]
        owner = await unit.users.get(key.owner)
        if owner is None:
            return []
        return [self._notifications.notice(API_KEY_EXPIRES, owner.email, now=now, parameters=words)]


async def _keepers(unit: ApiKeysUnit, key: ApiKey) -> list[User]:
    """Return who is told of a service account's key."""
    maker = None if key.created_by is None else await unit.users.get(key.created_by)
    if maker is not None and maker.status is UserStatus.ACTIVE:
        return [maker]
    return await unit.users.search(_ADMINISTRATORS, limit=MOST_TOLD)


def _is_worth_a_mail(key: ApiKey) -> bool:
    is_long = key.lifetime is not None and key.lifetime > NOTICE_BEFORE_EXPIRY
    return is_long and key.rotated_at is None


def _in_words(end: datetime | None) -> str:
    return "" if end is None else f"{end:%Y-%m-%d %H:%M} UTC"
