"""Invitations: what they promise are roles, and a role that one names is in use."""

from datetime import datetime

from adapters.memory.store import Table, Transaction, itself
from adapters.memory.users.tables import USERS
from domain.accounts.invitation import Invitation, InvitationId
from domain.users.user import UserStatus

INVITATIONS = Table[InvitationId, Invitation](
    "invitations",
    itself,
    section="invitations_sent",
    owner=lambda invitation: invitation.invited_by,
    digest=lambda invitation: (invitation.digest,),
    mailbox=lambda invitation: (invitation.email.key,),
)


def is_living(transaction: Transaction, invitation: Invitation, now: datetime) -> bool:
    """Tell whether the invitation has not expired, finds no account, and has a good inviter."""
    users = transaction.table(USERS)
    taken = users.find(
        "mailbox",
        invitation.email.key,
        where=lambda user: user.status is not UserStatus.UNVERIFIED,
    )
    inviter = users.get(invitation.invited_by) if invitation.invited_by else None
    suspended = inviter is not None and inviter.status is UserStatus.SUSPENDED
    return invitation.expires_at > now and not taken and not suspended
