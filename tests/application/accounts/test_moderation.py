"""Suspending an account and letting it in again (AT-4, AZ-1, SE-1)."""

import pytest

from domain.credentials.one_time_token import InvalidToken
from domain.errors import ValidationFailed
from domain.principal import PermissionDenied
from domain.sessions.session import SessionIsOver
from domain.users.user import UserNotFound, UserStatus
from tests.application.stories import ADA, ORIGIN, PASSWORD, Service, kinds, with_permissions


async def test_a_suspension_ends_sessions_and_every_mailed_secret_for_good() -> None:
    """AT-4, SE-1, RF-4: also once it is lifted."""
    service = Service()
    grant = await service.signed_in_user()
    reset = await service.forgotten_password()
    suspended = await service.operator_suspends(service.user())
    assert suspended.status is UserStatus.SUSPENDED
    with pytest.raises(SessionIsOver):
        await service.authenticate(grant)
    await service.operator_reinstates(suspended)
    with pytest.raises(SessionIsOver):
        await service.refresh(grant.refresh_token)
    with pytest.raises(InvalidToken):
        await service.reset_password(reset)
    await service.sign_in(ADA, PASSWORD)
    rows = service.audited("session.ended", "user.suspended", "user.reinstated")
    assert kinds(rows) == ["session.ended", "user.suspended", "user.reinstated"]


async def test_doing_it_twice_is_doing_it_once() -> None:
    service = Service()
    user = await service.verified_user()
    await service.operator_suspends(user)
    async with service.unchanged():
        await service.operator_suspends(user, "another reason")
    await service.operator_reinstates(user)
    async with service.unchanged():
        await service.operator_reinstates(user)


async def test_no_caller_suspends_or_reinstates_without_the_permission_or_a_reason() -> None:
    """AZ-1, LG-3."""
    service = Service()
    user = await service.verified_user()
    reader = with_permissions("users:read")
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await service.accounts.suspend_user(
                principal=reader, user_id=user.id, reason="x", origin=ORIGIN
            )
        with pytest.raises(PermissionDenied):
            await service.accounts.reinstate_user(principal=reader, user_id=user.id, origin=ORIGIN)
        with pytest.raises(ValidationFailed):
            await service.operator_suspends(user, "  ")


async def test_a_user_who_is_gone_is_not_found() -> None:
    service = Service()
    user = await service.verified_user()
    await service.erase()
    for deed in (service.operator_suspends(user), service.operator_reinstates(user)):
        with pytest.raises(UserNotFound):
            await deed
