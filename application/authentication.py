"""Signing in with a password, and knowing the caller by an access token."""

from dataclasses import dataclass

from application.attempts import AttemptGuard
from application.ports.clock import Clock, Randomness
from application.ports.passwords import Busy, PasswordHasher
from application.ports.tokens import (
    AccessClaims,
    AccessTokenInvalid,
    AccessTokens,
    UnknownSigningKey,
)
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.signing_keys import SigningKeyring
from application.token_grants import RefreshOutcome, TokenGrant, TokenGrants
from domain.access import ANONYMOUS, Principal, PrincipalKind, permissions_of
from domain.audit import Origin
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.errors import Forbidden, NotAuthenticated
from domain.events import SessionRefused, SessionsEnded
from domain.password_policy import LONGEST_EVER, normalise_password
from domain.session import EndReason, Session, SessionIsOver, SessionPolicy
from domain.user import User


class InvalidCredentials(NotAuthenticated):
    """Wrong address or wrong password; nobody is told which (EN-1)."""

    code = "INVALID_CREDENTIALS"
    message = "The e-mail address or the password is not right."


class SignIn:
    """Start a session for whoever knows the password.

    Three steps, and the slow one holds nothing: reserve a guess (and commit it, so that no
    crash and no parallel request gives it back), evaluate it, write down how it ended.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        hasher: PasswordHasher,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        guard: AttemptGuard,
        grants: TokenGrants,
        session_policy: SessionPolicy,
        verified_only: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._guard = guard
        self._grants = grants
        self._session_policy = session_policy
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
        user, credential = await self._reserve_guess(address, origin)
        try:
            is_right = await self._is_right(password, credential)
        except Busy:
            await self._give_guess_back(address)
            raise
        if user is None or credential is None or not is_right:
            raise await self._refused(user, InvalidCredentials(), origin)
        try:
            user.may_hold_sessions(verified_only=self._verified_only)
        except Forbidden as refusal:
            raise await self._refused(user, refusal, origin, forgive=address) from None
        rehashed = None
        if self._hasher.needs_rehash(credential.hash):
            rehashed = await self._hasher.hash(password)
        return await self._start(user, credential, rehashed, address, origin)

    async def _reserve_guess(
        self, address: EmailAddress, origin: Origin
    ) -> tuple[User | None, PasswordCredential | None]:
        async with self._unit_of_work() as unit:
            user = await unit.users.find_by_email(address)
            credential = await unit.credentials.get(user.id) if user else None
            user_id = user.id if user else None
            refusal = await self._guard.reserve(
                unit, address, user_id=user_id, actor=ANONYMOUS, origin=origin
            )
            await unit.commit()
        if refusal is not None:
            raise refusal
        return user, credential

    async def _give_guess_back(self, address: EmailAddress) -> None:
        """Nothing was evaluated, so nothing was guessed; the client is told to come back."""
        async with self._unit_of_work() as unit:
            await self._guard.give_back(unit, address)
            await unit.commit()

    async def _is_right(self, password: str, credential: PasswordCredential | None) -> bool:
        # A password that could never have been set is not worth a hash (PW-2). The policy may
        # have become shorter since, so it is not asked.
        if len(password) > LONGEST_EVER:
            return False
        if credential is None:
            await self._hasher.verify_decoy(password)
            return False
        return await self._hasher.verify(password, credential.hash)

    async def _refused[E: InvalidCredentials | Forbidden](
        self,
        user: User | None,
        refusal: E,
        origin: Origin,
        *,
        forgive: EmailAddress | None = None,
    ) -> E:
        """Commit what there is to note of the refusal and return it, to be raised then (F2)."""
        event = SessionRefused(
            user_id=user.id if user else None, because=refusal.code, occurred_at=self._clock.now()
        )
        async with self._unit_of_work() as unit:
            if forgive is not None:
                await self._guard.forgive(unit, forgive)
            await self._recorder.record(unit, event, actor=ANONYMOUS, origin=origin)
            await unit.commit()
        return refusal

    async def _start(
        self,
        user: User,
        credential: PasswordCredential,
        rehashed: str | None,
        address: EmailAddress,
        origin: Origin,
    ) -> TokenGrant:
        now = self._clock.now()
        session, refresh_token, started = Session.start(
            user_id=user.id,
            policy=self._session_policy,
            ip_address=origin.ip_address,
            user_agent=origin.user_agent,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        actor = Principal(kind=PrincipalKind.USER, user_id=user.id, session_id=session.id)
        async with self._unit_of_work() as unit:
            # First, and guarded by the version that was read before the password was checked:
            # a password change or a suspension meanwhile makes this a conflict (RF-4).
            await unit.users.record_sign_in(user, at=now)
            if rehashed is not None:
                credential.rehash(rehashed)
                await unit.credentials.save(credential)
            evicted = await self._make_room(unit, user, session)
            await unit.sessions.add(session)
            await self._guard.forgive(unit, address)
            await self._recorder.record(unit, started, evicted, actor=actor, origin=origin)
            user.last_signed_in_at = now
            # Signed before the commit: what cannot be answered must not leave a session behind.
            grant = self._grants.grant(user, session, refresh_token, RefreshOutcome.ISSUED, now=now)
            await unit.commit()
        return grant

    async def _make_room(
        self, unit: UnitOfWork, user: User, session: Session
    ) -> SessionsEnded | None:
        """End the oldest sessions above the cap (SE-4)."""
        if self._session_policy.per_user == 0:
            return None
        reason, now = EndReason.REVOKED_BY_USER, session.created_at
        keep = self._session_policy.per_user - 1
        count = await unit.sessions.end_all(user.id, reason, now=now, keep_newest=keep)
        if count == 0:
            return None
        return SessionsEnded(user_id=user.id, because=reason.value, count=count, occurred_at=now)


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
            permissions=permissions_of(user.roles),
        )
        return Caller(principal, user, session)

    async def _verify(self, access_token: str) -> AccessClaims:
        try:
            return self._tokens.verify(access_token, now=self._clock.now())
        except UnknownSigningKey:
            if not await self._keyring.reload_for_unknown_key():
                raise
        return self._tokens.verify(access_token, now=self._clock.now())
