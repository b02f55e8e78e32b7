"""Sealing challenges, and reading what comes back (AT-5, TK-2)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from application.factors.ports import Json
from application.ports.clock import Clock
from application.ports.crypto import SealBroken, SecretBox
from domain.assurance import Method
from domain.factors.challenge import Challenge, ChallengePurpose, InvalidChallenge
from domain.identifiers import SessionId, UserId
from domain.vocabulary import word_of

PREFIX = "dwc_"
LONGEST = 4096
"""Characters of a challenge at most: what one of ours can be, with room to spare."""
_SEAL = "challenge"
_BETWEEN = "|"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedChallenge:
    """A challenge as a client gets it, and what it may be answered with."""

    token: str
    expires_at: datetime
    methods: Sequence[str] = ()
    passkey_options: Json | None = None

    @property
    def members(self) -> Mapping[str, object]:
        """Return it for an answer; ``passkey_options`` only where a passkey may answer it."""
        facts: dict[str, object] = {
            "token": self.token,
            "expires_at": self.expires_at,
            "methods": list(self.methods),
        }
        if self.passkey_options is not None:
            facts["passkey_options"] = self.passkey_options
        return facts

    def __repr__(self) -> str:
        return f"IssuedChallenge(methods={list(self.methods)})"


class Challenges:
    """Turns challenges into sealed text, and back."""

    def __init__(self, *, secret_box: SecretBox, clock: Clock) -> None:
        self._secret_box, self._clock = secret_box, clock

    def sealed(self, challenge: Challenge) -> str:
        """Return the challenge as text that only this service can read or make."""
        facts = (
            challenge.purpose.value,
            challenge.nonce.hex(),
            str((challenge.expires_at - _EPOCH) // _MICROSECOND),
            "" if challenge.user_id is None else str(challenge.user_id),
            "" if challenge.account_version is None else str(challenge.account_version),
            "" if challenge.session_id is None else str(challenge.session_id),
            " ".join(sorted(challenge.shown)),
            challenge.payload.hex(),
        )
        plain = _BETWEEN.join(facts).encode()
        return PREFIX + _text(self._secret_box.seal(plain, purpose=_SEAL))

    def read(self, text: str, purpose: ChallengePurpose) -> Challenge:
        """Return the challenge that was sealed for this purpose.

        Raises InvalidChallenge for any other text, for any other spelling of it, and for one that
        is old. Whether it was used is for the unit of work to find out that uses it.
        """
        challenge = self._opened(text)
        challenge.ensure_good(purpose, now=self._clock.now())
        return challenge

    def read_one_of(self, text: str, *purposes: ChallengePurpose) -> Challenge:
        """Return the challenge if it was sealed for one of these purposes; raise as ``read``."""
        challenge = self._opened(text)
        meant = challenge.purpose if challenge.purpose in purposes else purposes[0]
        challenge.ensure_good(meant, now=self._clock.now())
        return challenge

    def _opened(self, text: str) -> Challenge:
        try:
            plain = self._secret_box.open(_bytes(text), purpose=_SEAL)
        except (SealBroken, ValueError):
            raise InvalidChallenge from None
        purpose, nonce, expires, user, version, session, shown, payload = plain.decode().split(
            _BETWEEN
        )
        return Challenge(
            purpose=word_of(ChallengePurpose, purpose),
            nonce=bytes.fromhex(nonce),
            expires_at=_EPOCH + int(expires) * _MICROSECOND,
            user_id=UserId(UUID(user)) if user else None,
            account_version=int(version) if version else None,
            session_id=SessionId(UUID(session)) if session else None,
            shown=frozenset(Method(word) for word in shown.split()),
            payload=bytes.fromhex(payload),
        )


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Return what the text stands for; raise ``ValueError`` for any but the canonical spelling."""
    if len(text) > LONGEST or not text.startswith(PREFIX) or not text.isascii():
        raise ValueError
    bare = text.removeprefix(PREFIX)
    sealed = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    if _text(sealed) != bare:
        raise ValueError
    return sealed
