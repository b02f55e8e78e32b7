"""What ``doorward check`` says of factors: those that can prove nothing any more."""

from typing import TYPE_CHECKING

from application.keys.secret_key import WrongSecretKey
from entrypoints.cli.findings import warning
from entrypoints.settings import Finding, Settings

if TYPE_CHECKING:
    from entrypoints.container import Container


async def usable_factors(container: "Container", _: Settings) -> list[Finding]:
    """Return how many are sealed under a key that is gone, if any are."""
    service = container.service()
    try:
        await service.keys.secret_key.ensure_right()
    except WrongSecretKey:
        return []  # it is among the findings
    unreadable = await service.factors.renew_sealed.unreadable()
    if not unreadable.count:
        return []
    message = (
        "Sealed under a SECRET_KEY that is gone, so that their users cannot show them any more:"
        f" {unreadable.count}, the first one of user {unreadable.first_of}."
    )
    cure = (
        "Set SECRET_KEY_PREVIOUS to that key, if it is still known, until a worker has sealed them"
        " anew. Otherwise `doorward factors reset` lets a user in without them."
    )
    return [warning("factors", message, cure)]


async def usable_passkeys(container: "Container", settings: Settings) -> list[Finding]:
    """Return how many were made for another domain, if any were."""
    if not (orphaned := await container.service().factors.count_orphaned_passkeys()):
        return []
    rp_id = settings.passkey_place.rp_id
    message = f"Passkeys that were made for another domain than {rp_id}, of no use now: {orphaned}."
    cure = "Set PASSKEY_RP_ID to the domain of before, or let their owners make others."
    return [warning("PASSKEY_RP_ID", message, cure)]
