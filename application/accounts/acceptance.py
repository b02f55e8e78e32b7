"""Accepting an invitation: an account for the person who brings its secret (AT-4, AT-7, AZ-3)."""

from datetime import datetime

from application.access.granting import RoleGrants
from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.planted import ForgetPlanted
from application.credentials.ports import PasswordHasher
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from domain.access.role import RoleNotFound
from domain.accounts.invitation import Invitation
from domain.credentials.one_time_token import InvalidToken, Purpose, digest_of
from domain.credentials.password import PasswordCredential
from domain.credentials.password_policy import PasswordPolicy, normalise_password
from domain.errors import ConcurrentChange
from domain.events import DomainEvent
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.service_accounts.service_account import ServiceAccount
from domain.sessions.session import EndReason
from domain.users.display_name import normalise_display_name
from domain.users.user import EmailAlreadyRegistered, User, UserStatus


class AcceptInvitation:
    """Spend an invitation for an account that is verified from the start.

    An account that was made with the address and never proven becomes the account of the person
    who holds the invitation; nothing from before counts (AT-7).
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
        guard: AttemptGuard,
        grants: RoleGrants,
        forget_planted: ForgetPlanted[AccountsUnit],
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._guard, self._grants = guard, grants
        self._forget_planted = forget_planted

    async def __call__(
        self, *, token: str, password: str, display_name: str | None, origin: Origin
    ) -> User:
        """Return the new user.

        Raises InvalidToken for any secret that cannot be spent, ValidationFailed and
        PasswordRejected (and the secret stays good), EmailAlreadyRegistered if the mailbox has
        a proven account by now, and Busy.
        """
        digest = digest_of(token, Purpose.INVITATION)
        name, normalised = normalise_display_name(display_name), normalise_password(password)
        async with self._unit_of_work.read_only() as unit:
            invitation = await self._usable(unit, await unit.invitations.find(digest))
        self._policy.check(normalised, email=invitation.email)
        hashed = await self._hasher.hash(normalised)
        return await retry_on_conflict(lambda: self._accept(digest, name, hashed, origin))

    async def _accept(self, digest: bytes, name: str | None, hashed: str, origin: Origin) -> User:
        is_new = False
        try:
            async with self._unit_of_work() as unit:
                invitation = await self._usable(unit, await unit.invitations.take(digest))
                await self._grants.hold(unit, invitation.roles)
                now = self._clock.now()
                owner = await unit.users.find_by_email(invitation.email)
                is_new = owner is None
                if owner is None:
                    user, events = await self._register(unit, invitation, name, now)
                elif owner.status is UserStatus.UNVERIFIED:
                    user, events = await self._take_over(unit, owner, invitation, name, now)
                else:
                    raise EmailAlreadyRegistered
                credential = PasswordCredential.create(user_id=user.id, hashed=hashed, now=now)
                await unit.credentials.add(credential)
                await self._guard.forgive(unit, user.email)
                events.append(invitation.accepted(user.id, now=now))
                await self._recorder.record(unit, *events, actor=ANONYMOUS, origin=origin)
                await unit.commit()
        except EmailAlreadyRegistered:
            if is_new:
                raise ConcurrentChange from None  # signed up meanwhile: look again
            raise
        return user

    async def _register(
        self, unit: AccountsUnit, invitation: Invitation, name: str | None, now: datetime
    ) -> tuple[User, list[DomainEvent | None]]:
        entropy = self._randomness.token_bytes
        user, registered = User.register(
            email=invitation.email, display_name=name, now=now, entropy=entropy
        )
        changes = _settle(user, invitation, now)
        await unit.users.add(user)
        return user, [registered, *changes]

    async def _take_over(
        self,
        unit: AccountsUnit,
        user: User,
        invitation: Invitation,
        name: str | None,
        now: datetime,
    ) -> tuple[User, list[DomainEvent | None]]:
        renamed = user.rename(name, now=now)
        changes = _settle(user, invitation, now)
        user.credentials_changed(now=now)
        removed = await self._forget_planted(unit, user, now=now)
        await unit.credentials.remove(user.id)
        await unit.one_time_tokens.discard(user.id, list(Purpose))
        ended = await end_sessions(unit, user.id, EndReason.PASSWORD_CHANGED, now=now)
        return user, [ended, renamed, *removed, *changes]

    async def _usable(self, unit: AccountsUnit, invitation: Invitation | None) -> Invitation:
        if invitation is None:
            raise InvalidToken
        inviter = await _inviter(unit, invitation)
        try:
            given = await self._grants.given_by(unit, invitation.roles)
        except RoleNotFound:
            raise InvalidToken from None  # it promises a role that no longer exists
        invitation.ensure_acceptable(inviter, given=given, now=self._clock.now())
        return invitation


async def _inviter(unit: AccountsUnit, invitation: Invitation) -> User | ServiceAccount | None:
    if invitation.invited_by_service is not None:
        return await unit.service_accounts.get(invitation.invited_by_service)
    return await unit.users.get(invitation.invited_by) if invitation.invited_by else None


def _settle(user: User, invitation: Invitation, now: datetime) -> list[DomainEvent | None]:
    """Make the user what the invitation says: proven, and with its roles."""
    granted = [user.grant(role, now=now) for role in sorted(invitation.roles)]
    return [user.verify_email(now=now), *granted]
