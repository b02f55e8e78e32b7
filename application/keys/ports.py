"""What keys need from outside: where they are kept, and who signs with them."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from application.audit.ports import AuditUnit
from domain.assurance import Method
from domain.errors import NotAuthenticated
from domain.keys.signing_key import SigningAlgorithm, SigningKey
from domain.principal import Permission, RoleName


class SigningKeyRepository(Protocol):
    """Signing keys, the private halves sealed."""

    @abstractmethod
    async def add(self, key: SigningKey) -> None:
        """Keep a new key."""

    @abstractmethod
    async def list_all(self) -> list[SigningKey]:
        """Return every key that is kept, the oldest first."""

    @abstractmethod
    async def hold_all(self) -> list[SigningKey]:
        """Return the same and keep others out of here until the end of the unit of work."""

    @abstractmethod
    async def save(self, key: SigningKey) -> None:
        """Write every field."""

    @abstractmethod
    async def purge(self, *, gone_before: datetime, limit: int) -> int:
        """Remove up to that many keys that left the JWKS before then; return how many."""


LEEWAY = timedelta(seconds=30)
"""How far the clocks of two instances may be apart (TK-1 allows up to 60 s)."""


OWN_CLIENT = "doorward"
"""The ``client_id`` (RFC 9068, 2.2) of every session that the JSON API starts; reserved."""

MOST_ISSUED = 4_000
"""How many characters an access token has at most.

A browser keeps a cookie of up to 4,096 bytes (RFC 6265bis, 5.5); the rest is for its name and its
attributes. No proxy's limit on a header is lower.
"""


class AccessTokenInvalid(NotAuthenticated):
    """Not an access token of ours, whatever the reason."""

    code = "ACCESS_TOKEN_INVALID"
    message = "This access token is not valid."
    meaning = "The access token is not one of ours."


class AccessTokenExpired(NotAuthenticated):
    """A genuine access token that has expired: refresh it."""

    code = "ACCESS_TOKEN_EXPIRED"
    message = "This access token has expired."
    meaning = "The access token is out of time: refresh it."


class UnknownSigningKey(AccessTokenInvalid):
    """The token names a key that is not loaded: a newer one, or none of ours."""


_OF_KEY = (Method.KEY.value,)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What an access token says (RFC 9068). No name, no address (TK-7).

    ``roles`` and ``permissions`` are None where the token does not list them; it then names them in
    ``claims_omitted``, so that a verifier asks instead of reading "none". ``acr``, ``amr`` and
    ``auth_time`` (OpenID Connect Core, 2) are the session's: a refresh changes none of them.

    ``subject`` is the user and ``sid`` the session. A token that was got with an API key says so in
    ``amr``: then ``subject`` is the key's owner, and ``sid`` the key.
    """

    subject: UUID
    sid: UUID
    token_id: str
    issued_at: datetime
    expires_at: datetime
    roles: frozenset[RoleName] | None
    permissions: frozenset[Permission] | None
    acr: str
    amr: tuple[str, ...]
    authenticated_at: datetime

    @property
    def is_of_key(self) -> bool:
        """Whether it stands for an API key, and not for a session."""
        return self.amr == _OF_KEY

    @property
    def omitted(self) -> tuple[str, ...]:
        """Return the names of the claims that are left out, sorted."""
        claims = (("permissions", self.permissions), ("roles", self.roles))
        return tuple(name for name, value in claims if value is None)

    def shortened(self) -> "Iterator[AccessClaims]":
        """Yield these claims, then without permissions, then without roles as well."""
        yield self
        yield (shorter := replace(self, permissions=None))
        yield replace(shorter, roles=None)


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
        """Return a signed token of at most :data:`MOST_ISSUED` characters.

        It says the first of :meth:`AccessClaims.shortened` that fits.
        """

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


class KeysUnit(AuditUnit, Protocol):
    """What keys touch."""

    @property
    @abstractmethod
    def signing_keys(self) -> SigningKeyRepository:
        """Signing keys."""
