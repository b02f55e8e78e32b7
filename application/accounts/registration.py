"""Signing up."""

from dataclasses import dataclass
from datetime import timedelta

from application.accounts.mails import ADDRESS_IN_USE
from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.credentials.mailed_secrets import MailedSecrets
from application.credentials.ports import PasswordHasher
from application.mail.allowance import ADDRESS_IN_USE_MAIL, VERIFICATION_MAIL, MailAllowance
from application.mail.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.rate_limiter import RateLimit
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.credentials.one_time_token import Purpose
from domain.credentials.password import PasswordCredential
from domain.credentials.password_policy import PasswordPolicy, normalise_password
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange, ValidationFailed
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.users.display_name import normalise_display_name
from domain.users.user import EmailAlreadyRegistered, User, UserStatus

SIGN_UP = RateLimit(name="sign-up", burst=120, interval=timedelta(seconds=5))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpReceipt:
    """What the newcomer is told: the same whether or not the address had an account (EN-1)."""

    email: str
    display_name: str | None


class SignUp:
    """Make an account, if the address has none; the answer does not tell.

    Every path costs one password hash. If the address is taken, its owner gets a mail and the
    answer is the same. If it is taken but unproven, a different password contests the first
    one, and neither will count (AT-7).
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        notifications: Notifications,
        secrets: MailedSecrets,
        mail_allowance: MailAllowance,
        conceal_existing: bool,
        without_password: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._without_password = without_password
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._notifications = notifications
        self._secrets = secrets
        self._mail_allowance = mail_allowance
        self._conceal_existing = conceal_existing

    async def __call__(
        self, *, email: str, password: str | None, display_name: str | None, origin: Origin
    ) -> SignUpReceipt:
        """Return the receipt.

        A password may be left out where mail is a way to sign in. Raises ValidationFailed,
        PasswordRejected, Busy, and EmailAlreadyRegistered where nothing is concealed.
        """
        address = EmailAddress.parse(email)
        name = normalise_display_name(display_name)
        if password is None and not self._without_password:
            raise ValidationFailed.of("password", "MISSING", "This field is required.")
        normalised = None if password is None else normalise_password(password)
        if normalised is not None:
            self._policy.check(normalised, email=address)
        offer = _Offer(address, name, normalised, origin)
        await retry_on_conflict(lambda: self._settle(offer))
        return SignUpReceipt(email=address.value, display_name=name)

    async def _settle(self, offer: "_Offer") -> None:
        async with self._unit_of_work.read_only() as unit:
            existing = await unit.users.find_by_email(offer.address)
            credential = await unit.credentials.get(existing.id) if existing else None
        if existing is None:
            await self._register(offer)
            return
        if existing.status is UserStatus.UNVERIFIED and (credential or not offer.has_password):
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
        try:
            async with self._unit_of_work() as unit:
                await unit.users.add(user)
                if hashed is not None:
                    credential = PasswordCredential.create(user_id=user.id, hashed=hashed, now=now)
                    await unit.credentials.add(credential)
                if mail_allowed:
                    await self._secrets.issue(unit, user, Purpose.EMAIL_VERIFICATION, now=now)
                await self._recorder.record(unit, event, actor=ANONYMOUS, origin=offer.origin)
                await unit.commit()
        except EmailAlreadyRegistered:
            # Another request signed up with the same address meanwhile: look again.
            raise ConcurrentChange from None

    async def _offer_again(
        self, offer: "_Offer", user: User, credential: PasswordCredential | None
    ) -> None:
        same = credential is None or await offer.matches(self._hasher, credential.hash)
        mail_allowed = await self._may_mail_proof(offer)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            if credential is not None and not same and not credential.contested:
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
            message = self._notifications.notice(ADDRESS_IN_USE, user.email, now=now)
            await unit.outbox.enqueue(message)
            await unit.commit()

    async def _may_mail_proof(self, offer: "_Offer") -> bool:
        if offer.mail_allowed is None:
            offer.mail_allowed = await self._mail_allowance(VERIFICATION_MAIL, offer.address)
        return offer.mail_allowed


class _Offer:
    """What one sign-up brings; over its retries each hash and each mail is spent once."""

    def __init__(
        self,
        address: EmailAddress,
        display_name: str | None,
        password: str | None,
        origin: Origin,
    ) -> None:
        self.address, self.display_name, self.origin = address, display_name, origin
        self.mail_allowed: bool | None = None
        self._password = password
        self._hashed: str | None = None
        self._matched: dict[str, bool] = {}

    @property
    def has_password(self) -> bool:
        return self._password is not None

    async def spend_a_hash(self, hasher: PasswordHasher) -> str | None:
        if self._hashed is None and self._password is not None:
            self._hashed = await hasher.hash(self._password)
        return self._hashed

    async def matches(self, hasher: PasswordHasher, hashed: str) -> bool:
        if self._password is None:
            return False  # who wants none has not set the one that is there
        if hashed not in self._matched:
            self._matched[hashed] = await hasher.verify(self._password, hashed)
        return self._matched[hashed]
