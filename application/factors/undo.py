"""Undoing the first factor by mail.

Who adds it with a stolen password locks the owner out for good: a new password does not help. For a
week the mailbox is what it was before that factor, the highest authority over the account.
"""

from application.api_keys.ending import remove_keys
from application.audit.recording import Recorder
from application.credentials.mailed_secrets import MailedSecrets
from application.factors.guard import FactorGuard
from application.factors.mails import FACTOR_REMOVED, what_was_removed
from application.factors.ports import FactorsUnit
from application.factors.taking_away import take_all_away
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from domain.credentials.events import PasswordResetRequested
from domain.credentials.one_time_token import (
    OF_THE_PASSWORD,
    InvalidToken,
    OneTimeToken,
    Purpose,
    digest_of,
)
from domain.factors.events import FactorRemoved
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.sessions.session import EndReason
from domain.users.user import User, UserStatus


class UndoFirstFactor:
    """Take the first factor away, with the secret that was mailed when it was added.

    And with it every other one, since all of them came after it: a second one of the same hand
    would lock the owner out as well. So do all API keys: whoever had the password then could make
    them, and a new one does not end them. All sessions end, what else was mailed counts no more,
    and a mail to set a new password follows.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        secrets: MailedSecrets,
        guard: FactorGuard,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder
        self._notifications, self._secrets, self._guard = notifications, secrets, guard

    async def __call__(self, *, token: str, origin: Origin) -> None:
        """Return once they are gone; raise InvalidToken for any secret that cannot be spent."""
        digest = digest_of(token, Purpose.FACTOR_UNDO)
        await retry_on_conflict(lambda: self._undo(digest, origin))

    async def _undo(self, digest: bytes, origin: Origin) -> None:
        async with self._unit_of_work() as unit:
            user = await self._owner(unit, await unit.one_time_tokens.take(digest))
            factors, now = await unit.factors.list_of(user.id), self._clock.now()
            user.factors_changed(any_left=False, now=now)
            await unit.users.save(user)
            await take_all_away(unit, user.id, guard=self._guard)
            keys = await remove_keys(unit, user.id, now=now)
            ended = await end_sessions(unit, user.id, EndReason.FACTORS_RESET, now=now)
            removed = [
                FactorRemoved(
                    user_id=user.id, factor_id=factor.id, kind=factor.kind.value, occurred_at=now
                )
                for factor in factors
            ]
            asked = PasswordResetRequested(user_id=user.id, occurred_at=now)
            events = [ended, *removed, *keys, asked]
            await self._recorder.record(unit, *events, actor=ANONYMOUS, origin=origin)
            await unit.one_time_tokens.discard(user.id, OF_THE_PASSWORD)
            words = {"factor": what_was_removed(factors=True, keys=bool(keys))}
            notice = self._notifications.notice(
                FACTOR_REMOVED, user.email, now=now, parameters=words
            )
            await unit.outbox.enqueue(notice)
            await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
            await unit.commit()

    async def _owner(self, unit: FactorsUnit, record: OneTimeToken | None) -> User:
        user = await unit.users.get(record.user_id) if record else None
        if record is None or user is None or user.status is UserStatus.SUSPENDED:
            raise InvalidToken
        record.ensure_proves(user.email, now=self._clock.now())
        return user
