"""The routes of sessions, collected."""

from domain.sessions.refresh_token import RefreshTokenInvalid
from domain.sessions.session import SessionIsOver, SessionNotFound
from entrypoints.http.room import Room, Tag
from entrypoints.http.sessions import of_users, own, tokens

ROOM = Room(
    routers=(
        tokens.router,
        own.router,
        of_users.router,
    ),
    public=frozenset(
        {
            ("POST", "/api/v1/sessions/refresh"),
        }
    ),
    errors=(
        RefreshTokenInvalid,
        SessionIsOver,
        SessionNotFound,
    ),
    tags=(Tag("Sessions", "Sign in, keep the session with the refresh token, sign out."),),
)
