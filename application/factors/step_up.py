"""Showing again, or more surely, who one is, within a session (HD-6, MF-2, RFC 9470).

For an account with a second factor only such a factor counts: a password alone would make the
session young again, and with it a second factor that was shown days ago.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Protocol

from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.password_checks import PasswordChecks, PasswordGuess
from application.factors.challenges import Challenges, IssuedChallenge
from application.factors.guard import FactorGuard
from application.factors.ports import FactorsUnit
from application.factors.proofs import SECOND_FACTORS, Proof, ProofKind, Proofs, Proven
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.token_grants import RefreshOutcome, TokenGrant, TokenGrants
from domain.assurance import Evidence, Method
from domain.errors import ConcurrentChange
from domain.factors.challenge import Challenge, ChallengePurpose, InvalidChallenge
from domain.factors.events import SessionSteppedUp
from domain.factors.factor import Factor, InvalidProof
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.refresh_token import RefreshToken, RefreshTokenInvalid
from domain.sessions.session import (
    EndReason,
    Replayed,
    Rotated,
    Rotation,
    Session,
    SessionIsOver,
    SessionPolicy,
)
from domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who wants to show who they are: the session that lives, its user, and what they have."""

    session: Session
    user: User
    factors: list[Factor]
    has_password: bool


class Askers:
    """Finds who is behind a session, as both are now."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit], clock: Clock) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock

    async def find(self, principal: Principal) -> Asking:
        """Return them; raise SessionIsOver for a session that has ended since the caller came."""
        async with self._unit_of_work.read_only() as unit:
            session_id = principal.session_id
            found = await unit.sessions.get_with_user(session_id) if session_id else None
            if found is None:
                raise SessionIsOver.because(EndReason.USER_DELETED)
            session, user = found
            factors = await unit.factors.list_of(user.id)
            has_password = (
                not user.has_second_factor and await unit.credentials.get(user.id) is not None
            )
        if (reason := session.over(self._clock.now())) is not None:
            raise SessionIsOver.because(reason)
        if user.suspended_at is not None:
            raise SessionIsOver.because(EndReason.USER_SUSPENDED)
        return Asking(session=session, user=user, factors=factors, has_password=has_password)


class BeginStepUp:
    """Say with what the caller may show who they are, in the session they are in."""

    def __init__(
        self,
        *,
        askers: Askers,
        proofs: Proofs,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._askers, self._proofs = askers, proofs
        self._clock, self._randomness = clock, randomness

    async def __call__(self, *, principal: Principal) -> IssuedChallenge:
        """Return a challenge for this session, and its methods. Nothing is kept.

        Raises SessionIsOver.
        """
        asking = await self._askers.find(principal)
        user = asking.user
        challenge = Challenge.make(
            ChallengePurpose.STEP_UP,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
            user_id=user.id,
            account_version=user.version,
            session_id=asking.session.id,
        )
        issued = self._proofs.issued(challenge, asking.factors if user.has_second_factor else [])
        if asking.has_password:
            return replace(issued, methods=[*issued.methods, ProofKind.PASSWORD.value])
        return issued


class Refresh(Protocol):
    """Spends a refresh token; of one that was copied it ends the session, and tells the owner."""

    @abstractmethod
    async def __call__(self, *, refresh_token: str, origin: Origin) -> TokenGrant:
        """Return both tokens; raise SessionIsOver for a token that was spent before."""


class StepUp:
    """Take a proof in a session: it knows then that its user was there just now.

    The refresh token that came along is spent (ASVS 7.2.4): what was copied from the session as it
    was before is of no use after it. Only another proof has the answer repeated, within the grace.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        askers: Askers,
        challenges: Challenges,
        proofs: Proofs,
        checks: PasswordChecks,
        guard: AttemptGuard,
        factor_guard: FactorGuard,
        refresh: Refresh,
        grants: TokenGrants,
        session_policy: SessionPolicy,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._askers = unit_of_work, askers
        self._challenges, self._proofs, self._checks = challenges, proofs, checks
        self._guard, self._factor_guard, self._refresh = guard, factor_guard, refresh
        self._grants, self._session_policy = grants, session_policy
        self._clock, self._randomness, self._recorder = clock, randomness, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        refresh_token: str,
        proof: Proof,
        challenge: str | None = None,
        origin: Origin,
    ) -> TokenGrant:
        """Return both tokens of the same session, which knows of the proof.

        Raises RefreshTokenInvalid for a token that is not of this very session, and what a
        refresh raises for one that was copied, before any proof is looked at;
        InvalidChallenge; InvalidProof for a wrong proof and for one that does not count here;
        TooManyRequests, which for a password is counted with the sign-ins and for all else with
        the account's other guesses at its factors; SessionIsOver, ConcurrentChange and Busy.
        """
        presented = RefreshToken.parse(refresh_token)
        if presented.session_id != principal.session_id:
            raise RefreshTokenInvalid
        read = self._read(challenge, principal)
        guess = PasswordGuess(proof.text) if proof.kind is ProofKind.PASSWORD else None
        reserved = False

        async def step_up() -> TokenGrant:
            nonlocal reserved
            asking = await self._askers.find(principal)
            if read is not None and read.account_version != asking.user.version:
                raise InvalidChallenge
            if not isinstance(self._rotated(asking.session, presented), Rotated | Replayed):
                await self._refresh(refresh_token=refresh_token, origin=origin)
                raise ConcurrentChange  # it was refused, or the session is another by now
            if asking.user.has_second_factor and proof.kind not in SECOND_FACTORS:
                raise InvalidProof
            if guess is not None:
                proven = await self._password(asking, guess, principal, origin)
            else:
                if not reserved:
                    await self._factor_guard.reserve(asking.user, actor=principal, origin=origin)
                    reserved = True
                proven = await self._factor(asking, proof, read, principal, origin)
            return await self._save(asking, presented, proven, read, principal, origin)

        return await retry_on_conflict(step_up)

    def _read(self, challenge: str | None, principal: Principal) -> Challenge | None:
        if challenge is None:
            return None
        read = self._challenges.read(challenge, ChallengePurpose.STEP_UP)
        if read.session_id is None or read.session_id != principal.session_id:
            raise InvalidChallenge
        return read

    def _rotated(self, session: Session, presented: RefreshToken) -> Rotation:
        return session.rotate(
            presented,
            policy=self._session_policy,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
            proven=True,
        )

    async def _password(
        self, asking: Asking, guess: PasswordGuess, principal: Principal, origin: Origin
    ) -> Proven:
        """Return what the password proves, which is counted where every password is (RL-1)."""
        user = asking.user
        check = await self._checks.evaluate(user.email, guess, actor=principal, origin=origin)
        if check.user is None or check.user.id != user.id or check.user.version != user.version:
            raise ConcurrentChange
        if not check.is_right:
            raise await self._checks.refusal(
                InvalidProof(), user=user, actor=principal, origin=origin
            )
        return Proven(evidence=Evidence.of(Method.PASSWORD))

    async def _factor(
        self,
        asking: Asking,
        proof: Proof,
        challenge: Challenge | None,
        principal: Principal,
        origin: Origin,
    ) -> Proven:
        user, factors = asking.user, asking.factors
        try:
            return await self._proofs.check(user, factors, proof, challenge, now=self._clock.now())
        except InvalidProof as refused:
            raise await self._factor_guard.refusal(
                user, proof.kind.value, actor=principal, origin=origin, refused=refused
            ) from None

    async def _save(
        self,
        asking: Asking,
        presented: RefreshToken,
        proven: Proven,
        challenge: Challenge | None,
        principal: Principal,
        origin: Origin,
    ) -> TokenGrant:
        async with self._unit_of_work() as unit:
            found = await unit.sessions.get_with_user(asking.session.id)
            if found is None or found[1].version != asking.user.version:
                raise ConcurrentChange  # what the proof was checked against is another by now
            (session, user), now = found, self._clock.now()
            rotation = self._rotated(session, presented)
            if not isinstance(rotation, Rotated | Replayed):
                raise ConcurrentChange
            session.recognise_again(proven.evidence, now=now)
            is_first = isinstance(rotation, Rotated)
            outcome = RefreshOutcome.ROTATED if is_first else RefreshOutcome.REPLAYED
            # Signed before the commit: a token must not be spent if its successor cannot be sent.
            grant = self._grants.grant(user, session, rotation.token, outcome, now=now)
            await unit.sessions.save(session)
            if challenge is not None:
                await unit.spent_challenges.spend(challenge.nonce, expires_at=challenge.expires_at)
            await proven.save(unit)
            await self._forgive(unit, user, proven)
            stepped_up = SessionSteppedUp(
                user_id=user.id,
                session_id=session.id,
                acr=session.assurance.acr.value,
                amr=" ".join(session.assurance.amr),
                occurred_at=now,
            )
            await self._recorder.record(
                unit, rotation.event, *proven.events, stepped_up, actor=principal, origin=origin
            )
            await unit.commit()
        return grant

    async def _forgive(self, unit: FactorsUnit, user: User, proven: Proven) -> None:
        """Forget the guesses at what was shown, and at nothing else."""
        if Method.PASSWORD in proven.evidence.methods:
            await self._guard.forgive(unit, user.email)
        else:
            await self._factor_guard.forgive(unit, user.id)
