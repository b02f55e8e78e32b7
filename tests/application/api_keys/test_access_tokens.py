"""Access tokens that are got with an API key."""

from dataclasses import replace

import pytest

from application.api_keys.access_tokens import KeyToken
from application.api_keys.authentication import KeyBearer
from application.api_keys.making import NewKey
from domain.api_keys.api_key import ApiKeyExpired
from domain.api_keys.key_text import ApiKeyInvalid
from domain.principal import Permission, PermissionDenied
from tests.application.api_keys.holders import key_of, no_store, program, revoke, user_with
from tests.application.service import MINUTE, SECOND
from tests.application.stories import Service

READ = frozenset({Permission("orders:read")})


async def token_for(service: Service, key: NewKey) -> KeyToken:
    """Trade the key for a token."""
    caller = await service.api_keys.authenticate(str(key.text))
    return await service.api_keys.issue_token(caller=caller)


async def bearer_of(service: Service, token: str) -> KeyBearer:
    """Return who comes with the token."""
    claims = await service.sessions.authenticate.verified(token)
    return await service.api_keys.authenticate.by_token(claims)


async def test_it_says_whose_key_it_is_and_what_it_gives() -> None:
    """TK-1: the key's id as ``sid``, no role, and what key and owner both give now."""
    service = Service()
    user = await user_with(service, "orders:read", "orders:refund")
    key = await key_of(service, user, "orders:read", "users:read")
    service.clock.advance(SECOND)
    token = await token_for(service, key)
    claims = service.ports.access_tokens.verify(token.text, now=service.clock.now())
    assert claims.subject == user.id.value
    assert claims.sid == key.shown.key.id.value
    assert claims.is_of_key
    assert (claims.amr, claims.acr) == (("key",), "aal1")
    assert claims.authenticated_at == key.shown.key.created_at
    assert claims.roles == frozenset()
    assert claims.permissions == READ
    assert token.expires_in == 600
    assert claims.expires_at - claims.issued_at == 10 * MINUTE
    assert token.text not in repr(token)


async def test_it_costs_no_look_at_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that it says was read when the key was."""
    service = Service()
    _, key = await program(service, "orders:read")
    caller = await service.api_keys.authenticate(str(key.text))
    no_store(monkeypatch)
    assert (await service.api_keys.issue_token(caller=caller)).text


async def test_it_never_outlives_the_key() -> None:
    service = Service()
    user = await user_with(service, "orders:read")
    key = await key_of(service, user, "orders:read", expires_in=90)
    service.clock.advance(30 * SECOND)
    token = await token_for(service, key)
    assert token.expires_in == 60
    claims = service.ports.access_tokens.verify(token.text, now=service.clock.now())
    assert claims.expires_at <= key.shown.key.expires_at  # type: ignore[operator]
    service.clock.advance(60 * SECOND)
    with pytest.raises(ApiKeyExpired):
        await bearer_of(service, token.text)  # within the leeway of the token, not of the key


async def test_neither_a_session_nor_a_token_begets_one() -> None:
    """A token is no key: whoever finds one has it for ten minutes and no longer."""
    service = Service()
    _, key = await program(service, "orders:read")
    by_token = await bearer_of(service, (await token_for(service, key)).text)
    session = await service.authenticate(await service.signed_in_user("eve@example.com"))
    for caller in (by_token, session):
        with pytest.raises(PermissionDenied):
            await service.api_keys.issue_token(caller=caller)


async def test_it_is_worth_what_the_key_is_worth_now() -> None:
    """AZ-1, SE-1: a revoked key, a suspended owner and a lost role count at the next request."""
    service = Service()
    user = await user_with(service, "orders:read")
    key = await key_of(service, user, "orders:read")
    token = (await token_for(service, key)).text
    assert (await bearer_of(service, token)).principal.permissions == {"orders:read"}
    await service.set_role(user, "support", held=False)
    assert (await bearer_of(service, token)).principal.permissions == frozenset()
    await service.operator_suspends(user)
    with pytest.raises(ApiKeyInvalid):
        await bearer_of(service, token)
    await service.operator_reinstates(user)
    assert (await bearer_of(service, token)).by_token
    await revoke(service, key)
    with pytest.raises(ApiKeyInvalid):
        await bearer_of(service, token)


async def test_a_token_that_names_another_owner_of_the_key_is_none() -> None:
    """Both are signed; if they ever differ, neither is taken for the caller."""
    service = Service()
    _, key = await program(service, "orders:read")
    other = await user_with(service, "orders:read")
    claims = await service.sessions.authenticate.verified((await token_for(service, key)).text)
    with pytest.raises(ApiKeyInvalid):
        await service.api_keys.authenticate.by_token(replace(claims, subject=other.id.value))
