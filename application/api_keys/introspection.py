"""What a product is told about a token or a key that it was shown (RFC 7662, SE-1)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.api_keys.authentication import AuthenticateKey, KeyBearer
from application.api_keys.last_use import KeyUses
from application.ports.clock import Clock
from application.sessions.authentication import Authenticate
from domain.api_keys.key_text import is_key_like
from domain.api_keys.permissions import TOKENS_INTROSPECT
from domain.assurance import Level
from domain.errors import NotAuthenticated
from domain.principal import (
    ADMINISTRATOR,
    Permission,
    PermissionDenied,
    Principal,
    PrincipalKind,
    RoleName,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """What a live access token or key gives, as Doorward's own routes see it at this moment.

    ``permissions`` is None for an administrator in a session: there is no list of everything.
    ``expires_at`` is None for a key without an end.
    """

    subject: UUID
    kind: PrincipalKind
    sid: UUID
    roles: frozenset[RoleName]
    permissions: frozenset[Permission] | None
    acr: Level
    issued_at: datetime
    expires_at: datetime | None


class Introspect:
    """Tell a service account whether a token lives, and what it gives."""

    def __init__(
        self,
        *,
        of_session: Authenticate,
        of_key: AuthenticateKey,
        uses: KeyUses,
        clock: Clock,
    ) -> None:
        self._of_session, self._of_key = of_session, of_key
        self._uses, self._clock = uses, clock

    async def __call__(self, *, principal: Principal, token: str) -> LiveToken | None:
        """Return what the token gives; None for all that is not live, for whatever reason.

        What a token needs is read in one statement, and what is no token or key at all costs none.
        Raises PermissionDenied for a caller without ``tokens:introspect``, and for one who is no
        service account.
        """
        if principal.kind is not PrincipalKind.SERVICE:
            raise PermissionDenied(TOKENS_INTROSPECT)
        principal.require(TOKENS_INTROSPECT)
        try:
            if is_key_like(token):
                return self._key(await self._of_key(token))
            return await self._token(token)
        except NotAuthenticated:
            return None

    def _key(self, bearer: KeyBearer) -> LiveToken:
        key = bearer.key
        # From where, the product alone knows.
        self._uses.saw(key, ip_address=None)
        return _of_key(bearer, issued_at=key.created_at, expires_at=key.expires_at)

    async def _token(self, text: str) -> LiveToken | None:
        claims = await self._of_session.verified(text)
        issued_at, expires_at = claims.issued_at, claims.expires_at
        if expires_at <= self._clock.now():
            return None  # the leeway is for clocks that differ, and here is only one
        if claims.is_of_key:
            bearer = await self._of_key.by_token(claims)
            self._uses.saw(bearer.key, ip_address=None)
            return _of_key(bearer, issued_at=issued_at, expires_at=expires_at)
        caller = await self._of_session.by_session(claims)
        principal = caller.principal
        has_list = ADMINISTRATOR not in principal.roles
        return LiveToken(
            subject=caller.user.id.value,
            kind=principal.kind,
            sid=caller.session.id.value,
            roles=principal.roles,
            permissions=principal.permissions if has_list else None,
            acr=principal.level,
            issued_at=issued_at,
            expires_at=expires_at,
        )


def _of_key(bearer: KeyBearer, *, issued_at: datetime, expires_at: datetime | None) -> LiveToken:
    return LiveToken(
        subject=bearer.key.owner.value,
        kind=bearer.principal.kind,
        sid=bearer.key.id.value,
        roles=bearer.principal.roles,
        permissions=bearer.principal.permissions,
        acr=bearer.key.acr,
        issued_at=issued_at,
        expires_at=expires_at,
    )
