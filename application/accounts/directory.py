"""Users as administrators find them: lists, searches, and one at a time (AZ-5, AZ-6, HD-14)."""

from application.accounts.ports import AccountsUnit
from application.paging import Cursors, Page, PageRequest
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserPlace, UserQuery
from domain.email_address import EmailAddress
from domain.errors import ValidationFailed
from domain.identifiers import UserId
from domain.principal import Principal
from domain.users.permissions import USERS_READ
from domain.users.user import User, UserNotFound

SHORTEST_TEXT, LONGEST_TEXT = 2, 100


class ListUsers:
    """Show the users that a query is about, page by page; pages stay stable while users come."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit], cursors: Cursors) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(
        self, *, principal: Principal, query: UserQuery, asked: PageRequest
    ) -> Page[User]:
        """Return a page. Raises PermissionDenied, ValidationFailed and InvalidCursor."""
        principal.require(USERS_READ)
        _check(query)
        name = f"users {query!r} for {principal.account_id}"
        after = self._cursors.start(asked, query=name, place=_place)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.users.search(query, limit=asked.limit + 1, after=after)
            count = await unit.users.count(query) if asked.counted else None
        return self._cursors.page(
            found,
            asked,
            query=name,
            position=lambda user: f"{user.id} {user.email.key}",
            count=count,
        )


class ShowUser:
    """Show one user."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, *, principal: Principal, user_id: UserId) -> User:
        """Return the user. Raises PermissionDenied and UserNotFound."""
        principal.require(USERS_READ)
        async with self._unit_of_work.read_only() as unit:
            user = await unit.users.get(user_id)
        if user is None:
            raise UserNotFound
        return user


class FindUser:
    """Find a user by an identifier or an address, as an operator types them."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, *, principal: Principal, subject: str) -> User:
        """Return the user. Raises PermissionDenied and UserNotFound."""
        principal.require(USERS_READ)
        async with self._unit_of_work.read_only() as unit:
            if "@" in subject:
                user = await unit.users.find_by_email(EmailAddress.parse(subject))
            else:
                user = await unit.users.get(_identifier(subject))
        if user is None:
            raise UserNotFound
        return user


def _identifier(text: str) -> UserId:
    try:
        return UserId.parse(text)
    except ValueError:
        raise UserNotFound from None


def _check(query: UserQuery) -> None:
    """Raise ValidationFailed for a text that is too short to be useful, or too long to be cheap."""
    if query.text is not None and not SHORTEST_TEXT <= len(query.text) <= LONGEST_TEXT:
        message = f"Use {SHORTEST_TEXT} to {LONGEST_TEXT} characters."
        raise ValidationFailed.of("query", "INVALID_LENGTH", message)


def _place(text: str) -> UserPlace:
    identifier, _, email_key = text.partition(" ")
    return UserPlace(user_id=UserId.parse(identifier), email_key=email_key)
