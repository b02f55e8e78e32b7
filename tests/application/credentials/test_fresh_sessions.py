"""Before something dangerous: the password, or a session that has just seen its user (HD-6)."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from adapters.memory.credentials.attempts import MemorySignInAttemptsRepository
from adapters.memory.sessions.sessions import MemorySessionRepository
from adapters.memory.users.users import MemoryUserRepository
from application.credentials.reauthentication import WrongPassword
from application.sessions.token_grants import TokenGrant
from domain.assurance import StepUpRequired
from domain.credentials.password_policy import PasswordRejected
from domain.errors import TooManyRequests
from domain.factors.challenge import InvalidChallenge
from domain.factors.device import TrustedDevice
from domain.sessions.session import EndReason, SessionIsOver
from tests.application.doubles import InterruptingHasher, overtake
from tests.application.service import MINUTE, SECOND
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    AuthenticatorApp,
    Service,
    principal_of,
)

type Deed = Callable[[Service, TokenGrant, str | None], Awaitable[object]]

NEW_ADDRESS = "new@example.com"
DEEDS: dict[str, Deed] = {
    "change the password": lambda service, grant, password: service.change_password(
        grant, password
    ),
    "ask to move": lambda service, grant, password: service.ask_to_move(
        grant, NEW_ADDRESS, password
    ),
    "erase the account": lambda service, grant, password: service.erase_own_account(
        grant, password
    ),
}
DONE = ("password.changed", "email.change_requested", "user.erased")
every_deed = pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)


async def with_a_factor(service: Service) -> tuple[TokenGrant, AuthenticatorApp]:
    """Make Ada with an authenticator app; return a session in which she has just shown it."""
    app, _ = await service.enrol_totp(await service.signed_in_user())
    service.clock.advance(30 * SECOND)
    return await service.sign_in(proof=app.proof()), app


async def wanted(service: Service, deed: Deed, grant: TokenGrant, password: str | None) -> object:
    """Return what the refusal says to show; nothing is written for it."""
    async with service.unchanged():
        with pytest.raises(StepUpRequired) as refused:
            await deed(service, grant, password)
    return refused.value.members["step_up"]


async def is_over(service: Service, deed: Deed, grant: TokenGrant) -> str:
    """Check that the deed is refused and not done; return why the session is over."""
    with pytest.raises(SessionIsOver) as refused:
        await deed(service, grant, None)
    assert service.audited(*DONE) == []
    return refused.value.details[0].code


def level_of(grant: TokenGrant) -> tuple[str, str]:
    """Return the level and the methods of a session."""
    return grant.session.assurance.acr.value, " ".join(grant.session.assurance.amr)


# --- without a second factor ------------------------------------------------------------------


@every_deed
async def test_a_fresh_session_makes_the_password_optional(deed: Deed) -> None:
    service = Service()
    grant = await service.signed_in_user()
    service.clock.advance(5 * MINUTE)
    spent = service.hasher.evaluations
    await deed(service, grant, None)
    assert len(service.audited(*DONE)) == 1
    assert service.hasher.evaluations == spent


@every_deed
async def test_without_either_the_caller_is_told_what_to_show(deed: Deed) -> None:
    service = Service()
    grant = await service.signed_in_user()
    service.clock.advance(5 * MINUTE + SECOND)
    assert await wanted(service, deed, grant, None) == {"acr": "aal1", "max_age": 300}


@every_deed
async def test_a_refreshed_session_is_as_old_as_its_proof(deed: Deed) -> None:
    """Trap 10: a refresh renews no ``auth_time``."""
    service = Service()
    grant = await service.signed_in_user()
    service.clock.advance(5 * MINUTE + SECOND)
    grant = await service.refresh(grant.refresh_token)
    assert await wanted(service, deed, grant, None) == {"acr": "aal1", "max_age": 300}


@every_deed
async def test_with_the_password_it_is_as_it_always_was(deed: Deed) -> None:
    """However old the session is; a wrong one counts, in a fresh session too."""
    service = Service(attempts=2)
    grant = await service.signed_in_user()
    with pytest.raises(WrongPassword):
        await deed(service, grant, "not the present one")
    service.clock.advance(30 * MINUTE)
    await deed(service, grant, PASSWORD)
    assert len(service.audited(*DONE)) == 1


async def test_only_a_right_password_forgets_the_wrong_ones() -> None:
    """RL-1: else a fresh session would be a way to guess at the password without end."""
    service = Service(attempts=2)
    grant = await service.signed_in_user()
    with pytest.raises(WrongPassword):
        await service.ask_to_move(grant, NEW_ADDRESS, "not the present one")
    await service.ask_to_move(grant, NEW_ADDRESS, None)
    with pytest.raises(WrongPassword):
        await service.ask_to_move(grant, NEW_ADDRESS, "neither is this one")
    with pytest.raises(TooManyRequests):
        await service.ask_to_move(grant, NEW_ADDRESS, PASSWORD)


async def test_without_the_present_password_no_answer_tells_whether_the_new_one_is_it() -> None:
    """RL-1: a refusal would be a guess that nobody counts."""
    service = Service()
    grant = await service.signed_in_user()
    with pytest.raises(PasswordRejected):
        await service.change_password(grant, None, "short")
    fresh = await service.change_password(grant, None, PASSWORD)
    assert [session.id for session in service.living()] == [fresh.session.id]


async def test_the_new_session_knows_when_its_user_was_recognised_and_no_more() -> None:
    """MF-2: nothing was shown with the change; so the next one comes too late."""
    service = Service()
    grant = await service.signed_in_user()
    service.clock.advance(4 * MINUTE)
    fresh = await service.change_password(grant, None)
    assert fresh.session.id != grant.session.id
    assert fresh.session.assurance == grant.session.assurance
    service.clock.advance(2 * MINUTE)
    assert await wanted(service, DEEDS["change the password"], fresh, None)
    by_password = await service.change_password(fresh, OTHER_PASSWORD, PASSWORD)
    assert by_password.session.assurance.at == service.clock.now()
    assert level_of(by_password) == ("aal1", "pwd")


async def test_an_account_without_a_password_gets_its_first_one() -> None:
    service = Service()
    grant = await service.signed_in_user()
    async with service.units() as unit:
        await unit.credentials.remove(grant.user.id)
        await unit.commit()
    with pytest.raises(WrongPassword):
        await service.change_password(grant, PASSWORD)
    outcomes = await asyncio.gather(
        *(service.change_password(grant, None) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["SessionIsOver", "TokenGrant"]
    assert (await service.sign_in(ADA, OTHER_PASSWORD)).user.id == grant.user.id


# --- with a second factor ---------------------------------------------------------------------


@every_deed
async def test_with_a_factor_shown_a_moment_ago_it_is_done(deed: Deed) -> None:
    service = Service()
    grant, _ = await with_a_factor(service)
    await deed(service, grant, None)
    assert len(service.audited(*DONE)) == 1


@every_deed
@pytest.mark.parametrize("password", [None, PASSWORD, "not the present one"])
async def test_with_a_factor_the_password_does_not_suffice_and_is_no_guess(
    deed: Deed, password: str | None
) -> None:
    """MF-2: too long ago, or a session from before the factor; and nothing is evaluated."""
    service = Service(attempts=1)
    before = await service.signed_in_user()
    app, _ = await service.enrol_totp(before)
    assert await wanted(service, deed, before, password) == {"acr": "aal2", "max_age": 300}
    service.clock.advance(30 * SECOND)
    grant, spent = await service.sign_in(proof=app.proof()), service.hasher.evaluations
    service.clock.advance(5 * MINUTE + SECOND)
    assert await wanted(service, deed, grant, password) == {"acr": "aal2", "max_age": 300}
    assert service.hasher.evaluations == spent


@every_deed
async def test_with_a_factor_a_wrong_password_is_still_wrong_and_counted(deed: Deed) -> None:
    """RL-1."""
    service = Service(attempts=2)
    grant, _ = await with_a_factor(service)
    for _ in range(2):
        with pytest.raises(WrongPassword):
            await deed(service, grant, "not the present one")
    with pytest.raises(TooManyRequests):
        await deed(service, grant, PASSWORD)
    assert service.audited(*DONE) == []


@pytest.mark.parametrize("password", [None, PASSWORD])
async def test_a_changed_password_keeps_the_level_and_its_time(password: str | None) -> None:
    """MF-2: the password shows no factor; so neither does the level sink nor the time move."""
    service = Service()
    grant, _ = await with_a_factor(service)
    service.clock.advance(4 * MINUTE)
    fresh = await service.change_password(grant, password)
    assert level_of(fresh) == ("aal2", "pwd otp mfa")
    assert fresh.session.assurance == grant.session.assurance
    await service.ask_to_move(fresh, NEW_ADDRESS, None)
    service.clock.advance(2 * MINUTE)
    assert await wanted(service, DEEDS["ask to move"], fresh, OTHER_PASSWORD)


@every_deed
async def test_a_factor_that_is_added_meanwhile_counts_already(deed: Deed) -> None:
    """MF-2: while the password is evaluated."""
    hasher = InterruptingHasher()
    service = Service(hasher=hasher)
    grant = await service.signed_in_user()
    hasher.meanwhile = lambda: service.enrol_totp(grant)
    with pytest.raises(StepUpRequired):
        await deed(service, grant, PASSWORD)
    assert service.audited(*DONE) == []


@every_deed
async def test_a_factor_that_is_added_before_the_guess_is_counted_does_so_too(
    deed: Deed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MF-2: the account that the password is right for is not the one that was asked about."""
    service = Service()
    grant = await service.signed_in_user()
    meanwhile = partial(service.enrol_totp, grant)
    overtake(monkeypatch, MemorySignInAttemptsRepository, "look_up", meanwhile)
    with pytest.raises(StepUpRequired):
        await deed(service, grant, PASSWORD)
    assert service.audited(*DONE) == []


# --- what comes in between --------------------------------------------------------------------

MOMENTS = [
    (name, adapter, "get")
    for name in DEEDS
    for adapter in (MemoryUserRepository, MemorySessionRepository)
]
"""When the caller is read; whatever happens then happens before that read."""
FIRST_WRITES = [
    ("change the password", MemoryUserRepository, "save"),
    ("ask to move", MemoryUserRepository, "save"),
    ("erase the account", MemorySessionRepository, "save"),
]
"""The last moment: after it, others wait for the unit of work to end."""


@pytest.mark.parametrize(("name", "adapter", "method"), MOMENTS)
async def test_a_reset_at_any_moment_ends_what_a_session_may(
    name: str, adapter: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AT-6, RF-4: the owner takes the account back from who has the session."""
    service = Service()
    grant = await service.signed_in_user()
    token = await service.forgotten_password()
    overtake(monkeypatch, adapter, method, lambda: service.reset_password(token))
    assert await is_over(service, DEEDS[name], grant) == EndReason.PASSWORD_CHANGED.value
    assert service.living() == []


@pytest.mark.parametrize(("name", "adapter", "method"), [*MOMENTS, *FIRST_WRITES])
async def test_a_session_that_ends_meanwhile_vouches_for_nobody(
    name: str, adapter: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SE-1: signed out everywhere, at any moment up to the write; no new session comes of it."""
    service = Service()
    grant = await service.signed_in_user()

    async def sign_out_everywhere() -> None:
        await service.sessions.end_all(principal=principal_of(grant), origin=ORIGIN)

    overtake(monkeypatch, adapter, method, sign_out_everywhere)
    assert await is_over(service, DEEDS[name], grant) == EndReason.REVOKED_BY_USER.value
    assert service.living() == []


@pytest.mark.parametrize(("name", "adapter", "method"), [*MOMENTS, *FIRST_WRITES])
async def test_a_suspension_meanwhile_stops_it(
    name: str, adapter: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RF-4."""
    service = Service()
    grant = await service.signed_in_user()
    overtake(monkeypatch, adapter, method, lambda: service.operator_suspends(service.user()))
    assert await is_over(service, DEEDS[name], grant) == EndReason.USER_SUSPENDED.value
    assert service.user().suspended_at is not None


@pytest.mark.parametrize(("name", "adapter", "method"), [*MOMENTS, *FIRST_WRITES])
async def test_a_refresh_beside_it_changes_nothing(
    name: str, adapter: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RF-1: the same session, which has seen its user as long ago as before."""
    service = Service()
    grant = await service.signed_in_user()
    overtake(monkeypatch, adapter, method, lambda: service.refresh(grant.refresh_token))
    await DEEDS[name](service, grant, None)
    assert len(service.audited(*DONE)) == 1


async def test_of_two_changes_at_once_one_wins() -> None:
    """AT-6."""
    service = Service()
    grant, other = await service.signed_in_user(), await service.sign_in()
    outcomes = await asyncio.gather(
        service.change_password(grant, None, "first new password here"),
        service.change_password(other, None, "second new password here"),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["SessionIsOver", "TokenGrant"]
    assert len(service.living()) == 1


# --- what goes with it ------------------------------------------------------------------------


async def trust_a_device(service: Service, grant: TokenGrant) -> None:
    """Keep a device of the grant's user."""
    device, _ = TrustedDevice.trust(
        user_id=grant.user.id,
        ttl=60 * MINUTE,
        ip_address=None,
        user_agent=None,
        now=service.clock.now(),
        entropy=service.ports.randomness.token_bytes,
    )
    async with service.units() as unit:
        await unit.devices.add(device)
        await unit.commit()


async def change(service: Service, grant: TokenGrant) -> None:
    """Change the password."""
    await service.change_password(grant, None)


async def reset(service: Service, _: TokenGrant) -> None:
    """Set a new password by mail."""
    await service.reset_password(await service.forgotten_password())


async def move(service: Service, grant: TokenGrant) -> None:
    """Move to another address."""
    await service.ask_to_move(grant, NEW_ADDRESS, None)
    await service.confirm_move(await service.mailed_token(NEW_ADDRESS))


@pytest.mark.parametrize("happening", [change, reset, move])
async def test_devices_go_with_password_and_address_and_so_does_every_challenge(
    happening: Callable[[Service, TokenGrant], Awaitable[None]],
) -> None:
    """AT-6: of this user, and of nobody else."""
    service = Service()
    grant, app = await with_a_factor(service)
    other = await service.signed_in_user("bob@example.com")
    await trust_a_device(service, grant)
    await trust_a_device(service, other)
    challenge = await service.challenged()
    service.clock.advance(30 * SECOND)
    await happening(service, grant)
    async with service.units.read_only() as unit:
        assert await unit.devices.list_of(grant.user.id) == []
        assert len(await unit.devices.list_of(other.user.id)) == 1
    with pytest.raises(InvalidChallenge):
        await service.complete(challenge.token, app.proof())


async def test_what_is_only_asked_for_forgets_no_device() -> None:
    """Nothing changes before the new mailbox is proven."""
    service = Service()
    grant = await service.signed_in_user()
    await trust_a_device(service, grant)
    await service.ask_to_move(grant, NEW_ADDRESS, None)
    async with service.units.read_only() as unit:
        assert len(await unit.devices.list_of(grant.user.id)) == 1
