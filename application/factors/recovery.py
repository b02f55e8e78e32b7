"""Recovery codes: as a proof, and making new ones (MF-1)."""

from collections.abc import Sequence
from datetime import datetime

from application.factors.proofs import Proof, ProofChecker, Proven
from application.ports.clock import Randomness
from application.ports.crypto import Authenticator, SealBroken, SecretBox
from domain.assurance import Evidence, Method
from domain.factors.challenge import Challenge
from domain.factors.events import RecoveryCodeUsed
from domain.factors.factor import Factor, FactorId, InvalidProof, RecoveryCodes
from domain.factors.recovery import NUMBER_OF_CODES, fresh_recovery_code, read_recovery_code
from domain.identifiers import UserId
from domain.users.user import User

_KEY_BYTES = 32


def recovery_purpose(user_id: UserId) -> str:
    """Return what the key of this user's codes is sealed for."""
    return f"recovery-codes:{user_id}"


class RecoveryCodeMaking:
    """Makes codes, and the digests that are kept of them."""

    def __init__(
        self, *, secret_box: SecretBox, authenticator: Authenticator, randomness: Randomness
    ) -> None:
        self._secret_box, self._authenticator = secret_box, authenticator
        self._randomness = randomness

    def fresh(self, user_id: UserId, *, now: datetime) -> tuple[RecoveryCodes, list[str]]:
        """Return ten new codes, to be shown once, and what to keep of them."""
        entropy = self._randomness.token_bytes
        codes: list[str] = []
        while len(codes) < NUMBER_OF_CODES:
            if (code := fresh_recovery_code(entropy)) not in codes:
                codes.append(code)
        key = entropy(_KEY_BYTES)
        kept = RecoveryCodes(
            id=FactorId.new(now, entropy),
            user_id=user_id,
            name=None,
            created_at=now,
            sealed_key=self._secret_box.seal(key, purpose=recovery_purpose(user_id)),
            tags=frozenset(self._tag(key, code) for code in codes),
        )
        return kept, codes

    def tag_of(self, kept: RecoveryCodes, code: str) -> bytes | None:
        """Return the digest of a code that was typed; None for what cannot be one of these."""
        try:
            key = self._secret_box.open(kept.sealed_key, purpose=recovery_purpose(kept.user_id))
        except SealBroken:
            return None  # sealed under a SECRET_KEY that is gone: shown as not usable
        return None if read_recovery_code(code) is None else self._tag(key, code)

    def _tag(self, key: bytes, code: str) -> bytes:
        return self._authenticator.tag_with(key, (read_recovery_code(code) or "").encode())


class RecoveryCodeProofs(ProofChecker):
    """Checks a recovery code; each is good once."""

    def __init__(self, making: RecoveryCodeMaking) -> None:
        self._making = making

    def offered(self, factors: Sequence[Factor]) -> bool:
        return any(isinstance(factor, RecoveryCodes) and factor.tags for factor in factors)

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
            if not isinstance(factor, RecoveryCodes):
                continue
            tag = self._making.tag_of(factor, proof.text)
            if tag is not None and tag in factor.tags:
                factor.spend(tag, now=now)
                left = len(factor.tags)
                used = RecoveryCodeUsed(user_id=user.id, remaining=left, occurred_at=now)
                evidence = Evidence.of(Method.RECOVERY_CODE)
                return Proven(evidence=evidence, used=factor, events=[used])
        raise InvalidProof
