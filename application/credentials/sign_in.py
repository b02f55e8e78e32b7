"""Signing in with a password."""

from datetime import timedelta

from application.credentials.attempts import AttemptGuard
from application.credentials.password_checks import PasswordChecks, PasswordGuess
from application.credentials.ports import CredentialsUnit, PasswordHasher
from application.ports.clock import Clock
from application.ports.rate_limiter import RateLimit
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.token_grants import SessionStarts, TokenGrant
from domain.email_address import EmailAddress
from domain.errors import Forbidden, NotAuthenticated
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.assurance import Evidence, Method


class InvalidCredentials(NotAuthenticated):
    """Wrong address or wrong password; the answer does not tell which (EN-1)."""

    code = "INVALID_CREDENTIALS"
    message = "The e-mail address or the password is not right."
    meaning = "The address and the password do not fit."


class SignIn:
    """Start a session for a caller who knows the password."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
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
        guess = PasswordGuess(password)
        return await retry_on_conflict(lambda: self._sign_in(address, guess, origin))

    async def _sign_in(
        self, address: EmailAddress, guess: PasswordGuess, origin: Origin
    ) -> TokenGrant:
        check = await self._checks.evaluate(address, guess, actor=ANONYMOUS, origin=origin)
        user, credential = check.user, check.credential
        if user is None or credential is None or not check.is_right:
            raise await self._checks.refusal(
                InvalidCredentials(), user=user, actor=ANONYMOUS, origin=origin
            )
        try:
            user.ensure_may_sign_in(verified_only=self._verified_only)
        except Forbidden as refusal:
            raise await self._checks.refusal(
                refusal, user=user, actor=ANONYMOUS, origin=origin, forgive=address
            ) from None
        rehashed = None
        if self._hasher.needs_rehash(credential.hash):
            rehashed = await self._hasher.hash(guess.password)
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
            grant = await self._session_starts(
                unit, user, evidence=Evidence.of(Method.PASSWORD), origin=origin, now=now
            )
            await unit.commit()
        return grant


SIGN_IN = RateLimit(name="sign-in", burst=300, interval=timedelta(seconds=1))
