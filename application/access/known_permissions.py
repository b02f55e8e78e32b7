"""Which permissions there are: Doorward's own, and those of products that some role gives."""

from collections.abc import Collection, Iterable

from application.access.ports import AccessUnit
from domain.errors import ValidationFailed
from domain.principal import Permission


class KnownPermissions:
    """Refuses permissions that nothing in this service could ever ask for."""

    def __init__(self, own: frozenset[Permission]) -> None:
        self._own = own

    async def parsed(self, unit: AccessUnit, texts: Collection[str]) -> frozenset[Permission]:
        """Return the permissions; raise ValidationFailed for one that no role gives.

        There is no wildcard: a key with a permission that means nothing today would be given
        whatever it comes to mean.
        """
        asked = frozenset(Permission.parse(text, field="permissions") for text in texts)
        foreign = asked - self._own
        if foreign and not foreign <= await self._of_products(unit):
            message = "Name permissions that a role gives."
            raise ValidationFailed.of("permissions", "UNKNOWN_PERMISSION", message)
        return asked

    async def _of_products(self, unit: AccessUnit) -> frozenset[Permission]:
        roles = await unit.roles.list_all()
        return _union(role.permissions for role in roles)


def _union(sets: Iterable[frozenset[Permission]]) -> frozenset[Permission]:
    return frozenset[Permission]().union(*sets)
