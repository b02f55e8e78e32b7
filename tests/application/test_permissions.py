"""What is done to others takes a permission, which is asked for before anything else (AZ-1)."""

import pytest

from application.access.authorization import Question
from application.audit.ports import AuditQuery
from application.paging import PageRequest
from application.users.ports import UserQuery
from domain.errors import DomainError
from domain.identifiers import UserId
from domain.principal import OPERATOR, Permission, PermissionDenied, Principal
from domain.sessions.session import EndReason
from domain.users.user import UserNotFound
from tests.application.stories import ORIGIN, Service, with_permissions

NOBODY = UserId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5b")
READ = Permission("users:read")


async def test_everything_takes_its_permission_and_an_existing_user() -> None:
    """AZ-1: and asks for the permission before it looks."""
    service = Service()
    grant = await service.signed_in_user()
    without, user_id = with_permissions(), grant.user.id

    async def deeds(principal: Principal, target: UserId, error: type[DomainError]) -> None:
        for deed in (
            service.accounts.show_user(principal=principal, user_id=target),
            service.accounts.edit_profile(principal=principal, user_id=target, display_name="x",
                                          expected=None, origin=ORIGIN),
            service.accounts.erase_user(principal=principal, user_id=target, expected=None,
                                        origin=ORIGIN),
            service.credentials.unlock_user(principal=principal, user_id=target, origin=ORIGIN),
            service.credentials.start_password_reset(principal=principal, user_id=target,
                                                     origin=ORIGIN),
            service.sessions.list(principal=principal, user_id=target, asked=PageRequest(1)),
            service.sessions.end_all(principal=principal, user_id=target, origin=ORIGIN),
            service.sessions.end(principal=principal, user_id=target,
                                 session_id=grant.session.id,
                                 reason=EndReason.REVOKED_BY_ADMIN, origin=ORIGIN),
            service.access.effective_permissions(principal=principal, user_id=target),
        ):  # fmt: skip
            with pytest.raises(error):
                await deed

    async with service.unchanged():
        await deeds(without, user_id, PermissionDenied)
        await deeds(without, NOBODY, PermissionDenied)
        await deeds(OPERATOR, NOBODY, UserNotFound)
        with pytest.raises(PermissionDenied):
            await service.accounts.list_users(
                principal=without, query=UserQuery(), asked=PageRequest(2)
            )
        with pytest.raises(PermissionDenied):
            await service.audit.list_events(
                principal=without, query=AuditQuery(), asked=PageRequest(1)
            )
        with pytest.raises(PermissionDenied):
            await service.access.check(
                principal=without, questions=[Question(subject_id=user_id, permission=READ)]
            )
