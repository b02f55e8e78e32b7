"""Signing keys as an administrator manages them (TK-3)."""

from application.keys.keyring import SigningKeyring
from application.paging import Cursors, Page, PageRequest
from domain.keys.permissions import KEYS_MANAGE
from domain.keys.signing_key import SigningKey
from domain.origin import Origin
from domain.principal import Principal


class ManageSigningKeys:
    """Show, rotate and revoke the keys behind access tokens; no private half is ever shown."""

    def __init__(self, *, keyring: SigningKeyring, cursors: Cursors) -> None:
        self._keyring, self._cursors = keyring, cursors

    async def listed(self, *, principal: Principal, asked: PageRequest) -> Page[SigningKey]:
        """Return a page of the keys that are kept, the oldest first.

        Raises PermissionDenied and InvalidCursor.
        """
        principal.require(KEYS_MANAGE)
        keys, query = await self._keyring.stored(), f"signing keys for {principal.account_id}"
        return self._cursors.page_of_all(keys, asked, query=query, position=_place)

    async def rotate(self, *, principal: Principal, origin: Origin) -> SigningKey:
        """Return the present key's successor, published now; nothing else is to be done.

        Raises PermissionDenied.
        """
        principal.require(KEYS_MANAGE)
        return await self._keyring.rotate(actor=principal, origin=origin)

    async def revoke(self, *, principal: Principal, kid: str, origin: Origin) -> None:
        """Take a key out of the JWKS at once: what it signed is refused from then on.

        Where it is missed another one is published.

        Raises PermissionDenied and SigningKeyNotFound.
        """
        principal.require(KEYS_MANAGE)
        await self._keyring.revoke(kid, actor=principal, origin=origin)


def _place(key: SigningKey) -> str:
    return f"{key.published_at.isoformat(timespec='microseconds')} {key.kid}"
