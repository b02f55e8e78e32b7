"""What holds for every use case: one commit, its rows, and nothing slow inside a unit of work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from application.paging import PageRequest
from application.sessions.token_grants import TokenGrant
from domain.errors import DomainError, ServiceUnavailable
from domain.principal import OPERATOR
from domain.sessions.session import EndReason
from tests.application.service import MINUTE
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    Service,
    kinds,
    principal_of,
)


@dataclass
class Scene:
    """A verified user with two sessions, a fresh mail of each kind, and an unverified one."""

    service: Service
    grant: TokenGrant
    other: TokenGrant
    reset: str
    verification: str


async def a_scene() -> Scene:
    """Set the scene, with every mail delivered."""
    service = Service()
    await service.verified_user()
    grant, other = await service.sign_in(), await service.sign_in()
    reset = await service.forgotten_password()
    await service.sign_up("bob@example.com")
    verification = await service.mailed_token("bob@example.com")
    return Scene(service, grant, other, reset, verification)


async def spend_twice(scene: Scene) -> None:
    """Show a refresh token that was spent long ago."""
    await scene.service.refresh(scene.grant.refresh_token)
    scene.service.clock.advance(MINUTE)
    rows, commits = len(scene.service.audited()), scene.service.units.commits
    try:
        await scene.service.refresh(scene.grant.refresh_token)
    finally:
        assert len(scene.service.audited()) == rows + 1
        assert scene.service.units.commits == commits + 1


async def purge(scene: Scene) -> None:
    """Clear away what is over; what could not be cleared away is what went wrong."""
    for failure in (await scene.service.purge_expired()).failed.values():
        raise failure


type Deed = Callable[[Scene], Awaitable[object]]
DEEDS: dict[str, tuple[Deed, int, list[str]]] = {
    "sign up": (lambda s: s.service.sign_up("eve@example.com"), 1, ["user.registered"]),
    "sign up again": (lambda s: s.service.sign_up("bob@example.com"), 1, []),
    "sign up, contested": (
        lambda s: s.service.sign_up("bob@example.com", OTHER_PASSWORD), 1, []),
    "sign up, taken": (lambda s: s.service.sign_up(), 1, []),
    "ask for verification": (
        lambda s: s.service.accounts.request_email_verification(email=ADA, origin=ORIGIN), 1, []),
    "ask for a reset": (
        lambda s: s.service.credentials.request_password_reset(email=ADA, origin=ORIGIN), 1, []),
    "confirm": (lambda s: s.service.confirm(s.verification), 1, ["user.email_verified"]),
    "reset": (
        lambda s: s.service.reset_password(s.reset), 1, ["session.ended", "password.reset"]),
    "sign in": (lambda s: s.service.sign_in(), 2, ["session.started"]),
    "sign in, wrong": (
        lambda s: s.service.sign_in(password=OTHER_PASSWORD), 2, ["session.refused"]),
    "sign in, unknown": (lambda s: s.service.sign_in("eve@example.com"), 2, ["session.refused"]),
    "sign in, unverified": (
        lambda s: s.service.sign_in("bob@example.com"), 2, ["session.refused"]),
    "authenticate": (lambda s: s.service.authenticate(s.grant), 0, []),
    "refresh": (lambda s: s.service.refresh(s.grant.refresh_token), 1, []),
    "refresh, reused": (spend_twice, 2, ["session.reused"]),
    "list sessions": (
        lambda s: s.service.sessions.list(principal=principal_of(s.grant), asked=PageRequest(9)),
        0, []),
    "sign out": (lambda s: s.service.sign_out(s.grant), 1, ["session.ended"]),
    "end another": (
        lambda s: s.service.sessions.end(
            principal=principal_of(s.grant), session_id=s.other.session.id,
            reason=EndReason.REVOKED_BY_USER, origin=ORIGIN),
        1, ["session.ended"]),
    "end others": (
        lambda s: s.service.sessions.end_all(
            principal=principal_of(s.grant), keep_current=True, origin=ORIGIN),
        1, ["session.ended"]),
    "rename": (
        lambda s: s.service.accounts.edit_profile(
            principal=principal_of(s.grant), display_name="Eve", expected=None, origin=ORIGIN),
        1, ["user.profile_changed"]),
    "create a user": (
        lambda s: s.service.operator_makes(OPERATOR, "eve@example.com"),
        1, ["user.registered", "user.email_verified"]),
    "change the password": (
        lambda s: s.service.change_password(s.grant), 2,
        ["session.ended", "password.changed", "session.started"]),
    "change the password, wrong": (
        lambda s: s.service.change_password(s.grant, OTHER_PASSWORD, PASSWORD), 2,
        ["session.refused"]),
    "ask to move": (
        lambda s: s.service.ask_to_move(s.grant, "new@example.com"), 2,
        ["email.change_requested"]),
    "ask to move, taken": (
        lambda s: s.service.ask_to_move(s.grant, "bob@example.com"), 2,
        ["email.change_requested"]),
    "invite": (
        lambda s: s.service.invite(OPERATOR, "eve@example.com"), 1, ["user.invited"]),
    "security events": (
        lambda s: s.service.audit.list_own_events(
            principal=principal_of(s.grant), asked=PageRequest(9)),
        0, []),
    "export": (
        lambda s: s.service.accounts.export_data(
            principal=principal_of(s.grant), user_id=s.grant.user.id, origin=ORIGIN),
        1, ["user.exported"]),
    "purge": (purge, 11, []),
}  # fmt: skip


@pytest.mark.parametrize(("deed", "commits", "rows"), DEEDS.values(), ids=DEEDS)
async def test_a_use_case_commits_once_and_leaves_its_rows(
    deed: Deed, commits: int, rows: list[str]
) -> None:
    """
    LG-3, DU-1: sign-in commits twice, the guess before the evaluation and the outcome after it,
    and the purge once for each kind of record. The hasher refuses to run inside a unit of work, so
    that none of these holds one meanwhile; and none is left open.
    """
    scene = await a_scene()
    service = scene.service
    commits_before, rows_before = service.units.commits, len(service.audited())
    try:
        await deed(scene)
    except DomainError:
        pass
    assert service.units.commits == commits_before + commits
    written = service.audited()[rows_before:]
    assert kinds(written) == rows
    assert service.store.open_units == 0
    assert all(row.origin == ORIGIN for row in written)


@pytest.mark.parametrize("deed", [deed for deed, *_ in DEEDS.values()], ids=list(DEEDS))
async def test_a_store_that_does_not_answer_is_never_a_success(deed: Deed) -> None:
    """SE-1, RL-5, DB-2 (I2): not available, and nothing has changed when it is back."""
    scene = await a_scene()
    scene.service.store.answers = False
    async with scene.service.unchanged():
        with pytest.raises(ServiceUnavailable):
            await deed(scene)


async def test_no_secret_and_no_address_is_in_the_trail() -> None:
    """LG-1, LG-3: over a whole life, whatever was typed."""
    scene = await a_scene()
    for deed, *_ in DEEDS.values():
        try:
            await deed(scene)
        except DomainError:
            pass
    trail = repr(scene.service.audited())
    secrets = [scene.reset, scene.verification, scene.grant.refresh_token, scene.grant.access_token]
    for text in (*secrets, ADA, "example.com", OTHER_PASSWORD, "walnut"):
        assert text not in trail
