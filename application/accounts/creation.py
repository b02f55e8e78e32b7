"""Accounts that an operator makes."""

from collections.abc import Sequence

from application.access.granting import RoleGrants
from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.credentials.mailed_secrets import MailedSecrets
from application.credentials.ports import PasswordHasher
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.credentials.one_time_token import Purpose
from domain.credentials.password import PasswordCredential
from domain.credentials.password_policy import PasswordPolicy, normalise_password
from domain.email_address import EmailAddress
from domain.origin import Origin
from domain.principal import Principal
from domain.users.permissions import USERS_WRITE
from domain.users.user import User


class CreateUser:
    """Make an account for an operator. Conceals nothing: an operator may know who has one."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        secrets: MailedSecrets,
        grants: RoleGrants,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._secrets, self._grants = secrets, grants

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
        principal.require(USERS_WRITE)
        address = EmailAddress.parse(email)
        async with self._unit_of_work.read_only() as unit:
            names = sorted(await self._grants.grantable(unit, principal, roles))
        hashed = await self._hash(password, address) if password is not None else None
        now, entropy = self._clock.now(), self._randomness.token_bytes
        user, registered = User.register(
            email=address, display_name=display_name, now=now, entropy=entropy
        )
        granted = [user.grant(name, now=now) for name in names]
        proven = user.verify_email(now=now) if verified else None
        async with self._unit_of_work() as unit:
            await self._grants.hold(unit, names)
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
        normalised = normalise_password(password)
        self._policy.check(normalised, email=address)
        return await self._hasher.hash(normalised)
