"""An invitation: a mailed secret for somebody who has no account yet (AT-4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.access import Permission, Principal, RoleName, allows
from domain.email_address import EmailAddress
from domain.errors import NothingThere
from domain.events import InvitationAccepted, InvitationWithdrawn, UserInvited
from domain.identifiers import Entropy, InvitationId, UserId
from domain.one_time_token import InvalidToken, Purpose, digest_of, fresh_secret
from domain.user import User, UserStatus

INVITE = Permission("users:invite")
GRANT = Permission("roles:grant")


class InvitationNotFound(NothingThere):
    """No invitation that can still be accepted has this identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An address that was asked to join, and the roles that it is to get.

    A mailbox has at most one: a newer one replaces it. ``invited_by`` is None for an operator.
    """

    id: InvitationId
    email: EmailAddress
    roles: frozenset[RoleName]
    invited_by: UserId | None
    digest: bytes
    created_at: datetime
    expires_at: datetime

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
        )
        event = UserInvited(
            invitation_id=invitation.id, roles=",".join(sorted(roles)), occurred_at=now
        )
        return invitation, secret, event

    def may_be_accepted(
        self,
        inviter: User | None,
        *,
        held: frozenset[Permission],
        given: frozenset[Permission],
        now: datetime,
    ) -> None:
        """Return if the invitation still counts, else raise :class:`InvalidToken`.

        It is worth no more than its inviter: who could not send it again today has nothing to
        hand on (AZ-3). ``held`` is what the inviter may do by now, ``given`` what the roles give.
        An operator's invitation counts until it expires.
        """
        if now >= self.expires_at:
            raise InvalidToken
        if self.invited_by is None:
            return
        needed = {INVITE, *given} | ({GRANT} if self.roles else set())
        if inviter is None or inviter.status is UserStatus.SUSPENDED:
            raise InvalidToken
        if not all(allows(held, permission) for permission in needed):
            raise InvalidToken

    def accepted(self, user_id: UserId, *, now: datetime) -> InvitationAccepted:
        """Return what is to be said once somebody has joined."""
        return InvitationAccepted(user_id=user_id, invitation_id=self.id, occurred_at=now)

    def withdrawn(self, *, now: datetime) -> InvitationWithdrawn:
        """Return what is to be said once it was taken back."""
        return InvitationWithdrawn(invitation_id=self.id, occurred_at=now)
