"""What ends a session ends what is under way in it: no factor comes or goes after that (MF-2)."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine

import pytest

from adapters.memory.factors.challenges import MemorySpentChallenges
from adapters.memory.users.users import MemoryUserRepository
from application.sessions.token_grants import TokenGrant
from domain.assurance import StepUpRequired
from domain.credentials.one_time_token import InvalidToken
from domain.factors.factor import Totp
from domain.sessions.session import EndReason, SessionIsOver
from tests.application.doubles import overtake
from tests.application.service import SECOND
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service, principal_of

NEW = "new@example.org"


def elsewhere(
    request: Callable[[], Coroutine[None, None, object]],
) -> Callable[[], Awaitable[object]]:
    """Do it as another request does, which is not inside of this one's unit of work."""
    return lambda: asyncio.create_task(request(), context=contextvars.Context())


async def factors_of(service: Service) -> list[str]:
    async with service.units.read_only() as unit:
        return [factor.kind.value for factor in await unit.factors.list_of(service.user().id)]


async def add_app(service: Service, grant: TokenGrant) -> None:
    await service.enrol_totp(grant)


async def add_passkey(service: Service, grant: TokenGrant) -> None:
    await service.enrol_passkey(grant)


@pytest.mark.parametrize("add", [add_app, add_passkey])
async def test_a_factor_that_a_new_password_overtakes_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, add: Callable[[Service, TokenGrant], Awaitable[None]]
) -> None:
    """AT-6, MF-2: the owner ends all sessions; what a thief has begun in one of them is over."""
    service = Service()
    stolen = await service.signed_in_user()
    owner = await service.sign_in()
    overtake(
        monkeypatch,
        MemorySpentChallenges,
        "spend",
        elsewhere(lambda: service.change_password(owner, PASSWORD, OTHER_PASSWORD)),
    )
    with pytest.raises(SessionIsOver) as ended:
        await add(service, stolen)
    assert ended.value.details[0].code == EndReason.PASSWORD_CHANGED
    assert await factors_of(service) == []
    assert not service.user().has_second_factor


@pytest.mark.parametrize("change", ["remove", "renew"])
async def test_a_change_of_factors_that_a_reset_overtakes_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """AT-6, MF-2"""
    service = Service()
    app, _ = await service.enrol_totp(await service.signed_in_user())
    service.clock.advance(30 * SECOND)
    stolen = await service.sign_in(proof=app.proof())
    principal, token = principal_of(stolen), await service.forgotten_password()
    async with service.units.read_only() as unit:
        factors = await unit.factors.list_of(service.user().id)
    (totp,) = [factor for factor in factors if isinstance(factor, Totp)]

    async def asked() -> None:
        if change == "remove":
            await service.factors.remove(principal=principal, factor_id=totp.id, origin=ORIGIN)
        else:
            await service.factors.renew_recovery_codes(principal=principal, origin=ORIGIN)

    reset = elsewhere(lambda: service.reset_password(token))
    overtake(monkeypatch, MemoryUserRepository, "save", reset)
    with pytest.raises(SessionIsOver):
        await asked()
    async with service.units.read_only() as unit:
        left = await unit.factors.list_of(service.user().id)
    assert [factor.id for factor in left] == [factor.id for factor in factors]


async def test_the_first_factor_voids_a_change_of_address_that_waits_for_its_proof() -> None:
    """MF-2, AT-8: it was asked for with a password alone, which the account takes no more."""
    service = Service()
    thief = await service.signed_in_user()
    await service.ask_to_move(thief, NEW)
    token = await service.mailed_token(NEW)
    await service.enrol_totp(await service.sign_in())
    with pytest.raises(InvalidToken):
        await service.confirm_move(token)
    assert service.user().email.value == ADA


async def test_a_change_of_address_that_a_first_factor_overtakes_asks_for_that_factor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MF-2: of both at once the change is the one that has to show more."""
    service = Service()
    thief = await service.signed_in_user()
    owner = await service.sign_in()
    first = elsewhere(lambda: service.enrol_totp(owner))
    overtake(monkeypatch, MemoryUserRepository, "save", first)
    with pytest.raises(StepUpRequired):
        await service.ask_to_move(thief, NEW)
    assert await service.mails(NEW) == []
