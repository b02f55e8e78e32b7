"""The routes of credentials, collected."""

from application.credentials.ports import Busy
from application.credentials.reauthentication import WrongPassword
from application.credentials.sign_in import InvalidCredentials
from domain.credentials.one_time_token import InvalidToken
from domain.credentials.password_policy import PasswordRejected
from domain.users.user import EmailNotVerified, UserIsSuspended
from entrypoints.http.credentials import administration, password_change, password_reset, sign_in
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        sign_in.router,
        password_reset.router,
        password_change.router,
        administration.router,
    ),
    public=frozenset(
        {
            ("POST", "/api/v1/password-resets"),
            ("POST", "/api/v1/password-resets/confirm"),
            ("POST", "/api/v1/sessions"),
        }
    ),
    errors=(
        Busy,
        WrongPassword,
        InvalidCredentials,
        InvalidToken,
        PasswordRejected,
        EmailNotVerified,
        UserIsSuspended,
    ),
    tags=(Tag("Passwords", "A forgotten password, and a new one with the mailed secret."),),
)
