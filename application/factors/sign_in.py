"""Signing in: with a password, with what completes it, or with something in its place.

There are no steps to be skipped. Whatever comes in is evidence, and one rule decides on all of it
(:mod:`domain.assurance`): an account with a second factor opens to no less than two factors,
whichever door was taken (MF-2).
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.password_checks import PasswordCheck, PasswordChecks, PasswordGuess
from application.credentials.ports import PasswordHasher
from application.factors.challenges import IssuedChallenge
from application.factors.devices import DeviceTrust
from application.factors.guard import FactorGuard, factor_key
from application.factors.methods import SignInMethod, SignInMethods
from application.factors.planted import PlantedAccess
from application.factors.ports import FactorsUnit
from application.factors.proofs import Proof, Proofs, Proven
from application.ports.clock import Clock, Randomness
from application.ports.rate_limiter import RateLimit
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from application.sessions.token_grants import SessionStarts, TokenGrant
from domain.assurance import Assurance, Evidence, Level, Method, NotEnoughShown
from domain.credentials.one_time_token import OF_THE_PASSWORD
from domain.email_address import EmailAddress
from domain.errors import Forbidden, NotAuthenticated
from domain.factors.challenge import Challenge, ChallengePurpose
from domain.factors.factor import Factor, InvalidProof
from domain.origin import Origin
from domain.principal import ANONYMOUS
from domain.sessions.events import SessionRefused
from domain.sessions.session import EndReason
from domain.users.user import User


class InvalidCredentials(NotAuthenticated):
    """Wrong address or wrong password; the answer does not tell which (EN-1)."""

    code = "INVALID_CREDENTIALS"
    message = "The e-mail address or the password is not right."
    meaning = "The address and the password do not fit."


class SecondFactorRequired(NotAuthenticated):
    """What was shown is right, and the account takes more; ``challenge`` stands for what it was."""

    code = "SECOND_FACTOR_REQUIRED"
    message = "Show a second factor, together with this challenge."
    meaning = "The password is right; a second factor is needed, together with error.challenge."

    def __init__(self, challenge: IssuedChallenge | None = None) -> None:
        super().__init__()
        self.challenge = challenge

    @property
    def members(self) -> Mapping[str, object]:
        """The challenge."""
        return {} if self.challenge is None else {"challenge": self.challenge.members}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request has shown of one user, and what is to be written if something comes of it.

    ``remember`` asks to trust the device from now on, ``device_token`` is what it has brought.
    """

    user: User
    evidence: Evidence
    proven: Proven | None = None
    challenge: Challenge | None = None
    password: PasswordCheck | None = None
    rehashed: str | None = None
    remember: bool = False
    device_token: str | None = field(default=None, repr=False)


class SignInDecisions:
    """Makes a session of what was shown, or asks for more."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        guard: AttemptGuard,
        factor_guard: FactorGuard,
        proofs: Proofs,
        session_starts: SessionStarts,
        devices: DeviceTrust,
        forget_planted: PlantedAccess,
    ) -> None:
        self._forget_planted = forget_planted
        self._unit_of_work, self._clock, self._randomness = unit_of_work, clock, randomness
        self._recorder, self._guard, self._factor_guard = recorder, guard, factor_guard
        self._proofs, self._session_starts = proofs, session_starts
        self._devices = devices

    async def recognises(self, user: User, device_token: str | None) -> bool:
        """Tell whether the user trusts the device that brings this token; without a second factor
        there is nothing to trust one with."""
        if not user.has_second_factor or not device_token:
            return False
        async with self._unit_of_work.read_only() as unit:
            return await self._devices.find(unit, user, device_token) is not None

    async def factors_of(self, user: User) -> list[Factor]:
        """Return the user's factors."""
        async with self._unit_of_work.read_only() as unit:
            return await unit.factors.list_of(user.id)

    async def prove(
        self, user: User, proof: Proof, challenge: Challenge | None, *, origin: Origin
    ) -> Proven:
        """Return what the proof proves; a guess at it has been reserved (:class:`FactorGuard`).

        Raises InvalidProof, which is on record then.
        """
        factors, now = await self.factors_of(user), self._clock.now()
        try:
            return await self._proofs.check(user, factors, proof, challenge, now=now)
        except InvalidProof as refused:
            raise await self._factor_guard.refusal(
                user, proof.kind.value, actor=ANONYMOUS, origin=origin, refused=refused
            ) from None

    async def refuse_stranger(
        self, email: EmailAddress, proof: Proof, challenge: Challenge, *, origin: Origin
    ) -> InvalidProof:
        """Record the refusal of a proof for an address without an account, and return it.

        As much is read for it as where there is one: the time must not tell (EN-1).
        """
        now = self._clock.now()
        nobody, _ = User.register(
            email=email, display_name=None, now=now, entropy=self._randomness.token_bytes
        )
        with suppress(InvalidProof):
            await self._proofs.check(
                nobody, await self.factors_of(nobody), proof, challenge, now=now
            )
        return await self._factor_guard.refusal(
            None, proof.kind.value, actor=ANONYMOUS, origin=origin
        )

    async def conclude(self, shown: Shown, *, origin: Origin) -> TokenGrant:
        """Return both tokens of a new session, if the evidence suffices for this account.

        Else raises SecondFactorRequired, with a challenge that stands for the evidence, and
        InvalidProof where it names no user. Raises InvalidChallenge for one that was used, and
        ConcurrentChange if the account or a factor changed since it was read (RF-4, MF-1).
        """
        user, now = shown.user, self._clock.now()
        try:
            acr = Assurance.by(shown.evidence, at=now).acr
        except NotEnoughShown:
            raise InvalidProof from None
        proves_address = shown.proven is not None and shown.proven.proves_address
        # A factor from before that proof may be a planted one, and goes with it (AT-7).
        takes_more = user.has_second_factor and not proves_address
        has_both = takes_more and acr.reaches(Level.AAL2)
        suffices = not takes_more or has_both or shown.evidence.is_known_device
        remember = shown.remember and has_both
        async with self._unit_of_work() as unit:
            grant = None
            # Before anything is written, which a read would have to wait for.
            kept = await unit.devices.list_of(user.id) if remember else []
            if suffices:
                # First, and guarded by the version that was read before anything was checked: a
                # password change, a suspension or a new factor meanwhile makes it a conflict.
                await unit.users.record_sign_in(user, at=now)
                user.last_signed_in_at = now
            await self._use_up(unit, shown, origin)
            if proves_address:
                await self._settle_address(unit, user, origin)
            if suffices:
                by_mail = shown.proven is not None and shown.proven.mailed is not None
                also = () if shown.proven is None or by_mail else (factor_key(user.id),)
                await self._guard.forgive(unit, user.email, also=also)
                grant = await self._session_starts(
                    unit, user, evidence=shown.evidence, origin=origin, now=now
                )
                if remember:
                    device = await self._devices.trust(
                        unit,
                        user,
                        kept=kept,
                        instead_of=shown.device_token,
                        origin=origin,
                        now=now,
                    )
                    grant = replace(grant, device=device)
            else:
                # The owner sees it: somebody knows the password.
                asked = SessionRefused(
                    user_id=user.id, because=SecondFactorRequired.code, occurred_at=now
                )
                await self._recorder.record(unit, asked, actor=ANONYMOUS, origin=origin)
            await unit.commit()
        if grant is None:
            raise await self._ask_for_more(shown)
        return grant

    async def _settle_address(self, unit: FactorsUnit, user: User, origin: Origin) -> None:
        """Note that the mailbox was proven, by somebody who has not shown the password (AT-7).

        It may have been planted before, and so may the name and the factors that came with it: none
        of them counts.
        """
        now, credential = self._clock.now(), await unit.credentials.get(user.id)
        verified = user.verify_email(now=now)
        if credential is not None:
            user.rename(None, now=now)
            await unit.credentials.remove(user.id)
        user.credentials_changed(now=now)
        removed = await self._forget_planted(unit, user, now=now)
        ended = await end_sessions(unit, user.id, EndReason.PASSWORD_CHANGED, now=now)
        await unit.one_time_tokens.discard(user.id, OF_THE_PASSWORD)
        events = [ended, verified, *removed]
        await self._recorder.record(unit, *events, actor=ANONYMOUS, origin=origin)

    async def _use_up(self, unit: FactorsUnit, shown: Shown, origin: Origin) -> None:
        """Write what can be used no more: the challenge, and the factor that was shown."""
        credential = shown.password.credential if shown.password else None
        if credential is not None and shown.rehashed is not None:
            credential.rehash(shown.rehashed)
            await unit.credentials.save(credential)
        if shown.challenge is not None:
            challenge = shown.challenge
            await unit.spent_challenges.spend(challenge.nonce, expires_at=challenge.expires_at)
        if shown.proven is not None:
            await shown.proven.save(unit)
            if shown.proven.mailed is not None:
                await self._factor_guard.forgive_mailbox(unit, shown.user.email)
            await self._recorder.record(unit, *shown.proven.events, actor=ANONYMOUS, origin=origin)

    async def _ask_for_more(self, shown: Shown) -> SecondFactorRequired:
        user, factors = shown.user, await self.factors_of(shown.user)
        challenge = Challenge.make(
            ChallengePurpose.SIGN_IN,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
            user_id=user.id,
            account_version=user.version,
            shown=shown.evidence.methods,
        )
        return SecondFactorRequired(self._proofs.issued(challenge, factors))


class SignIn:
    """Start a session for a caller who knows the password, and has what else the account takes."""

    def __init__(
        self,
        *,
        hasher: PasswordHasher,
        checks: PasswordChecks,
        factor_guard: FactorGuard,
        decisions: SignInDecisions,
        methods: SignInMethods,
        verified_only: bool,
    ) -> None:
        self._hasher, self._checks, self._factor_guard = hasher, checks, factor_guard
        self._methods = methods
        self._decisions, self._verified_only = decisions, verified_only

    async def __call__(
        self,
        *,
        email: str,
        password: str,
        origin: Origin,
        proof: Proof | None = None,
        device_token: str | None = None,
        remember_device: bool = False,
    ) -> TokenGrant:
        """Return both tokens of a new session.

        On a device that the user trusts, the password suffices without a ``proof``. With
        ``remember_device`` and a second factor the device is trusted from then on.

        Raises InvalidCredentials and TooManyRequests, alike for existing and missing
        accounts. Only after the right password: EmailNotVerified, UserIsSuspended, and of an
        account with a second factor SecondFactorRequired without a ``proof``, InvalidProof for a
        wrong one. An account without a second factor needs no proof and looks at none. Raises Busy,
        and SignInMethodOff.
        """
        self._methods.ensure_on(SignInMethod.PASSWORD)
        address = EmailAddress.parse(email)
        guess, reserved = PasswordGuess(password), False

        async def sign_in() -> TokenGrant:
            nonlocal reserved
            check, user = await self._checked(address, guess, origin)
            evidence, proven = Evidence.of(Method.PASSWORD), None
            if proof is not None and user.has_second_factor:
                if not reserved:
                    await self._factor_guard.reserve(user, actor=ANONYMOUS, origin=origin)
                    reserved = True
                proven = await self._decisions.prove(user, proof, None, origin=origin)
                evidence = evidence.and_also(proven.evidence)
            elif await self._decisions.recognises(user, device_token):
                evidence = evidence.and_also(Evidence.of(Method.DEVICE))
            shown = Shown(
                user=user,
                evidence=evidence,
                proven=proven,
                password=check,
                rehashed=await self._rehashed(check, guess),
                remember=remember_device,
                device_token=device_token,
            )
            return await self._decisions.conclude(shown, origin=origin)

        return await retry_on_conflict(sign_in)

    async def _checked(
        self, address: EmailAddress, guess: PasswordGuess, origin: Origin
    ) -> tuple[PasswordCheck, User]:
        check = await self._checks.evaluate(address, guess, actor=ANONYMOUS, origin=origin)
        user = check.user
        if user is None or check.credential is None or not check.is_right:
            raise await self._checks.refusal(
                InvalidCredentials(), user=user, actor=ANONYMOUS, origin=origin
            )
        try:
            user.ensure_may_sign_in(verified_only=self._verified_only)
        except Forbidden as refusal:
            raise await self._checks.refusal(
                refusal, user=user, actor=ANONYMOUS, origin=origin, forgive=address
            ) from None
        return check, user

    async def _rehashed(self, check: PasswordCheck, guess: PasswordGuess) -> str | None:
        """Return the hash under stronger parameters, where there are such by now (PW-1)."""
        if check.credential is None or not self._hasher.needs_rehash(check.credential.hash):
            return None
        return await self._hasher.hash(guess.password)


SIGN_IN = RateLimit(name="sign-in", burst=300, interval=timedelta(seconds=1))
