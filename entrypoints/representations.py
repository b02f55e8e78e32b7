"""How entities look from outside: one plain function per shape, the same at every door."""

from datetime import UTC, datetime
from typing import Any

from application.authorization import Decision
from application.own_account import AccountExport
from application.registration import SignUpReceipt, VerifiedUser
from application.token_grants import TokenGrant
from domain.access import PERMISSIONS, BuiltInRole, Permission
from domain.audit import AuditEvent
from domain.identifiers import SessionId
from domain.invitation import Invitation
from domain.role import Role
from domain.session import Session
from domain.signing_key import SigningKey
from domain.user import User


def instant(moment: datetime | None) -> str | None:
    """Return the time in RFC 3339 with ``Z``, to the microsecond."""
    if moment is None:
        return None
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")[:-6] + "Z"


def user_body(user: User) -> dict[str, Any]:
    """Return a user as clients see it."""
    return {
        "id": str(user.id),
        "email": user.email.value,
        "display_name": user.display_name,
        "status": user.status.value,
        "email_verified_at": instant(user.email_verified_at),
        "roles": sorted(user.roles),
        "created_at": instant(user.created_at),
        "updated_at": instant(user.updated_at),
        "last_signed_in_at": instant(user.last_signed_in_at),
    }


def verified_user_body(verified: VerifiedUser) -> dict[str, Any]:
    """Return a user whose address has just been proven."""
    required = verified.password_reset_required
    return {**user_body(verified.user), "password_reset_required": required}


def sign_up_body(receipt: SignUpReceipt) -> dict[str, Any]:
    """Return what a newcomer is told."""
    return {"email": receipt.email, "display_name": receipt.display_name, "status": "unverified"}


def session_body(session: Session, *, current: SessionId | None) -> dict[str, Any]:
    """Return a session without anything of its tokens (SE-4)."""
    return {
        "id": str(session.id),
        "created_at": instant(session.created_at),
        "last_used_at": instant(session.last_used_at),
        "expires_at": instant(session.expires_at),
        "ip_address": session.ip_address,
        "user_agent": session.user_agent,
        "current": session.id == current,
    }


def token_body(grant: TokenGrant) -> dict[str, Any]:
    """Return a token answer."""
    return {
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "expires_in": grant.expires_in,
        "refresh_token": grant.refresh_token,
        "refresh_expires_in": grant.refresh_expires_in,
        "refresh_outcome": grant.refresh_outcome.value,
        "session": session_body(grant.session, current=grant.session.id),
        "user": user_body(grant.user),
    }


def invitation_body(invitation: Invitation) -> dict[str, Any]:
    """Return an invitation without anything of its secret."""
    inviter = invitation.invited_by
    return {
        "id": str(invitation.id),
        "email": invitation.email.value,
        "roles": sorted(invitation.roles),
        "invited_by": None if inviter is None else str(inviter),
        "created_at": instant(invitation.created_at),
        "expires_at": instant(invitation.expires_at),
    }


def decision_body(decision: Decision) -> dict[str, Any]:
    """Return a decision; an explanation stands in it only where it was asked for."""
    explanation = decision.explanation
    if explanation is None:
        return {"allowed": decision.allowed}
    told: dict[str, Any] = {"granted_by": [{"role": role} for role in explanation.granted_by]}
    if explanation.missing is not None:
        givers = [{"role": role} for role in explanation.would_be_granted_by]
        told["missing"] = {"permission": explanation.missing, "would_be_granted_by": givers}
    return {"allowed": decision.allowed, "explanation": told}


def signing_key_body(key: SigningKey, *, now: datetime) -> dict[str, Any]:
    """Return a signing key without its private half, which is sealed anyway (TK-4)."""
    return {
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "state": key.state(now).value,
        "published_at": instant(key.published_at),
        "activates_at": instant(key.activates_at),
        "retires_at": instant(key.retires_at),
        "gone_at": instant(key.gone_at),
    }


def audit_event_body(event: AuditEvent) -> dict[str, Any]:
    """Return a row of the audit trail."""
    target, origin = event.target, event.origin
    return {
        "id": str(event.id),
        "occurred_at": instant(event.occurred_at),
        "type": event.type,
        "outcome": event.outcome,
        "reason": event.reason,
        "actor": {"kind": event.actor.kind, "id": event.actor.id},
        "target": None if target is None else {"kind": target.kind, "id": target.id},
        "ip_address": origin.ip_address,
        "user_agent": origin.user_agent,
        "request_id": origin.request_id,
        "data": dict(event.data),
    }


def export_body(export: AccountExport, *, current: SessionId | None) -> dict[str, Any]:
    """Return everything that is held about a user, and no secret nor a hash of one."""
    credential = export.credential
    return {
        "exported_at": instant(export.exported_at),
        "user": {**user_body(export.user), "suspension_reason": export.user.suspension_reason},
        "password": credential and {"changed_at": instant(credential.changed_at)},
        "sessions": [
            {
                **session_body(session, current=current),
                "ended_at": instant(session.ended_at),
                "end_reason": session.end_reason and session.end_reason.value,
            }
            for session in export.sessions
        ],
        "mailed_secrets": [
            {
                "purpose": token.purpose.value,
                "email": token.email.value,
                "created_at": instant(token.created_at),
                "expires_at": instant(token.expires_at),
            }
            for token in export.mailed_secrets
        ],
        "invitations_sent": [invitation_body(each) for each in export.invitations],
        "messages": [
            {
                "id": str(message.id),
                "kind": message.kind.value,
                "to": message.to,
                "status": message.status.value,
                "queued_at": instant(message.queued_at),
                "closed_at": instant(message.closed_at),
            }
            for message in export.messages
        ],
        "security_events": [audit_event_body(event) for event in export.security_events],
    }


def permission_body(permission: Permission) -> dict[str, Any]:
    """Return a permission, and whether it is Doorward's own."""
    return {"name": permission, "built_in": permission in PERMISSIONS}


def role_body(role: Role | BuiltInRole) -> dict[str, Any]:
    """Return a role; a built-in one has no times."""
    made = role if isinstance(role, Role) else None
    return {
        "name": role.name,
        "description": role.description,
        "permissions": sorted(role.permissions),
        "built_in": made is None,
        "created_at": instant(made.created_at) if made else None,
        "updated_at": instant(made.updated_at) if made else None,
    }
