"""Users as administrators find, change and remove them (AZ-1 to AZ-6, AT-9)."""

from datetime import timedelta

import pytest

from application.authorization import Question
from application.expectations import UNCHANGED, ChangedMeanwhile
from application.paging import InvalidCursor, PageRequest
from application.ports.audit import AuditQuery
from application.ports.user_search import UserOrder, UserQuery
from domain.access import OPERATOR, Permission, PermissionDenied, Principal
from domain.errors import DomainError, ValidationFailed
from domain.identifiers import UserId
from domain.session import SessionIsOver, SessionNotFound
from domain.user import LastAdministrator, User, UserIsSuspended, UserNotFound
from tests.application.service import (
    ADA,
    MINUTE,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    Service,
    kinds,
)
from tests.application.test_administration import set_role, suspend, with_permissions
from tests.application.test_roles import define

NOBODY = UserId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5b")


async def listed(
    service: Service, query: UserQuery, *, principal: Principal = OPERATOR, limit: int = 2
) -> list[User]:
    """Return everybody in question, page by page."""
    found: list[User] = []
    cursor = None
    while True:
        answer = await service.list_users(
            principal=principal, query=query, asked=PageRequest(limit, cursor)
        )
        found += answer.items
        if (cursor := answer.next_cursor) is None:
            return found


async def a_crowd(service: Service, number: int = 5) -> list[User]:
    """Make so many users."""
    made = []
    for count in range(number):
        service.clock.advance(MINUTE)
        made.append(await service.operator_makes(OPERATOR, f"user{count}@example.com"))
    return made


async def test_a_list_is_read_page_by_page_in_every_order() -> None:
    """AZ-6: cursors are bound to the query, its order, and the caller."""
    service = Service()
    made = [user.id for user in await a_crowd(service)]
    assert [user.id for user in await listed(service, UserQuery())] == made[::-1]
    by_email = UserQuery(order=UserOrder.EMAIL)
    assert [user.id for user in await listed(service, by_email)] == made
    answer = await service.list_users(
        principal=OPERATOR, query=by_email, asked=PageRequest(2, counted=True)
    )
    assert answer.count == 5
    for query, principal in (
        (UserQuery(), OPERATOR),
        (UserQuery(order=UserOrder.EMAIL, text="user"), OPERATOR),
        (by_email, with_permissions("users:read")),
    ):
        with pytest.raises(InvalidCursor):
            await service.list_users(
                principal=principal, query=query, asked=PageRequest(2, answer.next_cursor),
            )  # fmt: skip


@pytest.mark.parametrize("text", ["", "x", "x" * 101])
async def test_what_is_too_short_or_too_long_to_look_for_is_refused(text: str) -> None:
    """AZ-5: bounded cost."""
    service = Service()
    with pytest.raises(ValidationFailed):
        await listed(service, UserQuery(text=text))


async def test_an_administrator_sets_the_name_and_nothing_else() -> None:
    """AT-9, AZ-4: and only from the state that was seen."""
    service = Service()
    user = await service.verified_user()
    edited = await service.edit_user(
        principal=OPERATOR, user_id=user.id, display_name="Ada", expected=None, origin=ORIGIN
    )
    assert edited.display_name == "Ada"
    async with service.unchanged():
        await service.edit_user(
            principal=OPERATOR, user_id=user.id, display_name=UNCHANGED,
            expected=None, origin=ORIGIN,
        )  # fmt: skip
        with pytest.raises(ChangedMeanwhile):
            await service.edit_user(
                principal=OPERATOR, user_id=user.id, display_name="Eve",
                expected=lambda _: False, origin=ORIGIN,
            )  # fmt: skip
    assert (await service.show_user(principal=OPERATOR, user_id=user.id)).display_name == "Ada"


async def test_an_erased_user_is_gone_with_everything() -> None:
    """HD-13, AZ-3: as if the owner had done it; the last administrator stays."""
    service = Service()
    root = await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    grant = await service.signed_in_user()
    await service.erase_user(
        principal=OPERATOR, user_id=grant.user.id, expected=None, origin=ORIGIN
    )
    with pytest.raises(SessionIsOver):
        await service.authenticate(grant)
    assert (await service.subjects())[-1] == "Your account was deleted"
    with pytest.raises(LastAdministrator):
        await service.erase_user(principal=OPERATOR, user_id=root.id, expected=None, origin=ORIGIN)


async def test_a_locked_account_is_opened_at_once() -> None:
    """RL-2: guesses are forgotten, nobody learns a password."""
    service = Service(attempts=2)
    user = await service.verified_user()
    for _ in range(2):
        with pytest.raises(DomainError):
            await service.sign_in(ADA, OTHER_PASSWORD)
    with pytest.raises(DomainError, match="Too many"):
        await service.sign_in(ADA, PASSWORD)
    await service.unlock_user(principal=OPERATOR, user_id=user.id, origin=ORIGIN)
    await service.sign_in(ADA, PASSWORD)
    assert kinds(service.audited("user.unlocked")) == ["user.unlocked"]


async def test_a_started_reset_is_mailed_to_the_owner_alone() -> None:
    """AZ-4: and a suspended account gets none."""
    service = Service()
    user = await service.verified_user()
    await service.start_password_reset(principal=OPERATOR, user_id=user.id, origin=ORIGIN)
    await service.reset_password(await service.mailed_token())
    await service.sign_in(ADA, OTHER_PASSWORD)
    assert [row.actor.kind for row in service.audited("password.reset_requested")] == ["operator"]
    await suspend(service, user)
    with pytest.raises(UserIsSuspended):
        await service.start_password_reset(principal=OPERATOR, user_id=user.id, origin=ORIGIN)


async def test_a_users_sessions_are_seen_and_ended() -> None:
    """SE-4, SE-1, AZ-2: one, or all; another user's is as unknown as none."""
    service = Service()
    grant, other = await service.signed_in_user(), await service.sign_in()
    eve = await service.signed_in_user("eve@example.com")
    page = await service.list_user_sessions(
        principal=OPERATOR, user_id=grant.user.id, asked=PageRequest(9)
    )
    assert {session.id for session in page.items} == {grant.session.id, other.session.id}
    for session_id in (eve.session.id, grant.session.id, grant.session.id):
        try:
            await service.end_user_session(
                principal=OPERATOR, user_id=grant.user.id, session_id=session_id, origin=ORIGIN
            )
        except SessionNotFound:
            continue
    assert [session.id for session in service.living()] == [other.session.id]
    assert len(service.living("eve@example.com")) == 1
    ended = await service.end_user_sessions(
        principal=OPERATOR, user_id=grant.user.id, origin=ORIGIN
    )
    assert (ended, service.living()) == (1, [])
    with pytest.raises(SessionIsOver) as refused:
        await service.authenticate(other)
    assert refused.value.details[0].code == "REVOKED_BY_ADMIN"


async def test_everything_takes_its_permission_and_an_existing_user() -> None:
    """AZ-1: and asks for the permission before it looks."""
    service = Service()
    grant = await service.signed_in_user()
    nobody, user_id = with_permissions(), grant.user.id

    async def deeds(principal: Principal, target: UserId, error: type[DomainError]) -> None:
        for deed in (
            service.show_user(principal=principal, user_id=target),
            service.edit_user(principal=principal, user_id=target, display_name="x",
                              expected=None, origin=ORIGIN),
            service.erase_user(principal=principal, user_id=target, expected=None, origin=ORIGIN),
            service.unlock_user(principal=principal, user_id=target, origin=ORIGIN),
            service.start_password_reset(principal=principal, user_id=target, origin=ORIGIN),
            service.list_user_sessions(principal=principal, user_id=target, asked=PageRequest(1)),
            service.end_user_sessions(principal=principal, user_id=target, origin=ORIGIN),
            service.end_user_session(principal=principal, user_id=target,
                                     session_id=grant.session.id, origin=ORIGIN),
            service.show_effective_permissions(principal=principal, user_id=target),
        ):  # fmt: skip
            with pytest.raises(error):
                await deed

    async with service.unchanged():
        await deeds(nobody, user_id, PermissionDenied)
        await deeds(nobody, NOBODY, PermissionDenied)
        await deeds(OPERATOR, NOBODY, UserNotFound)
        with pytest.raises(PermissionDenied):
            await listed(service, UserQuery(), principal=nobody)
        with pytest.raises(PermissionDenied):
            await service.list_audit_events(
                principal=nobody, query=AuditQuery(), asked=PageRequest(1)
            )
        with pytest.raises(PermissionDenied):
            await service.check_authorization(
                principal=nobody, questions=[Question(subject_id=user_id, permission=READ)]
            )


READ, REFUND = Permission("users:read"), Permission("orders:refund")


async def test_a_check_says_what_grants_or_what_is_missing() -> None:
    """AZ-1: in the order of the questions."""
    service = Service()
    user = await service.verified_user()
    root = await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    await define(service)
    await set_role(service, user, "support", held=True)
    unproven = await service.operator_makes(OPERATOR, "new@example.com", verified=False)
    void = Permission("orders:void")
    questions = [
        Question(subject_id=user.id, permission=REFUND, explain=True),
        Question(subject_id=user.id, permission=void, explain=True),
        Question(subject_id=root.id, permission=void, explain=True),
        Question(subject_id=NOBODY, permission=READ, explain=True),
        Question(subject_id=unproven.id, permission=READ),
        Question(subject_id=user.id, permission=READ),
    ]
    decisions = await service.check_authorization(principal=OPERATOR, questions=questions)
    assert [decision.allowed for decision in decisions] == [True, False, True, False, False, True]
    told = [decision.explanation for decision in decisions]
    assert told[4:] == [None, None]
    assert told[0] is not None
    assert told[1] is not None
    assert told[2] is not None
    assert told[3] is not None
    assert (list(told[0].granted_by), told[0].missing) == (["support"], None)
    assert (told[1].missing, list(told[1].would_be_granted_by)) == (void, ["administrator"])
    assert list(told[2].granted_by) == ["administrator"]
    assert list(told[3].would_be_granted_by) == ["administrator", "support"]
    await suspend(service, user)
    [refused] = await service.check_authorization(principal=OPERATOR, questions=questions[:1])
    assert not refused.allowed
    with pytest.raises(ValidationFailed):
        await service.check_authorization(principal=OPERATOR, questions=[])
    found = await service.show_effective_permissions(principal=OPERATOR, user_id=user.id)
    assert {k: list(v) for k, v in found.granted_by.items()} == {
        REFUND: ["support"], READ: ["support"],
    }  # fmt: skip


async def test_the_trail_is_read_page_by_page_and_narrowed_down() -> None:
    """LG-3, AZ-6."""
    service = Service()
    grant = await service.signed_in_user()
    everything, cursor = [], None
    while True:
        page = await service.list_audit_events(
            principal=OPERATOR, query=AuditQuery(), asked=PageRequest(2, cursor)
        )
        everything += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert len(everything) == len(service.audited())
    narrowed = await service.list_audit_events(
        principal=OPERATOR,
        query=AuditQuery(
            actor=str(grant.user.id),
            type="session.started",
            after=service.clock.now() - timedelta(days=1),
        ),
        asked=PageRequest(9),
    )
    assert kinds(narrowed.items) == ["session.started"]
