"""Inviting people: a mailed secret, and an account for whoever brings it (AT-4, AZ-3)."""

from collections.abc import Sequence
from datetime import datetime

from application.attempts import AttemptGuard
from application.limits import INVITATION_MAIL, MailAllowance
from application.mailed_secrets import MailedSecrets
from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock, Randomness
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.role_grants import grantable_roles, hold_roles, permissions_given_by
from application.session_ending import end_sessions
from domain.access import ANONYMOUS, Principal, RoleNotFound
from domain.audit import Origin
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.events import DomainEvent
from domain.identifiers import InvitationId
from domain.invitation import INVITE, Invitation, InvitationNotFound
from domain.one_time_token import InvalidToken, Purpose, digest_of
from domain.password_policy import PasswordPolicy, normalise_password
from domain.session import EndReason
from domain.sign_in_attempts import TooManyRequests
from domain.user import EmailAlreadyRegistered, User, UserStatus, normalise_display_name


class InviteUser:
    """Ask somebody to join, and say which roles they will have."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        recorder: Recorder,
        secrets: MailedSecrets,
        mail_allowance: MailAllowance,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder
        self._secrets, self._mail_allowance = secrets, mail_allowance

    async def __call__(
        self, *, principal: Principal, email: str, roles: Sequence[str], origin: Origin
    ) -> Invitation:
        """Return the invitation, which replaces any older one to the same mailbox.

        Raises PermissionDenied, ValidationFailed, RoleNotFound, EmailAlreadyRegistered (an
        inviter may know) and TooManyRequests for a mailbox that has had too many.
        """
        principal.require(INVITE)
        address = EmailAddress.parse(email)
        async with self._unit_of_work.read_only() as unit:
            names = await grantable_roles(unit, principal, roles)
            owner = await unit.users.find_by_email(address)
        if owner is not None and owner.status is not UserStatus.UNVERIFIED:
            raise EmailAlreadyRegistered
        if not await self._mail_allowance(INVITATION_MAIL, address):
            raise TooManyRequests(retry_after=INVITATION_MAIL.interval)
        async with self._unit_of_work() as unit:
            invitation, event = await self._secrets.invite(
                unit, address, roles=names, inviter=principal, now=self._clock.now()
            )
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
        return invitation


class ListInvitations:
    """Show the invitations that can still be accepted."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, cursors: Cursors) -> None:
        self._unit_of_work, self._clock, self._cursors = unit_of_work, clock, cursors

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[Invitation]:
        """Return a page, the newest first. Raises PermissionDenied and InvalidCursor."""
        principal.require(INVITE)
        query = f"invitations for {principal.user_id}"
        before = self._cursors.start(asked, query=query, place=InvitationId.parse)
        now = self._clock.now()
        async with self._unit_of_work.read_only() as unit:
            found = await unit.invitations.list_living(
                now=now, limit=asked.limit + 1, before=before
            )
            count = await unit.invitations.count_living(now=now) if asked.counted else None
        return self._cursors.page(
            found, asked, query=query, position=lambda each: str(each.id), count=count
        )


class WithdrawInvitation:
    """Take an invitation back: its link is dead from then on."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, invitation_id: InvitationId, origin: Origin
    ) -> None:
        """Return once it is gone. Raises PermissionDenied and InvitationNotFound."""
        principal.require(INVITE)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            invitation = await unit.invitations.remove(invitation_id)
            if invitation is None or invitation.expires_at <= now:
                raise InvitationNotFound
            event = invitation.withdrawn(now=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


class AcceptInvitation:
    """Spend an invitation for an account that is verified from the start.

    An account that somebody made with the address and never proved becomes the account of
    whoever holds the invitation; nothing of before counts (AT-7).
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
        guard: AttemptGuard,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._guard = guard

    async def __call__(
        self, *, token: str, password: str, display_name: str | None, origin: Origin
    ) -> User:
        """Return the new user.

        Raises InvalidToken for any secret that cannot be spent, ValidationFailed and
        PasswordRejected (and the secret stays good), EmailAlreadyRegistered if the mailbox has
        a proven account by now, and Busy.
        """
        digest = digest_of(token, Purpose.INVITATION)
        name, secret = normalise_display_name(display_name), normalise_password(password)
        async with self._unit_of_work.read_only() as unit:
            invitation = await self._usable(unit, await unit.invitations.find(digest))
        self._policy.check(secret, email=invitation.email)
        hashed = await self._hasher.hash(secret)
        return await retry_on_conflict(lambda: self._accept(digest, name, hashed, origin))

    async def _accept(self, digest: bytes, name: str | None, hashed: str, origin: Origin) -> User:
        async with self._unit_of_work() as unit:
            invitation = await self._usable(unit, await unit.invitations.take(digest))
            await hold_roles(unit, invitation.roles)
            now = self._clock.now()
            owner = await unit.users.find_by_email(invitation.email)
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
        return user

    async def _register(
        self, unit: UnitOfWork, invitation: Invitation, name: str | None, now: datetime
    ) -> tuple[User, list[DomainEvent | None]]:
        entropy = self._randomness.token_bytes
        user, registered = User.register(
            email=invitation.email, display_name=name, now=now, entropy=entropy
        )
        changes = _settle(user, invitation, now)
        try:
            await unit.users.add(user)
        except EmailAlreadyRegistered:
            raise ConcurrentChange from None  # signed up meanwhile: look again
        return user, [registered, *changes]

    async def _take_over(
        self,
        unit: UnitOfWork,
        user: User,
        invitation: Invitation,
        name: str | None,
        now: datetime,
    ) -> tuple[User, list[DomainEvent | None]]:
        renamed = user.rename(name, now=now)
        changes = _settle(user, invitation, now)
        user.credentials_changed(now=now)
        await unit.users.save(user)
        await unit.credentials.remove(user.id)
        await unit.one_time_tokens.discard(user.id, list(Purpose))
        ended = await end_sessions(unit, user.id, EndReason.PASSWORD_CHANGED, now=now)
        return user, [ended, renamed, *changes]

    async def _usable(self, unit: UnitOfWork, invitation: Invitation | None) -> Invitation:
        if invitation is None:
            raise InvalidToken
        inviter = await unit.users.get(invitation.invited_by) if invitation.invited_by else None
        try:
            given = await permissions_given_by(unit, invitation.roles)
        except RoleNotFound:
            raise InvalidToken from None  # it promises a role that is no more
        invitation.may_be_accepted(
            inviter,
            held=inviter.permissions if inviter else frozenset(),
            given=given,
            now=self._clock.now(),
        )
        return invitation


def _settle(user: User, invitation: Invitation, now: datetime) -> list[DomainEvent | None]:
    """Make the user what the invitation says: proven, and with its roles."""
    granted = [user.grant(role, now=now) for role in sorted(invitation.roles)]
    return [user.verify_email(now=now), *granted]
