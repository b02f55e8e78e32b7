"""Whether SECRET_KEY fits the database, at the start and later, and going over to a new one."""

from application.audit.chaining import AuditChainBroken
from application.keys.secret_key import WrongSecretKey
from domain.failures import Failure
from entrypoints.container import Container
from entrypoints.logging import get_logger
from entrypoints.refusal import StartRefused
from entrypoints.settings.secret_key import wrong_secret_key

log = get_logger("doorward")


async def ensure_secret_key(container: Container) -> None:
    """Raise StartRefused under another SECRET_KEY than the database was written with (CF-1).

    Of a key that this process has made, the file is taken away again.
    """
    kept = container.settings().kept_key
    failure = await _misfit(container)
    if failure is not None:
        if kept is not None:
            kept.withdraw()
        raise StartRefused(f"SECRET_KEY: {failure}", failure)
    if kept is not None:
        kept.announce()


async def change_secret_key(container: Container) -> None:
    """Go over from SECRET_KEY_PREVIOUS to SECRET_KEY, if that is still to be done (TK-4, LG-3)."""
    if container.settings().secret_key_previous is None:
        return
    if await container.service().keys.change_secret_key():
        cure = "Keep SECRET_KEY_PREVIOUS until `doorward check` says that it is no longer needed."
        log.warning("secret_key_changed", cure=cure)


async def keep_keys(container: Container) -> None:
    """Keep the signing keys in step, as long as SECRET_KEY is that of the database.

    Raises StartRefused where another process has changed it, and what the keyring raises.
    """
    keyring = container.service().keys.keyring
    await keyring.keep_up()
    if not keyring.opens_some_key():
        await _ensure_still_fits(container)


async def chain_trail(container: Container) -> None:
    """Chain the audit trail. Raises as :func:`keep_keys` does, and what the chain raises."""
    chain = container.service().audit.chain
    try:
        await chain()
    except AuditChainBroken:
        await _ensure_still_fits(container)
        raise


async def _ensure_still_fits(container: Container) -> None:
    failure = await _misfit(container)
    if failure is not None:
        raise StartRefused(f"SECRET_KEY: {failure}", failure)


async def _misfit(container: Container) -> Failure | None:
    settings = container.settings()
    try:
        await container.service().keys.secret_key.ensure_right()
    except WrongSecretKey:
        has_previous = settings.secret_key_previous is not None
        return wrong_secret_key(settings.kept_key, has_previous=has_previous)
    return None
