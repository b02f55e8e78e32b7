"""Knowing the caller by the access token, and only while the session lives (SE-1, TK-7)."""

from dataclasses import replace

import pytest

from application.keys.ports import (
    LEEWAY,
    AccessClaims,
    AccessTokenExpired,
    AccessTokenInvalid,
    UnknownSigningKey,
)
from application.sessions.authentication import Authenticate
from application.sessions.token_grants import TokenGrant
from domain.errors import DomainError, ServiceUnavailable
from domain.keys.signing_key import SigningAlgorithm
from domain.permissions import PERMISSIONS
from domain.principal import ADMINISTRATOR, OPERATOR, USER, PrincipalKind
from domain.sessions.session import SessionIsOver
from tests.application.service import DAY, MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, Service


async def signed_in(service: Service) -> TokenGrant:
    """Return the grant of a verified user's first session."""
    await service.verified_user()
    return await service.sign_in()


async def refused(service: Service, token: str) -> DomainError:
    """Show the access token and return why it is refused."""
    with pytest.raises(DomainError) as refusal:
        await service.sessions.authenticate(access_token=token)
    return refusal.value


async def test_the_caller_is_the_user_who_signed_in() -> None:
    """SE-1: user, session and principal belong together; reading writes nothing."""
    service = Service()
    grant = await signed_in(service)
    async with service.unchanged():
        caller = await service.authenticate(grant)
    assert caller.user.email.value == ADA
    assert caller.principal.kind is PrincipalKind.USER
    assert caller.principal.user_id == caller.user.id == grant.user.id
    assert caller.principal.session_id == caller.session.id == grant.session.id
    assert caller.principal.roles == {USER}
    assert caller.principal.permissions == set()
    assert not any(caller.principal.may(permission) for permission in PERMISSIONS)


async def test_an_expired_token_says_so() -> None:
    """TK-1, CK-1: after its life and the leeway for other clocks."""
    service = Service()
    grant = await signed_in(service)
    service.clock.advance(10 * MINUTE + LEEWAY - SECOND)
    await service.authenticate(grant)
    service.clock.advance(SECOND)
    assert type(await refused(service, grant.access_token)) is AccessTokenExpired


@pytest.mark.parametrize("text", ["", "a.b", "null", "é", "dwr_" + "A" * 91])
async def test_garbage_is_an_invalid_token(text: str) -> None:
    """TK-5, AT-5: never anything but 401."""
    service = Service()
    await signed_in(service)
    assert isinstance(await refused(service, text), AccessTokenInvalid)


async def test_tokens_of_another_kind_are_refused() -> None:
    """AT-5: refresh and mailed secrets open nothing here."""
    service = Service()
    grant = await signed_in(service)
    for token in (grant.refresh_token, await service.forgotten_password()):
        assert isinstance(await refused(service, token), AccessTokenInvalid)


async def test_a_suspension_counts_on_the_next_request() -> None:
    """SE-1: though no session was ended; lifted, it counts no more."""
    service = Service()
    grant = await signed_in(service)
    await service.suspend()
    refusal = await refused(service, grant.access_token)
    assert (type(refusal), refusal.details[0].code) == (SessionIsOver, "USER_SUSPENDED")
    await service.reinstate()
    await service.authenticate(grant)


async def test_an_erased_user_is_nobody() -> None:
    """SE-1, AZ-7: the token is genuine and the user is gone."""
    service = Service()
    grant = await signed_in(service)
    await service.erase()
    assert (await refused(service, grant.access_token)).details[0].code == "USER_DELETED"


async def test_an_ended_session_says_why_also_to_a_suspended_user() -> None:
    """SE-1: the first reason stands."""
    service = Service()
    grant = await signed_in(service)
    await service.sign_out(grant)
    await service.suspend()
    assert (await refused(service, grant.access_token)).details[0].code == "SIGNED_OUT"


@pytest.mark.parametrize(
    ("idle", "absolute", "reason"), [(60, 9999, "IDLE"), (9999, 60, "EXPIRED")]
)
async def test_a_session_that_ran_out_says_why(idle: int, absolute: int, reason: str) -> None:
    """SE-3: an access token is no longer good than its session."""
    service = Service(idle=idle * SECOND, absolute=absolute * SECOND)
    grant = await signed_in(service)
    service.clock.advance(60 * SECOND)
    assert (await refused(service, grant.access_token)).details[0].code == reason


async def test_rights_come_from_the_store_and_not_from_the_token() -> None:
    """TK-7: a role that was taken away is gone on the next request, whatever the token says."""
    service = Service()
    await service.operator_makes(OPERATOR, roles=["administrator"])
    grant = await service.sign_in()
    caller = await service.authenticate(grant)
    assert all(caller.principal.may(permission) for permission in PERMISSIONS)
    async with service.units() as unit:
        user = await unit.users.get(grant.user.id)
        assert user is not None
        user.roles -= {ADMINISTRATOR}
        await unit.users.save(user)
        await unit.commit()
    caller = await service.authenticate(grant)
    assert caller.principal.roles == {USER}
    assert caller.principal.permissions == set()
    assert not any(caller.principal.may(permission) for permission in PERMISSIONS)


async def test_a_token_whose_user_and_session_do_not_belong_together_is_invalid() -> None:
    """AT-5: both are checked against the store."""
    service = Service()
    grant = await signed_in(service)
    other = await service.verified_user("bob@example.com")
    claims = service.ports.access_tokens.verify(grant.access_token, now=service.clock.now())
    forged = replace(claims, subject=other.id.value)
    assert (
        type(await refused(service, service.ports.access_tokens.issue(forged)))
        is AccessTokenInvalid
    )


async def test_a_store_that_does_not_answer_is_no_welcome() -> None:
    """RL-5, SE-1: unknown is refused, and not let through."""
    service = Service()
    grant = await signed_in(service)
    service.store.answers = False
    assert type(await refused(service, grant.access_token)) is ServiceUnavailable


async def test_a_key_that_another_instance_made_is_loaded_when_its_token_comes() -> None:
    """TK-3: and at most once a second, since every caller can name a key."""
    issued: dict[str, AccessClaims] = {}
    one = Service(issued=issued)
    grant = await signed_in(one)
    other = Service(store=one.store, clock=one.clock, issued=issued,
                    algorithm=SigningAlgorithm.ES256)  # fmt: skip
    await other.keys.keyring.prepare()
    one.clock.advance(5 * MINUTE)
    await other.keys.keyring.load()
    fresh = await other.refresh(grant.refresh_token)
    await other.authenticate(fresh)
    await one.authenticate(fresh)
    assert isinstance(await refused(one, "unknown.token"), UnknownSigningKey)
    reads = _reads_of_keys(one)
    assert isinstance(await refused(one, "unknown.token"), UnknownSigningKey)
    assert reads == _reads_of_keys(one)
    one.clock.advance(DAY)
    assert isinstance(await refused(one, "unknown.token"), UnknownSigningKey)
    assert _reads_of_keys(one) != reads


def _reads_of_keys(service: Service) -> object:
    """Return when the keyring last asked the store."""
    assert isinstance(service.sessions.authenticate, Authenticate)
    return service.keys.keyring._asked_at


async def test_where_the_caller_comes_from_is_not_asked() -> None:
    """A session may move between networks; the address is for the trail only."""
    service = Service()
    grant = await signed_in(service)
    assert grant.session.ip_address == ORIGIN.ip_address
    await service.refresh(grant.refresh_token)
    await service.authenticate(grant)
