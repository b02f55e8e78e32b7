"""The API key: what a program shows in place of a session, and how much it gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.api_keys.events import (
    ApiKeyCreated,
    ApiKeyLeaked,
    ApiKeyRevoked,
    ApiKeyRotated,
)
from domain.api_keys.key_text import KeyKind, KeyText
from domain.assurance import Assurance, Level, Method
from domain.errors import ConcurrentChange, Conflict, NotAuthenticated, NotFound, ValidationFailed
from domain.identifiers import ApiKeyId, Entropy, ServiceAccountId, UserId
from domain.principal import Authority, Permission
from domain.users.display_name import required_name

MOST_KEYS = 50
"""How many keys that can be used an owner may have."""
MOST_EXPIRED = 50
"""How many of an owner's expired keys are kept when another is made: those that ended last."""
MOST_PERMISSIONS = 200
LONGEST_OVERLAP = timedelta(days=1)
USE_IS_NOTED_EVERY = timedelta(minutes=1)
NOTICE_BEFORE_EXPIRY = timedelta(days=7)
type KeyOwner = UserId | ServiceAccountId


class ApiKeyExpired(NotAuthenticated):
    """It was a key until its time was over."""

    code = "API_KEY_EXPIRED"
    message = "This API key has expired."
    meaning = "The API key's time is over: make a new one."


class ApiKeyNotFound(NotFound):
    """The owner has no key with this identifier."""

    code = "API_KEY_NOT_FOUND"
    message = "There is no such API key."
    meaning = "There is no such API key."


class TooManyApiKeys(Conflict):
    """The owner has as many keys as there may be."""

    code = "TOO_MANY_API_KEYS"
    message = f"There are {MOST_KEYS} API keys already. Revoke one first."
    meaning = "The owner has as many API keys as there may be."


class ApiKeyReplaced(Conflict):
    """The key was rotated before: another one has its place."""

    code = ConcurrentChange.code
    message = "This API key was rotated already."
    meaning = ConcurrentChange.meaning
    retryable = ConcurrentChange.retryable


@dataclass(slots=True, eq=False, kw_only=True)
class ApiKey:
    """A key of a user or of a service account; what the store keeps of it tells no secret.

    ``permissions`` is the most that it gives; how much that is depends on its owner
    (:meth:`authority`). ``acr`` is the level of the session that made it. ``lifetime`` is for how
    long keys of this kind are made, None for good; ``expires_at`` is when this one ends.
    ``created_by`` is the user who made it, None for an operator, and for one who was erased.
    """

    id: ApiKeyId
    owner: KeyOwner
    name: str
    hint: str
    digest: bytes
    permissions: frozenset[Permission]
    acr: Level
    lifetime: timedelta | None
    created_by: UserId | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None
    last_used_ip: str | None = None
    rotated_at: datetime | None = None
    version: int = 0

    @classmethod
    def create(
        cls,
        *,
        owner: KeyOwner,
        name: str,
        permissions: Iterable[Permission],
        acr: Level,
        lifetime: timedelta | None,
        created_by: UserId | None,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["ApiKey", KeyText, ApiKeyCreated]:
        """Return a new key, and the text that only its holder keeps.

        Raises :class:`ValidationFailed` for an unfit name, and for too many permissions.
        """
        given = frozenset(permissions)
        if len(given) > MOST_PERMISSIONS:
            message = f"Use at most {MOST_PERMISSIONS} permissions."
            raise ValidationFailed.of("permissions", "TOO_LONG", message)
        text = KeyText.new(kind_for(owner), entropy)
        key = cls(
            id=ApiKeyId.new(now, entropy),
            owner=owner,
            name=required_name(name),
            hint=text.hint,
            digest=text.digest,
            permissions=given,
            acr=acr,
            lifetime=lifetime,
            created_by=created_by,
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        created = ApiKeyCreated(
            api_key_id=key.id,
            user_id=key.user_id,
            service_account_id=key.service_account_id,
            permissions=",".join(sorted(given)),
            occurred_at=now,
        )
        return key, text, created

    @property
    def user_id(self) -> UserId | None:
        """The user whose key it is; None for a service account's."""
        return self.owner if isinstance(self.owner, UserId) else None

    @property
    def service_account_id(self) -> ServiceAccountId | None:
        """The service account whose key it is; None for a user's."""
        return self.owner if isinstance(self.owner, ServiceAccountId) else None

    @property
    def kind(self) -> KeyKind:
        """Whether it is a person's."""
        return kind_for(self.owner)

    @property
    def assurance(self) -> Assurance:
        """How a caller with the key is recognised: never more surely than its maker was."""
        return Assurance(self.acr, (Method.KEY.value,), self.created_at)

    def has_expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.expires_at is not None and now >= self.expires_at

    def ensure_not_expired(self, now: datetime) -> None:
        """Raise :class:`ApiKeyExpired` if its time is over."""
        if self.has_expired(now):
            raise ApiKeyExpired

    def authority(self, of_owner: Authority) -> Authority:
        """Return what the key gives now: its permissions, as far as its owner has them.

        ``of_owner`` is all that the owner's roles give; those that its level does not reach sleep.
        """
        return of_owner.at(self.acr).narrowed_to(self.permissions)

    def use_is_to_be_noted(self, now: datetime) -> bool:
        """Tell whether the last use that is noted was a minute ago, or longer."""
        return self.last_used_at is None or now - self.last_used_at >= USE_IS_NOTED_EVERY

    def rename(self, name: str) -> None:
        """Give the key another name; raise :class:`ValidationFailed` for one that is unfit."""
        self.name = required_name(name)

    def rotate(
        self,
        *,
        acr: Level,
        overlap: timedelta,
        longest: timedelta | None,
        created_by: UserId | None,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["ApiKey", KeyText, ApiKeyRotated]:
        """Return the key that takes the place of this one, which lives for ``overlap`` more.

        The new one gives the same, and lives as long as this one did when it was made, but no
        longer than ``longest``, which is for how long any key may be made now. Raises
        :class:`ApiKeyReplaced` for one that was rotated before, and :class:`ApiKeyExpired`.
        """
        if self.rotated_at is not None:
            raise ApiKeyReplaced
        self.ensure_not_expired(now)
        _ensure_overlap(int(overlap.total_seconds()))
        spans = [span for span in (self.lifetime, longest) if span is not None]
        successor, text, _ = ApiKey.create(
            owner=self.owner,
            name=self.name,
            permissions=self.permissions,
            acr=acr,
            lifetime=min(spans, default=None),
            created_by=created_by,
            now=now,
            entropy=entropy,
        )
        ends = now + overlap
        self.rotated_at = now
        self.expires_at = ends if self.expires_at is None else min(ends, self.expires_at)
        rotated = ApiKeyRotated(
            api_key_id=self.id,
            user_id=self.user_id,
            service_account_id=self.service_account_id,
            successor_id=successor.id,
            overlap=int(overlap.total_seconds()),
            occurred_at=now,
        )
        return successor, text, rotated

    def revoked(self, *, now: datetime) -> ApiKeyRevoked:
        """Return the event of its end; the repository then removes it."""
        return ApiKeyRevoked(
            api_key_id=self.id,
            user_id=self.user_id,
            service_account_id=self.service_account_id,
            occurred_at=now,
        )

    def leaked(self, *, found_at: str | None, now: datetime) -> ApiKeyLeaked:
        """Return the event of its end by a stranger's report; the repository then removes it."""
        return ApiKeyLeaked(
            api_key_id=self.id,
            user_id=self.user_id,
            service_account_id=self.service_account_id,
            found_at=found_at,
            occurred_at=now,
        )


def kind_for(owner: KeyOwner) -> KeyKind:
    """Return of which kind the keys of an owner are."""
    return KeyKind.PERSONAL if isinstance(owner, UserId) else KeyKind.SERVICE


def overlap_of(seconds: int) -> timedelta:
    """Return for how long an old key lives on; raise :class:`ValidationFailed` above a day."""
    _ensure_overlap(seconds)
    return timedelta(seconds=seconds)


def _ensure_overlap(seconds: int) -> None:
    if not 0 <= seconds <= LONGEST_OVERLAP.total_seconds():
        message = f"Use 0 to {LONGEST_OVERLAP.total_seconds():.0f} seconds."
        raise ValidationFailed.of("overlap", "OUT_OF_RANGE", message)
