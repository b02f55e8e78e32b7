"""What a caller can show, and whether it proves anything.

Each kind of proof has a checker of its own. A checker says what was proven and which factor was
used up by it; the use case saves that with whatever the proof was for, in one commit.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from application.factors.challenges import Challenges, IssuedChallenge
from application.factors.ports import FactorsUnit, Json
from domain.assurance import Evidence
from domain.events import DomainEvent
from domain.factors.challenge import Challenge
from domain.factors.factor import Factor, InvalidProof
from domain.users.user import User


class ProofKind(StrEnum):
    """What can be shown, by the name of its member in a request."""

    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"
    EMAIL_CODE = "email_code"
    EMAIL_TOKEN = "email_token"
    PASSWORD = "password"


SECOND_FACTORS: Sequence[ProofKind] = (ProofKind.PASSKEY, ProofKind.TOTP, ProofKind.RECOVERY_CODE)
"""What counts beside a password, in the order in which clients are offered it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a caller shows: one thing, of one kind."""

    kind: ProofKind
    value: str | Mapping[str, object] = field(repr=False)

    @property
    def text(self) -> str:
        """The value of a proof that is text; raises InvalidProof for another."""
        if not isinstance(self.value, str):
            raise InvalidProof
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a proof proves, and what it leaves behind: what it used up, and what to note.

    ``used`` is a factor, ``mailed`` the digest of a mailed code. ``proves_address``: the account's
    address was not proven before, and is now.
    """

    evidence: Evidence
    used: Factor | None = None
    mailed: bytes | None = None
    proves_address: bool = False
    events: Sequence[DomainEvent] = ()

    async def save(self, unit: FactorsUnit) -> None:
        """Write that the factor was used, in the unit of work that makes something of it.

        Raises ConcurrentChange, or InvalidProof for a mailed code, if it was used since it was
        read: of two at once one counts.
        """
        if self.used is not None:
            await unit.factors.save(self.used)
        if self.mailed is not None and await unit.one_time_tokens.take(self.mailed) is None:
            raise InvalidProof


type PasskeyOptions = Callable[[Challenge, Sequence[Factor]], Json | None]
"""Returns with what a browser shows one of these passkeys; None where none is of use."""


class ProofChecker(Protocol):
    """Understands one kind of proof."""

    @abstractmethod
    def offered(self, factors: Sequence[Factor]) -> bool:
        """Tell whether somebody with these factors can show such a proof."""

    @abstractmethod
    async def check(
        self,
        user: User,
        factors: Sequence[Factor],
        proof: Proof,
        challenge: Challenge | None,
        *,
        now: datetime,
    ) -> Proven:
        """Return what the proof proves of the user; raise InvalidProof if it proves nothing."""


class Proofs:
    """Every kind of proof that this service understands, and the challenges that ask for them."""

    def __init__(
        self,
        checkers: Mapping[ProofKind, ProofChecker],
        *,
        challenges: Challenges,
        passkey_options: PasskeyOptions,
    ) -> None:
        self._checkers, self._challenges = checkers, challenges
        self._passkey_options = passkey_options

    def issued(self, challenge: Challenge, factors: Sequence[Factor]) -> IssuedChallenge:
        """Return the challenge for a client, and what somebody with these factors can answer."""
        return IssuedChallenge(
            token=self._challenges.sealed(challenge),
            expires_at=challenge.expires_at,
            methods=[kind.value for kind in self.offered(factors)],
            passkey_options=self._passkey_options(challenge, factors),
        )

    def offered(self, factors: Sequence[Factor]) -> list[ProofKind]:
        """Return with what somebody with these factors can complete a sign-in."""
        return [
            kind
            for kind in SECOND_FACTORS
            if kind in self._checkers and self._checkers[kind].offered(factors)
        ]

    async def check(
        self,
        user: User,
        factors: Sequence[Factor],
        proof: Proof,
        challenge: Challenge | None = None,
        *,
        now: datetime,
    ) -> Proven:
        """Return what the proof proves of the user.

        Raises InvalidProof for a wrong one, and for a kind that this service does not take.
        """
        checker = self._checkers.get(proof.kind)
        if checker is None:
            raise InvalidProof
        return await checker.check(user, factors, proof, challenge, now=now)
