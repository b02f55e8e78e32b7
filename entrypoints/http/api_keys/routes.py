"""The routes of API keys, collected."""

from typing import Final

from domain.api_keys.api_key import ApiKeyExpired, ApiKeyNotFound, TooManyApiKeys
from domain.api_keys.key_text import ApiKeyInvalid
from domain.principal import PersonRequired
from entrypoints.http.api_keys import (
    access_tokens,
    introspection,
    leaked,
    of_services,
    of_users,
    own,
)
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        introspection.router,
        access_tokens.router,
        leaked.router,
        own.router,
        of_users.router,
        of_services.router,
    ),
    public=frozenset({("POST", "/api/v1/leaked-keys")}),
    errors=(
        ApiKeyInvalid,
        ApiKeyExpired,
        ApiKeyNotFound,
        PersonRequired,
        TooManyApiKeys,
    ),
    tags=(Tag("API keys", "What programs show in place of a session."),),
)

FORM_PATHS: Final = frozenset({"/oauth2/introspect"})
"""Where a form is sent, of which one value is only looked up: any bytes may be in it."""
