"""Access tokens, and the box that keeps secrets at rest."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.access import Permission, RoleName
from domain.errors import NotAuthenticated
from domain.identifiers import SessionId, UserId
from domain.signing_key import SigningAlgorithm

LEEWAY = timedelta(seconds=30)
"""How far the clocks of two instances may be apart (TK-1 allows up to 60 s)."""


class AccessTokenInvalid(NotAuthenticated):
    """Not an access token of ours, whatever the reason."""

    code = "ACCESS_TOKEN_INVALID"
    message = "This access token is not valid."


class AccessTokenExpired(NotAuthenticated):
    """A genuine access token whose time is over: refresh it."""

    code = "ACCESS_TOKEN_EXPIRED"
    message = "This access token has expired."


class UnknownSigningKey(AccessTokenInvalid):
    """The token names a key that is not loaded: a newer one, or none of ours."""


class SealBroken(Exception):
    """The box was sealed under another key or for another purpose, or was tampered with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What an access token says (RFC 9068). No name, no address (TK-7)."""

    user_id: UserId
    session_id: SessionId
    token_id: str
    issued_at: datetime
    expires_at: datetime
    roles: frozenset[RoleName]
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaterial:
    """A fresh key pair: the public half as a JWK (RFC 7517), the private half as bytes."""

    kid: str
    algorithm: SigningAlgorithm
    public_jwk: Mapping[str, str]
    private_key: bytes

    def __repr__(self) -> str:
        return f"KeyMaterial(kid={self.kid!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingKey:
    """A key that may have signed a living token."""

    kid: str
    algorithm: SigningAlgorithm
    public_jwk: Mapping[str, str]


class AccessTokens(Protocol):
    """Makes and checks access tokens with the keys that it was last handed."""

    @abstractmethod
    def generate_key(self, algorithm: SigningAlgorithm) -> KeyMaterial:
        """Return a new key pair; its ``kid`` is its thumbprint (RFC 7638)."""

    @abstractmethod
    def use(self, signing: KeyMaterial, verifying: Sequence[VerifyingKey]) -> None:
        """Sign with the one from now on, and accept it and all of the others, and only them."""

    @abstractmethod
    def issue(self, claims: AccessClaims) -> str:
        """Return a signed token."""

    @abstractmethod
    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """Return what the token says, once everything that TK-1 lists has been checked.

        Raises :class:`AccessTokenExpired` for a genuine token out of time,
        :class:`UnknownSigningKey` for one whose key is not loaded, and
        :class:`AccessTokenInvalid` for all else, whatever bytes come in (TK-5).
        """

    @abstractmethod
    def jwks(self) -> list[dict[str, str]]:
        """Return the public keys in use, as JWKs without any private member."""


class SecretBox(Protocol):
    """Keeps secrets at rest under a key that is not in the database (RF-5, TK-4)."""

    @abstractmethod
    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return the sealed bytes; two calls never return the same."""

    @abstractmethod
    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed for this purpose; raise :class:`SealBroken` otherwise."""


class Authenticator(Protocol):
    """Makes digests that nobody makes or checks without a key which is not in the database."""

    @abstractmethod
    def tag(self, message: bytes, *, purpose: str) -> bytes:
        """Return 32 bytes: the same for the same message and purpose, and for no other."""
