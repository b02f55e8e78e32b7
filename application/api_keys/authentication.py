"""Knowing the caller by an API key, while the key and its owner live (MF-2)."""

from dataclasses import dataclass
from datetime import datetime

from application.api_keys.ports import ApiKeysUnit
from application.keys.ports import AccessClaims
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.api_keys.api_key import ApiKey
from domain.api_keys.key_text import ApiKeyInvalid, KeyText
from domain.assurance import Level
from domain.identifiers import ApiKeyId
from domain.principal import Principal, PrincipalKind
from domain.service_accounts.service_account import ServiceAccount
from domain.users.user import User


@dataclass(frozen=True, slots=True)
class UserKeyBearer:
    """A caller with a user's key: the principal, and what was loaded to make it.

    ``by_token`` tells that the caller showed a token that was got with the key.
    """

    principal: Principal
    key: ApiKey
    user: User
    by_token: bool = False


@dataclass(frozen=True, slots=True)
class ServiceKeyBearer:
    """A caller with a service account's key."""

    principal: Principal
    key: ApiKey
    account: ServiceAccount
    by_token: bool = False


type KeyBearer = UserKeyBearer | ServiceKeyBearer


class AuthenticateKey:
    """Know a caller by an API key, or by a token that was got with one.

    What it gives is asked for at every use: the key's permissions, as far as its owner has them
    now. So a revoked key, a suspended owner and a role that was taken away count from the next
    request on, on every instance.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[ApiKeysUnit],
        clock: Clock,
        administrator_acr: Level | None,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._administrator_acr = administrator_acr

    async def __call__(self, text: str) -> KeyBearer:
        """Return the caller; key, owner and roles are read in one statement.

        A text with a wrong checksum is refused before anything is read. Raises ApiKeyInvalid and
        ApiKeyExpired.
        """
        shown = KeyText.parse(text)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.api_keys.find(shown.digest)
        if found is None:
            raise ApiKeyInvalid
        return self._bearer(*found, now=self._clock.now())

    async def by_token(self, claims: AccessClaims) -> KeyBearer:
        """Return the caller whose key these verified claims name; one statement as well.

        Raises as for the key itself.
        """
        async with self._unit_of_work.read_only() as unit:
            found = await unit.api_keys.find_by_id(ApiKeyId(claims.sid))
        if found is None or found[0].owner.value != claims.subject:
            raise ApiKeyInvalid
        return self._bearer(*found, now=self._clock.now(), by_token=True)

    def _bearer(
        self,
        key: ApiKey,
        owner: User | ServiceAccount,
        *,
        now: datetime,
        by_token: bool = False,
    ) -> KeyBearer:
        if owner.suspended_at is not None:
            raise ApiKeyInvalid
        key.ensure_not_expired(now)
        authority = key.authority(owner.authority(administrator=self._administrator_acr))
        if isinstance(owner, User):
            principal = Principal(
                kind=PrincipalKind.USER,
                user_id=owner.id,
                key_id=key.id,
                permissions=authority.permissions,
                assurance=key.assurance,
                has_second_factor=owner.has_second_factor,
            )
            return UserKeyBearer(principal, key, owner, by_token)
        principal = Principal(
            kind=PrincipalKind.SERVICE,
            service_account_id=owner.id,
            key_id=key.id,
            permissions=authority.permissions,
            assurance=key.assurance,
        )
        return ServiceKeyBearer(principal, key, owner, by_token)
