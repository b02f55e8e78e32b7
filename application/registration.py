"""Signing up, and proving the address."""

from dataclasses import dataclass

from application.limits import ADDRESS_IN_USE_MAIL, VERIFICATION_MAIL, MailAllowance
from application.mail_requests import MailRequestAnswer
from application.mailed_secrets import MailedSecrets
from application.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.outbox import MessageKind
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.session_ending import end_sessions
from domain.access import ANONYMOUS
from domain.audit import Origin
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.one_time_token import InvalidToken, Purpose, digest_of
from domain.password_policy import PasswordPolicy, normalise_password
from domain.session import EndReason
from domain.user import EmailAlreadyRegistered, User, UserStatus, normalise_display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpReceipt:
    """What the newcomer is told: the same whether or not the address had an account (EN-1)."""

    email: str
    display_name: str | None


class SignUp:
    """Make an account, or pretend to.

    Every path costs one password hash. If the address is taken, its owner gets a mail and the
    answer is the same. If it is taken but unproven, a different password contests the first
    one, and neither will count (AT-7).
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        notifications: Notifications,
        secrets: MailedSecrets,
        mail_allowance: MailAllowance,
        conceal_existing: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._notifications = notifications
        self._secrets = secrets
        self._mail_allowance = mail_allowance
        self._conceal_existing = conceal_existing

    async def __call__(
        self, *, email: str, password: str, display_name: str | None, origin: Origin
    ) -> SignUpReceipt:
        """Return the receipt.

        Raises ValidationFailed, PasswordRejected, Busy, and EmailAlreadyRegistered where
        nothing is concealed.
        """
        address = EmailAddress.parse(email)
        name = normalise_display_name(display_name)
        secret = normalise_password(password)
        self._policy.check(secret, email=address)
        offer = _Offer(address, name, secret, origin)
        await retry_on_conflict(lambda: self._settle(offer))
        return SignUpReceipt(email=address.value, display_name=name)

    async def _settle(self, offer: "_Offer") -> None:
        async with self._unit_of_work.read_only() as unit:
            existing = await unit.users.find_by_email(offer.address)
            credential = await unit.credentials.get(existing.id) if existing else None
        if existing is None:
            await self._register(offer)
            return
        if existing.status is UserStatus.UNVERIFIED and credential is not None:
            # Also where nothing is concealed: the password that came first may be a planted one.
            await self._offer_again(offer, existing, credential)
        elif self._conceal_existing:
            await offer.spend_a_hash(self._hasher)
            await self._tell_owner(existing)
        if not self._conceal_existing:
            raise EmailAlreadyRegistered

    async def _register(self, offer: "_Offer") -> None:
        hashed = await offer.spend_a_hash(self._hasher)
        now = self._clock.now()
        user, event = User.register(
            email=offer.address,
            display_name=offer.display_name,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        mail_allowed = await self._may_mail_proof(offer)
        async with self._unit_of_work() as unit:
            try:
                await unit.users.add(user)
            except EmailAlreadyRegistered:
                # Somebody signed up with the same address meanwhile: look again.
                raise ConcurrentChange from None
            credential = PasswordCredential.create(user_id=user.id, hashed=hashed, now=now)
            await unit.credentials.add(credential)
            if mail_allowed:
                await self._secrets.issue(unit, user, Purpose.EMAIL_VERIFICATION, now=now)
            await self._recorder.record(unit, event, actor=ANONYMOUS, origin=offer.origin)
            await unit.commit()

    async def _offer_again(
        self, offer: "_Offer", user: User, credential: PasswordCredential
    ) -> None:
        same = await offer.matches(self._hasher, credential.hash)
        mail_allowed = await self._may_mail_proof(offer)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            if not same and not credential.contested:
                # A confirmation that is running now must notice: both save the user.
                user.credentials_changed(now=now)
                await unit.users.save(user)
                credential.contest()
                await unit.credentials.save(credential)
            if mail_allowed:
                await self._secrets.issue(unit, user, Purpose.EMAIL_VERIFICATION, now=now)
            await unit.commit()

    async def _tell_owner(self, user: User) -> None:
        if not await self._mail_allowance(ADDRESS_IN_USE_MAIL, user.email):
            return
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            message = self._notifications.notice(MessageKind.ADDRESS_IN_USE, user.email, now=now)
            await unit.outbox.enqueue(message)
            await unit.commit()

    async def _may_mail_proof(self, offer: "_Offer") -> bool:
        if offer.mail_allowed is None:
            offer.mail_allowed = await self._mail_allowance(VERIFICATION_MAIL, offer.address)
        return offer.mail_allowed


class _Offer:
    """What one sign-up offers, over its retries: each hash and each mail is paid for once."""

    def __init__(
        self,
        address: EmailAddress,
        display_name: str | None,
        password: str,
        origin: Origin,
    ) -> None:
        self.address, self.display_name, self.origin = address, display_name, origin
        self.mail_allowed: bool | None = None
        self._password = password
        self._hashed: str | None = None
        self._matched: dict[str, bool] = {}

    async def spend_a_hash(self, hasher: PasswordHasher) -> str:
        if self._hashed is None:
            self._hashed = await hasher.hash(self._password)
        return self._hashed

    async def matches(self, hasher: PasswordHasher, hashed: str) -> bool:
        if hashed not in self._matched:
            self._matched[hashed] = await hasher.verify(self._password, hashed)
        return self._matched[hashed]


class AnswerVerificationRequest(MailRequestAnswer):
    """What asking for the verification mail again leads to."""

    def __init__(
        self, *, secrets: MailedSecrets, clock: Clock, mail_allowance: MailAllowance
    ) -> None:
        self._secrets, self._clock, self._mail_allowance = secrets, clock, mail_allowance

    async def is_due(self, user: User) -> bool:
        """Tell whether the account is unverified and its mailbox may get another mail."""
        unverified = user.status is UserStatus.UNVERIFIED
        return unverified and await self._mail_allowance(VERIFICATION_MAIL, user.email)

    async def queue(self, unit: UnitOfWork, user: User, origin: Origin) -> None:
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

    Sessions from before the proof are ended, and a change of the address that was asked for. If
    more than one password was offered for the address until then, none of them counts, and a
    reset mail goes out: whoever planted a password, a session or a name has gained nothing (AT-7).
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        recorder: Recorder,
        secrets: MailedSecrets,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._secrets = recorder, secrets

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
            record.proves(user.email, now=now)
            credential = await unit.credentials.get(user.id)
            verified = user.verify_email(now=now)
            usable = credential is not None and not credential.contested
            if not usable:
                user.rename(None, now=now)  # the name may be a planted one, too
            await unit.users.save(user)
            ended = None
            if verified:
                # What was begun before anybody had proven the address gives nothing now (AT-7).
                reason = EndReason.REVOKED_BY_USER if usable else EndReason.PASSWORD_CHANGED
                ended = await end_sessions(unit, user.id, reason, now=now)
                await unit.one_time_tokens.discard(user.id, [Purpose.EMAIL_CHANGE])
            if not usable:
                await unit.credentials.remove(user.id)
                await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
            await self._recorder.record(unit, ended, verified, actor=ANONYMOUS, origin=origin)
            await unit.commit()
        return VerifiedUser(user=user, password_reset_required=not usable)
