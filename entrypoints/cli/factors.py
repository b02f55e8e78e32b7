"""``doorward factors …``: what users show beside a password, and taking it away."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from application.factors.listing import ListedFactor
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from domain.users.user import User
from entrypoints.cli.exits import USAGE, say
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.subject import Subject, found
from entrypoints.representations.factors import factor_body

factors = App(name="factors")
_COLUMNS = ("id", "kind", "name", "created_at", "last_used_at", "usable")


@factors.command(name="list")
def list_factors(subject: Subject, *, json: bool = False) -> None:
    """List what signing in takes of a user beside the password."""

    async def do(services: Services) -> Sequence[ListedFactor]:
        user = await found(services, subject)
        return await services.factors.list(principal=OPERATOR, user_id=user.id)

    rows = [factor_body(listed) for listed in in_service(do)]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


@factors.command
def reset(
    subject: Subject, *, reason: str, yes: Annotated[bool, Parameter(negative="")] = False
) -> None:
    """Take all factors, recovery codes and trusted devices of a user away; all sessions end.

    From then on the password alone opens the account. The owner is told by mail.

    Parameters
    ----------
    reason:
        Why, for later readers; it stays in the audit trail for good.
    yes:
        Really.
    """
    if not yes:
        say("From then on the password alone opens the account. Say --yes.")
        raise SystemExit(USAGE)

    async def do(services: Services) -> User:
        user = await found(services, subject)
        await services.factors.reset(
            principal=OPERATOR, user_id=user.id, reason=reason, origin=NOWHERE
        )
        return user

    print(f"{in_service(do).id} has no factors any more.")
