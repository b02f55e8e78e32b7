"""How sessions and tokens look from outside."""

from typing import Any

from application.sessions.token_grants import TokenGrant
from domain.identifiers import SessionId
from domain.sessions.session import Session
from entrypoints.representations.formats import instant
from entrypoints.representations.users import own_user_body


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
        "acr": session.assurance.acr.value,
        "amr": list(session.assurance.amr),
        "authenticated_at": instant(session.assurance.at),
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
        "user": own_user_body(grant.user, grant.authority),
    }
