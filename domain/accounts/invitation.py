"""An invitation: a mailed secret for a person who has no account yet (AT-4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.access.permissions import ROLES_GRANT
from domain.credentials.one_time_token import InvalidToken, Purpose, digest_of, fresh_secret
from domain.email_address import EmailAddress
from domain.errors import NothingThere
from domain.events import DomainEvent
from domain.identifiers import Entropy, Identifier, ServiceAccountId, UserId
from domain.principal import ADMINISTRATOR, Permission, Principal, RoleName, permits
from domain.service_accounts.service_account import ServiceAccount
from domain.users.events import UserEvent
from domain.users.permissions import USERS_INVITE
from domain.users.user import User


class InvitationId(Identifier):
    """Identifies an invitation."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInvited(DomainEvent):
    """A mailbox was invited. The address stands in the invitation and nowhere else."""

    name = "user.invited"
    about = ("invitation_id", "invitation")
    invitation_id: InvitationId
    roles: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationWithdrawn(DomainEvent):
    """An invitation was taken back before it was accepted."""

    name = "user.invitation_withdrawn"
    about = ("invitation_id", "invitation")
    invitation_id: InvitationId


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationAccepted(UserEvent):
    """The invited address was proven, and has an account now."""

    name = "user.invitation_accepted"
    invitation_id: InvitationId


class InvitationNotFound(NothingThere):
    """No invitation that can still be accepted has this identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An address that was asked to join, and the roles that it is to get.

    A mailbox has at most one: a newer one replaces it. ``invited_by`` is None for an operator, and
    for a program, which ``invited_by_service`` names. ``limited_to`` is what the inviter's API key
    gave, None where none was used.
    """

    id: InvitationId
    email: EmailAddress
    roles: frozenset[RoleName]
    invited_by: UserId | None
    digest: bytes
    created_at: datetime
    expires_at: datetime
    invited_by_service: ServiceAccountId | None = None
    limited_to: frozenset[Permission] | None = None

    @classmethod
    def issue(
        cls,
        *,
        email: EmailAddress,
        roles: frozenset[RoleName],
        inviter: Principal,
        ttl: timedelta,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["Invitation", str, UserInvited]:
        """Return the invitation, and the secret to mail."""
        secret = fresh_secret(entropy)
        invitation = cls(
            id=InvitationId.new(now, entropy),
            email=email,
            roles=roles,
            invited_by=inviter.user_id,
            digest=digest_of(secret, Purpose.INVITATION),
            created_at=now,
            expires_at=now + ttl,
            invited_by_service=inviter.service_account_id,
            limited_to=None if inviter.key_id is None else inviter.permissions,
        )
        event = UserInvited(
            invitation_id=invitation.id, roles=",".join(sorted(roles)), occurred_at=now
        )
        return invitation, secret, event

    @property
    def inviter_id(self) -> UserId | ServiceAccountId | None:
        """Whose invitation it is; None for an operator's."""
        return self.invited_by or self.invited_by_service

    def ensure_acceptable(
        self, inviter: User | ServiceAccount | None, *, given: frozenset[Permission], now: datetime
    ) -> None:
        """Raise :class:`InvalidToken` if :meth:`is_acceptable` says no."""
        if not self.is_acceptable(inviter, given=given, now=now):
            raise InvalidToken

    def is_acceptable(
        self, inviter: User | ServiceAccount | None, *, given: frozenset[Permission], now: datetime
    ) -> bool:
        """Tell whether the invitation still counts.

        It is worth no more than its inviter: a user or a program that could not send it again
        today has nothing to hand on (AZ-3), and with an API key nothing beyond what the key gave.
        ``given`` is what its roles give. An operator's invitation counts until it expires.
        """
        if now >= self.expires_at:
            return False
        if self.inviter_id is None:
            return True
        if inviter is None or inviter.suspended_at is not None:
            return False
        if ADMINISTRATOR in self.roles and (
            ADMINISTRATOR not in inviter.roles or self.limited_to is not None
        ):
            return False
        needed = {USERS_INVITE, *given} | ({ROLES_GRANT} if self.roles else set())
        if self.limited_to is not None and not needed <= self.limited_to:
            return False
        held = inviter.defined_permissions
        return all(permits(inviter.roles, held, permission) for permission in needed)

    def accepted(self, user_id: UserId, *, now: datetime) -> InvitationAccepted:
        """Return the event of its acceptance by this user."""
        return InvitationAccepted(user_id=user_id, invitation_id=self.id, occurred_at=now)

    def withdrawn(self, *, now: datetime) -> InvitationWithdrawn:
        """Return the event of its withdrawal."""
        return InvitationWithdrawn(invitation_id=self.id, occurred_at=now)
