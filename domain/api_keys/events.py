"""What can happen to an API key."""

from dataclasses import dataclass

from domain.events import DomainEvent
from domain.identifiers import ApiKeyId, ServiceAccountId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyEvent(DomainEvent):
    """Something happened to a key of a user, or of a service account."""

    about = ("api_key_id", "api_key")
    api_key_id: ApiKeyId
    user_id: UserId | None
    service_account_id: ServiceAccountId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyCreated(ApiKeyEvent):
    """There is a new key, which gives up to these permissions."""

    name = "api_key.created"
    permissions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRotated(ApiKeyEvent):
    """Another key took the place of this one, which lives for ``overlap`` more seconds."""

    name = "api_key.rotated"
    successor_id: ApiKeyId
    overlap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRevoked(ApiKeyEvent):
    """The key is refused from now on."""

    name = "api_key.revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyLeaked(ApiKeyEvent):
    """The key was shown by a stranger, and is refused from now on.

    ``found_at`` is where or when it was found, in the stranger's words.
    """

    name = "api_key.leaked"
    found_at: str | None = None
