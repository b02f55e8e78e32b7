"""What a product is told about a token (RFC 7662, SE-1)."""

from collections.abc import Awaitable, Callable

import pytest

from application.api_keys.introspection import LiveToken
from application.sessions.token_grants import TokenGrant
from domain.assurance import Level, Method
from domain.principal import (
    ADMINISTRATOR,
    Permission,
    PermissionDenied,
    Principal,
    PrincipalKind,
    RoleName,
)
from tests.application.api_keys.holders import key_of, no_store, program, revoke, user_with
from tests.application.service import MINUTE, SECOND
from tests.application.stories import ADA, PASSWORD, Service, principal_of

READ = frozenset({Permission("orders:read")})


async def asker(service: Service) -> Principal:
    """Return a product that may ask."""
    _, key = await program(service, "tokens:introspect", name="Asker")
    return (await service.api_keys.authenticate(str(key.text))).principal


async def told(service: Service, principal: Principal, token: object) -> LiveToken | None:
    """Ask about a token."""
    return await service.api_keys.introspect(principal=principal, token=str(token))


async def test_a_key_of_a_user() -> None:
    service = Service()
    product, user = await asker(service), await user_with(service, "orders:read", "orders:void")
    key = await key_of(service, user, "orders:read", "users:read", expires_in=3600)
    assert await told(service, product, key.text) == LiveToken(
        subject=user.id.value,
        kind=PrincipalKind.USER,
        sid=key.shown.key.id.value,
        roles=frozenset(),
        permissions=READ,
        acr=Level.AAL1,
        issued_at=key.shown.key.created_at,
        expires_at=key.shown.key.expires_at,
    )


async def test_a_key_of_a_service_account_and_a_token_got_with_it() -> None:
    """OA-9: a program is told from a user."""
    service = Service()
    product = await asker(service)
    account, key = await program(service, "orders:read")
    of_key = await told(service, product, key.text)
    assert of_key is not None
    assert (of_key.kind, of_key.subject) == (PrincipalKind.SERVICE, account.id.value)
    bearer = await service.api_keys.authenticate(str(key.text))
    token = await service.api_keys.issue_token(caller=bearer)
    of_token = await told(service, product, token.text)
    assert of_token is not None
    assert of_token.expires_at is not None
    assert of_token.expires_at - of_token.issued_at == 10 * MINUTE
    assert (of_token.sid, of_token.subject) == (of_key.sid, of_key.subject)
    assert of_token.roles == frozenset()
    assert of_token.permissions == READ


async def test_a_token_of_a_session_gives_what_counts_now_at_its_own_level() -> None:
    """MF-2, TK-7: a role that asks for more sleeps, and one that was taken away is gone."""
    service = Service()
    product, user = await asker(service), await user_with(service, "orders:read")
    async with service.units() as unit:
        role = await unit.roles.get(RoleName("support"))
        assert role is not None
        role.required_acr = Level.AAL2
        await unit.roles.save(role)
        await unit.commit()
    before = await service.sign_in()
    first = await told(service, product, before.access_token)
    assert first is not None
    assert (first.permissions, first.acr) == (frozenset(), Level.AAL1)
    assert first.roles == {"user"}
    after = await service.shows(before, Method.OTP)
    second = await told(service, product, after.access_token)
    assert second is not None
    assert second.sid == after.session.id.value
    assert second.roles == {"user", "support"}
    assert second.permissions == READ
    assert await told(service, product, before.access_token) == first
    await service.set_role(user, "support", held=False)
    third = await told(service, product, after.access_token)
    assert third is not None
    assert third.permissions == frozenset()


async def test_an_administrator_has_no_list() -> None:
    """TK-7: as in the token itself, the role says that it is everything."""
    service = Service()
    product, user = await asker(service), await user_with(service)
    await service.set_role(user, ADMINISTRATOR)
    found = await told(service, product, (await service.sign_in()).access_token)
    assert found is not None
    assert (ADMINISTRATOR in found.roles, found.permissions) == (True, None)


async def _end(service: Service, grant: TokenGrant) -> None:
    await service.sign_out(grant)


async def _suspend(service: Service, _: TokenGrant) -> None:
    await service.operator_suspends(service.user())


async def _erase(service: Service, grant: TokenGrant) -> None:
    await service.erase_own_account(grant)


async def _expire(service: Service, _: TokenGrant) -> None:
    service.clock.advance(10 * MINUTE)


@pytest.mark.parametrize("kill", [_end, _suspend, _erase, _expire])
async def test_what_has_ended_is_not_told_from_what_never_was(
    kill: Callable[[Service, TokenGrant], Awaitable[None]],
) -> None:
    """SE-1: at once; and a second after its life a token is over, whatever clocks may say."""
    service = Service()
    product, user = await asker(service), await user_with(service, "orders:read")
    key = await key_of(service, user, "orders:read", expires_in=600)
    bearer = await service.api_keys.authenticate(str(key.text))
    got = (await service.api_keys.issue_token(caller=bearer)).text
    grant = await service.sign_in()
    for token in (key.text, got, grant.access_token):
        assert await told(service, product, token) is not None
    await kill(service, grant)
    for token in (grant.access_token, *(() if kill is _end else (key.text, got))):
        assert await told(service, product, token) is None


async def test_a_revoked_key_is_not_told_from_what_never_was() -> None:
    service = Service()
    product = await asker(service)
    _, key = await program(service, "orders:read")
    await revoke(service, key)
    assert await told(service, product, key.text) is None


async def test_what_is_no_token_costs_no_look_at_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SE-1: garbage, a refresh token, a key with a wrong checksum."""
    service = Service()
    product, user = await asker(service), await user_with(service, "orders:read")
    key = str((await key_of(service, user, "orders:read")).text)
    refresh_token = (await service.sign_in()).refresh_token
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    no_store(monkeypatch)
    for token in ("", "\0", "x" * 100_000, refresh_token, wrong, f"{key}\n", "dwk_", "a.b.c", "é."):
        assert await told(service, product, token) is None


async def test_only_a_program_with_the_permission_may_ask() -> None:
    service = Service()
    user = await user_with(service, "tokens:introspect")
    personal = await key_of(service, user, "tokens:introspect")
    _, other = await program(service, "orders:read")
    asking = [
        (await service.api_keys.authenticate(str(each.text))).principal
        for each in (personal, other)
    ]
    asking.append(principal_of(await service.sign_in(ADA, PASSWORD)))
    for principal in asking:
        with pytest.raises(PermissionDenied) as denied:
            await told(service, principal, personal.text)
        assert denied.value.missing == "tokens:introspect"


async def test_a_key_that_products_ask_about_was_used() -> None:
    """Else it would look as if nothing came with it any more; from where is not known here."""
    service = Service()
    product = await asker(service)
    _, key = await program(service, "orders:read")
    service.clock.advance(SECOND)
    await told(service, product, key.text)
    assert await service.api_keys.uses.write() == 1
    found = await service.api_keys.authenticate(str(key.text))
    assert (found.key.last_used_at, found.key.last_used_ip) == (service.clock.now(), None)
