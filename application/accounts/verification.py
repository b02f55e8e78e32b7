"""Proving the address of a new account."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.credentials.mailed_secrets import MailedSecrets
from application.credentials.planted import ForgetPlanted
from application.mail.allowance import VERIFICATION_MAIL, MailAllowance
from application.mail.request import MailRequestAnswer, Queue
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from domain.credentials.one_time_token import InvalidToken, Purpose, digest_of
from domain.email_address import EmailAddress
from domain.events import DomainEvent
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.sessions.session import EndReason
from domain.users.user import User, UserStatus


class AnswerVerificationRequest(MailRequestAnswer[AccountsUnit]):
    """What asking for the verification mail again leads to."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        secrets: MailedSecrets,
        clock: Clock,
        mail_allowance: MailAllowance,
    ) -> None:
        self._unit_of_work, self._secrets = unit_of_work, secrets
        self._clock, self._mail_allowance = clock, mail_allowance

    async def prepare(
        self, address: EmailAddress, _asked: Mapping[str, str]
    ) -> Queue[AccountsUnit] | None:
        """Return what queues a mail, if the account is unverified and within its limit."""
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.find_by_email(address)
        if user is None or user.status is not UserStatus.UNVERIFIED:
            return None
        if not await self._mail_allowance(VERIFICATION_MAIL, user.email):
            return None
        return partial(self._queue, user)

    async def _queue(self, user: User, unit: AccountsUnit, _origin: Origin) -> None:
        """Queue a mail with a fresh secret, which replaces the older one."""
        now = self._clock.now()
        await self._secrets.issue(unit, user, Purpose.EMAIL_VERIFICATION, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedUser:
    """The user, and whether a password must still be set (a reset mail is on its way)."""

    user: User
    password_reset_required: bool


class ConfirmEmail:
    """Spend a mailed secret to prove the address.

    Sessions, second factors and API keys from before the proof end, and a change of the address
    that was asked for. If more than one password was offered for the address until then, none of
    them counts, and a reset mail goes out: a password, a session or a name that was planted has no
    effect (AT-7).
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        clock: Clock,
        recorder: Recorder,
        secrets: MailedSecrets,
        forget_planted: ForgetPlanted[AccountsUnit],
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._secrets = recorder, secrets
        self._forget_planted = forget_planted

    async def __call__(self, *, token: str, origin: Origin) -> VerifiedUser:
        """Return the verified user; raise InvalidToken for any secret that cannot be spent."""
        digest = digest_of(token, Purpose.EMAIL_VERIFICATION)
        return await retry_on_conflict(lambda: self._confirm(digest, origin))

    async def _confirm(self, digest: bytes, origin: Origin) -> VerifiedUser:
        async with self._unit_of_work() as unit:
            record = await unit.one_time_tokens.take(digest)
            user = await unit.users.get(record.user_id) if record else None
            if record is None or user is None or user.status is UserStatus.SUSPENDED:
                raise InvalidToken
            now = self._clock.now()
            record.ensure_proves(user.email, now=now)
            credential = await unit.credentials.get(user.id)
            verified = user.verify_email(now=now)
            # Without a password there is none that could have been planted.
            usable = credential is None or not credential.contested
            if not usable:
                user.rename(None, now=now)  # the name may be a planted one, too
            ended, removed = None, list[DomainEvent]()
            if not verified:
                await unit.users.save(user)
            else:
                removed.extend(await self._forget_planted(unit, user, now=now))
                # What was begun before the address was proven gives nothing now (AT-7).
                reason = EndReason.REVOKED_BY_USER if usable else EndReason.PASSWORD_CHANGED
                ended = await end_sessions(unit, user.id, reason, now=now)
                await unit.one_time_tokens.discard(user.id, [Purpose.EMAIL_CHANGE])
            if not usable:
                await unit.credentials.remove(user.id)
                await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
            events = [ended, verified, *removed]
            await self._recorder.record(unit, *events, actor=ANONYMOUS, origin=origin)
            await unit.commit()
        return VerifiedUser(user=user, password_reset_required=not usable)
