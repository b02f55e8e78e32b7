"""``doorward roles …``: what users may do."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from domain.assurance import Level
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.subject import Subject, found
from entrypoints.cli.whole_lists import every
from entrypoints.representations.access import role_body

roles = App(name="roles")
_COLUMNS = ("name", "built_in", "required_acr", "permissions", "description")


@roles.command(name="list")
def list_roles(*, json: bool = False) -> None:
    """List every role."""
    listed = in_service(
        lambda services: every(
            lambda asked: services.access.list_roles(principal=OPERATOR, asked=asked), unit="roles"
        )
    )
    rows = [role_body(role) for role in listed]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


@roles.command
def define(
    name: str,
    *,
    permission: Annotated[list[str] | None, Parameter(negative="")] = None,
    description: str | None = None,
    required_acr: Literal["aal2", "phr"] | None = None,
    json: bool = False,
) -> None:
    """Make a role, of Doorward's permissions and of a product's own, such as orders:refund.

    Parameters
    ----------
    permission:
        What the role gives. May be given several times.
    description:
        What it is for.
    required_acr:
        Only in sessions of that level does it count. Left out: in every session.
    """
    role = in_service(
        lambda services: services.access.define_role(
            principal=OPERATOR,
            name=name,
            description=description,
            permissions=permission or [],
            required_acr=None if required_acr is None else Level(required_acr),
            origin=NOWHERE,
        )
    )
    if json:
        print_json(role_body(role))
    else:
        level = f"  from {role.required_acr} on" if role.required_acr else ""
        print(f"{role.name}  {', '.join(sorted(role.permissions)) or '-'}{level}")


@roles.command
def remove(name: str) -> None:
    """Remove a role that no user has."""
    in_service(
        lambda services: services.access.remove_role(
            principal=OPERATOR, name=name, expected=None, origin=NOWHERE
        )
    )
    print(f"{name} removed.")


@roles.command
def grant(subject: Subject, name: str) -> None:
    """Give a user a role; the owner is told."""
    in_service(lambda services: _set(services, subject, name, held=True))
    print(f"{subject} has {name}.")


@roles.command
def revoke(subject: Subject, name: str) -> None:
    """Take a role away, effective on the next request; the owner is told."""
    in_service(lambda services: _set(services, subject, name, held=False))
    print(f"{subject} does not have {name}.")


async def _set(services: Services, subject: str, name: str, *, held: bool) -> None:
    user = await found(services, subject)
    await services.access.set_role(
        principal=OPERATOR, user_id=user.id, role=name, held=held, origin=NOWHERE
    )
