"""Passkeys: as a proof, alone or beside a password, and adding one (MF-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from application.factors.challenges import Challenges
from application.factors.enrolment import Enrolled, Enrolments
from application.factors.methods import SignInMethod, SignInMethods
from application.factors.openings import Opening
from application.factors.ports import (
    ClaimedPasskey,
    FactorsUnit,
    Json,
    NewPasskey,
    PasskeyRefused,
    Passkeys,
)
from application.factors.proofs import Proof, ProofChecker, ProofKind, Proven
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.assurance import Evidence, Method
from domain.email_address import EmailAddress
from domain.errors import ValidationFailed
from domain.factors.challenge import Challenge, ChallengePurpose, InvalidChallenge
from domain.factors.events import PasskeyCounterRegressed
from domain.factors.factor import Factor, FactorId, InvalidProof, Passkey, factor_name
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.users.user import User


def usable(passkeys: Passkeys, factors: Sequence[Factor]) -> list[Passkey]:
    """Return the passkeys among the factors that were made for today's domain."""
    return [
        factor
        for factor in factors
        if isinstance(factor, Passkey) and factor.rp_id == passkeys.rp_id
    ]


class PasskeyProofs(ProofChecker):
    """Checks what a passkey signed: the challenge that comes with it."""

    def __init__(self, *, passkeys: Passkeys, unit_of_work: UnitOfWorkFactory[FactorsUnit]) -> None:
        self._passkeys, self._unit_of_work = passkeys, unit_of_work

    def offered(self, factors: Sequence[Factor]) -> bool:
        return bool(usable(self._passkeys, factors))

    def options(self, challenge: Challenge, factors: Sequence[Factor]) -> Json | None:
        """Return with what a browser shows one of these passkeys; None where none is of use."""
        allowed = usable(self._passkeys, factors)
        if not allowed:
            return None
        return self._passkeys.request_options(challenge=challenge.nonce, allowed=allowed)

    async def check(
        self,
        user: User,
        factors: Sequence[Factor],
        proof: Proof,
        challenge: Challenge | None,
        *,
        now: datetime,
    ) -> Proven:
        """Return what it proves.

        Alone it has to have verified its user: a device that is only touched may be a stolen one.
        Beside a password it need not (MF-2). A counter that regressed proves nothing, and is
        noted as what it is: there may be a copy of the key. Raises InvalidChallenge instead where
        the very same response was sent before.
        """
        response = proof.value
        if challenge is None or not isinstance(response, Mapping):
            raise InvalidProof
        alone = challenge.purpose is ChallengePurpose.PASSKEY_SIGN_IN
        try:
            passkey = self._claimed(response, user, factors, alone=alone)
            shown = await self._passkeys.shown(response, challenge=challenge.nonce, passkey=passkey)
        except PasskeyRefused:
            raise InvalidProof from None
        if alone and not shown.user_verified:
            raise InvalidProof
        if passkey.has_regressed(shown.sign_count):
            await self._ensure_unused(challenge)
            raise InvalidProof(
                PasskeyCounterRegressed(user_id=user.id, factor_id=passkey.id, occurred_at=now)
            )
        passkey.use(sign_count=shown.sign_count, synced=shown.synced, now=now)
        method = Method.SOFTWARE_KEY if shown.synced else Method.HARDWARE_KEY
        evidence = Evidence.of(method, user_verified=shown.user_verified)
        return Proven(evidence=evidence, used=passkey)

    async def _ensure_unused(self, challenge: Challenge) -> None:
        async with self._unit_of_work.read_only() as unit:
            if await unit.spent_challenges.is_spent(challenge.nonce):
                raise InvalidChallenge

    def _claimed(
        self, response: Json, user: User, factors: Sequence[Factor], *, alone: bool
    ) -> Passkey:
        """Return the user's passkey that the response says it is of.

        Where the request names no user, the device has to (WebAuthn, section 7.2).
        """
        claimed = self._passkeys.claimed(response)
        if claimed.user_id != user.id and (alone or claimed.user_id is not None):
            raise PasskeyRefused
        for passkey in usable(self._passkeys, factors):
            if passkey.credential_id == claimed.credential_id:
                return passkey
        raise PasskeyRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyChallenge:
    """A sign-in that begins with a passkey: what to sign, and what to send along with it."""

    challenge: str
    options: Json
    expires_at: datetime

    def __repr__(self) -> str:
        return "PasskeyChallenge()"


class BeginPasskeySignIn:
    """Begin a sign-in without a word about who it is; nothing is kept."""

    def __init__(
        self,
        *,
        passkeys: Passkeys,
        challenges: Challenges,
        methods: SignInMethods,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._passkeys, self._challenges, self._methods = passkeys, challenges, methods
        self._clock, self._randomness = clock, randomness

    async def __call__(self) -> PasskeyChallenge:
        """Return a challenge for any passkey that a device has for this domain.

        Raises SignInMethodOff.
        """
        self._methods.ensure_on(SignInMethod.PASSKEY)
        challenge = Challenge.make(
            ChallengePurpose.PASSKEY_SIGN_IN,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
        )
        return PasskeyChallenge(
            challenge=self._challenges.sealed(challenge),
            options=self._passkeys.request_options(challenge=challenge.nonce),
            expires_at=challenge.expires_at,
        )


class PasskeyOpening(Opening):
    """Finds the user by the passkey, which has one owner over all users."""

    def __init__(
        self,
        *,
        passkeys: Passkeys,
        methods: SignInMethods,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
    ) -> None:
        self._passkeys, self._methods, self._unit_of_work = passkeys, methods, unit_of_work

    def mailbox_of(self, challenge: Challenge) -> EmailAddress | None:
        return None

    async def user_of(self, challenge: Challenge, proof: Proof) -> User | None:
        """Return its owner, if that is whom the device names."""
        self._methods.ensure_on(SignInMethod.PASSKEY)
        claimed = self._claimed(proof)
        if claimed is None or claimed.user_id is None:
            return None
        async with self._unit_of_work.read_only() as unit:
            passkey = await unit.factors.find_passkey(claimed.credential_id)
            if passkey is None or passkey.user_id != claimed.user_id:
                return None
            return await unit.users.get(passkey.user_id)

    def _claimed(self, proof: Proof) -> ClaimedPasskey | None:
        if proof.kind is not ProofKind.PASSKEY or not isinstance(proof.value, Mapping):
            return None
        try:
            return self._passkeys.claimed(proof.value)
        except PasskeyRefused:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyEnrolment:
    """What a browser makes a passkey with, and what to confirm it with."""

    enrolment: str
    options: Json = field(repr=False)
    expires_at: datetime

    def __repr__(self) -> str:
        return "PasskeyEnrolment()"


class BeginPasskey:
    """Ask for a passkey. Nothing is kept until the device has made one."""

    def __init__(
        self,
        *,
        passkeys: Passkeys,
        enrolments: Enrolments,
        challenges: Challenges,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._passkeys, self._enrolments, self._challenges = passkeys, enrolments, challenges
        self._clock, self._randomness = clock, randomness

    async def __call__(self, *, principal: Principal) -> PasskeyEnrolment:
        """Return the options; a device that has one of the caller's passkeys makes no other.

        Raises StepUpRequired, SessionIsOver and TooManyFactors.
        """
        user, factors = await self._enrolments.permitted(principal)
        self._enrolments.ensure_room(factors, Passkey)
        challenge = Challenge.make(
            ChallengePurpose.PASSKEY_ENROLMENT,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
            user_id=user.id,
            session_id=principal.session_id,
        )
        await self._enrolments.ask_mailbox(principal, user, factors, challenge)
        options = self._passkeys.creation_options(
            user_id=user.id,
            user_name=user.email.value,
            display_name=user.display_name or user.email.value,
            challenge=challenge.nonce,
            exclude=usable(self._passkeys, factors),
        )
        return PasskeyEnrolment(
            enrolment=self._challenges.sealed(challenge),
            options=options,
            expires_at=challenge.expires_at,
        )


class ConfirmPasskey:
    """Add the passkey that a device has made."""

    def __init__(
        self,
        *,
        passkeys: Passkeys,
        enrolments: Enrolments,
        challenges: Challenges,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._passkeys, self._enrolments, self._challenges = passkeys, enrolments, challenges
        self._clock, self._randomness = clock, randomness

    async def __call__(
        self,
        *,
        principal: Principal,
        enrolment: str,
        credential: Json,
        name: str | None,
        origin: Origin,
        email_code: str | None = None,
    ) -> Enrolled:
        """Return the factor, and recovery codes with the user's first one.

        Raises InvalidChallenge for an enrolment that is another's, old or used; ValidationFailed
        for what is no passkey made for it, and for one whose user was not verified; and what
        ``BeginPasskey`` raises, and FactorAlreadyEnrolled for one that any user has.
        """
        challenge = self._challenges.read(enrolment, ChallengePurpose.PASSKEY_ENROLMENT)
        if challenge.user_id is None or challenge.user_id != principal.user_id:
            raise InvalidChallenge
        if challenge.session_id != principal.session_id:
            raise InvalidChallenge
        new = await self._created(credential, challenge)
        passkey = self._kept(new, challenge.user_id, factor_name(name))
        return await self._enrolments.add(
            passkey, challenge, principal=principal, origin=origin, email_code=email_code
        )

    async def _created(self, credential: Json, challenge: Challenge) -> NewPasskey:
        try:
            new = await self._passkeys.created(credential, challenge=challenge.nonce)
        except PasskeyRefused:
            message = "This is no passkey that was made for this request."
            raise ValidationFailed.of("credential", "WRONG_PASSKEY", message) from None
        if not new.user_verified:
            message = "Use a device that asks for a PIN, a fingerprint or a face."
            raise ValidationFailed.of("credential", "USER_NOT_VERIFIED", message)
        return new

    def _kept(self, new: NewPasskey, user_id: UserId, name: str | None) -> Passkey:
        now = self._clock.now()
        return Passkey(
            id=FactorId.new(now, self._randomness.token_bytes),
            user_id=user_id,
            name=name,
            created_at=now,
            credential_id=new.credential_id,
            public_key=new.public_key,
            sign_count=new.sign_count,
            synced=new.synced,
            transports=new.transports,
            rp_id=self._passkeys.rp_id,
        )


class CountOrphanedPasskeys:
    """Count the passkeys that a change of the domain left without use."""

    def __init__(self, *, passkeys: Passkeys, unit_of_work: UnitOfWorkFactory[FactorsUnit]) -> None:
        self._passkeys, self._unit_of_work = passkeys, unit_of_work

    async def __call__(self) -> int:
        """Return how many were made for another domain than today's, over all users."""
        async with self._unit_of_work.read_only() as unit:
            return await unit.factors.count_passkeys(but_for=self._passkeys.rp_id)
