"""What a second request has to bring along: what was shown in the first one, sealed.

Nothing is kept while it is on its way. It is bound to what it is for, to the user, and to the state
of the account when it was made; it works for a few minutes, and once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.assurance import Method
from domain.errors import InvalidSecret
from domain.identifiers import Entropy, SessionId, UserId

CHALLENGE_TTL = timedelta(seconds=300)
NONCE_BYTES = 32


class InvalidChallenge(InvalidSecret):
    """One answer for a challenge that is wrong, used, old, another's or for something else."""

    code = "INVALID_CHALLENGE"
    message = "This challenge cannot be used any more. Begin again."
    meaning = "The challenge is wrong, used or old, or the account changed meanwhile."


class ChallengePurpose(StrEnum):
    """What a challenge may be used for, and nothing else."""

    SIGN_IN = "sign_in"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    EMAIL_SIGN_IN = "email_sign_in"
    STEP_UP = "step_up"
    TOTP_ENROLMENT = "totp_enrolment"
    PASSKEY_ENROLMENT = "passkey_enrolment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What was shown already, and by whom.

    ``nonce`` is what a passkey signs, too. ``account_version`` is the user's version: whatever
    changes the account (a password, a suspension, a factor) makes the challenge useless.
    ``session_id`` binds it to a session; ``payload`` is what its purpose needs kept meanwhile.
    """

    purpose: ChallengePurpose
    nonce: bytes
    expires_at: datetime
    user_id: UserId | None = None
    account_version: int | None = None
    session_id: SessionId | None = None
    shown: frozenset[Method] = frozenset()
    payload: bytes = b""

    @classmethod
    def make(
        cls,
        purpose: ChallengePurpose,
        *,
        now: datetime,
        entropy: Entropy,
        ttl: timedelta = CHALLENGE_TTL,
        user_id: UserId | None = None,
        account_version: int | None = None,
        session_id: SessionId | None = None,
        shown: frozenset[Method] = frozenset(),
        payload: bytes = b"",
    ) -> "Challenge":
        """Return a new challenge that is good for ``ttl``."""
        return cls(
            purpose=purpose,
            nonce=entropy(NONCE_BYTES),
            expires_at=now + ttl,
            user_id=user_id,
            account_version=account_version,
            session_id=session_id,
            shown=shown,
            payload=payload,
        )

    def ensure_good(self, purpose: ChallengePurpose, *, now: datetime) -> None:
        """Raise :class:`InvalidChallenge` for another purpose, and once it is old."""
        if self.purpose is not purpose or now >= self.expires_at:
            raise InvalidChallenge
