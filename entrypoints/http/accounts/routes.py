"""The routes of accounts, collected: the busiest first, and `me` before any other user."""

from domain.users.user import EmailAlreadyRegistered, LastAdministrator, UserNotFound
from entrypoints.http.accounts import directory, invitations, me, moderation, own, registration
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        me.router,
        registration.router,
        own.router,
        invitations.router,
        moderation.router,
        directory.router,
    ),
    public=frozenset(
        {
            ("POST", "/api/v1/email-changes/confirm"),
            ("POST", "/api/v1/email-verifications"),
            ("POST", "/api/v1/email-verifications/confirm"),
            ("POST", "/api/v1/invitations/accept"),
            ("POST", "/api/v1/users"),
        }
    ),
    errors=(
        EmailAlreadyRegistered,
        LastAdministrator,
        UserNotFound,
    ),
    tags=(
        Tag("Sign-up", "Make an account and prove its address."),
        Tag(
            "My account",
            "The caller's own profile, address, password, sessions and data.",
        ),
        Tag("Invitations", "Invite people, and accept an invitation."),
        Tag(
            "Users",
            "Other users, for administrators, with their sessions and roles.",
        ),
    ),
)
