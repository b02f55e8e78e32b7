"""``doorward users …``: accounts, on an operator's word.

A password never comes as an argument, where every user of the machine could read it.
"""

import getpass
import sys
from typing import Annotated, Literal

from cyclopts import App, Parameter

from application.users.ports import UserOrder, UserQuery
from domain.origin import NOWHERE
from domain.principal import OPERATOR, RoleName
from domain.users.user import User, UserStatus
from entrypoints.cli.exits import USAGE, say
from entrypoints.cli.printing import print_json, print_table, write_json
from entrypoints.cli.reading import first_line
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.subject import Subject, found
from entrypoints.cli.whole_lists import every
from entrypoints.representations.export import export_json
from entrypoints.representations.users import user_body

users = App(name="users")
_COLUMNS = ("id", "email", "status", "display_name", "roles", "created_at")


@users.command
def create(
    *,
    email: str,
    role: list[str] | None = None,
    verified: bool = False,
    password_stdin: bool = False,
    display_name: str | None = None,
    json: bool = False,
) -> None:
    """Make an account. Without a password, its owner is mailed a link to set one.

    Parameters
    ----------
    email:
        The address; mail can reach its owner there.
    role:
        A role to grant, such as administrator. May be given several times.
    verified:
        Take the address as proven.
    password_stdin:
        Read the password from standard input: typed unseen on a terminal, or the first line.
    display_name:
        What others see.
    json:
        Print the user as JSON.
    """
    password = _read_password() if password_stdin else None
    user = in_service(
        lambda services: services.accounts.create_user(
            principal=OPERATOR,
            email=email,
            password=password,
            display_name=display_name,
            roles=role or [],
            verified=verified,
            origin=NOWHERE,
        )
    )
    _print(user, as_json=json)


@users.command(name="list")
def list_users(
    *,
    query: str | None = None,
    status: Literal["unverified", "active", "suspended"] | None = None,
    role: str | None = None,
    sort: Literal["created_at", "-created_at", "email", "-email"] = "-created_at",
    limit: int = 10_000,
    json: bool = False,
) -> None:
    """List users.

    Parameters
    ----------
    query:
        Stands, letter by letter, in the address or the name.
    status:
        Only those.
    role:
        Only those who have this role.
    sort:
        The order; with a minus the last comes first.
    limit:
        No more than that many.
    json:
        Print JSON.
    """
    found = in_service(lambda services: _all(services, query, status, role, sort, limit))
    if json:
        print_json([user_body(user) for user in found])
    else:
        print_table([user_body(user) for user in found], _COLUMNS)


async def _all(
    services: Services,
    text: str | None,
    status: str | None,
    role: str | None,
    sort: str,
    limit: int,
) -> list[User]:
    query = UserQuery(
        text=text,
        status=None if status is None else UserStatus(status),
        role=None if role is None else RoleName.parse(role),
        order=UserOrder(sort),
    )
    return await every(
        lambda asked: services.accounts.list_users(principal=OPERATOR, query=query, asked=asked),
        unit="users",
        at_most=limit,
    )


@users.command
def show(subject: Subject, *, json: bool = False) -> None:
    """Show one user."""
    _print(in_service(lambda services: found(services, subject)), as_json=json)


@users.command
def suspend(subject: Subject, *, reason: str, json: bool = False) -> None:
    """Lock an account out; its sessions and mailed links end.

    Parameters
    ----------
    reason:
        Why, for later readers.
    """

    async def do(services: Services) -> User:
        user = await found(services, subject)
        return await services.accounts.suspend_user(
            principal=OPERATOR, user_id=user.id, reason=reason, origin=NOWHERE
        )

    _print(in_service(do), as_json=json)


@users.command
def reinstate(subject: Subject, *, json: bool = False) -> None:
    """Lift a suspension."""

    async def do(services: Services) -> User:
        user = await found(services, subject)
        return await services.accounts.reinstate_user(
            principal=OPERATOR, user_id=user.id, origin=NOWHERE
        )

    _print(in_service(do), as_json=json)


@users.command
def unlock(subject: Subject, *, json: bool = False) -> None:
    """Forget wrong guesses, so that the owner need not wait."""

    async def do(services: Services) -> User:
        user = await found(services, subject)
        return await services.credentials.unlock_user(
            principal=OPERATOR, user_id=user.id, origin=NOWHERE
        )

    _print(in_service(do), as_json=json)


@users.command
def export(subject: Subject, *, json: Annotated[bool, Parameter(negative="")] = True) -> None:
    """Print everything that is held about a user, as JSON.

    Parameters
    ----------
    json:
        The only form that there is.
    """
    del json

    async def do(services: Services) -> None:
        user = await found(services, subject)
        export = await services.accounts.export_data(
            principal=OPERATOR, user_id=user.id, origin=NOWHERE
        )
        async for piece in export_json(export):
            write_json(piece)
        write_json(b"\n")

    in_service(do)


@users.command
def erase(subject: Subject, *, yes: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Remove an account and all personal data. It does not come back.

    Parameters
    ----------
    yes:
        Really.
    """
    if not yes:
        say("This does not come back. Say --yes.")
        raise SystemExit(USAGE)

    async def do(services: Services) -> User:
        user = await found(services, subject)
        await services.accounts.erase_user(
            principal=OPERATOR, user_id=user.id, expected=None, origin=NOWHERE
        )
        return user

    print(f"{in_service(do).id} erased.")


def _print(user: User, *, as_json: bool) -> None:
    if as_json:
        print_json(user_body(user))
    else:
        print(f"{user.id}  {user.email.value}  {user.status.value}")


def _read_password() -> str:
    if sys.stdin is None:  # `<&-`: there is none
        return ""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return first_line(sys.stdin.buffer, encoding=sys.stdin.encoding)
