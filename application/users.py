"""The user's own profile, and users made by an operator."""

from collections.abc import Sequence

from application.expectations import UNCHANGED, Expected, Unchanged, require_expected
from application.mailed_secrets import MailedSecrets
from application.ports.clock import Clock, Randomness
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.role_grants import grantable_roles, hold_roles
from domain.access import Permission, Principal
from domain.audit import Origin
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.one_time_token import Purpose
from domain.password_policy import PasswordPolicy, normalise_password
from domain.user import User, UserNotFound


class UpdateOwnProfile:
    """Change what a user may say about themselves: the display name, and nothing else (AT-9)."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        display_name: str | Unchanged | None,
        expected: Expected[User] | None,
        origin: Origin,
    ) -> User:
        """Return the user as it is now, with what is ``UNCHANGED`` left as it was found.

        ``expected`` is asked about the present state first; if it says no, ChangedMeanwhile is
        raised and nothing is written. Raises ValidationFailed and UserNotFound.
        """

        async def change() -> User:
            async with self._unit_of_work() as unit:
                user = await unit.users.get(principal.user_id) if principal.user_id else None
                if user is None:
                    raise UserNotFound
                require_expected(user, expected)
                event = None
                if display_name is not UNCHANGED:
                    event = user.rename(display_name, now=self._clock.now())
                if event is not None:
                    await unit.users.save(user)
                    await self._recorder.record(unit, event, actor=principal, origin=origin)
                    await unit.commit()
                return user

        return await retry_on_conflict(change)


class CreateUser:
    """Make an account on an operator's word. Conceals nothing: an operator may know."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        secrets: MailedSecrets,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._secrets = secrets

    async def __call__(
        self,
        *,
        principal: Principal,
        email: str,
        password: str | None,
        display_name: str | None,
        roles: Sequence[str],
        verified: bool,
        origin: Origin,
    ) -> User:
        """Return the new user.

        Without a password a mail goes out that lets its owner set one; without ``verified``
        and with a password, a mail to verify the address. Raises PermissionDenied,
        ValidationFailed, PasswordRejected, RoleNotFound and EmailAlreadyRegistered.
        """
        principal.require(Permission("users:write"))
        address = EmailAddress.parse(email)
        async with self._unit_of_work.read_only() as unit:
            names = sorted(await grantable_roles(unit, principal, roles))
        hashed = await self._hash(password, address) if password is not None else None
        now, entropy = self._clock.now(), self._randomness.token_bytes
        user, registered = User.register(
            email=address, display_name=display_name, now=now, entropy=entropy
        )
        granted = [user.grant(name, now=now) for name in names]
        proven = user.verify_email(now=now) if verified else None
        async with self._unit_of_work() as unit:
            await hold_roles(unit, names)
            await unit.users.add(user)
            if hashed is None:
                await self._secrets.issue(unit, user, Purpose.PASSWORD_RESET, now=now)
            else:
                credential = PasswordCredential.create(user_id=user.id, hashed=hashed, now=now)
                await unit.credentials.add(credential)
                if not verified:
                    await self._secrets.issue(unit, user, Purpose.EMAIL_VERIFICATION, now=now)
            events = [registered, *granted, proven]
            await self._recorder.record(unit, *events, actor=principal, origin=origin)
            await unit.commit()
        return user

    async def _hash(self, password: str, address: EmailAddress) -> str:
        secret = normalise_password(password)
        self._policy.check(secret, email=address)
        return await self._hasher.hash(secret)
