"""A key that was found where it should not be: whoever has it may have it revoked."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from application.api_keys.mails import API_KEY_LEAKED, API_KEY_LEAKED_ELSEWHERE
from application.api_keys.ports import ApiKeysUnit
from application.audit.recording import Recorder
from application.limits import AdmitRequest
from application.mail.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.rate_limiter import RateLimit
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.users.ports import UserQuery
from domain.api_keys.api_key import USE_IS_NOTED_EVERY, ApiKey
from domain.api_keys.key_text import ApiKeyInvalid, KeyText
from domain.api_keys.leaks import place_of
from domain.identifiers import ApiKeyId
from domain.mail.message import OutboxMessage
from domain.origin import Origin
from domain.principal import ADMINISTRATOR, ANONYMOUS
from domain.service_accounts.service_account import ServiceAccount
from domain.users.user import User, UserStatus

LEAK_REPORT = RateLimit(name="leak-report", burst=120, interval=timedelta(seconds=5))
LEAK_MAILS = RateLimit(name="leak-mails", burst=10, interval=timedelta(minutes=5))
"""About the keys of one owner."""
MOST_TOLD = 100
"""How many administrators are mailed."""
_AROUND = " \t\r\n\v\f\u00a0\u200b\ufeff"
_ADMINISTRATORS = UserQuery(role=ADMINISTRATOR, status=UserStatus.ACTIVE)


class ReportLeakedKey:
    """Revoke a key because somebody shows it: to have it is all the proof that it takes."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ApiKeysUnit],
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        notifications: Notifications,
        admit: AdmitRequest,
    ) -> None:
        self._unit_of_work, self._clock, self._randomness = unit_of_work, clock, randomness
        self._admit = admit
        self._recorder, self._notifications = recorder, notifications

    async def __call__(self, *, key: str, found_at: str | None = None, origin: Origin) -> bool:
        """Return whether a key was revoked, which the reporter is not to be told.

        Its owner, if that is a user, and the administrators get one mail each, unless the owner
        has had so many keys reported lately that the mails would be a nuisance: who makes keys can
        report them. A text with a wrong checksum costs nothing; all others cost as much as a key
        that lives. White space around the key is what copying leaves, and is not looked at.
        """
        try:
            shown = KeyText.parse(key.strip(_AROUND))
        except ApiKeyInvalid:
            return False
        place = None if found_at is None else place_of(found_at, shown)
        return await retry_on_conflict(lambda: self._revoke(shown, place, origin))

    async def _revoke(self, shown: KeyText, found_at: str | None, origin: Origin) -> bool:
        async with self._unit_of_work.read_only() as unit:
            found = await unit.api_keys.find(shown.digest)
            administrators = await unit.users.search(_ADMINISTRATORS, limit=MOST_TOLD)
        source = "" if found is None else str(found[1].id)
        admission = await self._admit(LEAK_MAILS, source=source)
        is_told = admission is None or admission.admitted
        async with self._unit_of_work() as unit:
            now = self._clock.now()
            if found is None or found[0].has_expired(now):
                await self._write_nothing(unit, now)
                return False
            key, owner = found
            await unit.api_keys.take_back(key)
            leaked = key.leaked(found_at=found_at, now=now)
            await self._recorder.record(unit, leaked, actor=ANONYMOUS, origin=origin)
            for mail in self._mails(key, owner, administrators, now) if is_told else ():
                await unit.outbox.enqueue(mail)
            await unit.commit()
        return True

    async def _write_nothing(self, unit: ApiKeysUnit, now: datetime) -> None:
        """Take the way to the store that a key that lives would, so that no time tells of it."""
        nothing = ApiKeyId.new(now, self._randomness.token_bytes)
        await unit.api_key_upkeep.note_use(
            nothing, at=now, ip_address=None, every=USE_IS_NOTED_EVERY
        )
        await unit.commit()

    def _mails(
        self,
        key: ApiKey,
        owner: User | ServiceAccount,
        administrators: list[User],
        now: datetime,
    ) -> Iterator[OutboxMessage]:
        words = {"hint": key.hint}
        if isinstance(owner, User):
            yield self._notifications.notice(API_KEY_LEAKED, owner.email, now=now, parameters=words)
        words["kind"] = "user" if isinstance(owner, User) else "service account"
        words["owner"] = str(owner.id)
        for each in administrators:
            if each.id != owner.id:
                yield self._notifications.notice(
                    API_KEY_LEAKED_ELSEWHERE, each.email, now=now, parameters=words
                )
