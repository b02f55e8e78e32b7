"""Knowing the caller by an access token, while the session lives (SE-1)."""

from dataclasses import dataclass

from application.keys.keyring import SigningKeyring
from application.keys.ports import AccessClaims, AccessTokenInvalid, AccessTokens, UnknownSigningKey
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.ports import SessionsUnit
from domain.assurance import Assurance, Level
from domain.identifiers import SessionId
from domain.principal import Principal, PrincipalKind
from domain.sessions.session import EndReason, Session, SessionIsOver
from domain.users.user import User
from domain.vocabulary import word_of


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the principal for decisions, and what was loaded to make it."""

    principal: Principal
    user: User
    session: Session


class Authenticate:
    """Know a caller by the access token, and only while the session lives (SE-1)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[SessionsUnit],
        tokens: AccessTokens,
        keyring: SigningKeyring,
        clock: Clock,
        administrator_acr: Level | None,
    ) -> None:
        self._unit_of_work, self._tokens = unit_of_work, tokens
        self._keyring, self._clock = keyring, clock
        self._administrator_acr = administrator_acr

    async def __call__(self, *, access_token: str) -> Caller:
        """Return the caller, whose session, user and roles are read in one statement.

        Raises AccessTokenInvalid, AccessTokenExpired, and SessionIsOver with its reason.
        """
        return await self.by_session(await self.verified(access_token))

    async def by_session(self, claims: AccessClaims) -> Caller:
        """Return the caller whose session these verified claims name.

        Raises AccessTokenInvalid for the claims of an API key's token, which names no session, and
        SessionIsOver.
        """
        if claims.is_of_key:
            raise AccessTokenInvalid
        async with self._unit_of_work.read_only() as unit:
            found = await unit.sessions.get_with_user(SessionId(claims.sid))
        if found is None:
            # Sessions are kept longer than tokens live, so only erasure takes them away.
            raise SessionIsOver.because(EndReason.USER_DELETED)
        session, user = found
        if user.id.value != claims.subject:
            raise AccessTokenInvalid
        reason = session.over(self._clock.now())
        if reason is None and user.suspended_at is not None:
            reason = EndReason.USER_SUSPENDED
        if reason is not None:
            raise SessionIsOver.because(reason)
        # The token's own roles are for others; here today's count (TK-7), as far as the session's
        # level reaches (MF-2).
        assurance = _of_the_token(claims, session)
        authority = user.authority(administrator=self._administrator_acr).at(assurance.acr)
        principal = Principal(
            kind=PrincipalKind.USER,
            user_id=user.id,
            session_id=session.id,
            roles=authority.roles,
            permissions=authority.permissions,
            guards=authority.guards,
            assurance=assurance,
            has_second_factor=user.has_second_factor,
        )
        return Caller(principal, user, session)

    async def verified(self, access_token: str) -> AccessClaims:
        """Return what the token says. Raises AccessTokenInvalid and AccessTokenExpired."""
        try:
            return self._tokens.verify(access_token, now=self._clock.now())
        except UnknownSigningKey:
            if not await self._keyring.reload_for_unknown_key():
                raise
        return self._tokens.verify(access_token, now=self._clock.now())


def _of_the_token(claims: AccessClaims, session: Session) -> Assurance:
    """Return how the user was recognised when this token was made.

    What was shown in the session since then is in the tokens that the proof was answered with, and
    raises no older one: that may be a copy (ASVS 7.2.4). Tokens say it to the second, so within one
    the level tells them apart.
    """
    at, known = claims.authenticated_at, session.assurance
    if at >= known.at.replace(microsecond=0) and claims.acr == known.acr.value:
        return known
    return Assurance(word_of(Level, claims.acr), claims.amr, at)
