"""Another user's sessions, seen and ended by an administrator (SE-1, SE-4, AZ-2)."""

import pytest

from application.paging import PageRequest
from domain.principal import OPERATOR
from domain.sessions.session import EndReason, SessionIsOver, SessionNotFound
from tests.application.stories import ORIGIN, Service


async def test_a_users_sessions_are_seen_and_ended() -> None:
    """SE-4, SE-1, AZ-2: one, or all; another user's is as unknown as none."""
    service = Service()
    grant, other = await service.signed_in_user(), await service.sign_in()
    eve = await service.signed_in_user("eve@example.com")
    page = await service.sessions.list(
        principal=OPERATOR, user_id=grant.user.id, asked=PageRequest(9)
    )
    assert {session.id for session in page.items} == {grant.session.id, other.session.id}
    for session_id in (eve.session.id, grant.session.id, grant.session.id):
        try:
            await service.sessions.end(
                principal=OPERATOR,
                user_id=grant.user.id,
                session_id=session_id,
                reason=EndReason.REVOKED_BY_ADMIN,
                origin=ORIGIN,
            )
        except SessionNotFound:
            continue
    assert [session.id for session in service.living()] == [other.session.id]
    assert len(service.living("eve@example.com")) == 1
    ended = await service.sessions.end_all(principal=OPERATOR, user_id=grant.user.id, origin=ORIGIN)
    assert (ended, service.living()) == (1, [])
    with pytest.raises(SessionIsOver) as refused:
        await service.authenticate(other)
    assert refused.value.details[0].code == "REVOKED_BY_ADMIN"
