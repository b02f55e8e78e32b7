"""The routes of keys, collected."""

from application.keys.ports import AccessTokenExpired, AccessTokenInvalid
from entrypoints.http.keys import signing_keys, well_known
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        well_known.router,
        signing_keys.router,
    ),
    public=frozenset(
        {
            ("GET", "/.well-known/jwks.json"),
            ("GET", "/.well-known/oauth-authorization-server"),
        }
    ),
    errors=(
        AccessTokenExpired,
        AccessTokenInvalid,
    ),
    tags=(
        Tag("Signing keys", "The keys that access tokens are signed with, for administrators."),
        Tag("Well-known", "What products need to verify access tokens, in the shapes of the RFCs."),
    ),
)
