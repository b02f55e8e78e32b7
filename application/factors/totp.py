"""Codes of an authenticator app: as a proof, and adding the app (MF-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.factors.challenges import Challenges
from application.factors.enrolment import Enrolled, Enrolments
from application.factors.proofs import Proof, ProofChecker, Proven
from application.ports.clock import Clock, Randomness
from application.ports.crypto import SealBroken, SecretBox
from domain.assurance import Evidence, Method
from domain.errors import ValidationFailed
from domain.factors.challenge import Challenge, ChallengePurpose, InvalidChallenge
from domain.factors.factor import Factor, FactorId, InvalidProof, Totp, factor_name
from domain.factors.totp import (
    TotpSettings,
    fresh_totp_secret,
    shown_secret,
)
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.users.user import User


def totp_purpose(user_id: UserId) -> str:
    """Return what the secret of this user's app is sealed for: a row moved to another is broken."""
    return f"totp:{user_id}"


class TotpProofs(ProofChecker):
    """Checks a code; each is good once."""

    def __init__(self, *, secret_box: SecretBox) -> None:
        self._secret_box = secret_box

    def offered(self, factors: Sequence[Factor]) -> bool:
        return any(isinstance(factor, Totp) for factor in factors)

    async def check(
        self,
        user: User,
        factors: Sequence[Factor],
        proof: Proof,
        challenge: Challenge | None,
        *,
        now: datetime,
    ) -> Proven:
        for factor in factors:
            if not isinstance(factor, Totp):
                continue
            counter = self._match(factor, proof.text, now)
            if counter is not None:
                factor.use(counter, now=now)
                return Proven(evidence=Evidence.of(Method.OTP), used=factor)
        raise InvalidProof

    def _match(self, factor: Totp, code: str, now: datetime) -> int | None:
        try:
            secret = self._secret_box.open(
                factor.sealed_secret, purpose=totp_purpose(factor.user_id)
            )
        except SealBroken:
            return None  # sealed under a SECRET_KEY that is gone: shown as not usable
        return factor.settings.match(secret, code, now=now, after=factor.last_counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpEnrolment:
    """What an authenticator app is set up with, and what to confirm it with.

    ``secret`` is in Base32; ``issuer`` and ``account`` are what the app shows beside the codes.
    """

    enrolment: str
    secret: str
    settings: TotpSettings
    issuer: str
    account: str
    expires_at: datetime

    def __repr__(self) -> str:
        return "TotpEnrolment()"


class BeginTotp:
    """Make a secret for an authenticator app. Nothing is kept until a code of it was shown."""

    def __init__(
        self,
        *,
        enrolments: Enrolments,
        challenges: Challenges,
        clock: Clock,
        randomness: Randomness,
        issuer: str,
    ) -> None:
        self._enrolments, self._challenges = enrolments, challenges
        self._clock, self._randomness, self._issuer = clock, randomness, issuer

    async def __call__(self, *, principal: Principal) -> TotpEnrolment:
        """Return the secret, and how the app names the account.

        Raises StepUpRequired, SessionIsOver, FactorAlreadyEnrolled for a second app, and
        TooManyFactors.
        """
        user, factors = await self._enrolments.permitted(principal)
        self._enrolments.ensure_room(factors, Totp)
        secret = fresh_totp_secret(self._randomness.token_bytes)
        challenge = Challenge.make(
            ChallengePurpose.TOTP_ENROLMENT,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
            user_id=user.id,
            session_id=principal.session_id,
            payload=secret,
        )
        await self._enrolments.ask_mailbox(principal, user, factors, challenge)
        return TotpEnrolment(
            enrolment=self._challenges.sealed(challenge),
            secret=shown_secret(secret),
            settings=TotpSettings(),
            issuer=self._issuer,
            account=user.email.value,
            expires_at=challenge.expires_at,
        )


class ConfirmTotp:
    """Add the authenticator app, once it has shown a code."""

    def __init__(
        self,
        *,
        enrolments: Enrolments,
        challenges: Challenges,
        secret_box: SecretBox,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._enrolments, self._challenges = enrolments, challenges
        self._secret_box, self._clock, self._randomness = secret_box, clock, randomness

    async def __call__(
        self,
        *,
        principal: Principal,
        enrolment: str,
        code: str,
        name: str | None,
        origin: Origin,
        email_code: str | None = None,
    ) -> Enrolled:
        """Return the factor, and recovery codes with the user's first one.

        Raises InvalidChallenge for an enrolment that is another's, old or used; ValidationFailed
        for a wrong code, which costs nothing since the caller knows the secret; and what
        ``BeginTotp`` raises.
        """
        challenge = self._challenges.read(enrolment, ChallengePurpose.TOTP_ENROLMENT)
        if challenge.user_id is None or challenge.user_id != principal.user_id:
            raise InvalidChallenge
        if challenge.session_id != principal.session_id:
            raise InvalidChallenge
        settings, now = TotpSettings(), self._clock.now()
        counter = settings.match(challenge.payload, code, now=now, after=-1)
        if counter is None:
            message = "This is not the code that the app shows now."
            raise ValidationFailed.of("code", "WRONG_CODE", message)
        factor = Totp(
            id=FactorId.new(now, self._randomness.token_bytes),
            user_id=challenge.user_id,
            name=factor_name(name),
            created_at=now,
            sealed_secret=self._secret_box.seal(
                challenge.payload, purpose=totp_purpose(challenge.user_id)
            ),
            settings=settings,
            last_counter=counter,
        )
        return await self._enrolments.add(
            factor, challenge, principal=principal, origin=origin, email_code=email_code
        )
