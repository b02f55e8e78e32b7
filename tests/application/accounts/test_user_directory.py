"""Finding users: page by page, in an order, narrowed down (AZ-5, AZ-6)."""

import pytest

from application.paging import InvalidCursor, PageRequest
from application.users.ports import UserOrder, UserQuery
from domain.errors import ValidationFailed
from domain.principal import OPERATOR, Principal
from domain.users.user import User
from tests.application.service import MINUTE
from tests.application.stories import Service, with_permissions


async def listed(
    service: Service, query: UserQuery, *, principal: Principal = OPERATOR, limit: int = 2
) -> list[User]:
    """Return the users in question, page by page."""
    found: list[User] = []
    cursor = None
    while True:
        answer = await service.accounts.list_users(
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
    answer = await service.accounts.list_users(
        principal=OPERATOR, query=by_email, asked=PageRequest(2, counted=True)
    )
    assert answer.count == 5
    for query, principal in (
        (UserQuery(), OPERATOR),
        (UserQuery(order=UserOrder.EMAIL, text="user"), OPERATOR),
        (by_email, with_permissions("users:read")),
    ):
        with pytest.raises(InvalidCursor):
            await service.accounts.list_users(
                principal=principal, query=query, asked=PageRequest(2, answer.next_cursor),
            )  # fmt: skip


@pytest.mark.parametrize("text", ["", "x", "x" * 101])
async def test_what_is_too_short_or_too_long_to_look_for_is_refused(text: str) -> None:
    """AZ-5: bounded cost."""
    service = Service()
    with pytest.raises(ValidationFailed):
        await listed(service, UserQuery(text=text))
