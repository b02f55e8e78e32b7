"""Whether SECRET_KEY is the one that the store was written with (CF-1)."""

import pytest

from application.keys.secret_key import WrongSecretKey
from domain.audit.chain import ChainHead
from domain.keys.signing_key import SigningAlgorithm
from tests.application.keys.test_signing_keys import restarted
from tests.application.stories import Service

OTHER = b"o" * 32


def under(service: Service, secret_key: bytes) -> Service:
    return restarted(service, SigningAlgorithm.EDDSA, secret_key=secret_key)


async def test_a_new_store_takes_any_key() -> None:
    service = Service()
    async with service.unchanged():
        await service.keys.secret_key.ensure_right()
    assert await service.keys.secret_key.signing_keys() == []


async def test_the_signing_keys_tell() -> None:
    """TK-4: every key is asked, and what is asked stays as it is."""
    service = Service()
    await service.keys.keyring.prepare()
    async with service.unchanged():
        await service.keys.secret_key.ensure_right()
        with pytest.raises(WrongSecretKey):
            await under(service, OTHER).keys.secret_key.ensure_right()
    for instance, opens in ((service, True), (under(service, OTHER), False)):
        [kept] = await instance.keys.secret_key.signing_keys()
        assert kept.opens is opens


async def test_where_no_token_was_ever_signed_the_audit_trail_tells() -> None:
    """LG-3: the command line writes rows, and makes no signing key."""
    service = Service()
    await service.audit.chain.begin()
    await service.keys.secret_key.ensure_right()
    with pytest.raises(WrongSecretKey):
        await under(service, OTHER).keys.secret_key.ensure_right()


@pytest.mark.parametrize("is_chained", [False, True])
async def test_a_head_that_was_forged_is_not_blamed_on_the_key(is_chained: bool) -> None:
    """
    LG-3: a row that fits tells that the key is right; ``audit verify`` finds the forgery.
    """
    service = Service()
    await service.audit.chain.begin()
    await service.verified_user()
    assert service.audited()
    if is_chained:
        await service.audit.chain()
    async with service.units() as unit:
        head = await unit.audit_chain.hold()
        forged = ChainHead(position=head.position, link=head.link, sealed_at=head.sealed_at)
        await unit.audit_chain.extend([], forged)
        await unit.commit()
    await service.keys.secret_key.ensure_right()
    with pytest.raises(WrongSecretKey):
        await under(service, OTHER).keys.secret_key.ensure_right()
