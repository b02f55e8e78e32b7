"""Inviting people: a mailed secret, and the roles that they are to have (AT-4, AZ-3)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from application.access.granting import RoleGrants
from application.accounts.mails import INVITATION
from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.credentials.mailed_secrets import MailedSecrets
from application.mail.allowance import INVITATION_MAIL, MailAllowance
from application.owned_data import BATCH
from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.accounts.invitation import Invitation, InvitationId, InvitationNotFound, UserInvited
from domain.credentials.one_time_token import Purpose, digest_of
from domain.email_address import EmailAddress
from domain.errors import TooManyRequests
from domain.identifiers import ServiceAccountId, UserId
from domain.origin import Origin
from domain.principal import BUILT_IN, Permission, Principal, RoleName
from domain.service_accounts.service_account import ServiceAccount
from domain.users.permissions import USERS_INVITE
from domain.users.user import EmailAlreadyRegistered, User, UserStatus


class InviteUser:
    """Ask a person to join, and say which roles they will have."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccountsUnit],
        clock: Clock,
        recorder: Recorder,
        randomness: Randomness,
        secrets: MailedSecrets,
        mail_allowance: MailAllowance,
        grants: RoleGrants,
        ttl: timedelta,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder
        self._randomness, self._secrets = randomness, secrets
        self._mail_allowance, self._grants, self._ttl = mail_allowance, grants, ttl

    async def __call__(
        self, *, principal: Principal, email: str, roles: Sequence[str], origin: Origin
    ) -> Invitation:
        """Return the invitation, which replaces any older one to the same mailbox.

        Raises PermissionDenied, StepUpRequired, ValidationFailed, RoleNotFound,
        EmailAlreadyRegistered (an inviter may know) and TooManyRequests for a mailbox that has had
        too many.
        """
        principal.require(USERS_INVITE)
        address = EmailAddress.parse(email)
        async with self._unit_of_work.read_only() as unit:
            names = await self._grants.grantable(unit, principal, roles)
            owner = await unit.users.find_by_email(address)
        if owner is not None and owner.status is not UserStatus.UNVERIFIED:
            raise EmailAlreadyRegistered
        if not await self._mail_allowance(INVITATION_MAIL, address):
            raise TooManyRequests(retry_after=INVITATION_MAIL.interval)
        async with self._unit_of_work() as unit:
            invitation, event = await self._issue(unit, address, names, principal)
            # After the invitation is written, in the order of an acceptance: a removal of the role
            # that runs at the same time waits for this unit, and then finds the invitation.
            await self._grants.hold(unit, names)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
        return invitation

    async def _issue(
        self,
        unit: AccountsUnit,
        address: EmailAddress,
        roles: frozenset[RoleName],
        inviter: Principal,
    ) -> tuple[Invitation, UserInvited]:
        now = self._clock.now()
        invitation, secret, event = Invitation.issue(
            email=address,
            roles=roles,
            inviter=inviter,
            ttl=self._ttl,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        await unit.invitations.put(invitation)
        await self._secrets.queue(unit, Purpose.INVITATION, INVITATION, address, secret, now=now)
        return invitation, event


async def is_invitation_live(units: UnitOfWorkFactory[AccountsUnit], secret: str) -> bool:
    """Tell whether the secret of an invitation can still be spent."""
    async with units.read_only() as unit:
        return await unit.invitations.find(digest_of(secret, Purpose.INVITATION)) is not None


class ListInvitations:
    """Show the invitations that can still be accepted."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit], clock: Clock, cursors: Cursors
    ) -> None:
        self._unit_of_work, self._clock, self._cursors = unit_of_work, clock, cursors

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[Invitation]:
        """Return a page, the newest first. Raises PermissionDenied and InvalidCursor."""
        principal.require(USERS_INVITE)
        query = f"invitations for {principal.account_id}"
        before = self._cursors.start(asked, query=query, place=InvitationId.parse)
        found: list[Invitation] = []
        count = None
        async with self._unit_of_work.read_only() as unit:
            async for invitation in self._acceptable(unit, before):
                found.append(invitation)
                if len(found) > asked.limit:
                    break
            if asked.counted:
                count = sum([1 async for _ in self._acceptable(unit, None)])
        return self._cursors.page(
            found, asked, query=query, position=lambda each: str(each.id), count=count
        )

    async def _acceptable(
        self, unit: AccountsUnit, before: InvitationId | None
    ) -> AsyncIterator[Invitation]:
        """Yield the invitations that could be accepted now, as :class:`AcceptInvitation` would."""
        now = self._clock.now()
        while found := await unit.invitations.list_living(now=now, limit=BATCH, before=before):
            inviters = await _inviters(unit, found)
            named = frozenset[RoleName]().union(*(each.roles for each in found))
            defined = await unit.roles.get_many(named - BUILT_IN)
            roles = {role.name: role.permissions for role in defined.values()}
            known = BUILT_IN | roles.keys()
            for each in found:
                given = frozenset[Permission]().union(*(roles.get(r, ()) for r in each.roles))
                inviter = inviters.get(each.inviter_id) if each.inviter_id else None
                if each.roles <= known and each.is_acceptable(inviter, given=given, now=now):
                    yield each
            if len(found) < BATCH:
                return
            before = found[-1].id


async def _inviters(
    unit: AccountsUnit, found: Sequence[Invitation]
) -> Mapping[UserId | ServiceAccountId, User | ServiceAccount]:
    people = await unit.users.get_many({i.invited_by for i in found if i.invited_by})
    programs = {i.invited_by_service for i in found if i.invited_by_service}
    inviters: dict[UserId | ServiceAccountId, User | ServiceAccount] = dict(people.items())
    if programs:
        inviters.update((await unit.service_accounts.get_many(programs)).items())
    return inviters


class WithdrawInvitation:
    """Take an invitation back: its link is dead from then on."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, invitation_id: InvitationId, origin: Origin
    ) -> None:
        """Return once it is gone. Raises PermissionDenied and InvitationNotFound."""
        principal.require(USERS_INVITE)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            invitation = await unit.invitations.remove(invitation_id)
            if invitation is None or invitation.expires_at <= now:
                raise InvitationNotFound
            event = invitation.withdrawn(now=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
