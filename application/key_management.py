"""Signing keys as an administrator manages them (TK-3)."""

from collections.abc import Sequence

from application.signing_keys import SigningKeyring
from domain.access import Permission, Principal
from domain.audit import Origin
from domain.signing_key import SigningKey

MANAGE = Permission("keys:manage")


class ManageSigningKeys:
    """Show, rotate and revoke the keys behind access tokens; no private half is ever shown."""

    def __init__(self, *, keyring: SigningKeyring) -> None:
        self._keyring = keyring

    async def listed(self, *, principal: Principal) -> Sequence[SigningKey]:
        """Return every key that is kept, the oldest first. Raises PermissionDenied."""
        principal.require(MANAGE)
        return await self._keyring.stored()

    async def rotate(self, *, principal: Principal, origin: Origin) -> SigningKey:
        """Return the present key's successor, published now; nothing else is to be done.

        Raises PermissionDenied.
        """
        principal.require(MANAGE)
        return await self._keyring.rotate(actor=principal, origin=origin)

    async def revoke(self, *, principal: Principal, kid: str, origin: Origin) -> None:
        """Take a key out of the JWKS at once: what it signed is refused from then on.

        Raises PermissionDenied and SigningKeyNotFound.
        """
        principal.require(MANAGE)
        await self._keyring.revoke(kid, actor=principal, origin=origin)
