"""The routes of credentials, collected."""

from application.credentials.ports import Busy
from application.credentials.reauthentication import WrongPassword
from domain.credentials.one_time_token import InvalidToken
from domain.credentials.password_policy import PasswordRejected
from domain.users.user import EmailNotVerified, UserIsSuspended
from entrypoints.http.credentials import administration, password_change, password_reset
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        password_reset.router,
        password_change.router,
        administration.router,
    ),
    public=frozenset(
        {
            ("POST", "/api/v1/password-resets"),
            ("POST", "/api/v1/password-resets/confirm"),
        }
    ),
    errors=(
        Busy,
        WrongPassword,
        InvalidToken,
        PasswordRejected,
        EmailNotVerified,
        UserIsSuspended,
    ),
    tags=(Tag("Passwords", "A forgotten password, and a new one with the mailed secret."),),
)
