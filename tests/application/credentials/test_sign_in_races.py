"""What is decided while a password is being checked counts: no session is left behind (RF-4)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.sessions.sessions import SESSIONS
from application.factors.sign_in import InvalidCredentials
from application.sessions.token_grants import TokenGrant
from domain.errors import DomainError
from domain.users.user import UserIsSuspended
from tests.application.doubles import InterruptingHasher
from tests.application.stories import ORIGIN, OTHER_PASSWORD, Service


def a_service() -> tuple[Service, InterruptingHasher]:
    """Return a service and the hasher that lets something else happen."""
    hasher = InterruptingHasher()
    return Service(hasher=hasher), hasher


async def test_a_sign_in_that_a_suspension_overtakes_starts_no_session() -> None:
    """RF-4, SE-1: right password, suspended meanwhile."""
    service, hasher = a_service()
    await service.verified_user()
    hasher.meanwhile = service.suspend
    with pytest.raises(UserIsSuspended):
        await service.sign_in()
    assert service.store.committed(SESSIONS).rows == {}


async def test_a_sign_in_that_a_reset_overtakes_starts_no_session() -> None:
    """AT-6, RF-4: the old password was right when it was read and is wrong now."""
    service, hasher = a_service()
    await service.verified_user()
    token = await service.forgotten_password()
    hasher.meanwhile = lambda: service.reset_password(token)
    with pytest.raises(InvalidCredentials):
        await service.sign_in()
    assert service.living() == []
    await service.sign_in(password=OTHER_PASSWORD)


async def test_a_sign_in_that_an_erasure_overtakes_starts_no_session() -> None:
    """RF-4, AZ-7: there is no user left to sign in."""
    service, hasher = a_service()
    await service.verified_user()
    hasher.meanwhile = service.erase
    with pytest.raises(InvalidCredentials):
        await service.sign_in()
    assert service.store.committed(SESSIONS).rows == {}


async def test_a_sign_in_that_a_confirmation_of_a_contested_account_overtakes() -> None:
    """AT-7: the planted password was right when it was read, and counts for nothing now."""
    hasher = InterruptingHasher()
    service = Service(hasher=hasher, verified_only=False)
    await service.sign_up(password=OTHER_PASSWORD)
    await service.sign_up()
    token = await service.mailed_token()
    hasher.meanwhile = lambda: service.confirm(token)
    with pytest.raises(InvalidCredentials):
        await service.sign_in(password=OTHER_PASSWORD)
    assert service.living() == []


async def test_a_rehash_never_brings_an_old_password_back() -> None:
    """PW-1, AT-6: the reset came while the old password was hashed anew."""
    service, hasher = a_service()
    await service.verified_user()
    token = await service.forgotten_password()
    hasher.version = 2

    async def reset_while_rehashing() -> None:
        hasher.meanwhile = lambda: service.reset_password(token)

    # The first interruption comes at the comparison and only arms the second, at the new hash.
    hasher.meanwhile = reset_while_rehashing
    with pytest.raises(InvalidCredentials):
        await service.sign_in()
    assert service.living() == []
    await service.sign_in(password=OTHER_PASSWORD)


async def test_a_sign_in_that_a_change_of_name_overtakes_succeeds() -> None:
    """RF-4: what does not matter to it makes it start again, and no more."""
    service, hasher = a_service()
    await service.verified_user()
    grant = await service.sign_in()
    caller = await service.authenticate(grant)
    hasher.meanwhile = lambda: service.accounts.edit_profile(
        principal=caller.principal, display_name="Countess", expected=None, origin=ORIGIN
    )
    assert (await service.sign_in()).user.display_name == "Countess"
    assert len(service.living()) == 2


@pytest.mark.parametrize("first", ["sign-ins", "change"])
@pytest.mark.parametrize("change", ["suspend", "reset"])
async def test_many_sign_ins_and_one_change_at_once_leave_no_living_session(
    change: str, first: str
) -> None:
    """RF-4 (I6): in whichever order they interleave, after the change nothing old lives."""
    service = Service(attempts=0)
    await service.verified_user()
    await service.keys.keyring.prepare()
    token = await service.forgotten_password()
    changes: dict[str, Callable[[], Awaitable[object]]] = {
        "suspend": lambda: service.suspend(end_sessions=True),
        "reset": lambda: service.reset_password(token),
    }
    sign_ins: list[Awaitable[object]] = [service.sign_in() for _ in range(10)]
    both = [*sign_ins, changes[change]()] if first == "sign-ins" else [changes[change](), *sign_ins]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    refused = [o for o in outcomes if isinstance(o, BaseException)]
    assert all(isinstance(o, DomainError) for o in refused)
    assert service.living() == []
    for grant in outcomes:
        if isinstance(grant, TokenGrant):
            with pytest.raises(DomainError):
                await service.authenticate(grant)
            with pytest.raises(DomainError):
                await service.refresh(grant.refresh_token)
