"""Signing in with a password, and knowing the caller by an access token."""

from dataclasses import dataclass

from application.attempts import AttemptGuard
from application.password_checks import PasswordChecks
from application.ports.clock import Clock
from application.ports.passwords import PasswordHasher
from application.ports.tokens import (
    AccessClaims,
    AccessTokenInvalid,
    AccessTokens,
    UnknownSigningKey,
)
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.signing_keys import SigningKeyring
from application.token_grants import SessionStarts, TokenGrant
from domain.access import ANONYMOUS, Principal, PrincipalKind
from domain.audit import Origin
from domain.email_address import EmailAddress
from domain.errors import Forbidden, NotAuthenticated
from domain.password_policy import normalise_password
from domain.session import EndReason, Session, SessionIsOver
from domain.user import User


class InvalidCredentials(NotAuthenticated):
    """Wrong address or wrong password; nobody is told which (EN-1)."""

    code = "INVALID_CREDENTIALS"
    message = "The e-mail address or the password is not right."


class SignIn:
    """Start a session for whoever knows the password."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        hasher: PasswordHasher,
        clock: Clock,
        guard: AttemptGuard,
        checks: PasswordChecks,
        session_starts: SessionStarts,
        verified_only: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._clock = clock
        self._guard = guard
        self._checks = checks
        self._session_starts = session_starts
        self._verified_only = verified_only

    async def __call__(self, *, email: str, password: str, origin: Origin) -> TokenGrant:
        """Return both tokens of a new session.

        Raises InvalidCredentials and TooManyRequests, alike for existing and missing
        accounts; EmailNotVerified and UserIsSuspended only after the right password; Busy.
        """
        address = EmailAddress.parse(email)
        secret = normalise_password(password)
        return await retry_on_conflict(lambda: self._sign_in(address, secret, origin))

    async def _sign_in(self, address: EmailAddress, password: str, origin: Origin) -> TokenGrant:
        check = await self._checks.evaluate(address, password, actor=ANONYMOUS, origin=origin)
        user, credential = check.user, check.credential
        if user is None or credential is None or not check.is_right:
            raise await self._checks.refusal(
                InvalidCredentials(), user=user, actor=ANONYMOUS, origin=origin
            )
        try:
            user.may_hold_sessions(verified_only=self._verified_only)
        except Forbidden as refusal:
            raise await self._checks.refusal(
                refusal, user=user, actor=ANONYMOUS, origin=origin, forgive=address
            ) from None
        rehashed = None
        if self._hasher.needs_rehash(credential.hash):
            rehashed = await self._hasher.hash(password)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            # First, and guarded by the version that was read before the password was checked:
            # a password change or a suspension meanwhile makes this a conflict (RF-4).
            await unit.users.record_sign_in(user, at=now)
            user.last_signed_in_at = now
            if rehashed is not None:
                credential.rehash(rehashed)
                await unit.credentials.save(credential)
            await self._guard.forgive(unit, address)
            grant = await self._session_starts(unit, user, origin=origin, now=now)
            await unit.commit()
        return grant


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
        unit_of_work: UnitOfWorkFactory,
        tokens: AccessTokens,
        keyring: SigningKeyring,
        clock: Clock,
    ) -> None:
        self._unit_of_work, self._tokens = unit_of_work, tokens
        self._keyring, self._clock = keyring, clock

    async def __call__(self, *, access_token: str) -> Caller:
        """Return the caller, whose session, user and roles are read in one statement.

        Raises AccessTokenInvalid, AccessTokenExpired, and SessionIsOver with its reason.
        """
        claims = await self._verify(access_token)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.sessions.get_with_user(claims.session_id)
        if found is None:
            # Sessions are kept longer than tokens live, so only erasure takes them away.
            raise SessionIsOver.because(EndReason.USER_DELETED)
        session, user = found
        if user.id != claims.user_id:
            raise AccessTokenInvalid
        reason = session.over(self._clock.now())
        if reason is None and user.suspended_at is not None:
            reason = EndReason.USER_SUSPENDED
        if reason is not None:
            raise SessionIsOver.because(reason)
        # The token's own roles are for others; here today's count (TK-7).
        principal = Principal(
            kind=PrincipalKind.USER,
            user_id=user.id,
            session_id=session.id,
            roles=user.roles,
            permissions=user.permissions,
        )
        return Caller(principal, user, session)

    async def _verify(self, access_token: str) -> AccessClaims:
        try:
            return self._tokens.verify(access_token, now=self._clock.now())
        except UnknownSigningKey:
            if not await self._keyring.reload_for_unknown_key():
                raise
        return self._tokens.verify(access_token, now=self._clock.now())
