"""How accounts look from outside."""

from typing import Any

from application.accounts.registration import SignUpReceipt
from application.accounts.verification import VerifiedUser
from domain.accounts.invitation import Invitation
from entrypoints.representations.formats import instant
from entrypoints.representations.users import user_body


def verified_user_body(verified: VerifiedUser) -> dict[str, Any]:
    """Return a user whose address has just been proven."""
    required = verified.password_reset_required
    return {**user_body(verified.user), "password_reset_required": required}


def sign_up_body(receipt: SignUpReceipt) -> dict[str, Any]:
    """Return what a newcomer is told."""
    return {"email": receipt.email, "display_name": receipt.display_name, "status": "unverified"}


def invitation_body(invitation: Invitation) -> dict[str, Any]:
    """Return an invitation without anything of its secret."""
    inviter = invitation.inviter_id
    return {
        "id": str(invitation.id),
        "email": invitation.email.value,
        "roles": sorted(invitation.roles),
        "invited_by": None if inviter is None else str(inviter),
        "created_at": instant(invitation.created_at),
        "expires_at": instant(invitation.expires_at),
    }
