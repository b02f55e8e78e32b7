"""Moving to another address: asked for by surely the user, done by proving the mailbox (AT-8)."""

from application.accounts.mails import ADDRESS_IN_USE, EMAIL_CHANGE_PENDING, EMAIL_CHANGED
from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.mailed_secrets import MailedSecrets
from application.credentials.password_checks import PasswordGuess
from application.credentials.reauthentication import Reauthenticate
from application.mail.allowance import (
    ADDRESS_IN_USE_MAIL,
    EMAIL_CHANGE_MAIL,
    AdditionAllowance,
    MailAllowance,
)
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.rate_limiter import RateLimit
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.accounts.events import EmailChangeRequested
from domain.assurance import StepUpRequired
from domain.credentials.one_time_token import InvalidToken, Purpose, digest_of
from domain.email_address import EmailAddress
from domain.errors import TooManyRequests
from domain.origin import Origin
from domain.principal import ANONYMOUS, Principal
from domain.users.user import User, UserStatus


class RequestEmailChange:
    """Ask to move to another address. Nothing changes until its owner confirms.

    The answer is the same whether or not the new address has an account; then its owner gets a
    mail without a secret instead (EN-1). The old address is told in either case.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        reauthenticate: Reauthenticate,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        secrets: MailedSecrets,
        mail_allowance: MailAllowance,
        count_addition: AdditionAllowance,
        guard: AttemptGuard,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._reauthenticate = reauthenticate
        self._clock = clock
        self._recorder = recorder
        self._notifications = notifications
        self._secrets = secrets
        self._mail_allowance, self._count_addition = mail_allowance, count_addition
        self._guard = guard

    async def __call__(
        self, *, principal: Principal, new_email: str, password: str | None, origin: Origin
    ) -> None:
        """Return once both mails are queued.

        Raises ValidationFailed, all that :class:`Reauthenticate` raises, and TooManyRequests of a
        user who has asked too often: each time the old address is told. StepUpRequired also
        for somebody whose roles sleep and who has no second factor: the first one takes a code
        that is mailed to them, so their mailbox must not be moved by what a stolen password can do.
        """
        if principal.dormant and not principal.has_second_factor:
            raise StepUpRequired
        address = EmailAddress.parse(new_email, field="new_email")
        guess = None if password is None else PasswordGuess(password)
        allowed: dict[RateLimit, bool] = {}  # counted once, however often it starts again
        await retry_on_conflict(lambda: self._request(principal, address, guess, allowed, origin))

    async def _request(
        self,
        principal: Principal,
        address: EmailAddress,
        guess: PasswordGuess | None,
        allowed: dict[RateLimit, bool],
        origin: Origin,
    ) -> None:
        caller = await self._reauthenticate(principal=principal, guess=guess, origin=origin)
        user = caller.user
        async with self._unit_of_work.read_only() as unit:
            owner = await unit.users.find_by_email(address)
        is_free = owner is None or owner.id == user.id
        limit = EMAIL_CHANGE_MAIL if is_free else ADDRESS_IN_USE_MAIL
        if not allowed:
            await self._count(principal, user, is_guessed=guess is not None)
        if limit not in allowed:
            allowed[limit] = await self._mail_allowance(limit, address)
        async with self._unit_of_work() as unit:
            now = self._clock.now()
            # Guarded by the version from when the caller was known: a password change or a
            # suspension meanwhile makes this a conflict, and the pending change dies with it.
            await caller.save(unit)
            if guess is not None:  # else it was no right guess that brought the caller here
                await self._guard.forgive(unit, user.email)
            if allowed[limit]:
                await self._mail_new_address(unit, user, address, is_free=is_free)
            notice = self._notifications.notice(EMAIL_CHANGE_PENDING, user.email, now=now)
            await unit.outbox.enqueue(notice)
            event = EmailChangeRequested(user_id=user.id, occurred_at=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()

    async def _count(self, principal: Principal, user: User, *, is_guessed: bool) -> None:
        try:
            await self._count_addition(principal)
        except TooManyRequests:
            if is_guessed:  # a right password is no wrong one for that
                async with self._unit_of_work() as unit:
                    await self._guard.forgive(unit, user.email)
                    await unit.commit()
            raise

    async def _mail_new_address(
        self, unit: AccountsUnit, user: User, address: EmailAddress, *, is_free: bool
    ) -> None:
        now = self._clock.now()
        if is_free:
            await self._secrets.issue(unit, user, Purpose.EMAIL_CHANGE, now=now, email=address)
            return
        # An older pending change is replaced here too, so that both ways write the same (EN-1).
        await unit.one_time_tokens.discard(user.id, [Purpose.EMAIL_CHANGE])
        message = self._notifications.notice(ADDRESS_IN_USE, address, now=now)
        await unit.outbox.enqueue(message)


class ConfirmEmailChange:
    """Spend the secret that came to the new address, and move there.

    Every other mailed secret of the user dies in the same commit, and every trusted device; the
    old address is told.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._notifications = recorder, notifications

    async def __call__(self, *, token: str, origin: Origin) -> User:
        """Return the user at the new address.

        Raises InvalidToken for any secret that cannot be spent, and EmailAlreadyRegistered if
        the address has got an account since: the caller has the secret and so owns that
        mailbox, and may know.
        """
        digest = digest_of(token, Purpose.EMAIL_CHANGE)
        return await retry_on_conflict(lambda: self._confirm(digest, origin))

    async def _confirm(self, digest: bytes, origin: Origin) -> User:
        async with self._unit_of_work() as unit:
            record = await unit.one_time_tokens.take(digest)
            user = await unit.users.get(record.user_id) if record else None
            if record is None or user is None or user.status is UserStatus.SUSPENDED:
                raise InvalidToken
            now = self._clock.now()
            record.ensure_proves(record.email, now=now)
            old_address = user.email
            event = user.change_email(record.email, now=now)
            await unit.users.save(user)
            await unit.one_time_tokens.discard(user.id, list(Purpose))
            await unit.devices.remove_all(user.id)
            notice = self._notifications.notice(EMAIL_CHANGED, old_address, now=now)
            await unit.outbox.enqueue(notice)
            await self._recorder.record(unit, event, actor=ANONYMOUS, origin=origin)
            await unit.commit()
        return user
