"""An access token for an API key, for products that verify without asking (TK-1)."""

from dataclasses import dataclass, field
from datetime import timedelta

from application.api_keys.authentication import KeyBearer
from application.keys.ports import AccessClaims, AccessTokens
from application.ports.clock import Clock, Randomness
from application.sessions.authentication import Caller
from domain.errors import ValidationFailed
from domain.identifiers import uuid7
from domain.principal import PermissionDenied


@dataclass(frozen=True, slots=True)
class KeyToken:
    """The token, and for how many whole seconds it is good."""

    text: str = field(repr=False)
    expires_in: int


class IssueKeyToken:
    """Make an access token that says what a key gives now. Nothing is read or written for it."""

    def __init__(
        self,
        *,
        tokens: AccessTokens,
        clock: Clock,
        randomness: Randomness,
        access_ttl: timedelta,
    ) -> None:
        self._tokens, self._clock, self._randomness = tokens, clock, randomness
        self._access_ttl = access_ttl

    async def __call__(self, *, caller: Caller | KeyBearer) -> KeyToken:
        """Return a token that lives no longer than the key does, and lists all that it gives.

        Raises PermissionDenied for a caller who did not come with the key itself: a session has
        tokens of its own, and no token begets another. Raises ValidationFailed for a key that
        gives more than a token can list: what a product asks about the token's ``sub`` instead,
        as it does where a list is left out, would be answered about the owner of the key.
        """
        if isinstance(caller, Caller) or caller.by_token:
            raise PermissionDenied
        now, key, principal = self._clock.now(), caller.key, caller.principal
        expires_at = now + self._access_ttl
        if key.expires_at is not None:
            expires_at = min(expires_at, key.expires_at)
        claims = AccessClaims(
            subject=key.owner.value,
            sid=key.id.value,
            token_id=str(uuid7(now, self._randomness.token_bytes)),
            issued_at=now,
            expires_at=expires_at,
            roles=principal.roles,
            permissions=principal.permissions,
            acr=key.assurance.acr.value,
            amr=key.assurance.amr,
            authenticated_at=key.assurance.at,
        )
        text = self._tokens.issue(claims)
        if self._tokens.verify(text, now=now).omitted:
            message = "These permissions are too many for a token. Use the key itself."
            raise ValidationFailed.of("permissions", "TOO_LONG", message)
        return KeyToken(text, max(0, int((expires_at - now).total_seconds())))
